# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents that are compared: how each is started, and the CPU time that it took."""

import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
DAMON = pathlib.Path("/sys/module/damon_reclaim/parameters")
UNIT = "kvmb-bench-agent"
TICK_USEC = 1000000 // os.sysconf("SC_CLK_TCK")


def _run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def threads_usec(name):
    """CPU time of kernel threads of this name."""
    total = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # it has just ended
        if text.split("(", 1)[1].startswith(name):
            fields = text.rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) * TICK_USEC
    return total


class Nobody:
    """What the kernel does by itself."""

    def start(self):
        """Nothing to do."""

    def cpu_usec(self):
        """So far."""
        return 0


class Service:
    """An agent that is a unit of systemd: all that runs in its control group counts."""

    unit = UNIT

    def start(self):
        """Only ours and Debian's come with a unit."""
        _run("systemctl", "start", self.unit)

    def cpu_usec(self):
        """So far; nothing before it was started."""
        used_ns = _run("systemctl", "show", "-P", "CPUUsageNSec", self.unit).strip()
        return int(used_ns) // 1000 if used_ns.isdigit() else 0


class Script(Service):
    """One of the programs in this folder."""

    def __init__(self, name):
        self.name = name

    def start(self):
        """As a unit of its own."""
        _run("systemd-run", "-q", "--unit", UNIT, "-p", "CPUAccounting=yes", str(HERE / self.name))


class Ours(Service):
    """kvm-balloond with its built-in values, but for the mode."""

    unit = "kvm-balloond"

    def __init__(self, mode):
        self.mode = mode

    def start(self):
        """The module comes with the project."""
        pathlib.Path("/etc/kvm-balloond.conf").write_text(
            f"[Host]\nMode={self.mode}\n[Defaults]\nMode={self.mode}\n")
        _run("depmod", "-a")
        super().start()


class Oomd(Service):
    """Debian's oomd; senpai.json is its only rule, so that it kills nothing."""

    unit = "oomd"

    def start(self):
        """Once a second, as its authors run it: an interval of its plugins is then in seconds."""
        pathlib.Path("/etc/default/oomd").write_text(
            f'DAEMON_OPTS="--interval 1 --config {HERE / "senpai.json"}"\n')
        super().start()


class Damon:
    """DAMON_RECLAIM with its built-in values, but at any amount of free memory.

    By default it sleeps while more than half of the memory is free or less than a fifth.
    """

    def start(self):
        """Everything but the watermarks is as the kernel has it."""
        for name, value in (("wmarks_high", 1000), ("wmarks_mid", 1000), ("wmarks_low", 0),
                            ("enabled", "Y")):
            (DAMON / name).write_text(f"{value}\n")

    def cpu_usec(self):
        """So far."""
        return threads_usec("kdamond")


AGENTS = {
    "none": Nobody(),
    "senpai": Oomd(),
    "damon-reclaim": Damon(),
    "reclaim-loop": Script("reclaim-loop"),
    "balloon-80": Script("balloon-80"),
    "pressure": Ours("pressure"),
    "proactive": Ours("proactive"),
}

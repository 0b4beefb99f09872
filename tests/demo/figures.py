# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the figures of the host and of each guest's scope that the demo prints; changes nothing."""

import collections
import json
import pathlib
import re
import subprocess

MIB = 1 << 20
UNKNOWN = (1 << 64) - 1   # on D-Bus
PROC = pathlib.Path("/proc")


def _keys(text):
    """'name value' lines (meminfo, vmstat, memory.stat) as a dict of integers."""
    return {m[1]: int(m[2]) for m in re.finditer(r"^(\S+?):?\s+(\d+)", text, re.MULTILINE)}


def stall_usec(path):
    """The two totals of a pressure file: some, full."""
    totals = re.findall(r"^(?:some|full) .*total=(\d+)", path.read_text(), re.MULTILINE)
    return int(totals[0]), int(totals[1])


def host():
    """The host's memory now; sizes in MiB, stall times in microseconds since boot."""
    mem = _keys((PROC / "meminfo").read_text())
    vm = _keys((PROC / "vmstat").read_text())
    some, full = stall_usec(PROC / "pressure/memory")
    return {"total": mem["MemTotal"] // 1024, "available": mem["MemAvailable"] // 1024,
            "free": mem["MemFree"] // 1024, "swap_total": mem["SwapTotal"] // 1024,
            "swap_free": mem["SwapFree"] // 1024, "oom_kills": vm["oom_kill"],
            "swapped_in": vm["pswpin"] // 256, "swapped_out": vm["pswpout"] // 256,
            "some_usec": some, "full_usec": full}


def scope(path):
    """What a guest's cgroup says; OSError when the guest is gone."""
    stat = _keys((path / "memory.stat").read_text())
    some, full = stall_usec(path / "memory.pressure")
    return {"resident": int((path / "memory.current").read_text()) // MIB,
            "swap": int((path / "memory.swap.current").read_text()) // MIB,
            "refaults": stat.get("workingset_refault_anon", 0), "some_usec": some, "full_usec": full}


def oom_killed():
    """Process ids that the host's OOM killer has taken since boot."""
    text = subprocess.run(["dmesg"], text=True, stdout=subprocess.PIPE, check=True).stdout
    return {int(pid) for pid in re.findall(r"Killed process (\d+)", text)}


def machine(name, *properties):
    """What the agent says of a guest, by property; None is not known. Empty without the agent."""
    interface = "org.linux_kvm.Balloon1"
    command = ["busctl", "--system", "--json=short", "get-property", interface,
               f"/org/linux_kvm/Balloon1/machine/{name}", f"{interface}.Machine", *properties]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False)
    if done.returncode:
        return {}
    values = (json.loads(line)["data"] for line in done.stdout.splitlines())
    return {p: None if v == UNKNOWN else v for p, v in zip(properties, values)}


def ages(name):
    """The source of a guest's ages, and MiB that are cold. Empty without the agent."""
    told = machine(name, "Aging", "ColdBytes")
    if not told:
        return {}
    cold = told["ColdBytes"]
    return {"aging": told["Aging"], "cold": None if cold is None else cold // MIB}


def paged_out():
    """MiB by guest that page-out alone has got since boot, as the journal has each action."""
    command = ["journalctl", "-b", "-q", "-o", "json", "KVMB_KIND=pageout"]
    text = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
    got = collections.Counter()
    for entry in map(json.loads, text.splitlines()):
        got[entry["KVMB_MACHINE"]] += int(entry["KVMB_GOT_BYTES"])
    return {name: total // MIB for name, total in got.items()}


def balloons():
    """Each running guest's balloon in MiB (what it is left with, not what was taken)."""
    command = ["virsh", "-q", "domstats", "--balloon", "--list-running"]
    text = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
    found = {}
    name = None
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("Domain:"):
            name = line.split("'")[1]
        elif line.startswith("balloon.current="):
            found[name] = int(line.split("=")[1]) // 1024
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of a load in a host of the demo: guests, phases, samples, the agent, and the result."""

import argparse
import json
import pathlib
import signal
import subprocess
import threading
import time

import figures
from guests import Member, kg

SAMPLE_S = 2.0
RECORD_END_S = 30.0
# Ages in the seconds that a demo has, not in an operator's minutes.
CONFIG = "[Host]\nAgingInterval=3s\nColdAge=10s\n"
GUEST_OPTIONS = {"vcpus": 1, "random": 50, "metadata": "",
                 "stats_period": 0, "free_page_reporting": False, "no_autodeflate": False,
                 "no_balloon": False, "locked": False, "hugepages": False, "memfd": False,
                 "cache_disk": 0, "cmdline": "", "type": "kvm", "persistent": False}


class Case:
    """What the demo's loads have in common. promised: MiB for each guest, by name.

    Leaves samples.jsonl (a sample every two seconds), result.json (what the report is made of),
    guests/ and, of the agent, agent.record (all its decisions) in the folder `out`.
    """

    def __init__(self, out, promised):
        self.began = time.monotonic()
        self.members = [Member(name, mib) for name, mib in promised.items()]
        self.phase = "start"
        self.out = out
        self.result = {"phases": {}, "host": {},
                       "guests": {name: {"promised": mib} for name, mib in promised.items()}}
        self._log = (out / "samples.jsonl").open("w", buffering=1)
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample_always, daemon=True)
        self._recorder = None
        self.least = None

    def say(self, text):
        """A line of progress."""
        print(f"[{time.monotonic() - self.began:4.0f} s] {text}", flush=True)

    def enter(self, phase, text):
        """A new phase of the load begins."""
        self.phase = phase
        self.result["phases"][phase] = round(time.monotonic() - self.began, 1)
        self.say(text)

    def _sample_always(self):
        while not self._stop.wait(SAMPLE_S):
            now = figures.host()
            self.least = min(self.least or now["available"], now["available"])
            guests = {m.name: m.on_host() for m in self.members}
            self._log.write(json.dumps({"t": round(time.monotonic() - self.began, 1),
                                        "phase": self.phase, "host": now, "guests": guests}) + "\n")

    def ended(self, limit_s):
        """Whether the case has ended; waits for it so long at most."""
        return self._stop.wait(limit_s)

    def boot(self):
        """Start all guests at once; booting is not part of the load."""
        sizes = ", ".join(f"{m.name} {m.promised} MiB" for m in self.members)
        self.enter("boot", f"starting {len(self.members)} guests: {sizes}")
        for number, m in enumerate(self.members):
            kg.start(m.name, argparse.Namespace(seed=number + 1, mem=m.promised, max=m.promised,
                                                **GUEST_OPTIONS))
        for m in self.members:
            m.wait(600)
        self.result["host"]["at_boot"] = figures.host()
        self._sampler.start()

    def start_agent(self, config=CONFIG):
        """What the operator does: start the service. Every decision goes into a file."""
        pathlib.Path("/etc/kvm-balloond.conf").write_text(config)
        subprocess.run(["depmod", "-a"], check=True)  # kvm_swap.ko came with the project
        before = figures.host()["available"]
        self.enter("agent", f"systemctl start kvm-balloond ({before} MiB available on the host)")
        subprocess.run(["systemctl", "start", "kvm-balloond"], check=True)
        self._recorder = subprocess.Popen(["kvm-balloonctl", "record", str(self._record())],
                                          stdout=subprocess.DEVNULL)

    def _record(self):
        return self.out / "agent.record"

    def replay(self):
        """End the recording as Ctrl-C does; the shipped policy must decide all of it again."""
        self._recorder.send_signal(signal.SIGINT)
        try:
            self._recorder.wait(RECORD_END_S)
        except subprocess.TimeoutExpired:
            self._recorder.kill()
        replay = subprocess.run(["kvm-balloonctl", "replay", str(self._record())],
                                capture_output=True, text=True, check=False)
        lines = replay.stderr.splitlines() + replay.stdout.splitlines()
        self.result["replay"] = {"status": replay.returncode, "summary": lines[-1] if lines else "",
                                 "fault": lines[0] if replay.returncode and lines else ""}
        self.say(f"replay of all decisions: {self.result['replay']['summary']}")

    def verify(self, members):
        """Every byte of these guests."""
        for m in members:
            m.tell("idle")
        for m in members:
            m.verify()
            row = self.result["guests"][m.name]
            memory = m.tell("mem") or {}
            row.update(lost=m.lost, verified=m.sealed, want=m.want,
                       hot_looked_at=m.hot_looked_at, hot_in_swap=m.hot_in_swap,
                       guest_oom_kills=memory.get("oom_kills"))
            verdict = f"{m.want} MiB verified" if m.sealed else "BAD CONTENT"
            self.say(f"{m.name}: {m.lost or verdict}")

    def stop_guest(self, member):
        """End a guest, which is not lost by that; what it said is kept."""
        self.members = [m for m in self.members if m is not member]
        records = self.out / "guests"
        records.mkdir(exist_ok=True)
        member.stop()
        member.keep_records(records)

    def finish(self):
        """Stop the guests and leave the result."""
        self._stop.set()
        self._sampler.join(30)
        self.result["host"]["end"] = figures.host()
        self.result["host"]["least_available"] = self.least
        self.result["seconds"] = round(time.monotonic() - self.began, 1)
        for m in self.members:
            self.stop_guest(m)
        (self.out / "result.json").write_text(json.dumps(self.result, indent=1) + "\n")


def show(*command):
    """Print a command and its output, as an operator would see it."""
    print(f"\n$ {' '.join(command)}", flush=True)
    subprocess.run(command, check=True)
    print(flush=True)

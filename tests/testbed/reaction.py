# SPDX-License-Identifier: GPL-2.0-or-later
"""
How fast the agent reacts to PSI triggers of the host: so many bursts of real memory stall, figures as JSON.

A burst is a process that touches more than the memory.high of its cgroup. Two clocks:
  outside  from a PSI trigger of our own, the same as the agent's, to the moment when the agent's tick
           counter is seen to have moved on the bus (so the way over the bus is counted too)
  inside   the agent's ReactionUSec: from its wake-up to the end of the tick it caused
"""

import json
import os
import pathlib
import select
import subprocess
import sys
import time

TRIGGER = b"some 100000 1000000\0"
BUS = ["org.linux_kvm.Balloon1", "/org/linux_kvm/Balloon1", "org.linux_kvm.Balloon1.Manager"]
GROUP = pathlib.Path("/sys/fs/cgroup/kvmb-stall")
LIMIT_MIB = 16
DEADLINE = 30.0


def counters():
    """Ticks, Triggers and ReactionUSec of the agent."""
    text = subprocess.run(["busctl", "--system", "get-property", *BUS, "Ticks", "Triggers", "ReactionUSec"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return [int(line.split()[1]) for line in text.splitlines()]


def stall():
    """A child in a small cgroup that touches too much, again and again."""
    pid = os.fork()
    if pid:
        return pid
    (GROUP / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    block = bytearray(2 * LIMIT_MIB << 20)
    while True:
        for offset in range(0, len(block), 4096):
            block[offset] = (block[offset] + 1) % 256


def end(pid):
    """Kill the child and wait for it."""
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def wait_for_tick(before):
    """Until the agent has answered a trigger with a tick; its counters then."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        now = counters()
        if now[0] > before[0] and now[1] > before[1]:
            return now
    raise RuntimeError(f"no decision within {DEADLINE} s of a trigger")


def burst(poll):
    """One stall. The two times in microseconds."""
    before = counters()
    child = stall()
    try:
        if not poll.poll(DEADLINE * 1000):
            raise RuntimeError(f"no trigger fired within {DEADLINE} s of stall")
        fired = time.monotonic()
        after = wait_for_tick(before)
        outside = time.monotonic() - fired
    finally:
        end(child)
    return int(outside * 1e6), after[2]


def settle(poll):
    """A trigger fires once a window: let this one pass, and late ones of the same stall."""
    quiet = time.monotonic() + 1.2
    while (left := quiet - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            quiet = time.monotonic() + 1.2


def percentiles(values):
    """Some of them, by rank."""
    values = sorted(values)

    def at(part):
        return values[min(len(values) - 1, int(len(values) * part / 100))]

    return {"p50": at(50), "p90": at(90), "p99": at(99), "max": values[-1]}


def main():
    """So many bursts as the first argument says."""
    count = int(sys.argv[1])
    GROUP.mkdir(exist_ok=True)
    (GROUP / "memory.high").write_text(f"{LIMIT_MIB}M", encoding="ascii")
    trigger = os.open("/proc/pressure/memory", os.O_RDWR | os.O_NONBLOCK)
    os.write(trigger, TRIGGER)
    poll = select.poll()
    poll.register(trigger, select.POLLPRI)
    times = []
    for number in range(count):
        settle(poll)
        times.append(burst(poll))
        print(f"burst {number + 1}: {times[-1]}", file=sys.stderr, flush=True)
    GROUP.rmdir()
    print(json.dumps({"bench": "reaction", "bursts": count,
                      "outside_usec": percentiles([t[0] for t in times]),
                      "inside_usec": percentiles([t[1] for t in times])}))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's guests: commands that notice when a guest is lost instead of failing."""

import os
import pathlib
import signal
import sys
import time

import figures

sys.path.insert(0, "/usr/lib/kvmb-test")
import kvmb_guest as kg  # pylint: disable=wrong-import-position,import-error

ANSWER_S = 120.0  # a guest that says nothing for so long is given up
POLL_S = 1.0
LOOK_S = 10.0     # a look at a hot set is not worth a longer wait


class Member(kg.Guest):
    """A guest of the demo.

    promised: MiB that it was sold; want: MiB that its workload must hold in the end;
    lost: None, or why it is no longer there; sealed: what verify said.
    hot_looked_at, hot_in_swap: pages of the hot set, summed up over all looks.
    given_up: the host thrashed for too long, all guests were killed.
    """

    given_up = False

    def __init__(self, name, promised):
        super().__init__(name)
        self.promised = promised
        self.want = 0
        self.lost = None
        self.sealed = None
        self.hot_looked_at = self.hot_in_swap = 0
        self._pid_seen = None

    def tell(self, command, timeout=ANSWER_S):
        """Send a command. None when the guest is lost, which is remembered."""
        if self.lost:
            return None
        try:
            return self.do(command, timeout)
        except kg.GuestError as err:
            self.lost = self._why_lost(str(err))
            return None

    def _why_lost(self, problem):
        if Member.given_up:
            return "host thrashed"
        if self.pid() is None:
            return "OOM kill" if self._pid_seen in figures.oom_killed() else "vanished"
        if "oom_kills" in problem:
            return "killed in the guest"
        return "no answer"

    def look_at_hot_set(self):
        """Count how much of the hot set the host has in swap just now."""
        if self.lost:
            return
        try:
            now = self.hot_set(LOOK_S)
        except kg.GuestError:
            return  # it is going, or far behind: the next command to it finds out
        self.hot_looked_at += now["pages"]
        self.hot_in_swap += now["swapped"]

    def change(self, mib):
        """Start to fill (or, negative, to free) so much; finish_jobs() waits for it."""
        self.want += mib
        self.tell(f"bg fill {mib}" if mib > 0 else f"bg free {-mib}")

    def busy(self):
        """Whether the job still runs."""
        reply = self.tell("stats")
        return bool(reply and reply["job_running"])

    def measure(self):
        """The workload's figures since its last `reset`, None when it is lost."""
        reply = self.tell("stats")
        return reply and reply["total"]

    def on_host(self):
        """What the host has of it, None when it is gone."""
        self._pid_seen = self.pid() or self._pid_seen
        try:
            return figures.scope(self.scope())
        except (OSError, kg.GuestError) as err:
            if self.pid() is None:
                self.lost = self.lost or self._why_lost(str(err))
            return None

    def keep_records(self, folder):
        """What the guest's kernel and its QEMU printed, for whoever asks why."""
        qemu = pathlib.Path(f"/var/log/libvirt/qemu/{self.name}.log")
        text = qemu.read_text(errors="replace") if qemu.exists() else ""
        (folder / f"{self.name}.txt").write_text(self.console_tail(200) + "\n\n" + text)

    @classmethod
    def give_up(cls, members):
        """Kill all guests: nothing else ends a host's thrashing that the kernel does not end."""
        cls.given_up = True
        for m in members:
            if m._pid_seen and not m.lost:
                os.kill(m._pid_seen, signal.SIGKILL)

    def verify(self):
        """Compare every byte; True only if all that was filled is there and right."""
        reply = self.tell("verify", 2 * ANSWER_S)
        self.sealed = bool(reply and reply["filled_mib"] == self.want and
                           reply["pages"] == self.want * 256)
        return self.sealed


def finish_jobs(members, limit_s):
    """Wait until no job runs any more. False when one still does after limit_s."""
    deadline = time.monotonic() + limit_s
    waiting = [m for m in members if m.busy()]
    while waiting and time.monotonic() < deadline:
        time.sleep(POLL_S)
        waiting = [m for m in waiting if m.busy()]
    return not waiting

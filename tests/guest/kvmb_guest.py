# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts, addresses and stops the testbed's guests: used by kvmb-guest, tests and the demo."""

import itertools
import json
import os
import pathlib
import pwd
import re
import socket
import struct
import subprocess
import time

LIB = pathlib.Path(__file__).resolve().parent
RUN = pathlib.Path("/run/kvmb-test")
CGROUP = pathlib.Path("/sys/fs/cgroup")
PORT = "org.kvmb.workload.0"
# quiet: every character on the emulated serial port is an exit to the hypervisor of a hypervisor
CMDLINE = ("console=ttyS0 quiet panic=-1 mitigations=off audit=0 no_timer_check nokaslr "
           "tsc=reliable random.trust_cpu=on cryptomgr.notests")
PAGE = 4096
ENTRY = 8               # bytes of a page's entry in pagemap
ENTRY_SWAPPED_BIT = 62  # Documentation/admin-guide/mm/pagemap.rst
_ids = itertools.count(1)


class GuestError(Exception):
    """The guest or libvirt did not do what was asked; the text says what."""


def virsh(*args, stdin=None):
    """Run virsh and return its output; its complaint becomes a GuestError."""
    done = subprocess.run(["virsh", "-q", "-c", "qemu:///system", *args], input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise GuestError(f"virsh {' '.join(args)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def names():
    """The running domains that are test guests."""
    return [n for n in virsh("list", "--name").split() if (RUN / f"{n}.sock").exists()]


def _escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _element(name, text=None, **attributes):
    attrs = "".join(f" {k}='{v}'" for k, v in attributes.items())
    return f"<{name}{attrs}>{text}</{name}>" if text is not None else f"<{name}{attrs}/>"


def _backing(options):
    inner = ""
    if options.hugepages:
        inner += "<hugepages/>"
    if options.memfd:
        inner += "<source type='memfd'/><access mode='shared'/>"
    if options.locked:
        inner += "<locked/>"
    text = f"<memoryBacking>{inner}</memoryBacking>" if inner else ""
    if options.locked:  # libvirt wants a limit for locked memory; this one is never reached
        text += f"<memtune>{_element('hard_limit', options.max * 4 + 1024, unit='MiB')}</memtune>"
    return text


def _balloon(options):
    if options.no_balloon:
        return "<memballoon model='none'/>"
    period = _element("stats", period=options.stats_period) if options.stats_period else ""
    return _element("memballoon", period, model="virtio",
                    autodeflate="off" if options.no_autodeflate else "on",
                    freePageReporting="on" if options.free_page_reporting else "off")


def _disk(options, name):
    if not options.cache_disk:
        return ""
    path = RUN / f"{name}.img"
    return ("<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>"
            f"<source file='{path}'/><target dev='vda' bus='virtio'/></disk>")


def domain_xml(name, options):
    """The libvirt domain of a guest: nothing in it that the workload does not need.

    No HPET, as virt-install has it: QEMU's goes on ticking when the guest has long found a better
    timer, which takes a fifth of an emulated processor for each idle guest.
    """
    cmdline = f"{CMDLINE} kvmb_seed={options.seed} kvmb_random={options.random} {options.cmdline}"
    return f"""<domain type='{options.type}'>
  <name>{name}</name>
  <metadata>{options.metadata}</metadata>
  <memory unit='MiB'>{options.max}</memory>
  <currentMemory unit='MiB'>{options.mem}</currentMemory>
  {_backing(options)}
  <vcpu>{options.vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{LIB}/vmlinuz</kernel>
    <initrd>{LIB}/initrd.img</initrd>
    <cmdline>{_escape(cmdline.strip())}</cmdline>
  </os>
  <features><acpi/></features>
  <clock offset='utc'><timer name='hpet' present='no'/></clock>
  <cpu mode='{'host-passthrough' if options.type == 'kvm' else 'maximum'}'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='{RUN}/{name}.console'/></serial>
    <channel type='unix'>
      <source mode='bind' path='{RUN}/{name}.sock'/>
      <target type='virtio' name='{PORT}'/>
    </channel>
    {_balloon(options)}
    {_disk(options, name)}
  </devices>
</domain>
"""


def _prepare_run_dir():
    RUN.mkdir(mode=0o755, exist_ok=True)
    try:
        owner = pwd.getpwnam("libvirt-qemu")
    except KeyError:
        return  # a QEMU that runs as root needs no help
    os.chown(RUN, owner.pw_uid, owner.pw_gid)


def start(name, options):
    """Create the domain; Guest(name).wait() tells when its workload answers."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise GuestError(f"{name}: a name has letters, digits, '_', '.' and '-' only")
    _prepare_run_dir()
    if options.cache_disk:
        with open(RUN / f"{name}.img", "wb") as image:
            image.truncate(options.cache_disk << 20)
    (RUN / f"{name}.console").unlink(missing_ok=True)
    text = domain_xml(name, options)
    if options.persistent:
        virsh("define", "/dev/stdin", stdin=text)
        virsh("start", name)
    else:
        virsh("create", "/dev/stdin", stdin=text)
    return Guest(name)


class Guest:
    """One running guest: its workload through the channel, the host side through /proc."""

    def __init__(self, name):
        self.name = name
        self._scope = None

    def pid(self):
        """QEMU's process id, or None when the domain does not run."""
        try:
            pid = int(pathlib.Path(f"/run/libvirt/qemu/{self.name}.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if pathlib.Path(f"/proc/{pid}").exists() else None

    def scope(self):
        """The guest's cgroup folder (the machine-*.scope), remembered once known."""
        if self._scope is None:
            pid = self.pid()
            if pid is None:
                raise GuestError(f"{self.name}: not running")
            path = pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().split("::", 1)[1]
            path = re.sub(r"(\.scope)/.*$", r"\1", path)
            self._scope = CGROUP / path.lstrip("/")
        return self._scope

    def _ram(self, pid):
        """Where QEMU has the guest's memory: the one mapping of just that size."""
        size = int(re.search(r"<memory unit='KiB'>(\d+)<", virsh("dumpxml", self.name))[1]) << 10
        try:
            maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
        except OSError as err:
            raise GuestError(f"{self.name}: {err}") from err
        for line in maps.splitlines():
            first, end = (int(number, 16) for number in line.split()[0].split("-"))
            if end - first == size:
                return first
        raise GuestError(f"{self.name}: no mapping of {size} bytes")

    def hot_set(self, timeout=60.0):
        """Pages of the hot set on the host: how many were looked at, how many are in swap.

        The machine is a 'pc': below 3 GiB a guest-physical address is an offset into its memory.
        """
        runs = self.do("hot-frames", timeout)["hot_frames"]
        pid = self.pid()
        if pid is None:
            raise GuestError(f"{self.name}: not running")
        first_page = self._ram(pid) // PAGE
        swapped = 0
        try:
            with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
                for frame, number in runs:
                    pagemap.seek((first_page + frame) * ENTRY)
                    for (entry,) in struct.iter_unpack("=Q", pagemap.read(number * ENTRY)):
                        swapped += entry >> ENTRY_SWAPPED_BIT & 1
        except OSError as err:
            raise GuestError(f"{self.name}: pagemap: {err}") from err
        return {"pages": sum(number for _, number in runs), "swapped": swapped}

    def console_tail(self, lines=8):
        """The end of what the guest's kernel printed."""
        try:
            text = (RUN / f"{self.name}.console").read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def ask(self, command, timeout=60.0):
        """Send one command; return the reply as a dict. GuestError when none came in time."""
        ident = f"{os.getpid()}-{next(_ids)}"
        deadline = time.monotonic() + timeout
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            try:
                self._connect(channel, deadline)
                # the first newline ends whatever an interrupted client left half sent
                channel.sendall(f"\n@{ident} {command}\n".encode())
                return self._reply(channel, ident, deadline)
            except (OSError, TimeoutError) as err:
                raise GuestError(f"{self.name}: {command}: {err or 'no answer in time'}") from err

    def _connect(self, channel, deadline):
        while True:
            channel.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                channel.connect(str(RUN / f"{self.name}.sock"))
                return
            except BlockingIOError:  # QEMU talks to one client at a time, and a few may queue
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _reply(self, channel, ident, deadline):
        pending = b""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            channel.settimeout(left)
            got = channel.recv(4096)
            if not got:
                raise OSError("the channel was closed: the guest is gone")
            *lines, pending = (pending + got).split(b"\n")
            for line in lines:
                reply = _parse(line)
                if reply.get("id") in (ident, "died"):
                    del reply["id"]
                    return reply

    def do(self, command, timeout=60.0):
        """Like ask(), but a refusal is a GuestError as well."""
        reply = self.ask(command, timeout)
        if not reply.get("ok"):
            raise GuestError(f"{self.name}: {command}: {json.dumps(reply)}")
        return reply

    def wait(self, timeout=120.0):
        """Wait until the workload answers. GuestError with the console's end when it does not."""
        deadline = time.monotonic() + timeout
        problem = "not running"
        while time.monotonic() < deadline:
            if self.pid() is None:
                break
            try:
                # short tries: a byte sent before the guest opened its port is answered later
                return self.ask("ping", min(10.0, max(1.0, deadline - time.monotonic())))
            except GuestError as err:
                problem = str(err)
                time.sleep(0.1)
        raise GuestError(f"{self.name}: did not come up: {problem}\n{self.console_tail()}")

    def stop(self, timeout=20.0):
        """Power off; pull the plug when the guest does not react."""
        deadline = time.monotonic() + timeout
        try:
            self.ask("quit", timeout / 2)
            while self.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.1)
        except GuestError:
            pass
        if self.pid() is not None:
            self._pull_the_plug()
        for suffix in ("sock", "img"):
            (RUN / f"{self.name}.{suffix}").unlink(missing_ok=True)

    def _pull_the_plug(self):
        try:
            virsh("destroy", self.name)
        except GuestError:
            if self.name in virsh("list", "--name").split():
                raise  # else it went by itself meanwhile


def _parse(line):
    try:
        reply = json.loads(line)
    except ValueError:
        return {}  # the rest of a line whose beginning an earlier client took
    return reply if isinstance(reply, dict) else {}

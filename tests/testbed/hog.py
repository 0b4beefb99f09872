# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds so many MiB of locked memory until killed: the host's memory gets short by exactly that."""

import ctypes
import mmap
import signal
import sys

CHUNK = 16 << 20


def main():
    """Lock in chunks, so that the kernel's reclaim keeps up."""
    wanted = int(sys.argv[1]) << 20
    libc = ctypes.CDLL(None, use_errno=True)
    held = []
    while sum(map(len, held)) < wanted:
        chunk = mmap.mmap(-1, min(CHUNK, wanted - sum(map(len, held))))
        address = ctypes.addressof(ctypes.c_char.from_buffer(chunk))
        if libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(len(chunk))):
            raise OSError(ctypes.get_errno(), "mlock")
        held.append(chunk)
    print("ready", flush=True)
    signal.pause()


main()

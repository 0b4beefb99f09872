/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSI triggers: descriptors that wake their poller when memory stalls exceed a limit. */
#ifndef KVMB_SOURCE_PSI_H
#define KVMB_SOURCE_PSI_H

#include <stdint.h>

/**
 * kvmb_psi_trigger_open() - register "some @stall_usec within @window_usec"
 * @path: a memory.pressure or /proc/pressure/memory file below @dirfd
 *
 * Poll the descriptor for POLLPRI (EPOLLPRI): the trigger fired, at most once a window. POLLERR:
 * the cgroup is gone, close it. Closing unregisters.
 * Return: the descriptor, -EOPNOTSUPP where PSI is off or the file is a copy of a machine's,
 * -ENOENT no such file (a kernel without PSI, or the cgroup is gone), -EINVAL a window that the
 * kernel does not take (it wants 0.5 to 10 s), -errno. Without CAP_SYS_RESOURCE: -EPERM before
 * Linux 6.5, -EINVAL since, unless the window is a multiple of 2 s.
 */
int kvmb_psi_trigger_open(int dirfd, const char *path, uint64_t stall_usec, uint64_t window_usec);

#endif

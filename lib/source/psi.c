/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSI triggers: descriptors that wake their poller when memory stalls exceed a limit. */
#include "source/psi.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * A trigger is registered by writing to the very file that shows the averages. In a copy of a
 * machine that would overwrite the figures, so only the kernel's own files are written to.
 */
static int check_is_kernel_file(int fd)
{
	struct statfs s;

	if (fstatfs(fd, &s) < 0)
		return -errno;
	return s.f_type == PROC_SUPER_MAGIC || s.f_type == CGROUP2_SUPER_MAGIC ? 0 : -EOPNOTSUPP;
}

int kvmb_psi_trigger_open(int dirfd, const char *path, uint64_t stall_usec, uint64_t window_usec)
{
	_cleanup_close_ int fd = -1;
	char text[64];
	int len, r;

	if (stall_usec == 0 || stall_usec > window_usec)
		return -EINVAL;
	fd = openat(dirfd, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = check_is_kernel_file(fd);
	if (r < 0)
		return r;
	len = snprintf(text, sizeof(text), "some %" PRIu64 " %" PRIu64, stall_usec, window_usec);
	/* With its NUL: the kernel takes the last byte written for the terminator. */
	if (write(fd, text, (size_t)len + 1) < 0)
		return -errno;
	return TAKE_FD(fd);
}

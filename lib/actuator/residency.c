/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of an address range of another process is in memory. */
#include "actuator/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/num.h"

/* Documentation/admin-guide/mm/pagemap.rst: one 64-bit entry per page, bit 63 is "present". */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRIES 4096 /* per read: 32 KiB, for 16 MiB of memory */

int kvmb_residency_open(const struct kvmb_root *root, int32_t pid)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/pagemap", pid);
	fd = openat(root->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

static int count_range(int fd, uint64_t first_page, uint64_t n_pages, uint64_t *present)
{
	uint64_t entries[ENTRIES];

	while (n_pages > 0) {
		size_t want = (size_t)u64_min(n_pages, ENTRIES) * sizeof(entries[0]);
		ssize_t n = pread(fd, entries, want, (off_t)(first_page * sizeof(entries[0])));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* Nothing comes of a process without memory, or beyond the last address. */
		if (n < (ssize_t)sizeof(entries[0]))
			return -ESRCH;
		n /= (ssize_t)sizeof(entries[0]);
		for (ssize_t i = 0; i < n; i++)
			*present += (entries[i] & ENTRY_PRESENT) != 0;
		first_page += (uint64_t)n;
		n_pages -= (uint64_t)n;
	}
	return 0;
}

int kvmb_residency_count(int fd, const struct kvmb_range *ranges, size_t n, uint64_t limit_bytes,
			 uint64_t *ret_bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), present = 0;

	for (size_t i = 0; i < n && limit_bytes >= page; i++) {
		uint64_t length = u64_min(ranges[i].length_bytes, limit_bytes);
		int r = count_range(fd, ranges[i].hva / page, length / page, &present);

		if (r < 0)
			return r;
		limit_bytes -= length;
	}
	*ret_bytes = present * page;
	return 0;
}

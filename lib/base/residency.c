/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of an address range of another process is in memory, and which parts. */
#include "base/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"

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

/* Return: how many entries were read, at least one; -ESRCH the process has ended, or -errno. */
static ssize_t read_entries(int fd, uint64_t first_page, uint64_t n_pages, uint64_t *entries)
{
	size_t want = (size_t)u64_min(n_pages, ENTRIES) * sizeof(entries[0]);
	ssize_t n;

	do
		n = pread(fd, entries, want, (off_t)(first_page * sizeof(entries[0])));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* Nothing comes of a process without memory, or beyond the last address. */
	if (n < (ssize_t)sizeof(entries[0]))
		return -ESRCH;
	return n / (ssize_t)sizeof(entries[0]);
}

static int count_range(int fd, uint64_t first_page, uint64_t n_pages, uint64_t *present)
{
	uint64_t entries[ENTRIES];

	while (n_pages > 0) {
		ssize_t n = read_entries(fd, first_page, n_pages, entries);

		if (n < 0)
			return (int)n;
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

/* One page more: the last range grows, or a new one begins. */
static int add_page(struct kvmb_range **ranges, size_t *n, size_t first, uint64_t hva,
		    uint64_t page)
{
	struct kvmb_range *last = *n > first ? &(*ranges)[*n - 1] : NULL;

	if (last && last->hva + last->length_bytes == hva) {
		last->length_bytes += page;
		return 0;
	}
	if (kvmb_grow(ranges, *n, sizeof(**ranges)) < 0)
		return -ENOMEM;
	(*ranges)[(*n)++] = (struct kvmb_range){ .hva = hva, .length_bytes = page };
	return 0;
}

int kvmb_residency_split(int fd, const struct kvmb_range *range, uint64_t *left_bytes,
			 struct kvmb_range **ranges, size_t *n)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t at = range->hva / page, end = at + range->length_bytes / page;
	uint64_t entries[ENTRIES];
	const size_t first = *n;

	while (at < end && *left_bytes > 0) {
		ssize_t got = read_entries(fd, at, end - at, entries);

		if (got < 0)
			return (int)got;
		for (ssize_t i = 0; i < got && *left_bytes > 0; i++) {
			if (!(entries[i] & ENTRY_PRESENT))
				continue;
			if (add_page(ranges, n, first, (at + (uint64_t)i) * page, page) < 0)
				return -ENOMEM;
			*left_bytes = u64_sub_sat(*left_bytes, page);
		}
		at += (uint64_t)got;
	}
	return 0;
}

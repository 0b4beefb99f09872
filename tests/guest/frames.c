// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the hot set's frames (Documentation/admin-guide/mm/pagemap.rst). */
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define ENTRY_PRESENT (1ULL << 63)
#define ENTRY_FRAME   ((1ULL << 55) - 1)

/* Without CAP_SYS_ADMIN the kernel hides frames: they are 0. False when no other run has room. */
static bool take(struct frames *f, uint64_t frame)
{
	size_t last = f->n_runs - 1;

	if (!frame)
		return true;
	if (f->n_runs && frame == f->first[last] + f->n[last]) {
		f->n[last]++;
		return true;
	}
	if (f->n_runs == FRAMES_MAX)
		return false;
	f->first[f->n_runs] = frame;
	f->n[f->n_runs++] = 1;
	return true;
}

static int read_entry(int fd, const struct arena *a, uint64_t page, uint64_t *ret)
{
	uint64_t at = (uintptr_t)a->base / CONTENT_PAGE_BYTES + page;
	ssize_t n = pread(fd, ret, sizeof(*ret), (off_t)(at * sizeof(*ret)));

	if (n < 0)
		return -errno;
	return n == sizeof(*ret) ? 0 : -EIO;
}

int frames_read(const struct arena *a, const struct hotset *h, struct frames *ret)
{
	int r = 0, fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	if (fd < 0)
		return -errno;
	ret->n_runs = 0;
	for (size_t i = 0; i < h->n_granules; i++) {
		for (unsigned int p = 0; p < h->granule_pages; p++) {
			r = read_entry(fd, a, h->granules[i] + p, &entry);
			if (r < 0 ||
			    (entry & ENTRY_PRESENT && !take(ret, entry & ENTRY_FRAME)))
				goto out_close;
		}
	}
out_close:
	close(fd);
	return r;
}

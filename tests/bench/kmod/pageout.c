// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page-out as an agent does it: cold ranges from kvm_swap, process_madvise() as many at a time as
 * one call takes. Against it the bare loop, which has got the same ranges for nothing.
 */
#define _GNU_SOURCE
#include "kvm_bench.h"

#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "benches.h"
#include "calls.h"
#include "figure.h"
#include "pattern.h"

#define GUEST_BYTES (128UL << 20)
#define MIN_AGE 4
#define TO_AGE 8 /* passes until all that is cold is older than that */
#define REPEAT 3

struct ranges {
	struct iovec *at;
	size_t n, size;
};

static void ranges_add(struct ranges *r, const struct kvm_swap_range *from)
{
	if (r->n == r->size) {
		r->size += IOV_MAX;
		r->at = reallocarray(r->at, r->size, sizeof(*r->at));
		if (!r->at)
			err(2, "reallocarray");
	}
	r->at[r->n++] = (struct iovec){ (void *)(uintptr_t)from->hva, from->bytes };
}

static uint64_t page_out(int pidfd, const struct iovec *at, size_t n)
{
	long bytes = syscall(SYS_process_madvise, pidfd, at, n, MADV_PAGEOUT, 0);

	if (bytes < 0)
		err(2, "process_madvise");
	return (uint64_t)bytes;
}

static uint64_t page_out_all(int pidfd, const struct ranges *r)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < r->n; i += IOV_MAX)
		bytes += page_out(pidfd, r->at + i, r->n - i < IOV_MAX ? r->n - i : IOV_MAX);
	return bytes;
}

/* Batches that fill a call; @r is left with the last one, or with all if @pidfd is -1. */
static uint64_t cold_ranges(int fd, int pidfd, struct ranges *r)
{
	static struct kvm_swap_cold c;
	uint64_t bytes = 0;
	bool more;

	memset(&c, 0, sizeof(c));
	r->n = 0;
	do {
		more = swap_cold(fd, &c, 0, MIN_AGE);
		for (uint32_t i = 0; i < c.count; i++)
			ranges_add(r, &c.ranges[i]);
		if (pidfd >= 0 && (!more || r->n > IOV_MAX - KVM_SWAP_COLD_RANGES)) {
			bytes += page_out_all(pidfd, r);
			r->n = 0;
		}
	} while (more);
	return bytes;
}

/* All memory back, then old again but for the hot set. */
static void let_age(struct guest *g, int fd)
{
	vm_touch(&g->vm, 0, g->vm.n_pages, 1);
	for (int i = 0; i < TO_AGE; i++) {
		guest_round(g);
		swap_pass(fd);
	}
}

/* ns per MiB */
static uint64_t agent_once(struct guest *g, int fd, int pidfd, struct ranges *r)
{
	uint64_t start_ns, bytes, resident;

	let_age(g, fd);
	resident = swap_resident(fd);
	start_ns = now_ns();
	bytes = cold_ranges(fd, pidfd, r);
	start_ns = now_ns() - start_ns;
	swap_pass(fd);
	if (resident - swap_resident(fd) < bytes / 10 * 9)
		errx(2, "of %lu bytes paged out %lu went", bytes, resident - swap_resident(fd));
	return start_ns / (bytes >> 20);
}

static uint64_t bare_once(struct guest *g, int fd, int pidfd, struct ranges *r)
{
	uint64_t start_ns, bytes;

	let_age(g, fd);
	cold_ranges(fd, -1, r);
	start_ns = now_ns();
	bytes = page_out_all(pidfd, r);
	return (now_ns() - start_ns) / (bytes >> 20);
}

static void measure(struct guest *g, const struct pattern *p)
{
	const struct conditions c = { GUEST_BYTES, "4 KiB", p->name, NULL };
	uint8_t *hot = calloc(g->vm.n_pages, 1);
	struct series agent = {}, bare = {};
	struct ranges r = { .at = NULL };
	int fd = swap_attach(g), pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (!hot || pidfd < 0)
		err(2, "pidfd_open");
	pattern_fill(p, 0, hot, g->vm.n_pages);
	guest_set_hot(g, hot);
	for (int i = 0; i < REPEAT; i++) {
		series_add(&agent, agent_once(g, fd, pidfd, &r));
		series_add(&bare, bare_once(g, fd, pidfd, &r));
	}
	figure_say(&c, &(struct figure){ "ranges paged out", "count", r.n, 0, 0 });
	figure_say(&c, &(struct figure){ "bare process_madvise", "ns per MiB", series_median(&bare),
		   0, 0 });
	figure_say(&c, &(struct figure){ "throughput of page-out", "permille of the bare loop",
		   permille(series_median(&bare), series_median(&agent)), 0, 900 });
	free(r.at);
	free(hot);
	close(pidfd);
	close(fd);
}

void bench_pageout(void)
{
	struct guest g;

	guest_new(&g, GUEST_BYTES, VM_SMALL, 1);
	measure(&g, &pattern_blocks);
	measure(&g, &pattern_chunks);
	measure(&g, &pattern_pages);
	guest_free(&g);
}

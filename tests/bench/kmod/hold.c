// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where KVM holds mmu_lock while it looks for accessed bits, vCPUs wait for as long as one call
 * takes. Guests are small and repetitions many, so that the median is of calls that no interrupt
 * has hit; the bare calls beside them are as many, and their longest is taken the same way.
 */
#include "kvm_bench.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "calls.h"
#include "figure.h"
#include "pattern.h"

#define SMALL_BYTES (32UL << 20)
#define HUGE_BYTES (512UL << 20) /* further than one call goes */
#define REPEAT 41
#define TO_LARGEST 12 /* passes until one call speaks for as much as it ever will */

static void set_hot_all(struct guest *g)
{
	uint8_t *hot = calloc(g->vm.n_pages, 1);

	if (!hot)
		err(2, "calloc");
	pattern_fill(&pattern_all, 0, hot, g->vm.n_pages);
	guest_set_hot(g, hot);
	free(hot);
}

/* Looked at closely three times, then asked as one: dearest when all of it is young. */
static uint64_t longest_of_passes(struct guest *g)
{
	struct kvm_swap_stats stats;
	int fd = swap_attach(g);

	for (int i = 0; i < 4; i++) {
		guest_round(g);
		swap_pass(fd);
	}
	swap_stats(fd, &stats);
	close(fd);
	return stats.longest_call_ns;
}

static uint64_t longest_of_bare(struct guest *g)
{
	guest_round(g);
	return bare_young(g, BLOCK, true).longest_ns;
}

/* Runs of huge blocks, first when they are old, then when all of them turn out young. */
static uint64_t longest_of_huge(struct guest *g)
{
	struct kvm_swap_stats stats;
	int fd = swap_attach(g);

	swap_passes(fd, TO_LARGEST);
	for (size_t i = 0; i < g->vm.n_pages; i += BLOCK_PAGES)
		vm_touch(&g->vm, i, 1, 1);
	swap_pass(fd);
	swap_stats(fd, &stats);
	close(fd);
	return stats.longest_call_ns;
}

void bench_hold(void)
{
	const struct conditions small = { SMALL_BYTES, "4 KiB", pattern_all.name, NULL },
				huge = { HUGE_BYTES, "2 MiB", "none, then all", NULL };
	static struct series passes, bare, runs;
	struct guest g;
	uint64_t bare_ns;

	guest_new(&g, SMALL_BYTES, VM_SMALL, 1);
	set_hot_all(&g);
	for (int i = 0; i < REPEAT; i++) {
		series_add(&bare, longest_of_bare(&g));
		series_add(&passes, longest_of_passes(&g));
	}
	guest_free(&g);
	bare_ns = series_median(&bare);
	figure_say(&small, &(struct figure){ "longest bare call over 2 MiB", "ns", bare_ns, 0, 0 });
	figure_say(&small, &(struct figure){ "longest call of a pass",
		   "permille of a bare call over 2 MiB of 4 KiB",
		   permille(series_median(&passes), bare_ns), 1000, 0 });
	if (!guest_new_huge(&g, HUGE_BYTES))
		return;
	for (int i = 0; i < REPEAT; i++)
		series_add(&runs, longest_of_huge(&g));
	guest_free(&g);
	figure_say(&huge, &(struct figure){ "longest call of a pass",
		   "permille of a bare call over 2 MiB of 4 KiB",
		   permille(series_median(&runs), bare_ns), 1000, 0 });
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pass is all that KVM_SWAP_AGE does until its cursor is 0 again: system calls, questions to KVM,
 * the update of the ages, and residency of blocks that were unmapped (none here). Beside it, in
 * turns, KVM's clear_young() alone over the guest's memory: in one call, or 2 MiB a call.
 */
#include "kvm_bench.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benches.h"
#include "calls.h"
#include "figure.h"
#include "pattern.h"

#define WARM_UP 24 /* pieces are largest from age 9 on, and blocks are split by then */
#define REPEAT 32  /* blocks that are hot all over are looked at closely every 16th pass */

struct costs {
	struct series bare;     /* nothing young */
	struct series bare_hot; /* the hot set just touched */
	struct series pass;
	struct kvm_swap_stats stats;
};

static void touch(struct guest *g)
{
	if (g->n_hot)
		guest_round(g);
}

static void measure(struct guest *g, size_t bare_step, struct costs *ret)
{
	int fd = swap_attach(g);

	*ret = (struct costs){ .stats = {} };
	for (int i = 0; i < WARM_UP; i++) {
		touch(g);
		swap_pass(fd);
	}
	for (int i = 0; i < REPEAT; i++) {
		touch(g);
		series_add(&ret->bare_hot, bare_young(g, bare_step, false).ns);
		series_add(&ret->bare, bare_young(g, bare_step, false).ns);
		touch(g);
		series_add(&ret->pass, swap_pass(fd));
	}
	swap_stats(fd, &ret->stats);
	close(fd);
}

static void set_hot(struct guest *g, const struct pattern *p)
{
	uint8_t *hot = calloc(g->vm.n_pages, 1);

	if (!hot)
		err(2, "calloc");
	g->n_hot = 0;
	if (pattern_fill(p, 0, hot, g->vm.n_pages))
		guest_set_hot(g, hot);
	free(hot);
}

/* A page in each 2 MiB, which is enough where they are mapped as one. */
static void set_hot_heads(struct guest *g)
{
	uint8_t *hot = calloc(g->vm.n_pages, 1);

	if (!hot)
		err(2, "calloc");
	for (size_t i = 0; i < g->vm.n_pages; i += BLOCK_PAGES)
		hot[i] = 1;
	guest_set_hot(g, hot);
	free(hot);
}

static void say_ns(const struct conditions *c, const char *name, uint64_t ns)
{
	figure_say(c, &(struct figure){ name, "ns per MiB", ns / (c->guest_bytes >> 20), 0, 0 });
}

static void say_memory(const struct conditions *c, const struct costs *costs, uint64_t at_most)
{
	figure_say(c, &(struct figure){ "blocks with an age per page", "permille",
		   permille(costs->stats.split_blocks, costs->stats.blocks), 0, 0 });
	figure_say(c, &(struct figure){ "memory of the ages", "ppb of the guest's",
		   costs->stats.tree_bytes * 1000000000ULL / c->guest_bytes, at_most, 0 });
}

/* The goal is for the mean: every 16th pass is dearer, and counts. */
static void say_small(const struct conditions *c, const struct costs *costs, uint64_t at_most)
{
	uint64_t floor = series_median(&costs->bare);

	say_ns(c, "one call over all, nothing young", floor);
	say_ns(c, "one call over all, the hot set young", series_median(&costs->bare_hot));
	say_ns(c, "pass", series_mean(&costs->pass));
	figure_say(c, &(struct figure){ "pass, median", "permille of one call, nothing young",
		   permille(series_median(&costs->pass), floor), at_most, 0 });
	figure_say(c, &(struct figure){ "pass, mean", "permille of one call, nothing young",
		   permille(series_mean(&costs->pass), series_mean(&costs->bare)), at_most, 0 });
}

static void small(size_t guest_bytes)
{
	const struct {
		const struct pattern *hot;
		uint64_t at_most;
	} cases[] = {
		{ &pattern_none, 1150 },
		{ &pattern_blocks, 1600 },
		{ &pattern_chunks, 5000 },
		{ &pattern_pages, 0 },
	};
	static struct costs costs;
	struct guest g;

	guest_new(&g, guest_bytes, VM_SMALL, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conditions c = { guest_bytes, "4 KiB", cases[i].hot->name, NULL };

		set_hot(&g, cases[i].hot);
		measure(&g, g.vm.n_pages * PAGE, &costs);
		say_small(&c, &costs, cases[i].at_most);
		if (cases[i].hot == &pattern_none)
			say_memory(&c, &costs, 10000);
		if (cases[i].hot == &pattern_pages)
			say_memory(&c, &costs, 300000);
	}
	guest_free(&g);
}

static void say_huge(const struct conditions *c, const struct costs *costs, uint64_t at_most)
{
	bool hot = strcmp(c->hot, pattern_none.name) != 0;
	const struct series *bare = hot ? &costs->bare_hot : &costs->bare;

	say_ns(c, "a call per 2 MiB", series_median(bare));
	say_ns(c, "pass", series_median(&costs->pass));
	figure_say(c, &(struct figure){ "pass, median", "permille of a call per 2 MiB",
		   permille(series_median(&costs->pass), series_median(bare)), at_most, 0 });
}

static void huge(size_t guest_bytes)
{
	struct conditions c = { guest_bytes, "2 MiB", pattern_none.name, NULL };
	static struct costs costs;
	struct guest g;

	if (!guest_new_huge(&g, guest_bytes))
		return;
	measure(&g, BLOCK, &costs);
	say_huge(&c, &costs, 333);
	set_hot_heads(&g);
	c.hot = "every 2 MiB";
	measure(&g, BLOCK, &costs);
	say_huge(&c, &costs, 1300);
	guest_free(&g);
}

void bench_pass(size_t guest_bytes)
{
	small(guest_bytes);
	huge(guest_bytes);
}

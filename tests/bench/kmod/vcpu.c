// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest whose vCPUs are busy all the time, in stretches with and without passes of the module's
 * own, in turns. How far the guest comes is counted in rounds over its working set.
 */
#include "kvm_bench.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "calls.h"
#include "figure.h"
#include "pattern.h"

#define GUEST_BYTES (512UL << 20)
#define TO_STEADY 10 /* passes until one costs what the next ones will */

/* Stretches are whole periods. 15 s is the agent's AgingInterval, 1 s shows what that hides. */
static const struct plan {
	const char *name;
	uint32_t period_ms;
	unsigned int periods; /* in a stretch */
	unsigned int repeat;
	uint64_t at_least;
} plans[] = {
	{ "a pass every 15 s", 15000, 1, 3, 990 },
	{ "a pass every second", 1000, 3, 6, 0 },
};

struct sums {
	struct series scanned, unscanned;
	uint64_t passes, usec; /* of the scanned stretches */
};

static uint64_t stretch_ns(const struct plan *p)
{
	return p->period_ms * 1000000ULL * p->periods;
}

/* Rounds in 1000 seconds */
static uint64_t rounds_of_stretch(const struct guest *g, const struct plan *p)
{
	uint64_t start_ns = now_ns(), rounds = guest_rounds(g);

	sleep_until(start_ns + stretch_ns(p));
	rounds = guest_rounds(g) - rounds;
	return rounds * 1000000000000ULL / (now_ns() - start_ns);
}

/* Another period makes all memory young, and passes over that are dear: they are not counted. */
static void scan(int fd, uint32_t period_ms)
{
	swap_set_period(fd, period_ms);
	swap_passes(fd, TO_STEADY);
}

static void scanned_stretch(int fd, const struct guest *g, const struct plan *p, struct sums *s)
{
	struct kvm_swap_stats before, after;

	scan(fd, p->period_ms);
	swap_stats(fd, &before);
	series_add(&s->scanned, rounds_of_stretch(g, p));
	swap_stats(fd, &after);
	s->passes += after.passes - before.passes;
	s->usec += after.usec - before.usec;
}

static void measure(const struct guest *g, const struct conditions *c, const struct plan *p)
{
	struct sums s = { .passes = 0 };
	int fd = swap_attach(g);
	char name[96];

	for (unsigned int i = 0; i < p->repeat; i++) {
		scan(fd, 0);
		series_add(&s.unscanned, rounds_of_stretch(g, p));
		scanned_stretch(fd, g, p, &s);
	}
	close(fd);
	(void)snprintf(name, sizeof(name), "%s: passes seen", p->name);
	figure_say(c, &(struct figure){ name, "count", s.passes, 0, 0 });
	(void)snprintf(name, sizeof(name), "%s: time in passes", p->name);
	figure_say(c, &(struct figure){ name, "of 10000 of one CPU",
		   s.usec * 10000000 / (p->repeat * stretch_ns(p)), 0, 0 });
	(void)snprintf(name, sizeof(name), "%s: the guest's throughput", p->name);
	figure_say(c, &(struct figure){ name, "permille of unscanned",
		   permille(series_mean(&s.scanned), series_mean(&s.unscanned)), 0, p->at_least });
}

void bench_vcpu(void)
{
	const struct conditions c = { GUEST_BYTES, "4 KiB", pattern_chunks.name, NULL };
	struct guest g;
	uint8_t *hot;

	guest_new(&g, GUEST_BYTES, VM_SMALL, GUEST_VCPUS);
	hot = calloc(g.vm.n_pages, 1);
	if (!hot)
		err(2, "calloc");
	pattern_fill(&pattern_chunks, 0, hot, g.vm.n_pages);
	guest_set_hot(&g, hot);
	guest_start(&g);
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		measure(&g, &c, &plans[i]);
	guest_stop(&g);
	free(hot);
	guest_free(&g);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which pages of a guest are called cold for at least five periods, against those that it does not
 * touch, and the CPU time that goes into knowing: kvm_swap with a pass every 100 ms, and DAMON with
 * its aggregation of 100 ms, one after the other on the same guest, for both would take the
 * accessed bits from each other. The guest touches its set all the time; then another set instead,
 * and two periods after the five it is asked again.
 */
#include "kvm_bench.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "benches.h"
#include "calls.h"
#include "damon.h"
#include "figure.h"
#include "pattern.h"

#define GUEST_BYTES (256UL << 20)
#define PERIOD_NS (DAMON_AGGREGATION_MS * 1000000ULL)
#define COLD_PERIODS 5
#define LATE_PERIODS 2
#define SETTLE 50 /* periods before CPU time counts: DAMON finds its regions meanwhile */
#define TIMED 100
#define VERDICTS 8
#define BETWEEN 4 /* periods from one verdict to the next */

/* Who tells: kvm_swap, or DAMON with so many regions at most. */
struct teller {
	const char *name;
	unsigned int max_regions; /* 0: kvm_swap */
};

struct run {
	const struct teller *teller;
	struct guest *g;
	int fd;
	uint64_t next_ns;
	uint64_t pass_cpu_ns;
	size_t regions;
	uint8_t *hot, *cold;
};

struct verdict {
	uint64_t cold, called, right;
};

/* ---- Both tellers ------------------------------------------------------------------------ */

static uint64_t thread_cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void begin(struct run *r)
{
	if (r->teller->max_regions)
		damon_start(r->g->vm.memory, GUEST_BYTES, r->teller->max_regions);
	else
		r->fd = swap_attach(r->g);
	r->next_ns = now_ns();
}

static void end(const struct run *r)
{
	if (r->teller->max_regions)
		damon_stop();
	else
		close(r->fd);
}

static void periods(struct run *r, unsigned int n)
{
	while (n--) {
		uint64_t cpu_ns;

		r->next_ns += PERIOD_NS;
		sleep_until(r->next_ns);
		if (r->teller->max_regions)
			continue;
		cpu_ns = thread_cpu_ns();
		swap_pass(r->fd);
		r->pass_cpu_ns += thread_cpu_ns() - cpu_ns;
	}
}

static uint64_t cpu_ns(const struct run *r)
{
	return r->teller->max_regions ? damon_cpu_ns() : r->pass_cpu_ns;
}

static void swap_read(struct run *r)
{
	static struct kvm_swap_cold c;
	uintptr_t base = (uintptr_t)r->g->vm.memory;
	bool more;

	memset(&c, 0, sizeof(c));
	memset(r->cold, 0, r->g->vm.n_pages);
	do {
		more = swap_cold(r->fd, &c, KVM_SWAP_COLD_BY_ADDRESS, COLD_PERIODS);
		for (uint32_t i = 0; i < c.count; i++) {
			const struct kvm_swap_range *at = &c.ranges[i];

			if (at->hva >= base && at->hva < base + GUEST_BYTES)
				memset(r->cold + (at->hva - base) / PAGE, 1, at->bytes / PAGE);
		}
	} while (more);
}

static void judge(struct run *r, struct verdict *sum)
{
	if (r->teller->max_regions)
		r->regions = damon_cold(r->g->vm.memory, r->cold, r->g->vm.n_pages, COLD_PERIODS);
	else
		swap_read(r);
	for (size_t i = 0; i < r->g->vm.n_pages; i++) {
		sum->cold += !r->hot[i];
		sum->called += r->cold[i];
		sum->right += r->cold[i] && !r->hot[i];
	}
}

/* ---- One set ----------------------------------------------------------------------------- */

static void say_accuracy(const struct run *r, const struct conditions *c, const char *when,
			 const struct verdict *v)
{
	bool ours = !r->teller->max_regions;
	char name[96];

	(void)snprintf(name, sizeof(name), "%s: precision, %s", r->teller->name, when);
	figure_say(c, &(struct figure){ name, "of 10000", permille(10 * v->right, v->called), 0,
					ours ? 9990 : 0 });
	(void)snprintf(name, sizeof(name), "%s: recall, %s", r->teller->name, when);
	figure_say(c, &(struct figure){ name, "of 10000", permille(10 * v->right, v->cold), 0,
					ours ? 9900 : 0 });
}

static uint64_t say_cost(const struct run *r, const struct conditions *c, uint64_t spent_ns,
			 uint64_t at_most)
{
	uint64_t cost = spent_ns * 10 / TIMED / (PERIOD_NS / 1000);
	char name[96];

	(void)snprintf(name, sizeof(name), "%s: CPU time", r->teller->name);
	figure_say(c, &(struct figure){ name, "of 10000", cost, at_most, 0 });
	if (r->regions) {
		(void)snprintf(name, sizeof(name), "%s: regions", r->teller->name);
		figure_say(c, &(struct figure){ name, "count", r->regions, 0, 0 });
	}
	return cost;
}

/* Return: CPU time in 1/10000 of a CPU */
static uint64_t measure(struct run *r, const struct pattern *p, uint64_t at_most)
{
	const struct conditions c = { GUEST_BYTES, "4 KiB", p->name, NULL };
	struct verdict steady = {}, moved = {};
	uint64_t spent_ns;

	pattern_fill(p, 0, r->hot, r->g->vm.n_pages);
	guest_set_hot(r->g, r->hot);
	guest_start(r->g);
	begin(r);
	periods(r, SETTLE);
	spent_ns = cpu_ns(r);
	periods(r, TIMED);
	spent_ns = cpu_ns(r) - spent_ns;
	for (int i = 0; i < VERDICTS; i++) {
		judge(r, &steady);
		r->next_ns = now_ns();
		periods(r, BETWEEN);
	}
	guest_stop(r->g);
	pattern_fill(p, 1, r->hot, r->g->vm.n_pages);
	guest_set_hot(r->g, r->hot);
	guest_start(r->g);
	periods(r, COLD_PERIODS + LATE_PERIODS);
	judge(r, &moved);
	guest_stop(r->g);
	end(r);
	say_accuracy(r, &c, "steady", &steady);
	say_accuracy(r, &c, "after a move", &moved);
	return say_cost(r, &c, spent_ns, at_most);
}

static uint64_t tell(struct guest *g, const struct teller *teller, const struct pattern *p,
		     uint64_t at_most)
{
	struct run r = { .teller = teller, .g = g, .fd = -1 };
	uint64_t cost;

	r.hot = malloc(g->vm.n_pages);
	r.cold = malloc(g->vm.n_pages);
	if (!r.hot || !r.cold)
		err(2, "malloc");
	cost = measure(&r, p, at_most);
	free(r.hot);
	free(r.cold);
	return cost;
}

void bench_accuracy(void)
{
	const struct pattern *patterns[] = { &pattern_run, &pattern_blocks, &pattern_chunks,
					     &pattern_pages };
	const struct teller ours = { "kvm_swap", 0 }, damon = { "DAMON", 1000 },
			    fine = { "DAMON, 10000 regions", 10000 };
	struct guest g;

	if (!damon_is_there())
		warnx("this kernel has no DAMON: kvm_swap alone");
	guest_new(&g, GUEST_BYTES, VM_SMALL, 1);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct pattern *p = patterns[i];
		uint64_t cost = damon_is_there() ? tell(&g, &damon, p, 0) : 0;

		tell(&g, &ours, p, cost);
		/* Does it get there with about as many regions as the set has edges? */
		if (damon_is_there() && p->at_random && p->unit_pages < BLOCK_PAGES)
			tell(&g, &fine, p, 0);
	}
	guest_free(&g);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU time of the fleet simulator a VM-step, at a ratio at which few hosts are short and at one at
 * which most are; with a fleet and one ten times as large, so that it shows whether the cost is
 * linear. Prints one JSON line a figure; fails where the goal is missed by far.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/util.h"
#include "sim/generate.h"
#include "sim/simulate.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define DAYS 2
/* 10,000 machines for 30 days of 288 steps in 60 s */
#define GOAL_NS (60 * NSEC_PER_SEC / (10000 * 30 * 288))

static uint64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* Nanoseconds for a VM-step; making the trace is in it. */
static int measure(uint64_t n_vms, uint32_t ratio_percent, uint64_t *ret_ns,
		   uint64_t *ret_decided_permille)
{
	const struct generate_params p = { n_vms, DAYS, FEED_STEP_SEC, 1, PATTERN_MIXED };
	_cleanup_(feed_freep) struct feed *feed = NULL;
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *config = NULL;
	struct simulation s = {
		.host_memory_bytes = UINT64_C(256) << 30,
		.host_swap_bytes = UINT64_C(64) << 30,
		.n_ratios = 1,
		.ratios_percent = { ratio_percent },
	};
	struct fleet_report report;
	uint64_t start_ns = cpu_ns();
	int r = kvmb_config_new(&config);

	s.config = config;
	if (r >= 0)
		r = feed_generate(&p, &feed);
	if (r >= 0)
		r = simulate(&s, feed, &report, &error);
	kvmb_config_free(config);
	if (r < 0)
		return r;
	*ret_ns = (cpu_ns() - start_ns) / report.totals.n_vm_steps;
	*ret_decided_permille = report.totals.n_decided * 1000 / report.totals.n_vm_steps;
	return 0;
}

struct figure {
	const char *name, *unit;
	uint64_t value;
};

static void say(uint64_t n_vms, uint32_t ratio_percent, const struct figure *f)
{
	printf("{\"bench\": \"fleet\", \"figure\": \"%s\", \"vms\": %" PRIu64
	       ", \"days\": %d, \"ratio\": %u.%02u, \"unit\": \"%s\", \"value\": %" PRIu64 "}\n",
	       f->name, n_vms, DAYS, ratio_percent / 100, ratio_percent % 100, f->unit, f->value);
}

/* Return: 1 where the goal is missed by far. */
static int bench(uint32_t ratio_percent)
{
	const uint64_t sizes[] = { 1000, 10000 };
	uint64_t ns[ARRAY_SIZE(sizes)] = { 0 }, decided;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (measure(sizes[i], ratio_percent, &ns[i], &decided) < 0)
			return 1;
		say(sizes[i], ratio_percent, &(struct figure){ "cpu-per-vm-step", "nsec", ns[i] });
		say(sizes[i], ratio_percent, &(struct figure){ "decided", "permille", decided });
	}
	/* 100 where ten times the machines cost ten times as much. */
	say(sizes[1], ratio_percent,
	    &(struct figure){ "linearity", "percent", ns[1] * 100 / (ns[0] ?: 1) });
	return ns[1] > 3 * GOAL_NS;
}

int main(void)
{
	int r = bench(150);

	return bench(200) || r;
}

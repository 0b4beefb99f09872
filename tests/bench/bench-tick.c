// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU time of one decision with 4, 100 and 1000 guests on a host that is hard up, so that every
 * stage has work to do. Prints one JSON line a figure; fails where a goal is missed by far.
 */
#include <inttypes.h>
#include <kvmballoon.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/state.h"

#define GOAL_USEC 10000 /* with 1000 guests, on a machine of its own */
#define TICKS 100

static uint64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* Guests of 1 GiB that differ in all that the policy looks at. */
static void fill_guest(struct kvmb_guest_sample *g, size_t i, uint64_t now_ns)
{
	(void)snprintf(g->name, sizeof(g->name), "guest-%05zu", i);
	(void)snprintf(g->uuid, sizeof(g->uuid), "%08zx-0000-4000-8000-000000000000",
		       (i * 2654435761U) & 0xffffffff);
	(void)snprintf(g->cgroup, sizeof(g->cgroup), "machine.slice/guest-%zu.scope", i);
	g->pid = 1000 + (int32_t)i;
	g->state = KVMB_GUEST_RUNNING;
	g->has_balloon = g->cgroup_valid = g->psi_valid = true;
	g->stats_why = KVMB_WHY_NONE;
	g->facts_ns = now_ns;
	g->maximum_bytes = g->balloon_bytes = GIB;
	g->resident_bytes = g->rss_bytes = (600 + i % 400) * MIB;
	g->guest_total_bytes = 1000 * MIB;
	g->unused_bytes = (i * 37 % 500) * MIB;
	g->usable_bytes = g->unused_bytes + 100 * MIB;
	g->caches_bytes = 100 * MIB;
	g->stats_age_usec = 500000;
	g->refault_anon = i;
}

static int make_sample(size_t n, struct kvmb_sample **ret)
{
	struct kvmb_sample *s = NULL;
	int r = kvmb_sample_new(n, &s);

	if (r < 0)
		return r;
	s->now_ns = 1000 * NSEC_PER_SEC;
	s->guests_valid = true;
	s->host.total_bytes = n * GIB;
	s->host.available_bytes = s->host.total_bytes / 20;
	s->host.swap_total_bytes = s->host.swap_free_bytes = n * GIB;
	s->host.psi_valid = true;
	for (size_t i = 0; i < n; i++)
		fill_guest(&s->guests[i], i, s->now_ns);
	kvmb_sample_sort(s);
	*ret = s;
	return 0;
}

static void pass(struct kvmb_sample *s)
{
	s->now_ns += 2 * NSEC_PER_SEC;
	for (size_t i = 0; i < s->n_guests; i++)
		s->guests[i].facts_ns = s->now_ns;
}

/* Mean over the ticks; the first one, which makes all guests, is looked at as well. */
static int measure(size_t n, uint64_t *ret_usec, size_t *ret_actions)
{
	struct kvmb_config *config = NULL;
	struct kvmb_sample *sample = NULL;
	struct kvmb_state *state = NULL;
	uint64_t spent_ns = 0;
	int r = kvmb_config_new(&config);

	if (r >= 0)
		r = make_sample(n, &sample);
	if (r >= 0)
		r = kvmb_state_new(&state);
	if (r >= 0)
		config->host.host_rate_bytes = config->host.guest_rate_bytes = UINT64_MAX;
	*ret_actions = 0;
	for (size_t i = 0; r >= 0 && i < TICKS; i++) {
		struct kvmb_state *next = NULL;
		struct kvmb_plan *plan = NULL;
		uint64_t start_ns = cpu_ns();

		r = kvmb_decide(config, state, sample, &next, &plan);
		if (r < 0)
			break;
		kvmb_state_free(state);
		state = next;
		*ret_actions += plan->n_actions;
		kvmb_plan_free(plan);
		spent_ns += cpu_ns() - start_ns;
		pass(sample);
	}
	kvmb_state_free(state);
	kvmb_sample_free(sample);
	kvmb_config_free(config);
	*ret_usec = spent_ns / TICKS / NSEC_PER_USEC;
	return r;
}

static void say(const char *figure, size_t guests, const char *unit, uint64_t value)
{
	printf("{\"bench\": \"tick\", \"figure\": \"%s\", \"guests\": %zu, \"unit\": \"%s\", "
	       "\"value\": %" PRIu64 "}\n", figure, guests, unit, value);
}

int main(void)
{
	const size_t sizes[] = { 4, 100, 1000 };
	uint64_t usec[ARRAY_SIZE(sizes)];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t actions;

		if (measure(sizes[i], &usec[i], &actions) < 0 || !actions)
			return 1;
		say("cpu", sizes[i], "usec", usec[i]);
		say("actions", sizes[i], "count", actions / TICKS);
	}
	/* 100 where ten times the guests cost ten times as much. */
	say("linearity", sizes[2], "percent", usec[2] * 10 / u64_max(usec[1], 1));
	return usec[2] > 10 * GOAL_USEC;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Means that not every guest or host has: free page reporting, caches. */
#include "policy/turn.h"
#include "gate-world.h"
#include "rule-world.h"

/* ---- Free page reporting ------------------------------------------------------------------ */

static void one_reports(struct world *w)
{
	host_short(w);
	free_is_backed(w, 1);
	world_guest(w, 1)->backing.reports_free = true;
}

static void hard_one_reports(struct world *w)
{
	one_reports(w);
	world_available(w, 700);
}

static void one_reports_in_vain(struct world *w)
{
	one_reports(w);
	w->state->fresh = false;
	world_state(w, 1)->unreported_ns = w->sample->now_ns - 10 * SEC;
}

static void reported(struct world *w)
{
	one_reports_in_vain(w);
	world_state(w, 1)->unreported_ns++;
}

static void first_reports(struct world *w)
{
	host_short(w);
	free_is_backed(w, 0);
	world_guest(w, 0)->backing.reports_free = true;
}

static const struct rule_row report_rows[] = {
	{ "what a guest reports is waited for: nobody else gives meanwhile", one_reports,
	  { NOTHING, NOTHING, NOTHING } },
	{ "and that is said", first_reports, { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_BALLOON, KVMB_WHY_REPORTING },
	{ "for ten seconds", reported, { NOTHING, NOTHING, NOTHING } },
	{ "what has not come by then is taken by balloon", one_reports_in_vain,
	  { NOTHING, TAKES(GUEST_FREE, 64, 960), NOTHING } },
	{ "a host that is hard up does not wait for reports", hard_one_reports,
	  { RECLAIMS(HOST_PRESSURE, 64), TAKES(GUEST_FREE, 64, 960),
	    RECLAIMS(HOST_PRESSURE, 64) } },
};

/* ---- Caches of guests ---------------------------------------------------------------------- */

/* 984 MiB used, head-room 98: of 400 usable 203 can go. */
static void cached(struct world *w, size_t i)
{
	world_guest(w, i)->unused_bytes = 40 * MIB;
	world_guest(w, i)->resident_bytes = 1000 * MIB;
	world_guest(w, i)->caches_bytes = 360 * MIB;
}

static void short_with_caches(struct world *w)
{
	host_short(w);
	cached(w, 1);
}

static void hard_with_caches(struct world *w)
{
	cached(w, 1);
	world_available(w, 700);
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = 0;
	for (size_t i = 0; i < N_GUESTS; i += 2)
		guarantee(w, i, 1024);
}

static void usable_is_not_told(struct world *w)
{
	hard_with_caches(w);
	world_guest(w, 1)->usable_bytes = KVMB_UNKNOWN;
}

static void few_caches(struct world *w)
{
	hard_with_caches(w);
	world_guest(w, 1)->usable_bytes = 216 * MIB;
}

static void caches_and_cold(struct world *w)
{
	hard_with_caches(w);
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = 2048 * MIB;
	aged(w, 1, 300);
}

static void caches_and_swap(struct world *w)
{
	hard_with_caches(w);
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = 2048 * MIB;
}

static void caches_of_the_guaranteed(struct world *w)
{
	hard_with_caches(w);
	world_guest(w, 1)->resident_bytes = 1040 * MIB;
	guarantee(w, 1, 1000);
}

/* None of it backed by the host: that comes first, and is no gain. */
static void caches_and_free(struct world *w)
{
	hard_with_caches(w);
	world_guest(w, 1)->unused_bytes = 300 * MIB;
	world_guest(w, 1)->resident_bytes = 700 * MIB;
}

static const struct rule_row cache_rows[] = {
	{ "caches are for a host that is hard up", short_with_caches,
	  { RECLAIMS(HOST_PRESSURE, ANY), RECLAIMS(HOST_PRESSURE, ANY),
	    RECLAIMS(HOST_PRESSURE, ANY) } },
	{ "then they are taken by balloon, a step at a time, without swap", hard_with_caches,
	  { NOTHING, TAKES(GUEST_CACHE, 64, 960), NOTHING } },
	{ "and before the kernel takes what it happens to reach", caches_and_swap,
	  { NOTHING, TAKES(GUEST_CACHE, 64, 960), NOTHING } },
	{ "what is cold goes first", caches_and_cold,
	  { NOTHING, PAGES_OUT(HOST_PRESSURE, 64), NOTHING } },
	{ "twice the head-room stays usable", few_caches,
	  { NOTHING, TAKES(GUEST_CACHE, 16, 1008), NOTHING } },
	{ "caches of an unknown size are left alone", usable_is_not_told,
	  { NOTHING, NOTHING, NOTHING } },
	{ "no cache goes below the guarantee", caches_of_the_guaranteed,
	  { NOTHING, TAKES(GUEST_CACHE, 24, 1000), NOTHING } },
	{ "what is free goes before caches", caches_and_free,
	  { NOTHING, TAKES(HOST_PRESSURE, 64, 960), NOTHING } },
};

/* The gate alone, against a policy that asks for all: of 400 MiB usable, what may go. */
static const struct cache_gate {
	const char *name;
	enum kvmb_level level;
	uint64_t usable_mib, asked_mib; /* 0: refused */
} cache_gates[] = {
	{ "the gate lets caches go on a host that is hard up", KVMB_LEVEL_HARD, 400, 202 },
	{ "on no other", KVMB_LEVEL_ELEVATED, 400, 0 },
	{ "it leaves twice the head-room usable", KVMB_LEVEL_EMERGENCY, 200, 2 },
	{ "it knows what is usable, or refuses", KVMB_LEVEL_HARD, KVMB_UNKNOWN / MIB, 0 },
};

static void test_cache_gate(void **data)
{
	const struct cache_gate *row = *data;
	struct case_ c = { .a = { .kind = KVMB_ACTION_BALLOON, .rule = KVMB_RULE_GUEST_CACHE } };
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;

	world_init(&c.w, 1);
	cached(&c.w, 0);
	c.w.config->host.step_bytes = c.w.config->host.host_rate_bytes = 4096 * MIB;
	guest(&c)->usable_bytes = row->usable_mib == KVMB_UNKNOWN / MIB ? KVMB_UNKNOWN :
								   row->usable_mib * MIB;
	state(&c);
	c.w.state->level = row->level;
	memcpy(c.a.name, guest(&c)->name, sizeof(c.a.name));
	memcpy(c.a.uuid, guest(&c)->uuid, sizeof(c.a.uuid));
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_add(plan, &c.a), 0);
	assert_int_equal(kvmb_plan_validate(c.w.config, c.w.state, c.w.sample, plan), 0);
	assert_int_equal(plan->n_actions, row->asked_mib ? 1 : 0);
	if (row->asked_mib)
		assert_int_equal(plan->actions[0].asked_bytes, row->asked_mib * MIB);
	world_done(&c.w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, report_rows, test_rule);
	TESTS_ADD_TABLE(&t, cache_rows, test_rule);
	TESTS_ADD_TABLE(&t, cache_gates, test_cache_gate);
	return tests_run("means", &t);
}

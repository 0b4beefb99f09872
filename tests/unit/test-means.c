// SPDX-License-Identifier: GPL-2.0-or-later
/* Means that not every guest or host has: free page reporting, caches, limits; the end of all. */
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

/*
 * For ten minutes vm1 says that it holds 300 MiB free, but for a tick each 8 s; it keeps them, or
 * each time gives them to the host and takes them again. Told is for how many ticks it was waited.
 */
static void test_reports_that_never_come(void **data)
{
	struct world w;
	size_t waited[2] = { 0, 0 };

	(void)data;
	for (size_t honest = 0; honest < 2; honest++) {
		world_init(&w, N_GUESTS);
		world_available(&w, 1400);
		world_guest(&w, 1)->backing.reports_free = true;
		w.config->host.guest_rate_bytes = w.config->host.host_rate_bytes = 0;
		for (size_t i = 0; i < 300; i++) {
			struct kvmb_guest_sample *g = world_guest(&w, 1);
			bool none = i % 4 == 3;

			g->unused_bytes = none ? 0 : 300 * MIB;
			g->usable_bytes = none ? 100 * MIB : 400 * MIB;
			g->resident_bytes = (none && honest ? 700 : 1000) * MIB;
			world_pass(&w, 2 * SEC);
			world_decide(&w);
			waited[honest] += !none && world_state(&w, 1)->unreported_ns &&
					  w.sample->now_ns - world_state(&w, 1)->unreported_ns <
						  10 * SEC;
		}
		world_done(&w);
	}
	assert_in_range(waited[0], 30, 60); /* of 300: ten seconds of each minute */
	assert_int_equal(waited[1], 225);   /* whenever it held some */
}

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

/* ---- The last resort ------------------------------------------------------------------------ */

static void lowest(struct world *w, size_t i)
{
	struct kvmb_policy *p = &world_state(w, i)->runtime;

	p->set |= 1U << KVMB_FIELD_PRIORITY;
	p->priority = KVMB_PRIORITY_LOW;
}

/* 573 MiB are needed; a step of three guests gives 192. */
static void dying(struct world *w)
{
	world_available(w, 300);
	lowest(w, 0);
	lowest(w, 1);
	world_guest(w, 1)->resident_bytes = 710 * MIB;
}

static void dying_without_lowest(struct world *w)
{
	world_available(w, 300);
}

static void hard_for(struct world *w, uint64_t ns)
{
	dying(w);
	world_available(w, 700);
	w->state->fresh = false;
	w->state->level = w->state->base_level = KVMB_LEVEL_HARD;
	w->state->hard_ns = w->sample->now_ns - ns;
}

static void hard_long(struct world *w)
{
	hard_for(w, 30 * SEC);
}

static void hard_not_so_long(struct world *w)
{
	hard_for(w, 30 * SEC - 1);
}

static void held_before(struct world *w)
{
	dying(w);
	w->state->fresh = false;
	world_state(w, 1)->high_after_ns = w->sample->now_ns + 1;
}

/* Not for what it reads back, so that a host that is hard up takes from it all the same. */
static void stalls(struct world *w, size_t i, uint32_t permyriad)
{
	struct kvmb_guest_sample *g = world_guest(w, i);

	g->psi_valid = true;
	g->psi.some_avg10_permyriad = permyriad;
	world_state(w, i)->counters = (struct kvmb_state_counters){
		.host_valid = true,
		.refaults = g->refault_anon + g->refault_file,
	};
}

static void largest_stalls(struct world *w)
{
	dying(w);
	w->state->fresh = false;
	stalls(w, 1, 8000);
}

static void one_is_held(struct world *w)
{
	dying(w);
	world_guest(w, 0)->in_flight = true;
	world_state(w, 0)->pending_kind = KVMB_ACTION_HIGH;
	world_state(w, 0)->pending_bytes = 64 * MIB;
}

static void enough_is_given(struct world *w)
{
	hard_long(w);
	w->config->host.step_bytes = 1024 * MIB;
}

static void lowest_is_observed(struct world *w)
{
	dying(w);
	set_mode(w, 0, KVMB_MODE_OBSERVE);
	set_mode(w, 1, KVMB_MODE_OBSERVE);
}

#define HOLDS(mib) { KVMB_ACTION_HIGH, KVMB_RULE_LAST_RESORT, mib }

static const struct rule_row last_rows[] = {
	{ "the lowest class's largest guest is held when nothing else gives enough", dying,
	  { RECLAIMS(HOST_PRESSURE, 64), HOLDS(64), RECLAIMS(HOST_PRESSURE, 64) } },
	{ "no guest is that is not of the lowest class", dying_without_lowest,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "on a host hard up for half a minute it is too", hard_long,
	  { RECLAIMS(HOST_PRESSURE, 64), HOLDS(64), RECLAIMS(HOST_PRESSURE, 64) } },
	{ "not before", hard_not_so_long,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "a guest that was held has a pause, another's turn comes", held_before,
	  { HOLDS(64), RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64) } },
	{ "a guest that stalls already is not held, another is", largest_stalls,
	  { HOLDS(64), RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64) } },
	{ "one at a time", one_is_held,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64) } },
	{ "nobody is held where the cheaper means are enough", enough_is_given,
	  { RECLAIMS(HOST_PRESSURE, ANY), RECLAIMS(HOST_PRESSURE, ANY), NOTHING } },
	{ "nor who is only observed", lowest_is_observed,
	  { NOTHING, NOTHING, RECLAIMS(HOST_PRESSURE, 64) } },
};

/* The gate alone: who asks for a limit, of how much, and what becomes of it. */
static const struct high_gate {
	const char *name;
	enum kvmb_priority priority;
	enum kvmb_level level;
	uint64_t guarantee_mib, after_ns, asked_mib; /* 0: refused */
	bool other_held;
	enum kvmb_why why;
	uint32_t stall_permyriad;
} high_gates[] = {
	{ "the gate lets a limit through", KVMB_PRIORITY_LOW, KVMB_LEVEL_HARD, 0, 0, 64 },
	{ "of the lowest class alone", KVMB_PRIORITY_NORMAL, KVMB_LEVEL_EMERGENCY, 0, 0, 0, false,
	  KVMB_WHY_LAST_RESORT },
	{ "on a host that is hard up", KVMB_PRIORITY_LOW, KVMB_LEVEL_ELEVATED, 0, 0, 0, false,
	  KVMB_WHY_LAST_RESORT },
	{ "not below the guarantee", KVMB_PRIORITY_LOW, KVMB_LEVEL_HARD, 690, 0, 10 },
	{ "not soon again", KVMB_PRIORITY_LOW, KVMB_LEVEL_HARD, 0, 1001 * SEC, 0, false,
	  KVMB_WHY_BACKOFF },
	{ "one guest at a time", KVMB_PRIORITY_LOW, KVMB_LEVEL_HARD, 0, 0, 0, true,
	  KVMB_WHY_IN_FLIGHT },
	{ "not one that stalls already", KVMB_PRIORITY_LOW, KVMB_LEVEL_EMERGENCY, 0, 0, 0, false,
	  KVMB_WHY_GUEST_PRESSURE, 1000 },
	{ "one that stalls less may be held", KVMB_PRIORITY_LOW, KVMB_LEVEL_EMERGENCY, 0, 0, 64,
	  false, KVMB_WHY_NONE, 999 },
};

static void test_high_gate(void **data)
{
	const struct high_gate *row = *data;
	struct case_ c = { .a = { .kind = KVMB_ACTION_HIGH, .asked_bytes = 64 * MIB } };
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;

	world_init(&c.w, 2);
	policy(&c, KVMB_FIELD_PRIORITY)->priority = row->priority;
	policy(&c, KVMB_FIELD_GUARANTEE)->guarantee_bytes = row->guarantee_mib * MIB;
	state(&c)->high_after_ns = row->after_ns;
	stalls(&c.w, 0, row->stall_permyriad);
	c.w.state->level = row->level;
	world_guest(&c.w, 1)->in_flight = row->other_held;
	world_state(&c.w, 1)->pending_kind = KVMB_ACTION_HIGH;
	memcpy(c.a.name, guest(&c)->name, sizeof(c.a.name));
	memcpy(c.a.uuid, guest(&c)->uuid, sizeof(c.a.uuid));
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_add(plan, &c.a), 0);
	assert_int_equal(kvmb_plan_validate(c.w.config, c.w.state, c.w.sample, plan), 0);
	assert_int_equal(plan->n_actions, row->asked_mib ? 1 : 0);
	if (row->asked_mib)
		assert_int_equal(plan->actions[0].asked_bytes, row->asked_mib * MIB);
	if (row->asked_mib)
		assert_int_equal(plan->actions[0].facts.guest_limit_permyriad, 1000);
	else
		assert_int_equal(plan->refusals[0].why, row->why);
	world_done(&c.w);
}

/* ---- The alarm ------------------------------------------------------------------------------ */

static void at_guarantee_dying(struct world *w)
{
	world_available(w, 100);
	for (size_t i = 0; i < N_GUESTS; i++)
		guarantee(w, i, 1024);
}

/* Second by second: is there an alarm? */
static void pass(struct world *w, int n, bool alarm)
{
	for (int i = 0; i < n; i++) {
		world_decide(w);
		if (w->state->alarm != alarm)
			fail_msg("after %d s", i);
		world_pass(w, SEC);
	}
}

static void test_alarm(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	at_guarantee_dying(&w);
	pass(&w, 10, false);
	pass(&w, 3, true);
	world_available(&w, 3000); /* nothing is missing, though the level falls by one a tick */
	pass(&w, 3, false);
	world_done(&w);
}

static void test_alarm_ends_with_means(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	at_guarantee_dying(&w);
	pass(&w, 10, false);
	pass(&w, 1, true);
	world_guest(&w, 0)->in_flight = true; /* something is being taken, for long enough */
	world_state(&w, 0)->pending_kind = KVMB_ACTION_RECLAIM;
	pass(&w, 10, true);
	pass(&w, 2, false);
	world_done(&w);
}

static void test_no_alarm_while_giving_back_alone(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	at_guarantee_dying(&w);
	world_guest(&w, 0)->in_flight = true;
	world_state(&w, 0)->pending_kind = KVMB_ACTION_DEFLATE;
	pass(&w, 10, false);
	pass(&w, 2, true);
	world_done(&w);
}

static void test_no_alarm_on_a_short_host(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	at_guarantee_dying(&w);
	host_short(&w);
	pass(&w, 30, false);
	world_done(&w);
}

/* The policy of each guest is as it was: it is the host's mode that keeps all from giving. */
static void test_no_alarm_of_who_only_looks_on(void **data)
{
	static const enum kvmb_mode modes[] = { KVMB_MODE_OFF, KVMB_MODE_OBSERVE };

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct world w;

		world_init(&w, N_GUESTS);
		at_guarantee_dying(&w);
		w.config->host.mode = modes[i];
		pass(&w, 30, false);
		w.config->host.mode = KVMB_MODE_PRESSURE;
		pass(&w, 10, false);
		pass(&w, 1, true);
		w.config->host.mode = modes[i]; /* as after a reload */
		pass(&w, 1, false);
		world_done(&w);
	}
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, report_rows, test_rule);
	TESTS_ADD(&t, "reports that never come are waited for ten seconds of a minute",
		  test_reports_that_never_come);
	TESTS_ADD_TABLE(&t, cache_rows, test_rule);
	TESTS_ADD_TABLE(&t, cache_gates, test_cache_gate);
	TESTS_ADD_TABLE(&t, last_rows, test_rule);
	TESTS_ADD_TABLE(&t, high_gates, test_high_gate);
	TESTS_ADD(&t, "an alarm when nothing was left to take for ten seconds", test_alarm);
	TESTS_ADD(&t, "it ends when something was taken for ten seconds",
		  test_alarm_ends_with_means);
	TESTS_ADD(&t, "giving back is no taking", test_no_alarm_while_giving_back_alone);
	TESTS_ADD(&t, "a host that is only short has none", test_no_alarm_on_a_short_host);
	TESTS_ADD(&t, "nor has an agent that only looks on", test_no_alarm_of_who_only_looks_on);
	return tests_run("means", &t);
}

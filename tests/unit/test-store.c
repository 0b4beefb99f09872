// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's store: where page-out goes, what of the kernel's figures is out, what comes back. */
#include "gate-table.h"
#include "rule-world.h"

#include "model/exclude.h"
#include "model/store.h"
#include "model/swap-guard.h"
#include "policy/advice.h"
#include "policy/reserve.h"

static void set_backend(struct world *w, size_t i, enum kvmb_backend backend)
{
	struct kvmb_policy *p = &world_state(w, i)->runtime;

	p->set |= 1U << KVMB_FIELD_BACKEND;
	p->backend = backend;
}

static void no_swap(struct world *w)
{
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = 0;
}

/** offered() - of what the kernel counts 100 MiB are out, in 30 */
static void offered(struct world *w, size_t i)
{
	world_guest(w, i)->store = (struct kvmb_store){
		.valid = true,
		.out_bytes = 100 * MIB,
		.pool_bytes = 28 * MIB,
		.metadata_bytes = 2 * MIB,
		.limit_bytes = KVMB_UNKNOWN,
	};
	kvmb_store_discount(world_guest(w, i));
}

/* ---- What the policy does with it -------------------------------------------------------- */

/* All of them hold 300 MiB that are cold, on a host that is short. */
static void cold_and_short(struct world *w)
{
	host_short(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		aged(w, i, 300);
}

static void without_swap(struct world *w)
{
	cold_and_short(w);
	no_swap(w);
}

static void one_has_a_store(struct world *w)
{
	without_swap(w);
	offered(w, 0);
}

static void all_have_stores(struct world *w)
{
	without_swap(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		offered(w, i);
}

static void one_is_to_use_what_is_not_there(struct world *w)
{
	cold_and_short(w);
	set_backend(w, 0, KVMB_BACKEND_FAR);
}

static void one_is_full(struct world *w)
{
	one_has_a_store(w);
	world_guest(w, 0)->store.limit_bytes = 28 * MIB;
}

static void one_is_to_keep_off_its_store(struct world *w)
{
	one_has_a_store(w);
	set_backend(w, 0, KVMB_BACKEND_SWAP);
}

static void one_is_far(struct world *w)
{
	cold_and_short(w);
	offered(w, 0);
	set_backend(w, 0, KVMB_BACKEND_FAR);
}

static void swap_is_slow_and_full(struct world *w)
{
	one_is_far(w);
	w->sample->host.swap_free_bytes = 0;
	w->state->swap.latency_usec = 10 * USEC_PER_SEC;
	w->state->swap.latency_ns = w->sample->now_ns;
}

static void swap_has_room(struct world *w, uint64_t bytes)
{
	one_is_far(w);
	w->sample->host.swap_free_bytes = permyriad_of(2048 * MIB, 1000) + bytes;
}

static void swap_has_little_room(struct world *w)
{
	swap_has_room(w, 8 * MIB);
}

/* Less than one unit for each of those that swap. */
static void swap_has_room_for_one(struct world *w)
{
	swap_has_room(w, 5 * MIB);
}

static void all_swap_and_it_has_room_for_one(struct world *w)
{
	swap_has_room_for_one(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		set_backend(w, i, KVMB_BACKEND_SWAP);
}

/* Those that swap are of a lower class than the one with a store, which is not to wait for them. */
static void swap_of_the_low_has_room(struct world *w)
{
	one_is_far(w);
	for (size_t i = 1; i < N_GUESTS; i++)
		world_state(w, i)->runtime = (struct kvmb_policy){
			.set = 1U << KVMB_FIELD_PRIORITY, .priority = KVMB_PRIORITY_LOW };
}

/* By what may be written: a host whose swap is nearly full is hard up, and waits for nobody. */
static void swap_of_the_low_has_little_room(struct world *w)
{
	swap_of_the_low_has_room(w);
	w->config->host.swap_write_bytes = 8 * MIB / 60 + 1;
}

static void asked_for(struct world *w)
{
	no_swap(w);
	aged(w, 0, 300);
	offered(w, 0);
	world_state(w, 0)->request_bytes = 48 * MIB;
	world_state(w, 0)->request_until_ns = UINT64_MAX;
}

static void asked_for_what_is_in_use(struct world *w)
{
	asked_for(w);
	aged(w, 0, 0);
}

static void proactive(struct world *w)
{
	no_swap(w);
	aged(w, 0, 300);
	offered(w, 0);
	set_mode(w, 0, KVMB_MODE_PROACTIVE);
	world_state(w, 0)->cold.since_ns = 1;
	world_state(w, 0)->cold.source = KVMB_AGING_MODULE;
	world_state(w, 0)->cold.told_ns = w->sample->now_ns;
}

/* One alone, whose store keeps taking nothing; there is swap. */
static void without_effect(struct world *w)
{
	offered(w, 0);
	set_backend(w, 0, KVMB_BACKEND_FAR);
	world_state(w, 0)->n_no_effect[KVMB_ACTION_PAGEOUT] = KVMB_NO_EFFECT_MAX;
	world_state(w, 0)->retry_ns[KVMB_ACTION_PAGEOUT] = UINT64_MAX;
	for (size_t i = 1; i < N_GUESTS; i++)
		set_mode(w, i, KVMB_MODE_OFF);
}

static void short_without_effect(struct world *w)
{
	cold_and_short(w);
	without_effect(w);
}

static void proactive_without_effect(struct world *w)
{
	const struct kvmb_host_sample host = w->sample->host;

	proactive(w);
	w->sample->host = host;
	without_effect(w);
}

static void asked_for_with_swap(struct world *w)
{
	const struct kvmb_host_sample host = w->sample->host;

	asked_for_what_is_in_use(w);
	w->sample->host = host;
	set_backend(w, 0, KVMB_BACKEND_FAR);
}

/* Nobody tells ages, so what is coarse is all that there is. */
static void far_and_never_aged(struct world *w)
{
	host_short(w);
	set_backend(w, 0, KVMB_BACKEND_FAR);
	w->sample->guests[0].has_balloon = false;
}

/* Nothing is cold, so that what a guest holds free is all that there is to hold. */
#define KEPT_FROM_GROWING                                                                          \
	{ TAKES(HOST_PRESSURE, 44, ANY), TAKES(HOST_PRESSURE, 40, ANY),                            \
	  TAKES(HOST_PRESSURE, 40, ANY) }

#define OUT(mib) PAGES_OUT(HOST_PRESSURE, mib)

static const struct rule_row rule_rows[] = {
	{ "without swap and store nothing is paged out", without_swap, KEPT_FROM_GROWING },
	{ "a guest with a store gives what is cold", one_has_a_store,
	  { OUT(64), NOTHING, NOTHING } },
	{ "so do all that have one", all_have_stores, { OUT(44), OUT(40), OUT(40) } },
	{ "what is to go to a store that is not there does not go to swap",
	  one_is_to_use_what_is_not_there,
	  { NOTHING, OUT(64), OUT(60) },
	  KVMB_ACTION_PAGEOUT, KVMB_WHY_NO_STORE },
	{ "a full store takes nothing", one_is_full, KEPT_FROM_GROWING },
	{ "a store that is not to be used is not", one_is_to_keep_off_its_store,
	  KEPT_FROM_GROWING },
	{ "what keeps others from swap keeps nobody from a store", swap_is_slow_and_full,
	  { OUT(64), TAKES(HOST_PRESSURE, ANY, ANY), TAKES(HOST_PRESSURE, ANY, ANY) } },
	{ "swap's room is shared by those that swap, stores give the rest", swap_has_little_room,
	  { OUT(64), OUT(4), OUT(4) } },
	{ "little room is used as well", swap_has_room_for_one, { OUT(64), OUT(1), OUT(4) } },
	{ "so it is where all swap", all_swap_and_it_has_room_for_one,
	  { NOTHING, OUT(4), OUT(1) } },
	{ "nor does a store wait for a lower class whose swap has none",
	  swap_of_the_low_has_little_room,
	  { OUT(64), OUT(4), OUT(4) } },
	{ "but for one whose swap has room it does", swap_of_the_low_has_room,
	  { NOTHING, OUT(64), OUT(60) } },
	{ "what its store does not take is not reclaimed to swap", short_without_effect,
	  { TAKES(HOST_PRESSURE, ANY, ANY), NOTHING, NOTHING } },
	{ "nor when nobody is short", proactive_without_effect, { NOTHING, NOTHING, NOTHING } },
	{ "nor when an operator asks for it", asked_for_with_swap, { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_RECLAIM, KVMB_WHY_FAR_ONLY },
	{ "nor where nobody tells ages", far_and_never_aged,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, ANY), RECLAIMS(HOST_PRESSURE, ANY) },
	  KVMB_ACTION_RECLAIM, KVMB_WHY_FAR_ONLY },
	{ "what an operator asks for goes to the store", asked_for,
	  { PAGES_OUT(OPERATOR, 48), NOTHING, NOTHING } },
	{ "but not what is in use", asked_for_what_is_in_use, { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_RECLAIM, KVMB_WHY_NO_SWAP },
	{ "nobody has to be short for it", proactive,
	  { PAGES_OUT(PROACTIVE, 64), NOTHING, NOTHING } },
};

/* ---- The gate ---------------------------------------------------------------------------- */

static void far(struct case_ *c)
{
	cold(c);
	offered(&c->w, 0);
	policy(c, KVMB_FIELD_BACKEND)->backend = KVMB_BACKEND_FAR;
}

static void far_without_store(struct case_ *c)
{
	far(c);
	guest(c)->store.valid = false;
}

static void far_and_full(struct case_ *c)
{
	far(c);
	guest(c)->store.pool_bytes = guest(c)->store.limit_bytes = MIB;
}

static void far_on_a_host_without_swap(struct case_ *c)
{
	far(c);
	no_swap(&c->w);
}

static void far_with_swap_that_is_slow(struct case_ *c)
{
	far(c);
	c->w.sample->host.swap_free_bytes = 0;
	c->w.state->swap.latency_usec = 10 * USEC_PER_SEC;
	c->w.state->swap.latency_ns = c->w.sample->now_ns;
}

static void far_and_last_resort(struct case_ *c)
{
	far(c);
	c->w.state->level = KVMB_LEVEL_HARD;
	policy(c, KVMB_FIELD_PRIORITY)->priority = KVMB_PRIORITY_LOW;
}

static void auto_without_swap(struct case_ *c)
{
	far_on_a_host_without_swap(c);
	policy(c, KVMB_FIELD_BACKEND)->backend = KVMB_BACKEND_AUTO;
}

static void swap_though_it_was_planned_far(struct case_ *c)
{
	far_on_a_host_without_swap(c);
	c->a.backend = KVMB_BACKEND_FAR;
	policy(c, KVMB_FIELD_BACKEND)->backend = KVMB_BACKEND_SWAP;
}

/* 500 of the 600 MiB that the kernel counts are out: 100 are resident, a quarter of 600 stay. */
static void far_and_mostly_out(struct case_ *c)
{
	far(c);
	policy(c, KVMB_FIELD_GUARANTEE)->guarantee_bytes = 0;
	guest(c)->store.out_bytes = 500 * MIB;
	guest(c)->resident_bytes = 600 * MIB;
	kvmb_store_discount(guest(c));
}

static const struct gate_row gate_rows[] = {
	{ "a store takes what is cold", far, P, 90, KVMB_WHY_NONE, 40 },
	{ "on a host without swap, too", far_on_a_host_without_swap, P, 90, KVMB_WHY_NONE, 40 },
	{ "whatever swap could bear", far_with_swap_that_is_slow, P, 90, KVMB_WHY_NONE, 40 },
	{ "by itself where there is no swap", auto_without_swap, P, 90, KVMB_WHY_NONE, 40 },
	{ "nothing passes to a store that is not there", far_without_store, P, 90,
	  KVMB_WHY_NO_STORE },
	{ "nor to one that is full", far_and_full, P, 90, KVMB_WHY_STORE_FULL },
	{ "nor to one that is not to be used", swap_though_it_was_planned_far, P, 90,
	  KVMB_WHY_NO_SWAP },
	{ "reclaim needs swap, and a store is none", auto_without_swap, R, 64, KVMB_WHY_NO_SWAP },
	{ "what is to go to a store alone is not reclaimed to swap", far, R, 64,
	  KVMB_WHY_FAR_ONLY },
	{ "nor driven there by a limit", far_and_last_resort, KVMB_ACTION_HIGH, 64,
	  KVMB_WHY_FAR_ONLY },
	{ "what is out is not resident: the floor holds", far_and_mostly_out, P, 90,
	  KVMB_WHY_AT_GUARANTEE },
};

static void test_gate_tells_the_actuator(void **data)
{
	static const struct gate_row row = { "", far, P, 90, KVMB_WHY_NONE, 40 };
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_free_ char *text = NULL;
	struct case_ c;

	case_init(&c, &row);
	guest(&c)->far_unread_bytes = 20 * MIB;
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_add(plan, &c.a), 0);
	assert_int_equal(kvmb_plan_validate(c.w.config, c.w.state, c.w.sample, plan), 0);
	assert_int_equal(plan->n_actions, 1);
	assert_int_equal(plan->actions[0].backend, KVMB_BACKEND_FAR);
	assert_int_equal(plan->actions[0].out_bytes, 120 * MIB);
	/* Both are in its JSON form, which another reads. */
	assert_int_equal(kvmb_plan_to_json(plan, &text), 0);
	assert_non_null(strstr(text, "\"backend\": \"far\""));
	assert_non_null(strstr(text, "\"out_bytes\": 125829120"));
	world_done(&c.w);
}

/* Two that swap and one that does not: swap's room is for the two. */
static void test_a_store_takes_no_room_from_swap(void **data)
{
	struct world w;
	uint64_t to_swap = 0;

	world_init(&w, N_GUESTS);
	one_is_far(&w);
	w.sample->host.available_bytes = 0;
	w.sample->host.swap_free_bytes = permyriad_of(2048 * MIB, 1000) + 72 * MIB;
	world_decide(&w);
	for (size_t i = 1; i < N_GUESTS; i++) {
		assert_non_null(world_action(&w, i));
		assert_int_equal(world_action(&w, i)->backend, KVMB_BACKEND_SWAP);
		to_swap += world_action(&w, i)->asked_bytes;
	}
	assert_int_equal(world_action(&w, 0)->backend, KVMB_BACKEND_FAR);
	assert_int_equal(world_action(&w, 0)->asked_bytes, 64 * MIB);
	assert_int_equal(to_swap, 72 * MIB);
	world_done(&w);
}

/* What is on its way to a store is not about to be written to swap. */
static void test_pending(void **data)
{
	static const struct {
		enum kvmb_backend backend;
		uint64_t room_mib;
	} cases[] = { { KVMB_BACKEND_SWAP, 100 }, { KVMB_BACKEND_FAR, 160 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum kvmb_why why;
		struct world w;

		world_init(&w, 1);
		w.config->host.swap_write_bytes = MIB * 160 / 60 + 1;
		world_guest(&w, 0)->in_flight = true;
		world_state(&w, 0)->pending_kind = KVMB_ACTION_PAGEOUT;
		world_state(&w, 0)->pending_backend = cases[i].backend;
		world_state(&w, 0)->pending_bytes = 60 * MIB;
		assert_int_equal(kvmb_swap_room(w.config, w.state, w.sample, &why) / MIB,
				 cases[i].room_mib);
		world_done(&w);
	}
}

static void test_pending_is_remembered(void **data)
{
	struct world w;

	world_init(&w, N_GUESTS);
	one_has_a_store(&w);
	world_decide(&w);
	assert_int_equal(world_state(&w, 0)->pending_kind, KVMB_ACTION_PAGEOUT);
	assert_int_equal(world_state(&w, 0)->pending_backend, KVMB_BACKEND_FAR);
	world_done(&w);
}

/* ---- Accounting -------------------------------------------------------------------------- */

static void test_discount(void **data)
{
	struct kvmb_guest_sample g = {
		.cgroup_valid = true,
		.resident_bytes = 700 * MIB,
		.rss_bytes = 650 * MIB,
		.swap_bytes = 20 * MIB,
		.store = { .valid = true, .out_bytes = 660 * MIB },
	};

	kvmb_store_discount(&g);
	assert_int_equal(kvmb_guest_resident(&g), 40 * MIB);
	assert_int_equal(g.rss_bytes, 0);
	assert_int_equal(kvmb_guest_held(&g), 720 * MIB);
	g.cgroup_valid = false;
	assert_int_equal(kvmb_guest_held(&g), 680 * MIB);
}

/* The host does not use what its guests have out; nor are stores its own use. */
static void test_own_use(void **data)
{
	struct kvmb_own_use before = { 0 }, after = { 0 };
	struct world w;

	world_init(&w, 1);
	(void)kvmb_reserve_update(&before, w.sample);
	/* 100 MiB leave for 30, 28 of them of a pool. */
	offered(&w, 0);
	w.sample->host.store = (struct kvmb_host_store){ true, 100 * MIB, 28 * MIB, KVMB_UNKNOWN };
	w.sample->host.available_bytes += 70 * MIB;
	(void)kvmb_reserve_update(&after, w.sample);
	assert_int_equal(after.last_bytes, before.last_bytes);
	assert_true(after.last_bytes > 0);
	world_done(&w);
}

/* What is out needs no swap, but what its store takes; one that wants it back wants all. */
static void test_advice_counts_what_it_takes(void **data)
{
	struct kvmb_advice_guest a;
	struct world w;

	world_init(&w, 1);
	offered(&w, 0);
	world_guest(&w, 0)->swap_bytes = 5 * MIB;
	kvmb_advice_guest(world_guest(&w, 0), USEC_PER_SEC, false, &a);
	assert_int_equal(a.held_bytes, (600 + 5 + 30) * MIB);
	assert_int_equal(a.working_bytes, 600 * MIB);
	kvmb_advice_guest(world_guest(&w, 0), USEC_PER_SEC, true, &a);
	assert_int_equal(a.working_bytes, (600 + 5 + 100) * MIB);
	world_done(&w);
}

static uint64_t refaults_after(struct world *w, uint64_t faults)
{
	world_guest(w, 0)->store.faults += faults;
	w->sample->now_ns += SEC;
	world_guest(w, 0)->facts_ns = w->sample->now_ns;
	world_decide(w);
	return kvmb_rate_sum(&world_state(w, 0)->refaults, w->sample->now_ns);
}

/* A page is a page, whatever it came back from. */
static void test_faults_are_refaults(void **data)
{
	struct kvmb_guest_sample *g;
	struct world w;

	world_init(&w, 1);
	g = world_guest(&w, 0);
	offered(&w, 0);
	g->store.faults = 1000000;
	g->refault_anon = 7;
	assert_int_equal(kvmb_guest_refaults(g), 1000007);
	assert_int_equal(refaults_after(&w, 0), 0);
	assert_int_equal(refaults_after(&w, 300), 300);
	assert_int_equal(refaults_after(&w, 100), 400);
	/* More than the target: the step is halved, and its memory is cold later. */
	assert_true(400 > kvmb_state_refaults_allowed(&(struct kvmb_policy){
				.refault_target_ppm = 2000 }, g));
	assert_int_equal(world_state(&w, 0)->step_permyriad, 5000);
	/* One that goes, and comes into sight again, has counted all the time. */
	g->store.valid = false;
	g->store.faults = 0;
	assert_int_equal(refaults_after(&w, 0), 400);
	g->store.valid = true;
	g->store.faults = 1000400;
	assert_int_equal(refaults_after(&w, 0), 400);
	assert_int_equal(refaults_after(&w, 5), 405);
	world_done(&w);
}

static void test_faults_raise_the_cold_age(void **data)
{
	struct world w;

	world_init(&w, 1);
	aged(&w, 0, 300);
	offered(&w, 0);
	(void)refaults_after(&w, 0);
	assert_int_equal(world_state(&w, 0)->cold.floor_bucket, 0);
	(void)refaults_after(&w, 100000);
	assert_true(world_state(&w, 0)->cold.floor_bucket > 0);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, rule_rows, test_rule);
	TESTS_ADD_TABLE(&t, gate_rows, test_gate);
	TESTS_ADD(&t, "the gate tells the actuator where to, and what is out",
		  test_gate_tells_the_actuator);
	TESTS_ADD(&t, "a store takes no room from swap", test_a_store_takes_no_room_from_swap);
	TESTS_ADD(&t, "what is on its way to a store is not about to be written", test_pending);
	TESTS_ADD(&t, "where an action goes is remembered", test_pending_is_remembered);
	TESTS_ADD(&t, "what is out is held, but not resident", test_discount);
	TESTS_ADD(&t, "the host's own use does not grow by what leaves", test_own_use);
	TESTS_ADD(&t, "advice counts what is out by what it takes",
		  test_advice_counts_what_it_takes);
	TESTS_ADD(&t, "faults from the store are refaults", test_faults_are_refaults);
	TESTS_ADD(&t, "so memory is cold later after them", test_faults_raise_the_cold_age);
	return tests_run("store", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A balloon that stops short: planned around, named, tried again, and trusted when it moves. */
#include <errno.h>

#include "model/stuck.h"
#include "plan/effect.h"
#include "rule-world.h"

/* The host misses 300 MiB; three guests hold 227 MiB free each, with host memory behind it. */
static void short_world(struct world *w)
{
	world_init(w, N_GUESTS);
	world_available(w, 1000);
	for (size_t i = 0; i < N_GUESTS; i++)
		free_is_backed(w, i);
}

static void stop_short(struct world *w, size_t i, uint64_t got_mib)
{
	struct kvmb_result r = {
		.action = { .kind = KVMB_ACTION_BALLOON, .asked_bytes = 64 * MIB },
		.why = KVMB_WHY_BALLOON_STUCK,
		.got_bytes = got_mib * MIB,
		.net_bytes = (int64_t)(got_mib * MIB),
	};

	(void)world_state(w, i);
	memcpy(r.action.uuid, world_guest(w, i)->uuid, sizeof(r.action.uuid));
	kvmb_state_apply_result(w->state, &r);
}

static uint64_t taken_of(const struct world *w, size_t i)
{
	const struct kvmb_action *a = world_action(w, i);

	return a && a->kind == KVMB_ACTION_BALLOON ? a->asked_bytes / MIB : 0;
}

/* Ordered, looked at once a second without any move, and decided again. */
static void test_planned_around(void **data)
{
	struct kvmb_result result;
	struct kvmb_watch watch;
	struct world w;
	int r = 0;

	(void)data;
	short_world(&w);
	world_decide(&w);
	assert_true(taken_of(&w, 0) > 0);
	kvmb_watch_start(&watch, world_action(&w, 0), world_guest(&w, 0), w.sample->now_ns);
	for (int s = 0; s < 5 && !r; s++) {
		world_pass(&w, SEC);
		r = kvmb_watch_update(&watch, world_guest(&w, 0), w.sample->now_ns, &result);
	}
	assert_int_equal(r, 1);
	assert_int_equal(result.why, KVMB_WHY_BALLOON_STUCK);
	kvmb_state_apply_result(w.state, &result);
	assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_BALLOON_STUCK);
	world_decide(&w);
	assert_int_equal(taken_of(&w, 0), 0);
	assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_BALLOON), KVMB_WHY_BALLOON_STUCK);
	world_done(&w);
}

/* The need is that of one guest: the other one gives it where the first is stuck. */
static void test_others_make_up(void **data)
{
	uint64_t free_sum, stuck_sum;
	struct world w;

	(void)data;
	short_world(&w);
	world_available(&w, 1400);
	w.config->host.step_bytes = 256 * MIB;
	world_decide(&w);
	free_sum = taken_of(&w, 0) + taken_of(&w, 1) + taken_of(&w, 2);
	world_done(&w);
	short_world(&w);
	world_available(&w, 1400);
	w.config->host.step_bytes = 256 * MIB;
	stop_short(&w, 0, 0);
	world_decide(&w);
	stuck_sum = taken_of(&w, 0) + taken_of(&w, 1) + taken_of(&w, 2);
	assert_int_equal(taken_of(&w, 0), 0);
	assert_true(free_sum >= 123);
	assert_int_equal(stuck_sum, free_sum);
	world_done(&w);
}

static void test_pauses(void **data)
{
	static const uint64_t pauses_sec[] = { 60, 120, 240, 480, 600, 600 };
	struct world w;

	(void)data;
	short_world(&w);
	world_decide(&w);
	for (size_t i = 0; i < ARRAY_SIZE(pauses_sec); i++) {
		stop_short(&w, 0, 0);
		world_pass(&w, pauses_sec[i] * SEC - 1);
		world_decide(&w);
		assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_BALLOON),
				 KVMB_WHY_BALLOON_STUCK);
		world_pass(&w, 1);
		world_decide(&w);
		assert_true(world_refusal(&w, 0, KVMB_ACTION_BALLOON) != KVMB_WHY_BALLOON_STUCK);
		/* It is not known to be well for that. */
		assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_BALLOON_STUCK);
	}
	world_done(&w);
}

static const struct move_row {
	const char *name;
	uint64_t target_mib, seen_mib, now_mib;
	bool stuck;
} move_rows[] = {
	{ "a stuck balloon that comes nearer is stuck no more", 512, 1024, 1020, false },
	{ "one that stays is", 512, 1024, 1024, true },
	{ "one that goes the other way is", 512, 1020, 1024, true },
	{ "one that comes nearer from below is not", 1024, 600, 700, false },
	{ "one that nobody has told anything is as it was", 0, 1024, 1000, true },
	{ "one that was not seen before is as it was", 512, 0, 512, true },
};

static void test_move(void **data)
{
	const struct move_row *row = *data;
	struct world w;

	world_init(&w, 1);
	stop_short(&w, 0, 0);
	world_state(&w, 0)->target_bytes = row->target_mib * MIB;
	world_state(&w, 0)->before_bytes = row->target_mib ? 1100 * MIB : 0;
	world_state(&w, 0)->seen_balloon_bytes = row->seen_mib * MIB;
	world_guest(&w, 0)->balloon_bytes = row->now_mib * MIB;
	assert_int_equal(kvmb_state_advance(w.state, w.sample), 0);
	assert_int_equal(kvmb_stuck(world_state(&w, 0)), row->stuck);
	world_done(&w);
}

static const struct result_row {
	const char *name;
	enum kvmb_action_kind kind;
	uint64_t got_mib;
	int error;
	bool stuck;
} result_rows[] = {
	{ "a balloon that follows again is trusted again", KVMB_ACTION_BALLOON, 64, 0, false },
	{ "one that was overtaken by another order is not", KVMB_ACTION_BALLOON, 64, -ECANCELED,
	  true },
	{ "one that brought nothing is not", KVMB_ACTION_BALLOON, 0, 0, true },
	{ "what other means bring says nothing of it", KVMB_ACTION_RECLAIM, 64, 0, true },
};

static void test_result(void **data)
{
	const struct result_row *row = *data;
	struct kvmb_result r = {
		.action = { .kind = row->kind, .asked_bytes = 64 * MIB },
		.got_bytes = row->got_mib * MIB,
		.error = row->error,
	};
	struct world w;

	world_init(&w, 1);
	stop_short(&w, 0, 0);
	memcpy(r.action.uuid, world_guest(&w, 0)->uuid, sizeof(r.action.uuid));
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(kvmb_stuck(world_state(&w, 0)), row->stuck);
	world_done(&w);
}

/* Half of what was ordered came: that counts, and the rest is not counted on. */
static void test_half_way(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	stop_short(&w, 0, 32);
	assert_int_equal(world_state(&w, 0)->taken_bytes, 32 * MIB);
	assert_int_equal(world_state(&w, 0)->n_no_effect[KVMB_ACTION_BALLOON], 0);
	assert_true(kvmb_stuck_pauses(world_state(&w, 0), w.state->last_ns));
	world_done(&w);
}

static void test_given_back(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	w.state->fresh = false;
	ballooned(&w, 0, 512);
	stop_short(&w, 0, 0);
	world_guest(&w, 0)->usable_bytes = world_guest(&w, 0)->unused_bytes = 8 * MIB;
	world_decide(&w);
	assert_non_null(world_action(&w, 0));
	assert_int_equal(world_action(&w, 0)->kind, KVMB_ACTION_DEFLATE);
	assert_int_equal(world_action(&w, 0)->target_bytes, 1024 * MIB);
	world_done(&w);
}

static void test_started_anew(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	world_decide(&w);
	stop_short(&w, 0, 0);
	world_guest(&w, 0)->pid++;
	world_decide(&w);
	assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_NONE);
	world_done(&w);
}

/* Over a restart of the agent the rest of the pause is kept, and the next one is longer. */
static void test_kept(void **data)
{
	struct world w;

	(void)data;
	short_world(&w);
	world_decide(&w);
	stop_short(&w, 0, 0);
	world_pass(&w, 20 * SEC);
	world_decide(&w);
	world_restart(&w, 5 * SEC);
	world_decide(&w);
	assert_int_equal(world_state(&w, 0)->stuck_pause_sec, 60);
	assert_int_equal(world_state(&w, 0)->stuck_until_ns, 45 * SEC);
	assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_BALLOON), KVMB_WHY_BALLOON_STUCK);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "a balloon without progress for five seconds is named and planned around",
		  test_planned_around);
	TESTS_ADD(&t, "others give what was to be expected of it", test_others_make_up);
	TESTS_ADD(&t, "it is tried again after a minute, two, four, ten at most", test_pauses);
	TESTS_ADD_TABLE(&t, move_rows, test_move);
	TESTS_ADD_TABLE(&t, result_rows, test_result);
	TESTS_ADD(&t, "one that stops half way got what it got", test_half_way);
	TESTS_ADD(&t, "a guest in need is given back, stuck or not", test_given_back);
	TESTS_ADD(&t, "a guest that was started anew is not stuck", test_started_anew);
	TESTS_ADD(&t, "the pause outlives the agent", test_kept);
	return tests_run("stuck", &t);
}

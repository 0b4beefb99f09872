// SPDX-License-Identifier: GPL-2.0-or-later
/* What actions brought: totals, rows of failures, and the watch over a balloon. */
#include "plan/effect.h"

#include <errno.h>

#include "policy-world.h"

static struct kvmb_result result_of(const struct world *w, enum kvmb_action_kind kind,
				    uint64_t asked_mib, uint64_t got_mib)
{
	struct kvmb_result r = {
		.action = { .kind = kind, .asked_bytes = asked_mib * MIB },
		.got_bytes = got_mib * MIB,
		.net_bytes = (int64_t)(got_mib * MIB / 2),
	};

	memcpy(r.action.uuid, w->sample->guests[0].uuid, sizeof(r.action.uuid));
	return r;
}

static void apply(struct world *w, enum kvmb_action_kind kind, uint64_t asked_mib, uint64_t got_mib)
{
	struct kvmb_result r = result_of(w, kind, asked_mib, got_mib);

	kvmb_state_apply_result(w->state, &r);
}

static void test_totals(void **data)
{
	struct world w;
	struct kvmb_result r;

	(void)data;
	world_init(&w, 1);
	(void)world_state(&w, 0);
	apply(&w, KVMB_ACTION_RECLAIM, 64, 60);
	apply(&w, KVMB_ACTION_BALLOON, 64, 40);
	r = result_of(&w, KVMB_ACTION_DEFLATE, 30, 30);
	r.net_bytes = -(int64_t)(10 * MIB);
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(world_state(&w, 0)->taken_bytes, 100 * MIB);
	assert_int_equal(world_state(&w, 0)->given_bytes, 30 * MIB);
	assert_int_equal(world_state(&w, 0)->net_bytes, 40 * MIB);
	assert_int_equal(world_state(&w, 0)->n_actions, 3);
	assert_int_equal(w.state->taken_bytes, 100 * MIB);
	assert_int_equal(w.state->given_bytes, 30 * MIB);
	assert_int_equal(w.state->net_bytes, 40 * MIB);
	world_done(&w);
}

static void test_totals_saturate(void **data)
{
	struct world w;
	struct kvmb_result r;

	(void)data;
	world_init(&w, 1);
	(void)world_state(&w, 0);
	r = result_of(&w, KVMB_ACTION_RECLAIM, 1, 1);
	r.got_bytes = UINT64_MAX;
	r.net_bytes = INT64_MIN;
	kvmb_state_apply_result(w.state, &r);
	kvmb_state_apply_result(w.state, &r);
	assert_true(w.state->taken_bytes == UINT64_MAX);
	assert_true(w.state->net_bytes == INT64_MIN);
	world_done(&w);
}

static void test_totals_saturate_upwards(void **data)
{
	struct world w;
	struct kvmb_result r;

	(void)data;
	world_init(&w, 1);
	(void)world_state(&w, 0);
	r = result_of(&w, KVMB_ACTION_RECLAIM, 1, 0);
	r.net_bytes = INT64_MAX;
	world_state(&w, 0)->n_no_effect[KVMB_ACTION_RECLAIM] = UINT32_MAX;
	kvmb_state_apply_result(w.state, &r);
	kvmb_state_apply_result(w.state, &r);
	assert_true(w.state->net_bytes == INT64_MAX);
	assert_true(world_state(&w, 0)->n_no_effect[KVMB_ACTION_RECLAIM] == UINT32_MAX);
	world_done(&w);
}

static void test_no_kind(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	(void)world_state(&w, 0);
	apply(&w, KVMB_ACTION_KINDS, 64, 64);
	assert_int_equal(w.state->taken_bytes, 0);
	assert_int_equal(world_state(&w, 0)->n_actions, 0);
	world_done(&w);
}

static void test_gone_guest_counts_for_host(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	apply(&w, KVMB_ACTION_RECLAIM, 64, 60);
	assert_int_equal(w.state->taken_bytes, 60 * MIB);
	assert_int_equal(w.state->n_guests, 0);
	world_done(&w);
}

static void test_degraded_after_three(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	w.state->last_ns = 100 * SEC;
	(void)world_state(&w, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_NONE);
		apply(&w, KVMB_ACTION_BALLOON, 64, 0);
	}
	assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_NO_EFFECT);
	assert_int_equal(world_state(&w, 0)->retry_ns[KVMB_ACTION_BALLOON], 160 * SEC);
	/* Another kind of action that works does not hide that this one does not. */
	apply(&w, KVMB_ACTION_RECLAIM, 64, 1);
	assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_NO_EFFECT);
	apply(&w, KVMB_ACTION_BALLOON, 64, 1);
	assert_int_equal(kvmb_state_degraded(world_state(&w, 0)), KVMB_WHY_NONE);
	world_done(&w);
}

static const struct tells_row {
	const char *name;
	uint64_t asked_mib;
	int error;
	enum kvmb_why why;
	bool counts;
} tells_rows[] = {
	{ "getting nothing counts", 64, 0, KVMB_WHY_NONE, true },
	{ "an error that got nothing counts", 64, -EIO, KVMB_WHY_NONE, true },
	{ "a host that cannot do it counts", 64, -EOPNOTSUPP, KVMB_WHY_NONE, true },
	{ "asking nothing does not", 0, 0, KVMB_WHY_NONE, false },
	{ "a refusal at the last moment does not", 64, -ESTALE, KVMB_WHY_CHANGED, false },
	{ "a balloon that stopped short counts", 64, 0, KVMB_WHY_BALLOON_STUCK, true },
	{ "a guest's pressure does not", 64, 0, KVMB_WHY_GUEST_PRESSURE, false },
	{ "a guest that is gone does not", 64, -ESRCH, KVMB_WHY_GONE, false },
	{ "a cancelled action does not", 64, -ECANCELED, KVMB_WHY_NONE, false },
	{ "libvirt being away does not", 64, -ENOTCONN, KVMB_WHY_NONE, false },
	{ "an agent without memory does not", 64, -ENOMEM, KVMB_WHY_NONE, false },
	{ "an executor that is full does not", 64, -ENOBUFS, KVMB_WHY_NONE, false },
	{ "no news from libvirt does not", 64, -ETIMEDOUT, KVMB_WHY_NONE, false },
};

static void test_tells(void **data)
{
	const struct tells_row *row = *data;
	struct kvmb_result r;
	struct world w;

	world_init(&w, 1);
	(void)world_state(&w, 0);
	r = result_of(&w, KVMB_ACTION_RECLAIM, row->asked_mib, 0);
	r.error = row->error;
	r.why = row->why;
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(world_state(&w, 0)->n_no_effect[KVMB_ACTION_RECLAIM], row->counts);
	world_done(&w);
}

/* Its watcher is masked, say: a limit that is never set must not take reclaim's place for ever. */
static void test_unwatched_limit_counts(void **data)
{
	struct kvmb_result r;
	struct world w;

	(void)data;
	world_init(&w, 1);
	(void)world_state(&w, 0);
	r = result_of(&w, KVMB_ACTION_HIGH, 64, 0);
	r.error = -ENOTCONN;
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(world_state(&w, 0)->n_no_effect[KVMB_ACTION_HIGH], 1);
	r.error = -ETIMEDOUT;
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(world_state(&w, 0)->n_no_effect[KVMB_ACTION_HIGH], 1);
	world_done(&w);
}

static void apply_balloon(struct world *w, uint64_t got_mib, int64_t net_mib)
{
	struct kvmb_result r = result_of(w, KVMB_ACTION_BALLOON, 64, got_mib);

	r.net_bytes = net_mib * (int64_t)MIB;
	kvmb_state_apply_result(w->state, &r);
}

static void test_barren(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	w.state->last_ns = 100 * SEC;
	(void)world_state(&w, 0);
	apply_balloon(&w, 64, 15);
	assert_int_equal(world_state(&w, 0)->barren_until_ns, 0);
	apply_balloon(&w, 64, 16);
	apply_balloon(&w, 64, 15);
	assert_int_equal(world_state(&w, 0)->barren_until_ns, 0);
	apply_balloon(&w, 64, -5);
	assert_int_equal(world_state(&w, 0)->barren_until_ns, 160 * SEC);
	/* A minute later one more of them is enough. */
	w.state->last_ns = 170 * SEC;
	apply_balloon(&w, 64, 0);
	assert_int_equal(world_state(&w, 0)->barren_until_ns, 230 * SEC);
	world_done(&w);
}

static void test_request(void **data)
{
	struct world w;
	struct kvmb_result r;

	(void)data;
	world_init(&w, 1);
	world_state(&w, 0)->request_bytes = 100 * MIB;
	apply(&w, KVMB_ACTION_RECLAIM, 64, 64);
	assert_int_equal(world_state(&w, 0)->request_bytes, 100 * MIB);
	r = result_of(&w, KVMB_ACTION_RECLAIM, 64, 60);
	r.action.rule = KVMB_RULE_OPERATOR;
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(world_state(&w, 0)->request_bytes, 40 * MIB);
	r.got_bytes = 40 * MIB - 1;
	kvmb_state_apply_result(w.state, &r);
	assert_int_equal(world_state(&w, 0)->request_bytes, 0);
	world_done(&w);
}

/* ---- Watching a balloon ------------------------------------------------------------------ */

#define START (1000 * SEC)
#define RUNNING KVMB_GUEST_RUNNING

static const struct watch_row {
	const char *name;
	enum kvmb_action_kind kind;
	/* before, ordered, seen; resident before and then; when it is seen, and of when the facts
	 * are */
	uint64_t before_mib, target_mib, seen_mib, resident_before_mib, resident_mib;
	uint64_t after_sec, facts_sec;
	enum kvmb_guest_state state;
	bool over;
	uint64_t got_mib;
	int64_t net_mib;
	int error;
	enum kvmb_why why;
} watch_rows[] = {
	{ "a balloon that is there is over",
	  KVMB_ACTION_BALLOON, 1024, 960, 960, 700, 650, 1, 1, RUNNING, true, 64, 50 },
	{ "a balloon on its way is watched on",
	  KVMB_ACTION_BALLOON, 1024, 960, 1000, 700, 680, 4, 4, RUNNING, false },
	{ "a balloon that has not moved for five seconds is over",
	  KVMB_ACTION_BALLOON, 1024, 960, 1024, 700, 700, 5, 5, RUNNING, true, 0, 0,
	  0, KVMB_WHY_BALLOON_STUCK },
	{ "a deflate that does not move is not called stuck: give-back is not damped",
	  KVMB_ACTION_DEFLATE, 512, 1024, 512, 500, 500, 5, 5, RUNNING, true, 0, 0 },
	{ "a balloon that has not moved for four is not",
	  KVMB_ACTION_BALLOON, 1024, 960, 1024, 700, 700, 4, 4, RUNNING, false },
	{ "old facts are no lack of progress",
	  KVMB_ACTION_BALLOON, 1024, 960, 1024, 700, 700, 20, 0, RUNNING, false },
	{ "after thirty seconds it is over, and got what it got",
	  KVMB_ACTION_BALLOON, 1024, 960, 1000, 700, 690, 30, 30, RUNNING, true, 24, 10 },
	{ "without any news in thirty seconds nothing is known",
	  KVMB_ACTION_BALLOON, 1024, 960, 1024, 700, 700, 30, 0, RUNNING, true, 0, 0, -ETIMEDOUT },
	{ "memory that was never touched is got, but wins nothing",
	  KVMB_ACTION_BALLOON, 1024, 960, 960, 700, 700, 1, 1, RUNNING, true, 64, 0 },
	{ "the guest's own shrinking is not credited to the balloon",
	  KVMB_ACTION_BALLOON, 1024, 960, 960, 700, 300, 1, 1, RUNNING, true, 64, 64 },
	{ "a guest that grew meanwhile wins nothing",
	  KVMB_ACTION_BALLOON, 1024, 960, 960, 700, 800, 1, 1, RUNNING, true, 64, 0 },
	{ "a balloon that went further counts in full",
	  KVMB_ACTION_BALLOON, 1024, 960, 900, 700, 500, 1, 1, RUNNING, true, 124, 124 },
	{ "a deflate that is there is over",
	  KVMB_ACTION_DEFLATE, 512, 1024, 1024, 500, 500, 1, 1, RUNNING, true, 512, 0 },
	{ "what a guest uses at once of a deflate costs",
	  KVMB_ACTION_DEFLATE, 512, 1024, 1024, 500, 600, 1, 1, RUNNING, true, 512, -100 },
	{ "a deflate on its way is watched on",
	  KVMB_ACTION_DEFLATE, 512, 1024, 800, 500, 600, 3, 3, RUNNING, false },
	{ "a guest that paused meanwhile is the reason",
	  KVMB_ACTION_BALLOON, 1024, 960, 1024, 700, 700, 6, 6, KVMB_GUEST_PAUSED,
	  true, 0, 0, 0, KVMB_WHY_PAUSED },
	{ "so is one on its way out",
	  KVMB_ACTION_BALLOON, 1024, 960, 1024, 700, 700, 6, 6, KVMB_GUEST_SHUTDOWN,
	  true, 0, 0, 0, KVMB_WHY_SHUTDOWN },
};

static void test_watch(void **data)
{
	const struct watch_row *row = *data;
	struct kvmb_action a = { .kind = row->kind, .target_bytes = row->target_mib * MIB };
	struct kvmb_result result = { .error = 12345 };
	struct kvmb_guest_sample g;
	struct kvmb_watch watch;
	int r;

	world_set_guest(&g, 0, START);
	memcpy(a.uuid, g.uuid, sizeof(a.uuid));
	g.balloon_bytes = row->before_mib * MIB;
	g.resident_bytes = row->resident_before_mib * MIB;
	kvmb_watch_start(&watch, &a, &g, START);
	g.balloon_bytes = row->seen_mib * MIB;
	g.resident_bytes = row->resident_mib * MIB;
	g.facts_ns = START + row->facts_sec * SEC;
	g.state = row->state;
	r = kvmb_watch_update(&watch, &g, START + row->after_sec * SEC, &result);
	assert_int_equal(r, row->over);
	if (!row->over) {
		assert_int_equal(result.error, 12345);
		return;
	}
	assert_int_equal(result.got_bytes, row->got_mib * MIB);
	assert_int_equal(result.net_bytes, row->net_mib * (int64_t)MIB);
	assert_int_equal(result.error, row->error);
	assert_int_equal(result.why, row->why);
	assert_int_equal(result.duration_usec, row->after_sec * USEC_PER_SEC);
}

static void test_watch_slow(void **data)
{
	struct kvmb_action a = { .kind = KVMB_ACTION_BALLOON, .target_bytes = 960 * MIB };
	struct kvmb_guest_sample g;
	struct kvmb_result result;
	struct kvmb_watch watch;

	(void)data;
	world_set_guest(&g, 0, START);
	memcpy(a.uuid, g.uuid, sizeof(a.uuid));
	kvmb_watch_start(&watch, &a, &g, START);
	/* A bit every four seconds is progress. */
	for (uint64_t s = 4; s <= 24; s += 4) {
		g.balloon_bytes -= MIB;
		g.facts_ns = START + s * SEC;
		assert_int_equal(kvmb_watch_update(&watch, &g, g.facts_ns, &result), 0);
	}
	g.facts_ns += 5 * SEC;
	assert_int_equal(kvmb_watch_update(&watch, &g, g.facts_ns, &result), 1);
	assert_int_equal(result.got_bytes, 6 * MIB);
	assert_int_equal(result.why, KVMB_WHY_BALLOON_STUCK);
}

/* Such a give-back cannot get anything; give-back is never damped. */
static void test_watch_nothing_to_give(void **data)
{
	struct kvmb_action a = {
		.kind = KVMB_ACTION_DEFLATE,
		.target_bytes = 1024 * MIB,
		.asked_bytes = 64 * MIB,
	};
	struct kvmb_guest_sample g;
	struct kvmb_result result;
	struct kvmb_watch watch;
	struct world w;

	(void)data;
	world_init(&w, 1);
	(void)world_state(&w, 0);
	g = *world_guest(&w, 0);
	memcpy(a.uuid, g.uuid, sizeof(a.uuid));
	kvmb_watch_start(&watch, &a, &g, START);
	assert_int_equal(kvmb_watch_update(&watch, &g, START, &result), 1);
	assert_int_equal(result.action.asked_bytes, 0);
	kvmb_state_apply_result(w.state, &result);
	assert_int_equal(world_state(&w, 0)->n_no_effect[KVMB_ACTION_DEFLATE], 0);
	/* One byte less is something to give. */
	g.balloon_bytes--;
	kvmb_watch_start(&watch, &a, &g, START);
	g.facts_ns = START + 5 * SEC;
	assert_int_equal(kvmb_watch_update(&watch, &g, g.facts_ns, &result), 1);
	kvmb_state_apply_result(w.state, &result);
	assert_int_equal(world_state(&w, 0)->n_no_effect[KVMB_ACTION_DEFLATE], 1);
	world_done(&w);
}

/* By an order that takes its place: what it got until then is its own. */
static void test_watch_cut(void **data)
{
	struct kvmb_action a = { .kind = KVMB_ACTION_BALLOON, .target_bytes = 960 * MIB };
	struct kvmb_guest_sample g;
	struct kvmb_result result;
	struct kvmb_watch watch;

	(void)data;
	world_set_guest(&g, 0, START);
	kvmb_watch_start(&watch, &a, &g, START);
	g.balloon_bytes = 1000 * MIB;
	kvmb_watch_cut(&watch, &g, START + 2 * SEC, &result);
	assert_int_equal(result.error, -ECANCELED);
	assert_int_equal(result.got_bytes, 24 * MIB);
	assert_int_equal(result.duration_usec, 2 * USEC_PER_SEC);
	g.balloon_bytes = 960 * MIB;
	kvmb_watch_cut(&watch, &g, START + 2 * SEC, &result);
	assert_int_equal(result.error, 0);
	assert_int_equal(result.got_bytes, 64 * MIB);
}

static void test_watch_gone(void **data)
{
	struct kvmb_action a = { .kind = KVMB_ACTION_BALLOON, .target_bytes = 960 * MIB };
	struct kvmb_guest_sample g;
	struct kvmb_result result;
	struct kvmb_watch watch;

	(void)data;
	world_set_guest(&g, 0, START);
	memcpy(a.uuid, g.uuid, sizeof(a.uuid));
	kvmb_watch_start(&watch, &a, &g, START);
	assert_int_equal(kvmb_watch_update(&watch, NULL, START, &result), 1);
	assert_int_equal(result.why, KVMB_WHY_GONE);
	assert_int_equal(result.error, -ESRCH);
	g.uuid[0] = 'f';
	assert_int_equal(kvmb_watch_update(&watch, &g, START, &result), 1);
	assert_int_equal(result.why, KVMB_WHY_GONE);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "totals of guest and host add up, net with its sign", test_totals);
	TESTS_ADD(&t, "totals saturate", test_totals_saturate);
	TESTS_ADD(&t, "so do they upwards, and the row of failures", test_totals_saturate_upwards);
	TESTS_ADD(&t, "a result of no known kind counts nowhere", test_no_kind);
	TESTS_ADD(&t, "what a guest gave that is gone by now still counts for the host",
		  test_gone_guest_counts_for_host);
	TESTS_ADD(&t, "three times nothing of a kind degrades until that kind works again",
		  test_degraded_after_three);
	TESTS_ADD_TABLE(&t, tells_rows, test_tells);
	TESTS_ADD(&t, "a limit that nobody watches counts", test_unwatched_limit_counts);
	TESTS_ADD(&t, "balloons that win next to nothing, twice, are in memory never touched",
		  test_barren);
	TESTS_ADD(&t, "a request shrinks by what was got for it, and ends with the last MiB",
		  test_request);
	TESTS_ADD_TABLE(&t, watch_rows, test_watch);
	TESTS_ADD(&t, "a slow balloon is watched until it stops", test_watch_slow);
	TESTS_ADD(&t, "a give-back to where the balloon still is has asked for nothing",
		  test_watch_nothing_to_give);
	TESTS_ADD(&t, "a balloon overtaken by another order got what it got", test_watch_cut);
	TESTS_ADD(&t, "a guest that is gone, or replaced, ends the watch", test_watch_gone);
	return tests_run("effect", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision as a whole: that it is a pure function, and that in thousands of random worlds no
 * plan ever breaks what the gate promises. The promises are worked out here once more, in other
 * words.
 */
#include <errno.h>

#include "plan/effect.h"
#include "plan/validate.h"
#include "policy/trend.h"
#include "random-world.h"

#define WORLDS 1500
#define GATE_WORLDS 3000 /* of one tick each */
#define TICKS 40
#define RECORDS 20000

/* What was taken, by whom and when. */
struct record {
	uint64_t at_ns;
	size_t guest;
	uint64_t bytes;
};

struct run {
	struct world w;
	struct record records[RECORDS];
	size_t n_records;
	uint64_t seed;
	size_t n_seen[KVMB_ACTION_KINDS];
	size_t n_falling, n_swap_short; /* ticks */
	size_t n_stalled; /* actions on guests that stall for want of free pages */
	size_t n_ksm[2];  /* orders to stop it, and to run it */
};

static size_t index_of(const struct run *x, const struct kvmb_action *a)
{
	for (size_t i = 0; i < x->w.sample->n_guests; i++)
		if (strcmp(x->w.sample->guests[i].uuid, a->uuid) == 0)
			return i;
	fail_msg("an action for a guest that is not there");
	return 0;
}

static uint64_t taken_since(const struct run *x, size_t guest, uint64_t since_ns)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < x->n_records; i++)
		if (x->records[i].at_ns >= since_ns &&
		    (guest == SIZE_MAX || x->records[i].guest == guest))
			sum += x->records[i].bytes;
	return sum;
}

static void assert_balloon(const struct run *x, size_t i, const struct kvmb_action *a,
			   const struct kvmb_policy *p)
{
	const struct kvmb_host_config *c = &x->w.config->host;
	const struct kvmb_guest_sample *g = &x->w.sample->guests[i];
	uint64_t used = g->balloon_bytes > g->unused_bytes ? g->balloon_bytes - g->unused_bytes : 0;

	assert_int_equal(g->stats_why, KVMB_WHY_NONE);
	assert_true(g->has_balloon);
	assert_true(a->target_bytes >= p->guarantee_bytes);
	if (a->rule == KVMB_RULE_GUEST_CACHE) {
		assert_true(x->w.plan->level >= KVMB_LEVEL_HARD);
		assert_true(g->usable_bytes != KVMB_UNKNOWN);
		assert_true(g->usable_bytes >= a->asked_bytes + 2 * c->guest_headroom_bytes);
	} else {
		assert_true(a->target_bytes >= used + c->guest_headroom_bytes);
		assert_true(a->target_bytes >=
			    used + permyriad_of(used, c->guest_headroom_permyriad));
	}
	assert_int_equal(a->target_bytes % (2 * MIB), 0);
	assert_int_equal(a->target_bytes + a->asked_bytes, g->balloon_bytes);
}

static void assert_taking(struct run *x, size_t i, const struct kvmb_action *a,
			  const struct kvmb_policy *p)
{
	const struct kvmb_host_config *c = &x->w.config->host;
	const struct kvmb_guest_sample *g = &x->w.sample->guests[i];

	assert_false(g->in_flight);
	/* A guest that stalls is left alone, unless the host is hard up and it reads nothing back.
	 */
	if (g->triggered || (g->psi_valid && g->psi.some_avg10_permyriad >=
						     c->guest_pressure_some_permyriad)) {
		assert_true(x->w.state->level >= KVMB_LEVEL_HARD);
		assert_true(kvmb_rate_sum(&world_state(&x->w, i)->refaults, x->w.sample->now_ns) <=
			    u64_max(64, g->resident_bytes / 4096 / 500));
		x->n_stalled++;
	}
	assert_true(a->asked_bytes >= MIB);
	assert_true(a->asked_bytes <= c->step_bytes);
	assert_int_equal(a->facts.valid_until_ns, g->facts_ns + c->stale_usec * NSEC_PER_USEC);
	assert_true(a->facts.floor_bytes >= p->guarantee_bytes);
	assert_true(a->facts.guest_limit_permyriad >= c->guest_pressure_some_permyriad);
	if (a->kind == KVMB_ACTION_BALLOON) {
		assert_balloon(x, i, a, p);
	} else {
		assert_true(g->cgroup_valid);
		assert_true(g->resident_bytes >= p->guarantee_bytes + a->asked_bytes);
		assert_true(g->resident_bytes >= a->facts.floor_bytes + a->asked_bytes);
		assert_true(to_store(a) ? g->store.valid :
					  x->w.sample->host.swap_total_bytes > 0);
	}
	if (a->kind == KVMB_ACTION_PAGEOUT) {
		assert_true(a->idle_usec >= c->cold_usec);
		assert_true(a->asked_bytes <= kvmb_ages_idle(&g->ages, a->idle_usec));
	}
	assert_true(x->n_records < RECORDS);
	x->records[x->n_records++] =
		(struct record){ x->w.sample->now_ns, i, a->asked_bytes };
}

static void assert_action(struct run *x, const struct kvmb_action *a)
{
	size_t i = index_of(x, a);
	const struct kvmb_guest_sample *g = &x->w.sample->guests[i];
	struct kvmb_policy p;

	kvmb_config_policy(x->w.config, g->name, NULL, &world_state(&x->w, i)->runtime, &p);
	assert_true(x->w.sample->guests_valid);
	assert_int_equal(g->state, KVMB_GUEST_RUNNING);
	assert_true(x->w.sample->now_ns - g->facts_ns <= x->w.config->host.stale_usec * 1000);
	if (a->rule != KVMB_RULE_RELEASE)
		assert_true(kvmb_guest_mode(x->w.config, &p) >= KVMB_MODE_PRESSURE);
	x->n_seen[a->kind]++;
	if (a->kind != KVMB_ACTION_DEFLATE) {
		assert_taking(x, i, a, &p);
		return;
	}
	assert_true(a->target_bytes <= p.limit_bytes);
	assert_true(a->target_bytes <= g->maximum_bytes);
}

static void assert_sums(const struct run *x)
{
	const struct kvmb_host_config *c = &x->w.config->host;
	const struct kvmb_host_sample *host = &x->w.sample->host;
	uint64_t now_ns = x->w.sample->now_ns, swapped = 0;
	uint64_t minute_ago_ns = u64_sub_sat(now_ns, 60 * SEC);

	assert_true(taken_since(x, SIZE_MAX, minute_ago_ns) <= c->host_rate_bytes);
	for (size_t i = 0; i < x->w.sample->n_guests; i++)
		assert_true(taken_since(x, i, minute_ago_ns) <= c->guest_rate_bytes);
	for (size_t i = 0; i < x->w.plan->n_actions; i++) {
		const struct kvmb_action *a = &x->w.plan->actions[i];

		if (a->kind == KVMB_ACTION_RECLAIM ||
		    (a->kind == KVMB_ACTION_PAGEOUT && !to_store(a)))
			swapped += a->asked_bytes;
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(x->w.plan->actions[k].uuid, a->uuid);
	}
	assert_true(swapped <= u64_sub_sat(host->swap_free_bytes,
					   permyriad_of(host->swap_total_bytes,
							c->swap_reserve_permyriad)));
}

/*
 * What is taken for the host adds up to what it needs, rounded up to a unit; coarse reclaim to what
 * is missing already. What only keeps guests from growing (HOST_PRESSURE by balloon) is no gain.
 */
static void assert_need(const struct run *x)
{
	const struct kvmb_host_config *c = &x->w.config->host;
	const struct kvmb_host_sample *host = &x->w.sample->host;
	uint64_t taken = 0, reclaimed = 0;
	/* with the host's own reserve, which is another hysteresis at most */
	uint64_t most = permyriad_of(host->total_bytes, c->elevated_available_permyriad +
								2 * c->hysteresis_permyriad);

	assert_true(x->w.plan->need_bytes <= u64_max(most, c->step_bytes));
	assert_true(!x->w.plan->need_bytes || !x->w.plan->spare_bytes);
	for (size_t i = 0; i < x->w.plan->n_actions; i++) {
		const struct kvmb_action *a = &x->w.plan->actions[i];

		if (a->rule == KVMB_RULE_GUEST_FREE || (a->rule == KVMB_RULE_HOST_PRESSURE &&
							a->kind != KVMB_ACTION_BALLOON))
			taken += a->asked_bytes;
		if (a->rule == KVMB_RULE_HOST_PRESSURE && a->kind == KVMB_ACTION_RECLAIM)
			reclaimed += a->asked_bytes;
	}
	assert_true(taken <= x->w.plan->need_bytes + 4 * MIB);
	assert_true(!reclaimed ||
		    reclaimed <= u64_sub_sat(most, host->available_bytes) + 4 * MIB);
}

/* Nobody else's is set, what is ours can be ended at any time, and it is never run unasked. */
static void assert_ksm(struct run *x, bool taken)
{
	const struct kvmb_ksm_order *o = &x->w.plan->ksm;
	const struct kvmb_ksm *now = &x->w.sample->host.ksm;

	if (!o->set || o->why != KVMB_WHY_NONE)
		return;
	x->n_ksm[o->run]++;
	assert_true(taken || (o->run && now->run != 1));
	assert_true(!o->run || (now->valid && !now->advised));
	assert_true(!o->run || (x->w.config->host.ksm_auto &&
				x->w.config->host.mode >= KVMB_MODE_PRESSURE));
	assert_true(!o->run || (o->pages_to_scan <= 4096 && o->sleep_msec >= 20));
	assert_true(x->w.state->ksm.taken);
}

/* Some actions do as they were told, some half of it, some nothing. */
static void feed_results(struct run *x)
{
	for (size_t i = 0; i < x->w.plan->n_actions; i++) {
		struct kvmb_result r = { .action = x->w.plan->actions[i] };

		r.got_bytes = r.action.asked_bytes / (1 + random_below(&x->seed, 2));
		if (random_one_in(&x->seed, 3))
			r.got_bytes = 0;
		kvmb_state_apply_result(x->w.state, &r);
	}
}

static void test_promises(void **data)
{
	struct run *x = calloc(1, sizeof(*x));

	(void)data;
	assert_non_null(x);
	x->seed = 1;
	for (size_t world = 0; world < WORLDS; world++) {
		random_world(&x->seed, &x->w);
		x->n_records = 0;
		for (size_t i = 0; i < TICKS; i++) {
			bool ksm_taken = x->w.state->ksm.taken;

			random_tick(&x->seed, &x->w);
			world_decide(&x->w);
			for (size_t k = 0; k < x->w.plan->n_actions; k++)
				assert_action(x, &x->w.plan->actions[k]);
			assert_sums(x);
			assert_need(x);
			assert_ksm(x, ksm_taken);
			x->n_falling += x->w.state->falling;
			x->n_swap_short += x->w.state->swap_short;
			feed_results(x);
		}
		world_done(&x->w);
	}
	/* A property that nothing ever puts to the test is none. */
	assert_true(x->n_seen[KVMB_ACTION_BALLOON] > 100);
	assert_true(x->n_seen[KVMB_ACTION_RECLAIM] > 100);
	assert_true(x->n_seen[KVMB_ACTION_DEFLATE] > 100);
	assert_true(x->n_seen[KVMB_ACTION_PAGEOUT] > 100);
	assert_true(x->n_falling > 100 && x->n_swap_short > 100);
	assert_true(x->n_stalled > 10);
	assert_true(x->n_ksm[true] > 100 && x->n_ksm[false] > 10);
	free(x);
}

/* The gate alone, with a policy that asks each guest for anything. */
static void test_gate_alone(void **data)
{
	struct run *x = calloc(1, sizeof(*x));

	(void)data;
	assert_non_null(x);
	x->seed = 99;
	for (size_t world = 0; world < GATE_WORLDS; world++) {
		random_world(&x->seed, &x->w);
		random_tick(&x->seed, &x->w);
		x->n_records = 0;
		assert_int_equal(kvmb_state_advance(x->w.state, x->w.sample), 0);
		assert_int_equal(kvmb_plan_new(&x->w.plan), 0);
		for (size_t i = 0; i < 3 * x->w.sample->n_guests; i++) {
			size_t k = random_below(&x->seed, x->w.sample->n_guests);
			struct kvmb_action a = {
				.kind = (enum kvmb_action_kind)random_below(&x->seed, 3),
				.asked_bytes = random_size(&x->seed, 300),
				.target_bytes = random_size(&x->seed, 3000),
			};

			memcpy(a.name, world_guest(&x->w, k)->name, sizeof(a.name));
			memcpy(a.uuid, world_guest(&x->w, k)->uuid, sizeof(a.uuid));
			assert_int_equal(kvmb_plan_add(x->w.plan, &a), 0);
		}
		assert_int_equal(kvmb_plan_validate(x->w.config, x->w.state, x->w.sample,
						    x->w.plan), 0);
		for (size_t k = 0; k < x->w.plan->n_actions; k++)
			assert_action(x, &x->w.plan->actions[k]);
		assert_sums(x);
		world_done(&x->w);
	}
	assert_true(x->n_seen[KVMB_ACTION_BALLOON] > 100);
	assert_true(x->n_seen[KVMB_ACTION_RECLAIM] > 100);
	free(x);
}

static void assert_same_decision(const struct world *w)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	char *plans[2] = { NULL }, *states[2] = { NULL };

	assert_int_equal(kvmb_state_to_json(w->state, &before), 0);
	for (size_t i = 0; i < 2; i++) {
		_cleanup_(kvmb_state_freep) struct kvmb_state *next = NULL;
		_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;

		assert_int_equal(kvmb_decide(w->config, w->state, w->sample, &next, &plan), 0);
		assert_int_equal(kvmb_plan_to_json(plan, &plans[i]), 0);
		assert_int_equal(kvmb_state_to_json(next, &states[i]), 0);
	}
	assert_int_equal(kvmb_state_to_json(w->state, &after), 0);
	assert_string_equal(plans[0], plans[1]);
	assert_string_equal(states[0], states[1]);
	assert_string_equal(before, after);
	free(plans[0]);
	free(plans[1]);
	free(states[0]);
	free(states[1]);
}

static void test_pure(void **data)
{
	uint64_t seed = 5;
	struct world w;

	(void)data;
	for (size_t i = 0; i < 100; i++) {
		random_world(&seed, &w);
		random_tick(&seed, &w);
		world_decide(&w);
		random_tick(&seed, &w);
		assert_same_decision(&w);
		world_done(&w);
	}
}

static void test_back_in_time(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	world_decide(&w);
	w.sample->now_ns -= SEC;
	world_refuses(&w, -EINVAL);
	world_done(&w);
}

static void test_no_guests(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 0);
	world_available(&w, 100);
	world_decide(&w);
	assert_int_equal(w.plan->level, KVMB_LEVEL_EMERGENCY);
	assert_true(w.plan->need_bytes > 0);
	assert_int_equal(w.plan->n_actions + w.plan->n_refusals, 0);
	world_done(&w);
}

static void test_remembers(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	world_available(&w, 1400);
	world_guest(&w, 0)->resident_bytes = 1000 * MIB;
	world_decide(&w);
	assert_int_equal(world_action(&w, 0)->kind, KVMB_ACTION_BALLOON);
	assert_int_equal(world_state(&w, 0)->target_bytes, 960 * MIB);
	assert_int_equal(world_state(&w, 0)->before_bytes, 1024 * MIB);
	assert_int_equal(world_state(&w, 0)->pending_bytes, 64 * MIB);
	assert_int_equal(kvmb_rate_sum(&world_state(&w, 0)->taken, w.sample->now_ns), 64 * MIB);
	assert_int_equal(kvmb_rate_sum(&w.state->taken, w.sample->now_ns), 64 * MIB);
	/* A further step keeps what was there before the first. */
	world_pass(&w, 4 * SEC);
	world_guest(&w, 0)->balloon_bytes = 960 * MIB;
	world_guest(&w, 0)->unused_bytes = 236 * MIB;
	world_decide(&w);
	assert_int_equal(world_state(&w, 0)->target_bytes, 896 * MIB);
	assert_int_equal(world_state(&w, 0)->before_bytes, 1024 * MIB);
	world_done(&w);
}

static void test_remembers_given(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 2);
	w.state->fresh = false;
	for (size_t i = 0; i < 2; i++) {
		world_guest(&w, i)->balloon_bytes = world_state(&w, i)->target_bytes = 512 * MIB;
		world_guest(&w, i)->unused_bytes = 100 * MIB;
		world_state(&w, i)->before_bytes = 1024 * MIB;
	}
	/* The second has it for its need, not because the host has plenty. */
	world_guest(&w, 1)->unused_bytes = world_guest(&w, 1)->usable_bytes = 0;
	world_decide(&w);
	assert_int_equal(world_action(&w, 0)->rule, KVMB_RULE_HOST_RELAXED);
	assert_int_equal(world_action(&w, 1)->rule, KVMB_RULE_GUEST_PRESSURE);
	assert_int_equal(kvmb_rate_sum(&w.state->given, w.sample->now_ns), 64 * MIB);
	world_done(&w);
}

/* The example of docs/POLICY.md: 600 MiB less within 6 s, 1400 are ahead. */
static enum kvmb_level level_after_fall(uint64_t given_mib, uint64_t given_ago_sec)
{
	enum kvmb_level level;
	struct world w;

	world_init(&w, 0);
	w.state->fresh = false;
	w.sample->host.total_bytes = 10000 * MIB;
	w.sample->host.available_bytes = 2400 * MIB;
	for (size_t i = 0; i < 3; i++)
		kvmb_trend_see(&w.state->trend, w.sample->now_ns - (6 - 2 * i) * SEC,
			       (3000 - 200 * i) * MIB);
	kvmb_rate_add(&w.state->given, w.sample->now_ns - given_ago_sec * SEC, given_mib * MIB);
	world_decide(&w);
	level = w.plan->level;
	world_done(&w);
	return level;
}

static void test_given_is_no_fall(void **data)
{
	(void)data;
	assert_int_equal(level_after_fall(0, 0), KVMB_LEVEL_ELEVATED);
	/* 200 MiB are noise. */
	assert_int_equal(level_after_fall(401, 0), KVMB_LEVEL_RELAXED);
	assert_int_equal(level_after_fall(401, 59), KVMB_LEVEL_RELAXED);
	assert_int_equal(level_after_fall(400, 0), KVMB_LEVEL_ELEVATED);
	assert_int_equal(level_after_fall(401, 65), KVMB_LEVEL_ELEVATED);
}

static void test_refused_is_not_remembered(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	world_available(&w, 1400);
	w.config->host.mode = KVMB_MODE_OBSERVE;
	world_guest(&w, 0)->resident_bytes = 1000 * MIB;
	world_decide(&w);
	assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_BALLOON), KVMB_WHY_MODE_OBSERVE);
	assert_int_equal(world_state(&w, 0)->target_bytes, 0);
	assert_int_equal(world_state(&w, 0)->pending_bytes, 0);
	assert_int_equal(kvmb_rate_sum(&w.state->taken, w.sample->now_ns), 0);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "in 1500 random worlds over 40 ticks no plan breaks a promise",
		  test_promises);
	TESTS_ADD(&t, "the gate alone keeps the promises against 3000 random plans",
		  test_gate_alone);
	TESTS_ADD(&t, "the same arguments give the same results and are not changed", test_pure);
	TESTS_ADD(&t, "a sample that goes back in time is refused", test_back_in_time);
	TESTS_ADD(&t, "a host without guests has a level and a need, but no plan", test_no_guests);
	TESTS_ADD(&t, "what is planned is remembered for rates and for giving it back",
		  test_remembers);
	TESTS_ADD(&t, "so is what is given back because the host has plenty", test_remembers_given);
	TESTS_ADD(&t, "which for a minute is not taken for a fall", test_given_is_no_fall);
	TESTS_ADD(&t, "what the gate refused is not", test_refused_is_not_remembered);
	return tests_run("decide", &t);
}

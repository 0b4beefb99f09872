// SPDX-License-Identifier: GPL-2.0-or-later
/* The gate against a policy that asks for anything. */
#include "gate-table.h"

static void big_step(struct case_ *c)
{
	c->w.config->host.step_bytes = 10240 * MIB;
	c->w.config->host.guest_rate_bytes = c->w.config->host.host_rate_bytes = 10240 * MIB;
}

static void no_headroom(struct case_ *c)
{
	big_step(c);
	c->w.config->host.guest_headroom_bytes = 0;
	c->w.config->host.guest_headroom_permyriad = 0;
	guest(c)->unused_bytes = guest(c)->usable_bytes = 1000 * MIB;
}

static void at_guarantee(struct case_ *c)
{
	policy(c, KVMB_FIELD_GUARANTEE)->guarantee_bytes = 1024 * MIB;
}

static void moved_since(struct case_ *c)
{
	big_step(c);
	state(c)->report_balloon_bytes = 1088 * MIB;
}

static void kept_back(struct case_ *c)
{
	big_step(c);
	guest(c)->usable_bytes = 100 * MIB;
}

static void usable_unknown(struct case_ *c)
{
	big_step(c);
	guest(c)->usable_bytes = KVMB_UNKNOWN;
}

static void nothing_free(struct case_ *c)
{
	guest(c)->unused_bytes = 50 * MIB;
}

static void odd_balloon(struct case_ *c)
{
	guest(c)->balloon_bytes = 1023 * MIB;
}

static void little_rate(struct case_ *c)
{
	kvmb_rate_add(&state(c)->taken, c->w.sample->now_ns, (1024 - 20) * MIB);
}

static void no_rate(struct case_ *c)
{
	kvmb_rate_add(&state(c)->taken, c->w.sample->now_ns, 1024 * MIB);
}

static void rate_a_minute_ago(struct case_ *c)
{
	kvmb_rate_add(&state(c)->taken, c->w.sample->now_ns - 65 * SEC, 1024 * MIB);
}

static void rate_55_seconds_ago(struct case_ *c)
{
	kvmb_rate_add(&state(c)->taken, c->w.sample->now_ns - 55 * SEC, 1024 * MIB);
}

static void no_host_rate(struct case_ *c)
{
	kvmb_rate_add(&c->w.state->taken, c->w.sample->now_ns, 4096 * MIB);
}

static void bad_stats(struct case_ *c)
{
	guest(c)->stats_why = KVMB_WHY_STATS_IMPOSSIBLE;
}

static void no_device(struct case_ *c)
{
	guest(c)->has_balloon = false;
}

static void pressed(struct case_ *c)
{
	guest(c)->psi.some_avg10_permyriad = 1000;
}

static void triggered(struct case_ *c)
{
	guest(c)->triggered = true;
}

static void pressed_host_hard(struct case_ *c)
{
	pressed(c);
	c->w.state->level = KVMB_LEVEL_HARD;
	state(c)->counters.host_valid = true;
	state(c)->counters.host_since_ns = c->w.sample->now_ns - 10 * SEC;
}

static void pressed_host_hard_new(struct case_ *c)
{
	pressed_host_hard(c);
	state(c)->counters.host_since_ns++;
}

static void pressed_host_hard_unknown(struct case_ *c)
{
	pressed_host_hard(c);
	guest(c)->psi_valid = false;
	guest(c)->triggered = true;
	guest(c)->cgroup_valid = false;
}

static void pressed_host_hard_refaults(struct case_ *c)
{
	pressed_host_hard(c);
	kvmb_rate_add(&state(c)->refaults, c->w.sample->now_ns, 359);
}

static void pressed_host_elevated(struct case_ *c)
{
	pressed_host_hard(c);
	c->w.state->level = KVMB_LEVEL_ELEVATED;
}

static void facts_old(struct case_ *c)
{
	guest(c)->facts_ns = c->w.sample->now_ns - 10 * SEC - NSEC_PER_USEC;
}

static void facts_just_fresh(struct case_ *c)
{
	guest(c)->facts_ns = c->w.sample->now_ns - 10 * SEC;
}

static void facts_from_the_future(struct case_ *c)
{
	guest(c)->facts_ns = c->w.sample->now_ns + 1;
}

static void paused(struct case_ *c)
{
	guest(c)->state = KVMB_GUEST_PAUSED;
}

static void dying(struct case_ *c)
{
	guest(c)->state = KVMB_GUEST_SHUTDOWN;
}

static void in_flight(struct case_ *c)
{
	guest(c)->in_flight = true;
	state(c)->pending_kind = KVMB_ACTION_RECLAIM;
}

static void being_given(struct case_ *c)
{
	guest(c)->in_flight = true;
	state(c)->pending_kind = KVMB_ACTION_DEFLATE;
}

static void off(struct case_ *c)
{
	policy(c, KVMB_FIELD_MODE)->mode = KVMB_MODE_OFF;
}

static void observe(struct case_ *c)
{
	c->w.config->host.mode = KVMB_MODE_OBSERVE;
}

static void off_and_ours(struct case_ *c)
{
	off(c);
	guest(c)->balloon_bytes = 512 * MIB;
	state(c)->target_bytes = 512 * MIB;
}

static void observed_and_ours(struct case_ *c)
{
	observe(c);
	guest(c)->balloon_bytes = 512 * MIB;
	state(c)->target_bytes = 512 * MIB;
}

static void off_not_ours(struct case_ *c)
{
	off(c);
	guest(c)->balloon_bytes = 512 * MIB;
}

static void gone(struct case_ *c)
{
	(void)snprintf(c->a.name, sizeof(c->a.name), "another");
}

static void another_uuid(struct case_ *c)
{
	c->a.uuid[0] = 'f';
}

static void no_libvirt(struct case_ *c)
{
	c->w.sample->guests_valid = false;
}

static void no_cgroup(struct case_ *c)
{
	guest(c)->cgroup_valid = false;
}

static void no_scope(struct case_ *c)
{
	guest(c)->cgroup[0] = 0;
}

static void no_swap(struct case_ *c)
{
	c->w.sample->host.swap_total_bytes = c->w.sample->host.swap_free_bytes = 0;
}

static void swap_for_10(struct case_ *c)
{
	c->w.sample->host.swap_total_bytes = 1000 * MIB;
	c->w.sample->host.swap_free_bytes = 110 * MIB;
}

static void swap_at_reserve(struct case_ *c)
{
	c->w.sample->host.swap_total_bytes = 1000 * MIB;
	c->w.sample->host.swap_free_bytes = 100 * MIB;
}

static void resident_270(struct case_ *c)
{
	guest(c)->resident_bytes = 270 * MIB;
}

static void resident_200(struct case_ *c)
{
	guest(c)->resident_bytes = 200 * MIB;
}

static void at_least(struct case_ *c)
{
	guest(c)->resident_bytes = 340 * MIB; /* 64 for QEMU and a quarter of 1076 stay */
	guest(c)->swap_bytes = 800 * MIB;
}

static void ballooned(struct case_ *c)
{
	guest(c)->balloon_bytes = 512 * MIB;
}

static void ballooned_limit(struct case_ *c)
{
	ballooned(c);
	policy(c, KVMB_FIELD_LIMIT)->limit_bytes = 700 * MIB;
}

static void limit_below(struct case_ *c)
{
	policy(c, KVMB_FIELD_LIMIT)->limit_bytes = 700 * MIB;
}

static void overtaken(struct case_ *c)
{
	ballooned(c);
	in_flight(c);
}

static void rates_used_up(struct case_ *c)
{
	ballooned(c);
	no_rate(c);
	no_host_rate(c);
	pressed(c);
	bad_stats(c);
}

static void ranges(struct case_ *c)
{
	c->ranges[0] = (struct kvmb_range){ 0x7f0000000000, 30 * MIB };
	c->ranges[1] = (struct kvmb_range){ 0x7f1000000000, 30 * MIB };
	c->ranges[2] = (struct kvmb_range){ 0x7f2000000000, 30 * MIB };
	c->a.ranges = c->ranges;
	c->a.n_ranges = 3;
}

static void fitting_ranges(struct case_ *c)
{
	ranges(c);
	c->ranges[0].length_bytes = 34 * MIB;
}

static void order_not_followed(struct case_ *c)
{
	state(c)->target_bytes = 512 * MIB;
}

static void endless_ranges(struct case_ *c)
{
	ranges(c);
	c->ranges[1].length_bytes = UINT64_MAX - 10;
}

static void no_process(struct case_ *c)
{
	ranges(c);
	guest(c)->pid = 0;
}

static void colder(struct case_ *c)
{
	cold(c);
	c->a.idle_usec = 24 * 60 * USEC_PER_MINUTE;
}

static void cold_long_ago(struct case_ *c)
{
	cold(c);
	guest(c)->ages.told_ns -= c->w.config->host.stale_usec * NSEC_PER_USEC + NSEC_PER_USEC;
}

static void cold_somewhere(struct case_ *c)
{
	cold(c);
	guest(c)->ages.source = KVMB_AGING_MGLRU;
}

static const struct gate_row gate_rows[] = {
	{ "a modest balloon passes as it is", NULL, B, 1000, KVMB_WHY_NONE, 24, 1000 },
	{ "a balloon is cut to one step", NULL, B, 0, KVMB_WHY_NONE, 64, 960 },
	{ "a balloon leaves the guest its head-room", big_step, B, 0, KVMB_WHY_NONE, 226, 798 },
	{ "a balloon stops at the guarantee", no_headroom, B, 0, KVMB_WHY_NONE, 768, 256 },
	{ "no balloon at the guarantee", at_guarantee, B, 0, KVMB_WHY_AT_GUARANTEE },
	{ "what was taken since the report is not free any more", moved_since, B, 0, KVMB_WHY_NONE,
	  156, 868 },
	{ "what the guest's kernel keeps of it is not free", kept_back, B, 0, KVMB_WHY_NONE, 26,
	  998 },
	{ "a guest that does not tell what is usable is taken at its word", usable_unknown, B, 0,
	  KVMB_WHY_NONE, 226, 798 },
	{ "a guest with nothing free is not ballooned", nothing_free, B, 0, KVMB_WHY_TOO_SMALL },
	{ "targets are rounded up to 2 MiB", NULL, B, 999, KVMB_WHY_NONE, 24, 1000 },
	{ "a balloon of an odd size comes to an even one", odd_balloon, B, 1000, KVMB_WHY_NONE, 23,
	  1000 },
	{ "a balloon that is rounded to nothing is too small", NULL, B, 1023, KVMB_WHY_TOO_SMALL },
	{ "a balloon upwards is no balloon", NULL, B, 2048, KVMB_WHY_TOO_SMALL },
	{ "a balloon is cut to what the guest's rate has left", little_rate, B, 960, KVMB_WHY_NONE,
	  20, 1004 },
	{ "a guest's rate used up stops a balloon", no_rate, B, 960, KVMB_WHY_GUEST_RATE },
	{ "the host's rate used up stops a balloon", no_host_rate, B, 960, KVMB_WHY_HOST_RATE },
	{ "a rate of a minute ago is forgotten", rate_a_minute_ago, B, 960, KVMB_WHY_NONE, 64,
	  960 },
	{ "a rate of 55 seconds ago is not", rate_55_seconds_ago, B, 960, KVMB_WHY_GUEST_RATE },
	{ "no balloon on impossible statistics", bad_stats, B, 1000, KVMB_WHY_STATS_IMPOSSIBLE },
	{ "no balloon without a balloon device", no_device, B, 1000, KVMB_WHY_NO_BALLOON },
	{ "no balloon against a guest's pressure", pressed, B, 1000, KVMB_WHY_GUEST_PRESSURE },
	{ "no balloon after a guest's trigger", triggered, B, 1000, KVMB_WHY_GUEST_PRESSURE },
	{ "nothing on old facts", facts_old, B, 1000, KVMB_WHY_FACTS_STALE },
	{ "facts exactly as old as allowed will do", facts_just_fresh, B, 1000, KVMB_WHY_NONE, 24,
	  1000 },
	{ "nothing on facts from the future", facts_from_the_future, B, 1000,
	  KVMB_WHY_FACTS_STALE },
	{ "nothing while libvirt is away", no_libvirt, B, 1000, KVMB_WHY_FACTS_STALE },
	{ "nothing to a paused guest", paused, B, 1000, KVMB_WHY_PAUSED },
	{ "nothing to a guest on its way out", dying, R, 10, KVMB_WHY_SHUTDOWN },
	{ "nothing to a guest with an action in flight", in_flight, B, 1000, KVMB_WHY_IN_FLIGHT },
	{ "nothing to a guest in mode off", off, R, 10, KVMB_WHY_MODE_OFF },
	{ "nothing to an observed guest", observe, R, 10, KVMB_WHY_MODE_OBSERVE, 10 },
	{ "and what is shown is cut", observe, R, HUGE_ASK, KVMB_WHY_MODE_OBSERVE, 64 },
	{ "nothing to a guest that is not there", gone, R, 10, KVMB_WHY_GONE },
	{ "nothing to another guest of the same name", another_uuid, R, 10, KVMB_WHY_CHANGED },
	{ "a modest reclaim passes as it is", NULL, R, 10, KVMB_WHY_NONE, 10 },
	{ "a reclaim is cut to one step", NULL, R, HUGE_ASK, KVMB_WHY_NONE, 64 },
	{ "a reclaim stops at the guarantee", resident_270, R, 64, KVMB_WHY_NONE, 14 },
	{ "below its guarantee nothing is taken", resident_200, R, 64, KVMB_WHY_AT_GUARANTEE },
	{ "a reclaim stops at the least each guest keeps", at_least, R, 64, KVMB_WHY_NONE, 7 },
	{ "a reclaim is cut to what the rate has left", little_rate, R, 64, KVMB_WHY_NONE, 20 },
	{ "no reclaim without a rate", no_rate, R, 64, KVMB_WHY_GUEST_RATE },
	{ "no reclaim without a cgroup", no_cgroup, R, 64, KVMB_WHY_NO_CGROUP },
	{ "no reclaim without the name of a cgroup", no_scope, R, 64, KVMB_WHY_NO_CGROUP },
	{ "no reclaim without swap", no_swap, R, 64, KVMB_WHY_NO_SWAP },
	{ "a reclaim is cut to what swap has beyond its reserve", swap_for_10, R, 64, KVMB_WHY_NONE,
	  10 },
	{ "no reclaim into the reserve of swap", swap_at_reserve, R, 64, KVMB_WHY_SWAP_RESERVE },
	{ "no reclaim against a guest's pressure", pressed, R, 64, KVMB_WHY_GUEST_PRESSURE },
	{ "a guest that stalls but reads nothing back is no reason while the host is hard up",
	  pressed_host_hard, R, 64, KVMB_WHY_NONE, 64 },
	{ "nor against a balloon", pressed_host_hard, B, 1000, KVMB_WHY_NONE, 24, 1000 },
	{ "it is while the host is only elevated", pressed_host_elevated, R, 64,
	  KVMB_WHY_GUEST_PRESSURE },
	{ "it is for one that reads back more than its target", pressed_host_hard_refaults, R, 64,
	  KVMB_WHY_GUEST_PRESSURE },
	{ "it is until its refaults have been watched for ten seconds", pressed_host_hard_new, R,
	  64, KVMB_WHY_GUEST_PRESSURE },
	{ "it is where its refaults are not known", pressed_host_hard_unknown, B, 1000,
	  KVMB_WHY_GUEST_PRESSURE },
	{ "bad statistics do not stop a reclaim", bad_stats, R, 64, KVMB_WHY_NONE, 64 },
	{ "a reclaim of nothing is too small", NULL, R, 0, KVMB_WHY_TOO_SMALL },
	{ "a deflate passes in one go", ballooned, D, 1024, KVMB_WHY_NONE, 512, 1024 },
	{ "a deflate stops at the maximum", ballooned, D, HUGE_ASK, KVMB_WHY_NONE, 512, 1024 },
	{ "a deflate stops at the limit", ballooned_limit, D, 1024, KVMB_WHY_NONE, 188, 700 },
	{ "a deflate may withdraw an order that was not followed", order_not_followed, D, 1024,
	  KVMB_WHY_NONE, 512, 1024 },
	{ "a deflate to less is none", ballooned, D, 400, KVMB_WHY_TOO_SMALL },
	{ "a deflate above the limit already is none", limit_below, D, 2000, KVMB_WHY_TOO_SMALL },
	{ "neither rates nor pressure nor bad statistics stop a deflate", rates_used_up, D, 1024,
	  KVMB_WHY_NONE, 512, 1024 },
	{ "a deflate overtakes a reclaim", overtaken, D, 1024, KVMB_WHY_NONE, 512, 1024 },
	{ "a deflate does not overtake a deflate", being_given, D, 1024, KVMB_WHY_IN_FLIGHT },
	{ "a deflate in mode off passes to let the guest go", off_and_ours, D, 1024, KVMB_WHY_NONE,
	  512, 1024, KVMB_RULE_RELEASE },
	{ "a deflate in mode observe passes to let the guest go", observed_and_ours, D, 1024,
	  KVMB_WHY_NONE, 512, 1024, KVMB_RULE_RELEASE },
	{ "a deflate in mode off for another reason does not", off_and_ours, D, 1024,
	  KVMB_WHY_MODE_OFF },
	{ "a deflate in mode off of a balloon that is not ours does not", off_not_ours, D, 1024,
	  KVMB_WHY_MODE_OFF, .rule = KVMB_RULE_RELEASE },
	{ "a page-out keeps whole ranges within a step", ranges, P, 90, KVMB_WHY_NONE, 60 },
	{ "a page-out of ranges that fit a step exactly keeps them", fitting_ranges, P, 94,
	  KVMB_WHY_NONE, 64 },
	{ "a page-out of endless ranges keeps the first", endless_ranges, P, HUGE_ASK,
	  KVMB_WHY_NONE, 30 },
	{ "a page-out without a process has nowhere to go", no_process, P, 90, KVMB_WHY_GONE },
	{ "a page-out of nothing in particular is refused", NULL, P, 90, KVMB_WHY_NOT_COLD },
	{ "a page-out of what is cold is cut to what is cold", cold, P, 90, KVMB_WHY_NONE, 40 },
	{ "a page-out of older memory than there is", colder, P, 90, KVMB_WHY_NOT_COLD },
	{ "a page-out on ages that are too old", cold_long_ago, P, 90, KVMB_WHY_NOT_COLD },
	{ "a page-out on ages without addresses", cold_somewhere, P, 90, KVMB_WHY_NOT_COLD },
	{ "an action of no known kind is refused", NULL, KVMB_ACTION_KINDS, 1, KVMB_WHY_CHANGED },
};

static void add_reclaim(struct kvmb_plan *plan, const struct kvmb_guest_sample *g, uint64_t mib)
{
	struct kvmb_action a = { .kind = KVMB_ACTION_RECLAIM, .asked_bytes = mib * MIB };

	memcpy(a.name, g->name, sizeof(a.name));
	memcpy(a.uuid, g->uuid, sizeof(a.uuid));
	assert_int_equal(kvmb_plan_add(plan, &a), 0);
}

static void test_twice(void **data)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct world w;

	(void)data;
	world_init(&w, 2);
	assert_int_equal(kvmb_plan_new(&plan), 0);
	add_reclaim(plan, world_guest(&w, 0), 10);
	add_reclaim(plan, world_guest(&w, 0), 11);
	add_reclaim(plan, world_guest(&w, 1), 12);
	assert_int_equal(kvmb_plan_validate(w.config, w.state, w.sample, plan), 0);
	assert_int_equal(plan->n_actions, 2);
	assert_int_equal(plan->actions[0].asked_bytes, 10 * MIB);
	assert_int_equal(plan->actions[1].asked_bytes, 12 * MIB);
	assert_int_equal(plan->n_refusals, 1);
	assert_int_equal(plan->refusals[0].why, KVMB_WHY_IN_FLIGHT);
	world_done(&w);
}

static void test_sum_of_plan(void **data)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct world w;

	(void)data;
	world_init(&w, 4);
	w.config->host.host_rate_bytes = 150 * MIB;
	w.sample->host.swap_total_bytes = 1000 * MIB;
	w.sample->host.swap_free_bytes = 200 * MIB;
	assert_int_equal(kvmb_plan_new(&plan), 0);
	for (size_t i = 0; i < 4; i++)
		add_reclaim(plan, world_guest(&w, i), 64);
	assert_int_equal(kvmb_plan_validate(w.config, w.state, w.sample, plan), 0);
	/* Swap has 100 MiB beyond its reserve: less than the rate. */
	assert_int_equal(plan->n_actions, 2);
	assert_int_equal(plan->actions[1].asked_bytes, 36 * MIB);
	assert_int_equal(plan->refusals[0].why, KVMB_WHY_SWAP_RESERVE);
	world_done(&w);
}

static void test_host_rate_of_plan(void **data)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct world w;

	(void)data;
	world_init(&w, 4);
	w.config->host.host_rate_bytes = 150 * MIB;
	assert_int_equal(kvmb_plan_new(&plan), 0);
	for (size_t i = 0; i < 4; i++)
		add_reclaim(plan, world_guest(&w, i), 64);
	assert_int_equal(kvmb_plan_validate(w.config, w.state, w.sample, plan), 0);
	assert_int_equal(plan->n_actions, 3);
	assert_int_equal(plan->actions[2].asked_bytes, 22 * MIB);
	assert_int_equal(plan->refusals[0].why, KVMB_WHY_HOST_RATE);
	world_done(&w);
}

static void test_excluded(void **data)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct world w;

	(void)data;
	world_init(&w, 3);
	world_guest(&w, 1)->state = KVMB_GUEST_PAUSED;
	world_guest(&w, 2)->has_balloon = world_guest(&w, 2)->cgroup_valid = false;
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_validate(w.config, w.state, w.sample, plan), 0);
	assert_int_equal(plan->n_refusals, 2);
	assert_string_equal(plan->refusals[0].name, "vm1");
	assert_int_equal(plan->refusals[0].why, KVMB_WHY_PAUSED);
	assert_int_equal(plan->refusals[0].kind, KVMB_ACTION_KINDS);
	assert_int_equal(plan->refusals[1].why, KVMB_WHY_NO_CGROUP);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, gate_rows, test_gate);
	TESTS_ADD(&t, "one guest gets one action of a plan", test_twice);
	TESTS_ADD(&t, "all reclaims of a plan together keep the reserve of swap", test_sum_of_plan);
	TESTS_ADD(&t, "all actions of a plan keep the host's rate", test_host_rate_of_plan);
	TESTS_ADD(&t, "guests left alone as a whole are listed with the reason", test_excluded);
	return tests_run("validate", &t);
}

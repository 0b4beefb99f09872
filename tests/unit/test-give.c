// SPDX-License-Identifier: GPL-2.0-or-later
/* Give-back, proactive mode, limits and requests: what happens when the host is not short. */
#include "rule-world.h"

static void short_inside(struct world *w, size_t i, uint64_t balloon_mib)
{
	struct kvmb_guest_sample *g = world_guest(w, i);

	g->balloon_bytes = balloon_mib * MIB;
	g->guest_total_bytes = g->balloon_bytes - 24 * MIB;
	g->unused_bytes = g->usable_bytes = 10 * MIB;
	g->resident_bytes = g->balloon_bytes;
	world_state(w, i)->target_bytes = g->balloon_bytes;
	world_state(w, i)->before_bytes = 1024 * MIB;
}

static void short_by_another_hand(struct world *w)
{
	short_inside(w, 0, 512);
	world_state(w, 0)->target_bytes = 0;
}

static void short_and_found_small(struct world *w)
{
	short_inside(w, 0, 512);
	world_state(w, 0)->before_bytes = 700 * MIB;
}

static void one_short_inside(struct world *w)
{
	short_inside(w, 0, 512);
}

static void one_short_inside_host_too(struct world *w)
{
	world_available(w, 100);
	short_inside(w, 0, 512);
}

static void short_at_ceiling(struct world *w)
{
	host_short(w);
	short_inside(w, 0, 1024);
}

static void short_with_limit(struct world *w)
{
	struct kvmb_policy *p = &world_state(w, 0)->runtime;

	short_inside(w, 0, 512);
	p->set = 1U << KVMB_FIELD_LIMIT;
	p->limit_bytes = 800 * MIB;
}

static void short_in_flight(struct world *w)
{
	short_inside(w, 0, 512);
	world_guest(w, 0)->in_flight = true;
	world_state(w, 0)->pending_kind = KVMB_ACTION_RECLAIM;
	world_state(w, 0)->pending_bytes = 64 * MIB;
}

static void short_and_paused(struct world *w)
{
	short_inside(w, 0, 512);
	world_guest(w, 0)->state = KVMB_GUEST_PAUSED;
}

static void short_without_effect(struct world *w)
{
	short_inside(w, 0, 512);
	world_state(w, 0)->n_no_effect[KVMB_ACTION_DEFLATE] = 3;
	world_state(w, 0)->retry_ns[KVMB_ACTION_DEFLATE] = 60 * SEC;
}

static void ours_without_device(struct world *w)
{
	short_inside(w, 0, 512);
	ballooned(w, 0, 512);
	set_mode(w, 0, KVMB_MODE_OFF);
	world_guest(w, 0)->has_balloon = false;
}

static void short_being_given(struct world *w)
{
	short_in_flight(w);
	world_state(w, 0)->pending_kind = KVMB_ACTION_DEFLATE;
}

static void relaxed_for(struct world *w, uint64_t ns)
{
	w->state->fresh = false;
	w->state->last_ns = w->sample->now_ns;
	w->state->relaxed_ns = w->sample->now_ns - ns;
}

static void relaxed_long(struct world *w)
{
	ballooned(w, 0, 512);
	ballooned(w, 1, 1023);
	relaxed_for(w, 30 * SEC);
}

static void relaxed_just_now(struct world *w)
{
	ballooned(w, 0, 512);
	relaxed_for(w, 29 * SEC);
}

static void in_dead_band(struct world *w)
{
	relaxed_long(w);
	world_available(w, 1800);
}

static void little_to_spare(struct world *w)
{
	relaxed_long(w);
	world_available(w, 1900);
	w->sample->host.available_bytes += 32 * MIB;
}

static void others_balloon(struct world *w)
{
	relaxed_long(w);
	world_state(w, 0)->target_bytes = 0;
}

static void lesser_before(struct world *w)
{
	relaxed_long(w);
	world_state(w, 0)->before_bytes = 520 * MIB;
}

static void proactive_content(struct world *w)
{
	relaxed_long(w);
	set_mode(w, 0, KVMB_MODE_PROACTIVE);
	world_guest(w, 0)->swap_bytes = 0;
	world_guest(w, 0)->resident_bytes = 400 * MIB;
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = 0;
}

/* Of the 48 MiB of head-room that its balloon leaves it; three quarters are 36. */
static void proactive_has(struct world *w, uint64_t mib)
{
	proactive_content(w);
	world_guest(w, 0)->unused_bytes = world_guest(w, 0)->usable_bytes = mib * MIB;
}

static void proactive_has_enough(struct world *w)
{
	proactive_has(w, 36);
}

static void proactive_has_less(struct world *w)
{
	proactive_has(w, 35);
}

static void let_go(struct world *w)
{
	ballooned(w, 0, 512);
	ballooned(w, 1, 600);
	ballooned(w, 2, 700);
	set_mode(w, 0, KVMB_MODE_OFF);
	set_mode(w, 1, KVMB_MODE_OBSERVE);
}

static void become_useless(struct world *w)
{
	for (size_t i = 0; i < N_GUESTS; i++)
		ballooned(w, i, 512);
	world_guest(w, 0)->backing.passthrough = true;
	world_guest(w, 1)->backing.unread = true;
	world_guest(w, 2)->backing.shared = true;
}

static void become_useless_host_short(struct world *w)
{
	host_short(w);
	ballooned(w, 0, 512);
	world_guest(w, 0)->backing.locked = true;
	world_state(w, 0)->before_bytes = 700 * MIB;
}

static void pinned_and_never_ours(struct world *w)
{
	become_useless(w);
	world_state(w, 0)->target_bytes = 0;
}

static void host_let_go(struct world *w)
{
	ballooned(w, 0, 512);
	w->config->host.mode = KVMB_MODE_OBSERVE;
}

static void proactive_free(struct world *w)
{
	for (size_t i = 0; i < N_GUESTS; i++)
		free_is_backed(w, i);
	set_mode(w, 0, KVMB_MODE_PROACTIVE);
}

static void proactive_reports(struct world *w)
{
	proactive_free(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		world_guest(w, i)->backing.reports_free = true;
}

/* For that long nobody has told its ages. */
static void proactive_seen(struct world *w, uint64_t sec)
{
	struct kvmb_state_counters *c = &world_state(w, 0)->counters;

	set_mode(w, 0, KVMB_MODE_PROACTIVE);
	w->state->fresh = false;
	w->state->last_ns = w->sample->now_ns;
	world_state(w, 0)->cold.since_ns = w->sample->now_ns - sec * SEC;
	c->host_valid = true;
	c->host_since_ns = w->sample->now_ns - 60 * SEC;
	c->refaults = world_guest(w, 0)->refault_anon + world_guest(w, 0)->refault_file;
}

static void proactive_quiet(struct world *w)
{
	proactive_seen(w, 30);
}

static void proactive_just_seen(struct world *w)
{
	proactive_seen(w, 29);
}

static void proactive_new(struct world *w)
{
	set_mode(w, 0, KVMB_MODE_PROACTIVE);
}

/* It was paused, or its mode was off: ages begin anew. */
static void proactive_resumed(struct world *w)
{
	proactive_seen(w, 60);
	world_guest(w, 0)->state = KVMB_GUEST_PAUSED;
	world_decide(w);
	world_guest(w, 0)->state = KVMB_GUEST_RUNNING;
	world_pass(w, 2 * SEC);
}

static void proactive_switched_on(struct world *w)
{
	proactive_seen(w, 60);
	set_mode(w, 0, KVMB_MODE_OFF);
	world_decide(w);
	set_mode(w, 0, KVMB_MODE_PROACTIVE);
	world_pass(w, 2 * SEC);
}

/* The module was unloaded a moment ago: DAMON may follow. */
static void proactive_no_longer_told(struct world *w)
{
	proactive_seen(w, 60);
	world_state(w, 0)->cold.source = KVMB_AGING_MODULE;
}

static void proactive_told_late(struct world *w)
{
	proactive_no_longer_told(w);
	aged(w, 0, 300);
	world_guest(w, 0)->ages.told_ns = w->sample->now_ns - 60 * SEC;
}

/* Its ages are known for as long as the warm-up is, or for less. */
static void proactive_cold(struct world *w, uint64_t known_sec)
{
	proactive_quiet(w);
	aged(w, 0, 300);
	world_state(w, 0)->cold = (struct kvmb_state_cold){
		.source = KVMB_AGING_MODULE,
		.since_ns = w->sample->now_ns - known_sec * SEC,
		.told_ns = w->sample->now_ns,
	};
}

static void proactive_warm(struct world *w)
{
	proactive_cold(w, 420);
}

static void proactive_not_warm(struct world *w)
{
	proactive_cold(w, 419);
}

static void proactive_refaults(struct world *w)
{
	proactive_quiet(w);
	world_guest(w, 0)->refault_file += 1000;
}

static void proactive_half_quiet(struct world *w)
{
	w->config->host.step_bytes = 256 * MIB;
	world_guest(w, 0)->maximum_bytes = world_guest(w, 0)->resident_bytes = 8192 * MIB;
	world_guest(w, 0)->has_balloon = false;
	proactive_quiet(w);
	world_guest(w, 0)->psi.some_avg10_permyriad = 50;
}

static void proactive_not_quiet(struct world *w)
{
	proactive_quiet(w);
	world_guest(w, 0)->psi.some_avg10_permyriad = 100;
}

static void proactive_blind(struct world *w)
{
	proactive_quiet(w);
	world_guest(w, 0)->psi_valid = false;
}

static void above_limit(struct world *w)
{
	struct kvmb_policy *p = &world_state(w, 0)->runtime;

	p->set = 1U << KVMB_FIELD_LIMIT;
	p->limit_bytes = 1000 * MIB;
}

static void far_above_limit(struct world *w)
{
	above_limit(w);
	world_state(w, 0)->runtime.limit_bytes = 512 * MIB;
}

static void request(struct world *w, uint64_t mib)
{
	struct kvmb_state_guest *s = world_state(w, 0);

	s->request_bytes = mib * MIB;
	s->request_until_ns = 600 * SEC;
}

static void request_reclaim(struct world *w)
{
	request(w, 40);
}

static void request_free(struct world *w)
{
	free_is_backed(w, 0);
	request(w, 500);
}

static void request_pressed(struct world *w)
{
	request(w, 40);
	world_guest(w, 0)->triggered = true;
}

static void request_backed_off(struct world *w)
{
	request(w, 40);
	world_state(w, 0)->reclaim_after_ns = 10 * SEC;
}

static void order_without_effect(struct world *w)
{
	relaxed_for(w, 60 * SEC);
	world_state(w, 0)->target_bytes = 900 * MIB;
	world_state(w, 0)->before_bytes = 1024 * MIB;
}

static const struct rule_row give_rows[] = {
	{ "a guest short of memory inside is given back all that was taken",
	  one_short_inside,
	  { GIVES(GUEST_PRESSURE, 1024), NOTHING, NOTHING } },
	{ "a balloon that somebody else has set stands, whatever its guest says",
	  short_by_another_hand,
	  { NOTHING, NOTHING, NOTHING } },
	{ "and is gone back to where it was set before our first order",
	  short_and_found_small,
	  { GIVES(GUEST_PRESSURE, 700), NOTHING, NOTHING } },
	{ "also when the host itself is in an emergency",
	  one_short_inside_host_too,
	  { GIVES(GUEST_PRESSURE, 1024), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "a guest that has all it can have does not escape its share by its word",
	  short_at_ceiling,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 32), RECLAIMS(HOST_PRESSURE, 28) },
	  KVMB_ACTION_BALLOON,
	  KVMB_WHY_NONE },
	{ "a guest with a limit is given back up to that",
	  short_with_limit,
	  { GIVES(GUEST_PRESSURE, 800), NOTHING, NOTHING } },
	{ "give-back does not wait for a reclaim that still runs",
	  short_in_flight,
	  { GIVES(GUEST_PRESSURE, 1024), NOTHING, NOTHING } },
	{ "a paused guest is not given back, it could not take it",
	  short_and_paused,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_DEFLATE,
	  KVMB_WHY_NONE },
	{ "give-back that keeps having no effect is not tried for a while",
	  short_without_effect,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_DEFLATE,
	  KVMB_WHY_NONE },
	{ "a guest that lost its balloon device is not ordered anything",
	  ours_without_device,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_DEFLATE,
	  KVMB_WHY_NONE },
	{ "what is being given back is not ordered twice",
	  short_being_given,
	  { NOTHING, NOTHING, NOTHING } },
	{ "a host that has long had plenty gives back step by step",
	  relaxed_long,
	  { GIVES(HOST_RELAXED, 576), GIVES(HOST_RELAXED, 1024), NOTHING } },
	{ "a host that has just relaxed waits", relaxed_just_now, { NOTHING, NOTHING, NOTHING } },
	{ "in the dead band nothing is given and nothing taken",
	  in_dead_band,
	  { NOTHING, NOTHING, NOTHING } },
	{ "no more than half of what is to spare is given at once",
	  little_to_spare,
	  { GIVES(HOST_RELAXED, 528), NOTHING, NOTHING } },
	{ "a balloon that somebody else has set is left to him",
	  others_balloon,
	  { NOTHING, GIVES(HOST_RELAXED, 1024), NOTHING } },
	{ "no more is given back than was there before",
	  lesser_before,
	  { GIVES(HOST_RELAXED, 520), GIVES(HOST_RELAXED, 1024), NOTHING } },
	{ "a proactive guest that does not miss it is given nothing back",
	  proactive_content,
	  { NOTHING, GIVES(HOST_RELAXED, 1024), NOTHING } },
	{ "nor is it when what its balloon left it is still there for the most part",
	  proactive_has_enough,
	  { NOTHING, GIVES(HOST_RELAXED, 1024), NOTHING } },
	{ "but with less than three quarters of that it is, before it suffers",
	  proactive_has_less,
	  { GIVES(HOST_RELAXED, 576), GIVES(HOST_RELAXED, 1024), NOTHING } },
	{ "a guest whose mode no longer allows it is let go",
	  let_go,
	  { GIVES(RELEASE, 1024), GIVES(RELEASE, 1024), NOTHING } },
	{ "a guest with a new device of the host's has its balloon back, one not known has not",
	  become_useless,
	  { GIVES(RELEASE, 1024), NOTHING, NOTHING },
	  KVMB_ACTION_KINDS,
	  KVMB_WHY_PASSTHROUGH },
	{ "also when the host is short, and no more than it had",
	  become_useless_host_short,
	  { GIVES(RELEASE, 700), RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) } },
	{ "but not a balloon that somebody else has set",
	  pinned_and_never_ours,
	  { NOTHING, NOTHING, NOTHING } },
	{ "a host put to observe lets its guests go",
	  host_let_go,
	  { GIVES(RELEASE, 1024), NOTHING, NOTHING },
	  KVMB_ACTION_KINDS,
	  KVMB_WHY_MODE_OBSERVE },
	{ "a proactive guest gives what it holds free though nobody needs it",
	  proactive_free,
	  { TAKES(PROACTIVE, 64, 960), NOTHING, NOTHING } },
	{ "what it reports comes by itself, and is not swapped meanwhile",
	  proactive_reports,
	  { NOTHING, NOTHING, NOTHING } },
	{ "a quiet proactive guest is reclaimed from gently",
	  proactive_quiet,
	  { RECLAIMS(PROACTIVE, 4), NOTHING, NOTHING } },
	{ "but not before the first passes of aging can have told what is cold",
	  proactive_just_seen,
	  { NOTHING, NOTHING, NOTHING } },
	{ "nor in the first turn of all",
	  proactive_new,
	  { NOTHING, NOTHING, NOTHING } },
	{ "nor after it was paused",
	  proactive_resumed,
	  { NOTHING, NOTHING, NOTHING } },
	{ "nor after its mode was off",
	  proactive_switched_on,
	  { NOTHING, NOTHING, NOTHING } },
	{ "nor when who told its ages has just gone",
	  proactive_no_longer_told,
	  { NOTHING, NOTHING, NOTHING } },
	{ "nor while he is late",
	  proactive_told_late,
	  { NOTHING, NOTHING, NOTHING } },
	{ "what of a proactive guest is cold is paged out",
	  proactive_warm,
	  { PAGES_OUT(PROACTIVE, 64), NOTHING, NOTHING } },
	{ "but not before its ages were known for long enough",
	  proactive_not_warm,
	  { NOTHING, NOTHING, NOTHING } },
	{ "a proactive guest that refaults above its target is left alone",
	  proactive_refaults,
	  { NOTHING, NOTHING, NOTHING } },
	{ "half as quiet, half as much",
	  proactive_half_quiet,
	  { RECLAIMS(PROACTIVE, 32), NOTHING, NOTHING } },
	{ "a proactive guest that feels it a little is left alone",
	  proactive_not_quiet,
	  { NOTHING, NOTHING, NOTHING } },
	{ "whose pressure is unknown is not reclaimed from proactively",
	  proactive_blind,
	  { NOTHING, NOTHING, NOTHING } },
	{ "a balloon above the limit comes down to it",
	  above_limit,
	  { TAKES(LIMIT, 24, 1000), NOTHING, NOTHING } },
	{ "a limit far below is reached step by step",
	  far_above_limit,
	  { TAKES(LIMIT, 64, 960), NOTHING, NOTHING } },
	{ "the operator's request is served",
	  request_reclaim,
	  { RECLAIMS(OPERATOR, 40), NOTHING, NOTHING } },
	{ "by free memory first, a step at a time",
	  request_free,
	  { TAKES(OPERATOR, 64, 960), NOTHING, NOTHING } },
	{ "the operator cannot take from a guest that suffers",
	  request_pressed,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_GUEST_PRESSURE },
	{ "the operator need not wait for a pause",
	  request_backed_off,
	  { RECLAIMS(OPERATOR, 40), NOTHING, NOTHING } },
	{ "an order that no driver has followed is withdrawn",
	  order_without_effect,
	  { GIVES(HOST_RELAXED, 1024), NOTHING, NOTHING } },
	{ "a relaxed host with open balloons plans nothing", NULL, { NOTHING, NOTHING, NOTHING } },
};

static void test_settles_anew(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	relaxed_long(&w);
	world_available(&w, 1400);
	world_decide(&w);
	world_available(&w, 5000);
	world_pass(&w, SEC);
	world_decide(&w);
	assert_int_equal(w.plan->level, KVMB_LEVEL_RELAXED);
	world_pass(&w, 29 * SEC);
	world_decide(&w);
	assert_null(world_action(&w, 0));
	world_pass(&w, SEC);
	world_decide(&w);
	assert_int_equal(world_action(&w, 0)->rule, KVMB_RULE_HOST_RELAXED);
	world_done(&w);
}

static void test_request_dropped(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	request_pressed(&w);
	world_decide(&w);
	assert_int_equal(world_state(&w, 0)->request_bytes, 0);
	world_done(&w);
}

static void test_request_waits(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	request(&w, 40);
	world_guest(&w, 0)->in_flight = true;
	world_decide(&w);
	assert_int_equal(world_state(&w, 0)->request_bytes, 40 * MIB);
	world_pass(&w, 600 * SEC);
	world_decide(&w);
	assert_int_equal(world_state(&w, 0)->request_bytes, 0);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, give_rows, test_rule);
	TESTS_ADD(&t, "after each shortage the host has to be relaxed for 30 seconds anew",
		  test_settles_anew);
	TESTS_ADD(&t, "a request that cannot be served is dropped", test_request_dropped);
	TESTS_ADD(&t, "a request that has to wait is kept, but not for ever", test_request_waits);
	return tests_run("give", &t);
}

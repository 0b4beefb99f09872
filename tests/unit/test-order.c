// SPDX-License-Identifier: GPL-2.0-or-later
/* What is taken from whom when the host is short, by which means, and why not. */
#include "policy/turn.h"
#include "rule-world.h"

static void one_has_free(struct world *w)
{
	host_short(w);
	free_is_backed(w, 1);
}

static void one_has_a_little_free(struct world *w)
{
	host_short(w);
	world_guest(w, 1)->resident_bytes = (1024 - 300 + 64 + 36) * MIB;
}

static void hard_one_has_free(struct world *w)
{
	one_has_free(w);
	world_available(w, 700);
}

static void free_on_its_way(struct world *w)
{
	one_has_free(w);
	world_guest(w, 1)->in_flight = true;
	world_state(w, 1)->pending_kind = KVMB_ACTION_BALLOON;
	world_state(w, 1)->pending_bytes = 64 * MIB;
}

static void all_have_free(struct world *w)
{
	host_short(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		free_is_backed(w, i);
}

static void one_is_barren(struct world *w)
{
	one_has_free(w);
	w->state->fresh = false;
	world_state(w, 1)->barren_until_ns = w->sample->now_ns + 1;
}

static void big_with_little_free(struct world *w)
{
	struct kvmb_guest_sample *g = world_guest(w, 0);

	host_short(w);
	g->maximum_bytes = g->balloon_bytes = 8192 * MIB;
	g->resident_bytes = 8100 * MIB;
	/* 80 MiB beyond the head-room of a tenth: less than 1 % of the guest. */
	g->unused_bytes = g->usable_bytes = 815 * MIB;
}

static void only_psi(struct world *w)
{
	w->sample->host.psi.some_avg10_permyriad = 2000;
}

static void only_psi_free(struct world *w)
{
	only_psi(w);
	free_is_backed(w, 2);
}

static void one_is_cold(struct world *w)
{
	host_short(w);
	aged(w, 1, 300);
}

static void one_is_cold_one_is_hot(struct world *w)
{
	host_short(w);
	aged(w, 0, 0);
	aged(w, 1, 50);
}

/* Asked for 2560 s in its last minute; its cold memory is idle for less than 320 s. */
static void one_wants_it_back(struct world *w)
{
	one_is_cold(w);
	world_state(w, 1)->cold = (struct kvmb_state_cold){
		.source = KVMB_AGING_MODULE,
		.told_ns = w->sample->now_ns,
		.n_minutes = 1,
		.minutes = { 10 },
	};
}

static void hard_one_wants_it_back(struct world *w)
{
	one_wants_it_back(w);
	world_available(w, 700);
}

static void request_what_is_wanted_back(struct world *w)
{
	one_wants_it_back(w);
	world_available(w, 5000);
	w->state->fresh = false;
	world_state(w, 1)->request_bytes = 64 * MIB;
	world_state(w, 1)->request_until_ns = w->sample->now_ns + SEC;
}

static void hard_all_are_hot(struct world *w)
{
	host_short(w);
	world_available(w, 700);
	for (size_t i = 0; i < N_GUESTS; i++)
		aged(w, i, 0);
}

static void all_are_hot(struct world *w)
{
	hard_all_are_hot(w);
	host_short(w);
}

static void cold_without_effect(struct world *w)
{
	one_is_cold_one_is_hot(w);
	for (size_t i = 0; i < 2; i++) {
		world_state(w, i)->n_no_effect[KVMB_ACTION_PAGEOUT] = 3;
		world_state(w, i)->retry_ns[KVMB_ACTION_PAGEOUT] = 60 * SEC;
	}
}

static void free_before_cold(struct world *w)
{
	one_has_free(w);
	aged(w, 0, 300);
}

static void classes(struct world *w)
{
	host_short(w);
	world_state(w, 0)->runtime = (struct kvmb_policy){
		.set = 1U << KVMB_FIELD_PRIORITY, .priority = KVMB_PRIORITY_HIGH };
	world_state(w, 2)->runtime = (struct kvmb_policy){
		.set = 1U << KVMB_FIELD_PRIORITY, .priority = KVMB_PRIORITY_LOW };
}

static void hard_classes(struct world *w)
{
	classes(w);
	world_available(w, 700);
}

static void one_at_guarantee(struct world *w)
{
	host_short(w);
	guarantee(w, 0, 700);
}

static void all_at_guarantee(struct world *w)
{
	world_available(w, 100);
	for (size_t i = 0; i < N_GUESTS; i++)
		guarantee(w, i, 1024);
}

static void one_suffers(struct world *w)
{
	host_short(w);
	world_guest(w, 0)->psi.some_avg10_permyriad = 1500;
}

static void one_backs_off(struct world *w)
{
	host_short(w);
	w->state->fresh = false;
	world_state(w, 0)->reclaim_after_ns = w->sample->now_ns + SEC;
}

static void one_backs_off_in_need(struct world *w)
{
	one_backs_off(w);
	world_available(w, 700);
}

static void one_in_flight(struct world *w)
{
	host_short(w);
	world_guest(w, 0)->in_flight = true;
	world_state(w, 0)->pending_kind = KVMB_ACTION_RECLAIM;
	world_state(w, 0)->pending_bytes = 100 * MIB;
}

static void one_being_given(struct world *w)
{
	one_in_flight(w);
	world_state(w, 0)->pending_kind = KVMB_ACTION_DEFLATE;
}

static void no_swap(struct world *w)
{
	one_has_a_little_free(w);
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = 0;
}

static void swap_nearly_full(struct world *w)
{
	host_short(w);
	w->sample->host.swap_free_bytes = permyriad_of(2048 * MIB, 1000) + 8 * MIB;
}

static void no_driver(struct world *w)
{
	host_short(w);
	w->state->fresh = false;
	world_guest(w, 0)->stats_why = KVMB_WHY_STATS_MISSING;
	world_guest(w, 1)->has_balloon = false;
	/* known for so long that its statistics would have come */
	world_state(w, 0)->counters.host_valid = true;
	world_state(w, 0)->counters.host_since_ns = w->sample->now_ns - 10 * SEC;
}

static void new_guest(struct world *w)
{
	no_driver(w);
	world_state(w, 0)->counters.host_since_ns++;
}

static void new_guest_in_emergency(struct world *w)
{
	new_guest(w);
	world_available(w, 300);
}

static void lone_growth(struct world *w)
{
	host_short(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		world_guest(w, i)->cgroup_valid = false;
}

static void mode_off(struct world *w)
{
	host_short(w);
	for (size_t i = 0; i < N_GUESTS; i++)
		set_mode(w, i, i ? KVMB_MODE_PRESSURE : KVMB_MODE_OFF);
}

static void paused(struct world *w)
{
	host_short(w);
	world_guest(w, 0)->state = KVMB_GUEST_PAUSED;
}

static void no_libvirt(struct world *w)
{
	host_short(w);
	w->sample->guests_valid = false;
}

static void host_rate_used_up(struct world *w)
{
	host_short(w);
	kvmb_rate_add(&w->state->taken, 0, 4096 * MIB);
}

static void guest_rate_used_up(struct world *w)
{
	host_short(w);
	kvmb_rate_add(&world_state(w, 0)->taken, 0, 1024 * MIB);
}

static void no_effect(struct world *w)
{
	host_short(w);
	world_state(w, 0)->n_no_effect[KVMB_ACTION_RECLAIM] = 3;
	world_state(w, 0)->retry_ns[KVMB_ACTION_RECLAIM] = 60 * SEC;
}

/* 20 % are available, after 75 MiB a second less: in 10 s next to nothing. */
static void falls(struct world *w)
{
	world_available(w, 2000);
	w->state->trend = (struct kvmb_trend){ .n = 2 };
	for (size_t i = 0; i < 2; i++) {
		w->state->trend.at_ns[i] = w->sample->now_ns - (4 - 2 * i) * SEC;
		w->state->trend.available_bytes[i] =
			w->sample->host.available_bytes + (300 - 150 * i) * MIB;
	}
	aged(w, 0, 200);
}

static const struct rule_row take_rows[] = {
	{ "for what will be missing soon what is cold goes, nothing is reclaimed", falls,
	  { PAGES_OUT(HOST_PRESSURE, 64), NOTHING, NOTHING } },
	{ "a short host takes by shares from alike guests, in whole units",
	  host_short,
	  { RECLAIMS(HOST_PRESSURE, 44), RECLAIMS(HOST_PRESSURE, 40),
	    RECLAIMS(HOST_PRESSURE, 40) } },
	{ "what a guest holds free goes first, nothing is swapped meanwhile",
	  one_has_free,
	  { NOTHING, TAKES(GUEST_FREE, 64, 960), NOTHING } },
	{ "what is free but not enough leaves the rest to the others",
	  one_has_a_little_free,
	  { RECLAIMS(HOST_PRESSURE, 44), TAKES(GUEST_FREE, 36, 988),
	    RECLAIMS(HOST_PRESSURE, 44) } },
	{ "a host that is hard up cannot wait for free memory",
	  hard_one_has_free,
	  { RECLAIMS(HOST_PRESSURE, 64), TAKES(GUEST_FREE, 64, 960),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "free memory that is still on its way is waited for",
	  free_on_its_way,
	  { NOTHING, NOTHING, NOTHING } },
	{ "free memory that has proved to be untouched is no gain",
	  one_is_barren,
	  { RECLAIMS(HOST_PRESSURE, 32), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 28) } },
	{ "nothing is reclaimed while free memory is enough",
	  all_have_free,
	  { TAKES(GUEST_FREE, 44, 980), TAKES(GUEST_FREE, 40, 984), TAKES(GUEST_FREE, 40, 984) } },
	{ "free memory of less than 1 % of the guest stays with it",
	  big_with_little_free,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 32),
	    RECLAIMS(HOST_PRESSURE, 28) } },
	{ "cold memory goes before anything is reclaimed",
	  one_is_cold,
	  { NOTHING, PAGES_OUT(HOST_PRESSURE, 64), NOTHING } },
	{ "what a guest would want back is not cold for it",
	  one_wants_it_back,
	  { RECLAIMS(HOST_PRESSURE, 64), NOTHING, RECLAIMS(HOST_PRESSURE, 60) } },
	{ "a host that is hard up takes that before what is in use",
	  hard_one_wants_it_back,
	  { RECLAIMS(HOST_PRESSURE, 64), PAGES_OUT(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "an operator who asks for more than is cold gets that, too",
	  request_what_is_wanted_back,
	  { NOTHING, PAGES_OUT(OPERATOR, 64), NOTHING } },
	{ "a guest whose memory is in use is spared, one that nobody ages is not",
	  one_is_cold_one_is_hot,
	  { NOTHING, PAGES_OUT(HOST_PRESSURE, 48), RECLAIMS(HOST_PRESSURE, 64) },
	  KVMB_ACTION_PAGEOUT,
	  KVMB_WHY_NOT_COLD },
	{ "memory in use is left alone by a host that is not hard up, but kept from growing",
	  all_are_hot,
	  { TAKES(HOST_PRESSURE, 44, 980), TAKES(HOST_PRESSURE, 40, 984),
	    TAKES(HOST_PRESSURE, 40, 984) } },
	{ "a host that is hard up reclaims what is in use",
	  hard_all_are_hot,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "cold memory that page-out cannot get is reclaimed, memory in use is not",
	  cold_without_effect,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_PAGEOUT,
	  KVMB_WHY_NO_EFFECT },
	{ "what guests hold free goes before what is cold",
	  free_before_cold,
	  { NOTHING, TAKES(GUEST_FREE, 64, 960), NOTHING } },
	{ "stalls without a lack of memory take nothing that is in use",
	  only_psi,
	  { NOTHING, NOTHING, NOTHING } },
	{ "stalls without a lack of memory take what guests hold free",
	  only_psi_free,
	  { NOTHING, NOTHING, TAKES(GUEST_FREE, 64, 960) } },
	{ "a low class guest gives alone while it can",
	  classes,
	  { NOTHING, NOTHING, RECLAIMS(HOST_PRESSURE, 64) } },
	{ "a host that is hard up asks higher classes for what the lower cannot give at once",
	  hard_classes,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "a guest at its guarantee is not touched",
	  one_at_guarantee,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_AT_GUARANTEE },
	{ "guests at their guarantee are not touched though the host suffers",
	  all_at_guarantee,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_AT_GUARANTEE },
	{ "from a guest that waits for its pages nothing is taken",
	  one_suffers,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_GUEST_PRESSURE },
	{ "a guest in its pause is left alone",
	  one_backs_off,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_BACKOFF },
	{ "when the host is hard up the pause does not protect",
	  one_backs_off_in_need,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "what is being taken already is not asked of others",
	  one_in_flight,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 12), RECLAIMS(HOST_PRESSURE, 12) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_IN_FLIGHT },
	{ "what is being given back is no help",
	  one_being_given,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) } },
	{ "without swap free memory can be taken, and kept from growing",
	  no_swap,
	  { TAKES(HOST_PRESSURE, 44, 980), TAKES(GUEST_FREE, 36, 988),
	    TAKES(HOST_PRESSURE, 44, 980) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_NONE },
	{ "no more is reclaimed than swap has room for",
	  swap_nearly_full,
	  { RECLAIMS(HOST_PRESSURE, 4), RECLAIMS(HOST_PRESSURE, 4),
	    TAKES(HOST_PRESSURE, 64, 960) } },
	{ "without statistics or balloon there is reclaim",
	  no_driver,
	  { RECLAIMS(HOST_PRESSURE, 44), RECLAIMS(HOST_PRESSURE, 40),
	    RECLAIMS(HOST_PRESSURE, 40) } },
	{ "a new guest's statistics are waited for, they may show free memory",
	  new_guest,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_STATS_MISSING },
	{ "but not in an emergency",
	  new_guest_in_emergency,
	  { RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 64),
	    RECLAIMS(HOST_PRESSURE, 64) } },
	{ "without a cgroup free memory is held so that guests do not grow",
	  lone_growth,
	  { TAKES(HOST_PRESSURE, 44, 980), TAKES(HOST_PRESSURE, 40, 984),
	    TAKES(HOST_PRESSURE, 40, 984) } },
	{ "a guest in mode off is not even asked",
	  mode_off,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_KINDS,
	  KVMB_WHY_MODE_OFF },
	{ "a paused guest is left alone, with the reason",
	  paused,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_KINDS,
	  KVMB_WHY_PAUSED },
	{ "without libvirt decisions stop",
	  no_libvirt,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_KINDS,
	  KVMB_WHY_FACTS_STALE },
	{ "the host's rate stops everything",
	  host_rate_used_up,
	  { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_HOST_RATE },
	{ "a guest's rate stops that guest",
	  guest_rate_used_up,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_GUEST_RATE },
	{ "what keeps having no effect is not tried for a while",
	  no_effect,
	  { NOTHING, RECLAIMS(HOST_PRESSURE, 64), RECLAIMS(HOST_PRESSURE, 60) },
	  KVMB_ACTION_RECLAIM,
	  KVMB_WHY_NO_EFFECT },
};

static void test_observed_apart(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	host_short(&w);
	set_mode(&w, 0, KVMB_MODE_OBSERVE);
	world_decide(&w);
	/* The other two are asked for all of it, and vm0 for what it would have been asked. */
	assert_int_equal(world_action(&w, 1)->asked_bytes + world_action(&w, 2)->asked_bytes,
			 124 * MIB);
	assert_null(world_action(&w, 0));
	assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_RECLAIM), KVMB_WHY_MODE_OBSERVE);
	world_done(&w);
}

static void test_reason(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	host_short(&w);
	world_decide(&w);
	assert_string_equal(
		world_action(&w, 0)->reason,
		"host is elevated with 573 of 4096 MiB available and needs 122 MiB; its "
		"share by 1000 shares of the 700 MiB it holds above its guarantee, 0 of them idle");
	assert_int_equal(world_action(&w, 0)->facts.resident_bytes, 700 * MIB);
	assert_int_equal(world_action(&w, 0)->facts.level, KVMB_LEVEL_ELEVATED);
	world_done(&w);
}

/* Of what is cold by its own threshold; of the rest nobody asked how much is wanted back. */
static void test_price(void **data)
{
	for (int hard = 0; hard <= 1; hard++) {
		struct world w;
		struct kvmb_state_cold *cold;
		const char *told;

		world_init(&w, N_GUESTS);
		one_is_cold(&w);
		world_available(&w, hard ? 700 : 1400);
		cold = &world_state(&w, 1)->cold;
		*cold = (struct kvmb_state_cold){
			.source = KVMB_AGING_MODULE,
			.told_ns = w.sample->now_ns,
			.n_minutes = 1,
			.minutes = { hard ? 10 : 6 },
			.judged = true,
			.back_pages = { [6] = 12, [10] = 11 },
		};
		world_decide(&w);
		told = strstr(world_action(&w, 1)->reason,
			      "; 12 pages of that age were touched again in the last minute, 358 "
			      "are allowed");
		assert_int_equal(told != NULL, !hard);
		assert_null(strstr(world_action(&w, 1)->reason, "11 pages"));
		world_done(&w);
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* However large the host is: the longest sentence there is ends with its last word. */
static void test_no_reason_is_cut(void **data)
{
	static const uint64_t numbers[] = { 0, MIB, 1024 * GIB, UINT64_MAX };

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const uint64_t n = numbers[i];
		struct kvmb_sample sample = { .host = { .total_bytes = n, .available_bytes = n } };
		struct kvmb_turn t = {
			.sample = &sample,
			.host = { .level = KVMB_LEVEL_EMERGENCY, .need_bytes = n,
				  .ahead_need_bytes = 1 },
		};
		struct kvmb_view v = {
			.estimate.resident_bytes = n,
			.cold = { .idle_usec = n, .judged = true, .back_pages = n,
				  .allowed_pages = n },
		};
		struct kvmb_action a = {
			.kind = KVMB_ACTION_PAGEOUT,
			.rule = KVMB_RULE_HOST_PRESSURE,
			.idle_usec = n,
			.facts.cold_bytes = n,
		};

		kvmb_turn_reason(&t, &v, &a);
		if (!ends_with(a.reason, " are allowed") &&
		    !ends_with(a.reason, " the coldest go first"))
			fail_msg("%s", a.reason);
	}
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, take_rows, test_rule);
	TESTS_ADD(&t, "the reason of a page-out says what of it the guest will want back",
		  test_price);
	TESTS_ADD(&t, "and leaves that out rather than be cut in the middle",
		  test_no_reason_is_cut);
	TESTS_ADD(&t, "observed guests are shared among apart, and shown what would be done",
		  test_observed_apart);
	TESTS_ADD(&t, "an action says in one sentence what it rests on", test_reason);
	return tests_run("order", &t);
}

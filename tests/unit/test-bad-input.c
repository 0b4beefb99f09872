// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Samples that no kernel, no clock and no honest guest tells: for each the outcome is stated. Most
 * rows are a sequence of two ticks, the second of which is bent.
 */
#include <errno.h>

#include "rule-world.h"

#define HOUR (3600 * SEC)

static void assert_kind(const struct world *w, size_t i, enum kvmb_action_kind kind)
{
	const struct kvmb_action *a = world_action(w, i);
	enum kvmb_action_kind got = a ? a->kind : KVMB_ACTION_KINDS;

	assert_string_equal(kvmb_action_kind_to_string(got), kvmb_action_kind_to_string(kind));
}

/* ---- Histograms that cannot be ----------------------------------------------------------- */

static void all_of_it_everywhere(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	for (size_t i = 0; i < KVMB_AGE_BUCKETS; i++)
		g->ages.cold_bytes[i] = UINT64_MAX;
}

static void beyond_all_numbers(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	memset(g->ages.cold_bytes, 0, sizeof(g->ages.cold_bytes));
	g->ages.cold_bytes[6] = g->ages.cold_bytes[9] = UINT64_C(1) << 63;
}

static void more_than_resident(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	g->ages.cold_bytes[8] = 100 * g->resident_bytes;
}

static void from_the_future(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	g->ages.told_ns = now_ns + 1;
}

static void never_told(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	g->ages.told_ns = 0;
}

static void of_nobody(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	g->ages.source = KVMB_AGING_NONE;
}

static void empty(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	memset(g->ages.cold_bytes, 0, sizeof(g->ages.cold_bytes));
}

static void of_a_guest_without_memory(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	more_than_resident(g, now_ns);
	g->resident_bytes = g->rss_bytes = 0;
}

static void of_a_guest_of_all_memory(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	all_of_it_everywhere(g, now_ns);
	g->resident_bytes = UINT64_MAX;
}

static void promoted_backwards(struct kvmb_guest_sample *g, uint64_t now_ns)
{
	(void)now_ns;
	memset(g->ages.promoted_bytes, 0, sizeof(g->ages.promoted_bytes));
}

/* Of the guest alone on a host that misses 330 MiB; it says truly that it holds nothing free. */
static const struct ages_row {
	const char *name;
	void (*bend)(struct kvmb_guest_sample *g, uint64_t now_ns);
	enum kvmb_action_kind kind;
	uint64_t asked_mib;
} ages_rows[] = {
	{ "what is cold is paged out, a step of it", NULL, KVMB_ACTION_PAGEOUT, 64 },
	{ "a histogram without an end is taken for what is above the floor, a step of it",
	  all_of_it_everywhere, KVMB_ACTION_PAGEOUT, 64 },
	{ "so is one whose sum is beyond all numbers", beyond_all_numbers,
	  KVMB_ACTION_PAGEOUT, 64 },
	{ "so is one of more than is resident", more_than_resident, KVMB_ACTION_PAGEOUT, 64 },
	{ "ages from the future are none: the scope is reclaimed", from_the_future,
	  KVMB_ACTION_RECLAIM, 64 },
	{ "ages that were never told are none", never_told, KVMB_ACTION_RECLAIM, 64 },
	{ "ages that nobody told are none", of_nobody, KVMB_ACTION_RECLAIM, 64 },
	{ "an empty histogram: all of it is in use, and left alone", empty, KVMB_ACTION_KINDS, 0 },
	{ "cold memory of a guest without any is none", of_a_guest_without_memory,
	  KVMB_ACTION_KINDS, 0 },
	{ "a guest of all the memory there can be gives a step", of_a_guest_of_all_memory,
	  KVMB_ACTION_PAGEOUT, 64 },
	{ "what was touched again cannot be less than before: the histogram stands",
	  promoted_backwards, KVMB_ACTION_PAGEOUT, 64 },
};

static void test_ages(void **data)
{
	const struct ages_row *row = *data;
	const struct kvmb_action *a;
	struct world w;

	world_init(&w, 1);
	world_available(&w, 900);
	world_guest(&w, 0)->unused_bytes = 50 * MIB;
	aged(&w, 0, 300);
	for (size_t i = 0; i < KVMB_AGE_BUCKETS; i++)
		world_guest(&w, 0)->ages.promoted_bytes[i] = (uint64_t)1 << 40;
	world_guest(&w, 0)->in_flight = true;
	world_decide(&w);
	world_guest(&w, 0)->in_flight = false;
	world_pass(&w, 2 * SEC);
	world_guest(&w, 0)->ages.told_ns = w.sample->now_ns;
	if (row->bend)
		row->bend(world_guest(&w, 0), w.sample->now_ns);
	world_decide(&w);
	assert_kind(&w, 0, row->kind);
	a = world_action(&w, 0);
	if (a)
		assert_int_equal(a->asked_bytes, row->asked_mib * MIB);
	world_done(&w);
}

/* ---- Counters that go backwards ---------------------------------------------------------- */

#define COUNTED UINT64_C(1000000000)

static const struct counter_row {
	const char *name;
	size_t offset; /* in the host's sample, or in each guest's */
	bool guest;
} counter_rows[] = {
#define OF_HOST(m) offsetof(struct kvmb_host_sample, m), false
#define OF_GUEST(m) offsetof(struct kvmb_guest_sample, m), true
	{ "pages that the host read from swap may go back", OF_HOST(swap_in_pages) },
	{ "pages that the host wrote to swap may go back", OF_HOST(swap_out_pages) },
	{ "reads of swap devices may go back", OF_HOST(swap_reads) },
	{ "the time of these reads may go back", OF_HOST(swap_read_usec) },
	{ "the host's refaults may go back", OF_HOST(refault_anon) },
	{ "the host's refaults of files may go back", OF_HOST(refault_file) },
	{ "the host's OOM kills may go back", OF_HOST(oom_kills) },
	{ "the host's stalls may go back", OF_HOST(psi.some_total_usec) },
	{ "a scope's refaults may go back", OF_GUEST(refault_anon) },
	{ "a scope's refaults of files may go back", OF_GUEST(refault_file) },
	{ "a scope's OOM kills may go back", OF_GUEST(oom_kills) },
	{ "a scope's stalls may go back", OF_GUEST(psi.some_total_usec) },
	{ "what a guest read from its swap may go back", OF_GUEST(swap_in_bytes) },
	{ "what a guest wrote to its swap may go back", OF_GUEST(swap_out_bytes) },
	{ "a guest's major faults may go back", OF_GUEST(major_faults) },
};

static void set_counter(struct world *w, const struct counter_row *row, uint64_t value)
{
	char *at = (char *)&w->sample->host;

	if (!row->guest) {
		memcpy(at + row->offset, &value, sizeof(value));
		return;
	}
	for (size_t i = 0; i < w->sample->n_guests; i++)
		memcpy((char *)world_guest(w, i) + row->offset, &value, sizeof(value));
}

/* Three ticks of a host in want: the counter stays, or it falls to nothing with the second. */
static char *plan_after(const struct counter_row *row, uint64_t then)
{
	struct world w;
	char *text = NULL;

	world_init(&w, N_GUESTS);
	w.config->host.swap_write_bytes = 100 * MIB;
	world_available(&w, 900);
	for (size_t i = 0; i < N_GUESTS; i++) {
		ballooned(&w, i, 512);
		world_guest(&w, i)->usable_bytes = 60 * MIB;
	}
	set_counter(&w, row, COUNTED);
	world_decide(&w);
	for (size_t i = 0; i < 2; i++) {
		world_pass(&w, 2 * SEC);
		set_counter(&w, row, then);
		world_decide(&w);
	}
	assert_true(w.plan->n_actions > 0);
	assert_int_equal(kvmb_plan_to_json(w.plan, &text), 0);
	world_done(&w);
	return text;
}

static void test_counter(void **data)
{
	const struct counter_row *row = *data;
	char *stays = plan_after(row, COUNTED), *falls = plan_after(row, 0);

	assert_string_equal(falls, stays);
	free(stays);
	free(falls);
}

/* ---- Clocks that jump -------------------------------------------------------------------- */

static const struct clock_row {
	const char *name;
	uint64_t ahead_ns;
	bool fresh; /* what libvirt told is of now */
	bool takes;
} clock_rows[] = {
	{ "no time at all may pass", 0, true, true },
	{ "an hour passes at once: what was told before is too old", HOUR, false, false },
	{ "with new facts it goes on", HOUR, true, true },
	{ "a year passes at once", 8766 * HOUR, true, true },
	{ "the end of all clocks comes", UINT64_MAX - 1000 * SEC, true, true },
};

/* The host of the second tick is in want; trend, rates and pauses of the first are gone. */
static void test_clock(void **data)
{
	const struct clock_row *row = *data;
	struct world w;

	world_init(&w, N_GUESTS);
	world_available(&w, 3000);
	world_decide(&w);
	w.sample->now_ns += row->ahead_ns;
	if (row->fresh)
		world_pass(&w, 0);
	world_available(&w, 900);
	world_decide(&w);
	assert_int_equal(w.plan->level, KVMB_LEVEL_ELEVATED);
	assert_true(w.plan->need_bytes >= 327 * MIB && w.plan->need_bytes <= 328 * MIB);
	assert_false(w.state->falling);
	for (size_t i = 0; i < N_GUESTS; i++)
		assert_kind(&w, i, row->takes ? KVMB_ACTION_RECLAIM : KVMB_ACTION_KINDS);
	if (!row->takes)
		assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_KINDS), KVMB_WHY_FACTS_STALE);
	world_done(&w);
}

/* The wall clock is for people: summer time, NTP and mistakes change no plan. */
static void test_wall_clock(void **data)
{
	static const uint64_t times_usec[] = { 0, 1, UINT64_MAX, UINT64_C(1700000000000000) };
	char *plans[ARRAY_SIZE(times_usec)];

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(times_usec); i++) {
		struct world w;

		world_init(&w, N_GUESTS);
		world_available(&w, 900);
		w.sample->realtime_usec = UINT64_C(1700000000000000);
		world_decide(&w);
		world_pass(&w, 2 * SEC);
		w.sample->realtime_usec = times_usec[i];
		world_decide(&w);
		assert_int_equal(kvmb_plan_to_json(w.plan, &plans[i]), 0);
		assert_string_equal(plans[i], plans[0]);
		world_done(&w);
	}
	for (size_t i = 0; i < ARRAY_SIZE(times_usec); i++)
		free(plans[i]);
}

static void test_backwards(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	world_decide(&w);
	w.sample->now_ns--;
	world_refuses(&w, -EINVAL);
	/* The next one that is not earlier is decided as if nothing had been. */
	w.sample->now_ns++;
	world_decide(&w);
	world_done(&w);
}

/* ---- Guests that lie --------------------------------------------------------------------- */

static void all_is_free(struct kvmb_guest_sample *g)
{
	g->unused_bytes = g->usable_bytes = g->guest_total_bytes;
	g->caches_bytes = 0;
}

static void nothing_is_free(struct kvmb_guest_sample *g)
{
	g->unused_bytes = g->usable_bytes = 4096;
	g->caches_bytes = 0;
}

static void now_this_now_that(struct kvmb_guest_sample *g)
{
	if (g->unused_bytes == g->guest_total_bytes)
		nothing_is_free(g);
	else
		all_is_free(g);
}

static void more_than_it_has(struct kvmb_guest_sample *g)
{
	all_is_free(g);
	g->guest_total_bytes = g->unused_bytes = 2 * g->maximum_bytes;
}

static const struct lie_row {
	const char *name;
	void (*lie)(struct kvmb_guest_sample *g);
	uint64_t least_mib; /* what is taken of vm0 in 20 ticks, by whatever means */
	uint64_t most_mib;
	bool believed; /* so far that its balloon may be told to take */
} lie_rows[] = {
	{ "who claims that all is free gives what is above its guarantee, and no more",
	  all_is_free, 450, 512, true },
	{ "who claims that nothing is free gives all the same, by what the host measures",
	  nothing_is_free, 200, 512, false },
	{ "who says now this, now that keeps its guarantee", now_this_now_that, 64, 512,
	  true },
	{ "who claims more than it has is not believed, and gives by what the host measures",
	  more_than_it_has, 200, 512, false },
};

/* The means do what they are told: of the balloon, and of what is resident. */
static void carry_out(struct world *w)
{
	for (size_t i = 0; i < w->sample->n_guests; i++) {
		const struct kvmb_action *a = world_action(w, i);
		struct kvmb_guest_sample *g = world_guest(w, i);

		if (!a)
			continue;
		if (a->kind == KVMB_ACTION_BALLOON || a->kind == KVMB_ACTION_DEFLATE)
			g->balloon_bytes = a->target_bytes;
		if (a->kind != KVMB_ACTION_DEFLATE)
			g->resident_bytes -= a->asked_bytes;
		if (a->kind == KVMB_ACTION_RECLAIM || a->kind == KVMB_ACTION_PAGEOUT)
			g->swap_bytes += a->asked_bytes;
	}
}

/* A host that stays in want, whatever it gets; guests of 1024 MiB, 512 of them guaranteed. */
static void test_lie(void **data)
{
	const struct lie_row *row = *data;
	struct world w;
	uint64_t taken;

	world_init(&w, 2);
	for (size_t i = 0; i < 2; i++) {
		guarantee(&w, i, 512);
		world_guest(&w, i)->resident_bytes = 1024 * MIB;
	}
	for (size_t i = 0; i < 20; i++) {
		world_available(&w, 600);
		row->lie(world_guest(&w, 0));
		kvmb_guest_check_stats(world_guest(&w, 0), w.config->host.stale_usec);
		world_decide(&w);
		if (!row->believed && world_action(&w, 0))
			assert_kind(&w, 0, KVMB_ACTION_RECLAIM);
		carry_out(&w);
		world_pass(&w, 10 * SEC);
		assert_true(world_guest(&w, 0)->resident_bytes >= 512 * MIB);
		assert_true(world_guest(&w, 0)->balloon_bytes >= 512 * MIB);
	}
	taken = (1024 * MIB - world_guest(&w, 0)->resident_bytes) / MIB;
	assert_in_range(taken, row->least_mib, row->most_mib);
	/* The other one is no worse off for it than by its own guarantee. */
	assert_true(world_guest(&w, 1)->resident_bytes >= 512 * MIB);
	world_done(&w);
}

/* ---- Odd hosts --------------------------------------------------------------------------- */

static const struct host_row {
	const char *name;
	uint32_t available_permyriad;
	enum kvmb_level level;
	bool needs, spares;
} host_rows[] = {
	{ "without guests a relaxed host spares, and gives nobody", 5000, KVMB_LEVEL_RELAXED, false,
	  true },
	{ "without guests an elevated host needs, and takes from nobody", 1200,
	  KVMB_LEVEL_ELEVATED, true, false },
	{ "without guests a host hard up does", 600, KVMB_LEVEL_HARD, true, false },
	{ "without guests a dying host does", 0, KVMB_LEVEL_EMERGENCY, true, false },
};

static void test_no_guests(void **data)
{
	const struct host_row *row = *data;
	struct world w;

	world_init(&w, 0);
	world_available(&w, row->available_permyriad);
	world_decide(&w);
	assert_int_equal(w.plan->level, row->level);
	assert_int_equal(w.plan->need_bytes > 0, row->needs);
	assert_int_equal(w.plan->spare_bytes > 0, row->spares);
	assert_int_equal(w.plan->n_actions + w.plan->n_refusals, 0);
	world_done(&w);
}

static const struct big_row {
	const char *name;
	uint64_t maximum_bytes, unused_bytes, swap_bytes;
	enum kvmb_action_kind kind;
} big_rows[] = {
	{ "a guest bigger than the host gives a step of what it holds free", 16 * GIB, 14 * GIB, 0,
	  KVMB_ACTION_BALLOON },
	{ "or is reclaimed, as far as a quarter of what the host holds for it", 16 * GIB, GIB / 64,
	  0, KVMB_ACTION_RECLAIM },
	{ "one whose quarter is more than the host has is left alone", 64 * GIB, GIB / 64, 13 * GIB,
	  KVMB_ACTION_KINDS },
	{ "one of more memory than there is in the world is reclaimed by a step", UINT64_MAX - 1,
	  UINT64_MAX / 2, 0, KVMB_ACTION_RECLAIM },
};

static void test_big_guest(void **data)
{
	const struct big_row *row = *data;
	struct kvmb_guest_sample *g;
	struct world w;

	world_init(&w, 1);
	world_available(&w, 600);
	g = world_guest(&w, 0);
	g->maximum_bytes = g->balloon_bytes = row->maximum_bytes;
	g->guest_total_bytes = row->maximum_bytes - row->maximum_bytes / 64;
	g->unused_bytes = g->usable_bytes = row->unused_bytes;
	g->resident_bytes = g->rss_bytes = 3 * GIB;
	g->swap_bytes = row->swap_bytes;
	kvmb_guest_check_stats(g, w.config->host.stale_usec);
	assert_int_equal(g->stats_why, KVMB_WHY_NONE);
	world_decide(&w);
	assert_kind(&w, 0, row->kind);
	if (world_action(&w, 0))
		assert_true(world_action(&w, 0)->asked_bytes <= 64 * MIB);
	world_done(&w);
}

static const struct guarantee_row {
	const char *name;
	/* of three guests of 1024 MiB on a host of 4096, each with 700 resident, 300 free inside */
	uint64_t each_mib;
	enum kvmb_why why; /* of vm0; NONE: something is taken */
} guarantee_rows[] = {
	{ "guarantees below what guests hold leave the rest to be taken", 256, KVMB_WHY_NONE },
	{ "guarantees of all that guests hold leave nothing to be taken", 1024,
	  KVMB_WHY_AT_GUARANTEE },
	{ "guarantees above the RAM of the host are kept, be it in an emergency", 3000,
	  KVMB_WHY_AT_GUARANTEE },
	{ "guarantees whose sum is beyond all numbers are, too", UINT64_MAX / MIB,
	  KVMB_WHY_AT_GUARANTEE },
};

static void test_guarantees(void **data)
{
	const struct guarantee_row *row = *data;
	struct world w;

	world_init(&w, N_GUESTS);
	for (size_t i = 0; i < N_GUESTS; i++)
		guarantee(&w, i, row->each_mib);
	world_available(&w, 100);
	world_decide(&w);
	assert_int_equal(w.plan->level, KVMB_LEVEL_EMERGENCY);
	assert_int_equal(w.plan->n_actions > 0, row->why == KVMB_WHY_NONE);
	if (row->why != KVMB_WHY_NONE) {
		assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_BALLOON), row->why);
		assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_RECLAIM), row->why);
	}
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, ages_rows, test_ages);
	TESTS_ADD_TABLE(&t, counter_rows, test_counter);
	TESTS_ADD_TABLE(&t, clock_rows, test_clock);
	TESTS_ADD(&t, "the wall clock may jump as it likes", test_wall_clock);
	TESTS_ADD(&t, "a clock that goes back is refused, and nothing else is", test_backwards);
	TESTS_ADD_TABLE(&t, lie_rows, test_lie);
	TESTS_ADD_TABLE(&t, host_rows, test_no_guests);
	TESTS_ADD_TABLE(&t, big_rows, test_big_guest);
	TESTS_ADD_TABLE(&t, guarantee_rows, test_guarantees);
	return tests_run("bad-input", &t);
}

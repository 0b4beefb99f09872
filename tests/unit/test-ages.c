// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buckets of ages, and the watch over all guests. Mocked: the sources of ages and the clock; the
 * real module is tried in the testbed.
 */
#include "ages-world.h"

#include <poll.h>
#include <unistd.h>

/* ---- Buckets ----------------------------------------------------------------------------- */

static void buckets_double(void **state)
{
	assert_int_equal(kvmb_age_bucket_usec(0), 0);
	assert_int_equal(kvmb_age_bucket_usec(1), 5 * USEC_PER_SEC);
	assert_int_equal(kvmb_age_bucket_usec(2), 10 * USEC_PER_SEC);
	assert_int_equal(kvmb_age_bucket_usec(KVMB_AGE_BUCKETS - 1), 81920 * USEC_PER_SEC);
	assert_true(kvmb_age_bucket_usec(KVMB_AGE_BUCKETS) == UINT64_MAX);
	assert_true(kvmb_age_bucket_usec(1000) == UINT64_MAX);
}

static void memory_is_booked_by_its_age(void **state)
{
	struct kvmb_ages a = { 0 };

	kvmb_ages_add(&a, 0, 1);
	kvmb_ages_add(&a, 5 * USEC_PER_SEC - 1, 2);
	kvmb_ages_add(&a, 5 * USEC_PER_SEC, 4);
	kvmb_ages_add(&a, UINT64_MAX, 8);
	kvmb_ages_add(&a, UINT64_MAX, UINT64_MAX);
	kvmb_ages_promote(&a, 11 * USEC_PER_SEC, 16);
	assert_int_equal(a.cold_bytes[0], 3);
	assert_int_equal(a.cold_bytes[1], 4);
	assert_true(a.cold_bytes[KVMB_AGE_BUCKETS - 1] == UINT64_MAX);
	assert_int_equal(a.promoted_bytes[2], 16);
}

static void idle_memory_is_counted_in_whole_buckets(void **state)
{
	const struct kvmb_ages a = { .cold_bytes = { 1, 2, 4, [KVMB_AGE_BUCKETS - 1] = 8 } };

	assert_int_equal(kvmb_ages_idle(&a, 0), 15);
	assert_int_equal(kvmb_ages_idle(&a, 1), 14);
	assert_int_equal(kvmb_ages_idle(&a, 5 * USEC_PER_SEC), 14);
	assert_int_equal(kvmb_ages_idle(&a, 5 * USEC_PER_SEC + 1), 12);
	assert_int_equal(kvmb_ages_idle(&a, 81920 * USEC_PER_SEC), 8);
	assert_int_equal(kvmb_ages_idle(&a, 81920 * USEC_PER_SEC + 1), 0);
	assert_int_equal(kvmb_ages_idle(&a, UINT64_MAX), 0);
}

static void maps_join_what_follows(void **state)
{
	const uint8_t ages[] = { 1, 2, 3 };
	struct kvmb_map *map;

	assert_int_equal(kvmb_map_new(2 * MIB, 5, &map), 0);
	assert_int_equal(kvmb_map_append(map, 4 * MIB, ages, 0), 0);
	assert_int_equal(map->n_extents, 0);
	assert_int_equal(kvmb_map_append(map, 4 * MIB, ages, 3), 0);
	assert_int_equal(kvmb_map_append(map, 10 * MIB, ages, 2), 0);
	assert_int_equal(kvmb_map_append(map, 16 * MIB, ages, 1), 0);
	assert_int_equal(map->n_extents, 2);
	assert_int_equal(map->extents[0].n_blocks, 5);
	assert_int_equal(map->extents[0].ages[4], 2);
	assert_int_equal(map->extents[1].gpa, 16 * MIB);
	assert_null(kvmb_map_free(map));
}

/* ---- The watch --------------------------------------------------------------------------- */

static void all_guests_are_told_of(void **state)
{
	struct watch_world *w = *state;

	read_guests(w, N_GUESTS);
	assert_int_equal(w->guests[0].ages.source, KVMB_AGING_NONE);
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	for (size_t i = 0; i < N_GUESTS; i++) {
		assert_int_equal(kvmb_ages_idle(&w->guests[i].ages, USEC_PER_MINUTE), 10 * MIB);
		assert_int_equal(w->guests[i].ages.told_ns, 1000 * NSEC_PER_SEC);
		assert_string_equal(kvmb_age_watch_reason(w->watch, w->guests[i].uuid), "");
	}
	assert_int_equal(good.period_usec, 5 * USEC_PER_SEC);
	assert_int_equal(good.n_open, N_GUESTS);
	assert_int_equal(coarse.n_opened, 0);
}

static void a_worse_source_is_taken_and_the_reason_told(void **state)
{
	struct watch_world *w = *state;

	good.open_error = -ENOENT;
	WAIT_FOR(is_told_by(w, 1, KVMB_AGING_MGLRU));
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(1)),
			    "module: the test: No such file or directory");
	/* the module is loaded: found at the next look, not before */
	good.open_error = 0;
	good.n_opened = 0;
	coarse.n_read = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), coarse.n_read > 3 * N_GUESTS));
	assert_int_equal(good.n_opened, 0);
	atomic_fetch_add(&clock_ns, 31 * NSEC_PER_SEC);
	WAIT_FOR(is_told_by(w, 1, KVMB_AGING_MODULE));
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(1)), "");
	assert_int_equal(coarse.n_open, 0);
}

static void a_dear_source_is_asked_now_and_then(void **state)
{
	struct watch_world *w = *state;
	struct kvmb_map_answer map;

	good.open_error = -ENOENT;
	coarse_ops.pause_usec = 3 * USEC_PER_SEC;
	WAIT_FOR(is_told_by(w, 1, KVMB_AGING_MGLRU));
	coarse.n_read = 0;
	/* an answer is of a whole round */
	assert_int_equal(kvmb_age_watch_ask_map(w->watch, UUID(1)), 0);
	WAIT_FOR((read_guests(w, N_GUESTS), kvmb_age_watch_next_map(w->watch, &map) > 0));
	assert_int_equal(coarse.n_read, 0);
	assert_int_equal(w->guests[1].ages.source, KVMB_AGING_MGLRU);
	atomic_fetch_add(&clock_ns, 3 * NSEC_PER_SEC);
	WAIT_FOR((read_guests(w, N_GUESTS), coarse.n_read == N_GUESTS));
}

static void without_any_source_all_reasons_are_told(void **state)
{
	struct watch_world *w = *state;

	good.open_error = -EPERM;
	coarse.open_error = -ENODEV;
	read_guests(w, N_GUESTS);
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(4)), "not looked at yet");
	WAIT_FOR((read_guests(w, N_GUESTS),
		  strncmp(kvmb_age_watch_reason(w->watch, UUID(4)), "module", 6) == 0));
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(4)),
			    "module: the test: Operation not permitted; "
			    "mglru: the test: No such device");
	assert_int_equal(w->guests[2].ages.source, KVMB_AGING_NONE);
}

static void who_is_not_to_be_followed_is_let_go(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	w->follow[0] = KVMB_FOLLOW_NOT;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_NONE));
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == N_GUESTS - 1));
	WAIT_FOR((read_guests(w, 1), good.n_open == 0));
	w->follow[0] = KVMB_FOLLOW_AGES;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	kvmb_age_watch_set_period(w->watch, 0);
	WAIT_FOR((read_guests(w, N_GUESTS), *kvmb_age_watch_reason(w->watch, UUID(7))));
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(7)), "AgingInterval is 0");
	assert_int_equal(good.n_open, 0);
}

static void a_source_that_has_nothing_yet_is_waited_for(void **state)
{
	struct watch_world *w = *state;

	good.read_error = -EAGAIN;
	good.n_read = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_read > 2 * N_GUESTS));
	assert_int_equal(w->guests[0].ages.source, KVMB_AGING_NONE);
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(7)), "not looked at yet");
}

static void a_new_process_is_another_guest(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	assert_int_equal(good.n_opened, N_GUESTS);
	w->guests[0].pid = 4711;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_opened == N_GUESTS + 1));
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == N_GUESTS));
}

static void a_source_that_fails_is_dropped(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	good.read_error = -EAGAIN; /* nothing new */
	good.n_read = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_read > 3 * N_GUESTS));
	assert_int_equal(w->guests[0].ages.source, KVMB_AGING_MODULE);
	good.read_error = -ESRCH;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_NONE));
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(7)), "module: No such process");
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == 0));
}

static void a_source_that_hangs_holds_nobody_up(void **state)
{
	struct watch_world *w = *state;
	uint64_t told_ns;

	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	good.hangs = true;
	told_ns = w->guests[0].ages.told_ns;
	atomic_fetch_add(&clock_ns, NSEC_PER_SEC);
	for (int i = 0; i < 100; i++)
		read_guests(w, N_GUESTS);
	assert_true(w->guests[0].ages.told_ns <= told_ns + NSEC_PER_SEC);
	assert_false(kvmb_ages_fresh(&w->guests[0].ages, told_ns + 100 * NSEC_PER_SEC,
				     10 * USEC_PER_SEC));
	assert_true(kvmb_ages_fresh(&w->guests[0].ages, w->guests[0].ages.told_ns,
				    10 * USEC_PER_SEC));
	good.hangs = false;
}

static void cold_ranges_are_found(void **state)
{
	struct watch_world *w = *state;
	struct kvmb_cold_finder finder;
	struct kvmb_cold cold;

	kvmb_age_watch_finder(w->watch, &finder);
	assert_int_equal(finder.find(finder.ctx, UUID(1), 1, 2, &cold), -ESRCH);
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	assert_int_equal(finder.find(finder.ctx, UUID(1), 11, 12, &cold), 0);
	assert_int_equal(cold.n, 1);
	assert_int_equal(cold.ranges[0].hva, 11);
	assert_int_equal(cold.ranges[0].length_bytes, 12);
	free(cold.ranges);
	assert_int_equal(finder.find(finder.ctx, UUID(2), 1, 2, &cold), -ESRCH);
	/* it outlives the watch */
	w->watch = kvmb_age_watch_free(w->watch);
	assert_int_equal(finder.find(finder.ctx, UUID(1), 11, 12, &cold), 0);
	free(cold.ranges);
	finder.unref(finder.ctx);
}

static void a_source_without_addresses_finds_nothing(void **state)
{
	struct watch_world *w = *state;
	struct kvmb_cold_finder finder;
	struct kvmb_cold cold;

	good.open_error = -ENOENT;
	kvmb_age_watch_finder(w->watch, &finder);
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MGLRU));
	assert_int_equal(finder.find(finder.ctx, UUID(1), 1, 2, &cold), -EOPNOTSUPP);
	finder.unref(finder.ctx);
}

static struct kvmb_map_answer next_map(struct watch_world *w)
{
	struct pollfd p = { .fd = kvmb_age_watch_fd(w->watch), .events = POLLIN };
	struct kvmb_map_answer a;

	WAIT_FOR((read_guests(w, N_GUESTS), poll(&p, 1, 0) > 0));
	assert_int_equal(kvmb_age_watch_next_map(w->watch, &a), 1);
	return a;
}

static void maps_are_drawn_when_asked_for(void **state)
{
	struct watch_world *w = *state;
	struct kvmb_map_answer a;

	assert_int_equal(kvmb_age_watch_next_map(w->watch, &a), 0);
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	assert_int_equal(kvmb_age_watch_ask_map(w->watch, UUID(1)), 0);
	assert_int_equal(kvmb_age_watch_ask_map(w->watch, UUID(1)), 0);
	a = next_map(w);
	assert_string_equal(a.uuid, UUID(1));
	assert_int_equal(a.error, 0);
	assert_int_equal(a.map->unit_usec, 7);
	(void)kvmb_map_free(a.map);
	assert_int_equal(kvmb_age_watch_next_map(w->watch, &a), 0);
	assert_int_equal(kvmb_age_watch_ask_map(w->watch, UUID(2)), 0);
	a = next_map(w);
	assert_int_equal(a.error, -ESRCH);
	assert_null(a.map);
}

/* The round rings before it is done; who is quick finds nothing, and must be told again. */
static void a_map_is_announced_until_it_is_there(void **state)
{
	struct watch_world *w = *state;
	struct pollfd p = { .fd = kvmb_age_watch_fd(w->watch), .events = POLLIN };
	struct kvmb_map_answer a;
	uint64_t count;

	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	assert_int_equal(kvmb_age_watch_ask_map(w->watch, UUID(1)), 0);
	good.n_read = 0;
	read_guests(w, N_GUESTS);
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_read > 0 && poll(&p, 1, 0) > 0));
	assert_int_equal(read(p.fd, &count, sizeof(count)), sizeof(count));
	WAIT_FOR((read_guests(w, N_GUESTS), poll(&p, 1, 0) > 0));
	assert_int_equal(kvmb_age_watch_next_map(w->watch, &a), 1);
	(void)kvmb_map_free(a.map);
}

static void too_many_maps_are_refused(void **state)
{
	struct watch_world *w = *state;
	char uuid[KVMB_UUID_SIZE];
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < 1000; i++) {
		kvmb_str_format(uuid, sizeof(uuid), "%u", i);
		r = kvmb_age_watch_ask_map(w->watch, uuid);
	}
	assert_int_equal(r, -EBUSY);
	(void)next_map(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_double),
		cmocka_unit_test(memory_is_booked_by_its_age),
		cmocka_unit_test(idle_memory_is_counted_in_whole_buckets),
		cmocka_unit_test(maps_join_what_follows),
		WATCH(all_guests_are_told_of),
		WATCH(a_worse_source_is_taken_and_the_reason_told),
		WATCH(a_dear_source_is_asked_now_and_then),
		WATCH(without_any_source_all_reasons_are_told),
		WATCH(who_is_not_to_be_followed_is_let_go),
		WATCH(a_source_that_has_nothing_yet_is_waited_for),
		WATCH(a_new_process_is_another_guest),
		WATCH(a_source_that_fails_is_dropped),
		WATCH(a_source_that_hangs_holds_nobody_up),
		WATCH(cold_ranges_are_found),
		WATCH(a_source_without_addresses_finds_nothing),
		WATCH(maps_are_drawn_when_asked_for),
		WATCH(a_map_is_announced_until_it_is_there),
		WATCH(too_many_maps_are_refused),
	};

	return cmocka_run_group_tests_name("ages", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buckets of ages, and the watch over all guests. Mocked: the sources of ages and the clock; the
 * real module is tried in the testbed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "model/ages.h"
#include "source/age-map.h"
#include "source/age-source.h"
#include "source/ages.h"
#include "tree.h"

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

static atomic_ullong clock_ns;

uint64_t __wrap_kvmb_now_ns(void);

uint64_t __wrap_kvmb_now_ns(void)
{
	return atomic_load(&clock_ns);
}

/* A source: what it says, and what was asked of it. A handle is the source itself. */
struct fake {
	atomic_int open_error;
	atomic_int read_error;
	atomic_ullong bytes; /* cold for an hour */
	atomic_ullong period_usec;
	atomic_int n_open; /* handles */
	atomic_int n_opened;
	atomic_int n_read;
	atomic_int store_error;
	atomic_int n_store_read;
	atomic_bool hangs;
};

static struct fake good, coarse;

static int fake_open(struct fake *f, const struct kvmb_age_target *t, uint64_t period_usec,
		     void **ret, char *why)
{
	int error = atomic_load(&f->open_error);

	atomic_fetch_add(&f->n_opened, 1);
	assert_true(t->pid > 0);
	if (error < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, error, "the test");
	atomic_store(&f->period_usec, period_usec);
	atomic_fetch_add(&f->n_open, 1);
	*ret = f;
	return 0;
}

static int good_open(const struct kvmb_age_target *t, uint64_t period_usec, void **ret, char *why)
{
	return fake_open(&good, t, period_usec, ret, why);
}

static int coarse_open(const struct kvmb_age_target *t, uint64_t period_usec, void **ret, char *why)
{
	return fake_open(&coarse, t, period_usec, ret, why);
}

static int fake_read(void *handle, struct kvmb_ages *ret)
{
	struct fake *f = handle;
	int error = atomic_load(&f->read_error);

	while (atomic_load(&f->hangs))
		pause_ms(1);
	atomic_fetch_add(&f->n_read, 1);
	if (error < 0)
		return error;
	*ret = (struct kvmb_ages){ 0 };
	kvmb_ages_add(ret, 60 * USEC_PER_MINUTE, atomic_load(&f->bytes));
	return 0;
}

static int fake_find(void *handle, uint64_t idle_usec, uint64_t most_bytes, struct kvmb_cold *ret)
{
	ret->ranges = malloc(sizeof(*ret->ranges));
	assert_non_null(ret->ranges);
	ret->ranges[0] = (struct kvmb_range){ idle_usec, most_bytes };
	ret->n = 1;
	return 0;
}

static int fake_map(void *handle, struct kvmb_map **ret)
{
	return kvmb_map_new(2 * MIB, 7, ret);
}

/* As many faults as it was read. */
static int fake_store_read(void *handle, struct kvmb_store *ret, struct kvmb_host_store *ret_host)
{
	struct fake *f = handle;
	int error = atomic_load(&f->store_error);

	if (error < 0)
		return error;
	*ret = (struct kvmb_store){
		.valid = true,
		.out_bytes = 3 * MIB,
		.faults = (uint64_t)atomic_fetch_add(&f->n_store_read, 1) + 1,
	};
	*ret_host = (struct kvmb_host_store){ .valid = true, .pool_bytes = 5 * MIB };
	return 0;
}

static int fake_move(void *handle, const struct kvmb_range *ranges, size_t n,
		     struct kvmb_moved *ret)
{
	*ret = (struct kvmb_moved){ .bytes = ranges[n - 1].length_bytes, .stored_bytes = n };
	return 0;
}

static const struct kvmb_store_ops fake_store = { fake_store_read, fake_move };

static void fake_close(void *handle)
{
	struct fake *f = handle;

	atomic_fetch_sub(&f->n_open, 1);
}

static const struct kvmb_age_source_ops good_ops = {
	KVMB_AGING_MODULE, 0, good_open, fake_read, fake_find, fake_map, fake_close, &fake_store,
};

static struct kvmb_age_source_ops coarse_ops = {
	KVMB_AGING_MGLRU, 0, coarse_open, fake_read, NULL, NULL, fake_close, NULL,
};

static const struct kvmb_age_source_ops *const fakes[] = { &good_ops, &coarse_ops, NULL };

#define N_GUESTS 3
#define UUID(i) "0f1e2d3c-0000-4000-8000-00000000000" #i

struct watch_world {
	char *tree;
	struct kvmb_age_watch *watch;
	struct kvmb_guest_sample guests[N_GUESTS];
	bool follow[N_GUESTS];
	struct kvmb_host_store stores;
};

static int setup(void **state)
{
	static const char *const uuids[] = { UUID(7), UUID(1), UUID(4) };
	struct watch_world *w = calloc(1, sizeof(*w));

	memset(&good, 0, sizeof(good));
	memset(&coarse, 0, sizeof(coarse));
	atomic_store(&clock_ns, 1000 * NSEC_PER_SEC);
	good.bytes = 10 * MIB;
	coarse.bytes = MIB;
	w->tree = tree_new();
	tree_write_host(w->tree);
	for (size_t i = 0; i < N_GUESTS; i++) {
		kvmb_str_format(w->guests[i].uuid, KVMB_UUID_SIZE, "%s", uuids[i]);
		w->guests[i].pid = 100 + (int)i;
		w->follow[i] = true;
	}
	assert_int_equal(kvmb_age_watch_new(w->tree, fakes, &w->watch), 0);
	kvmb_age_watch_set_period(w->watch, 5 * USEC_PER_SEC);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct watch_world *w = *state;

	(void)kvmb_age_watch_free(w->watch);
	tree_free(w->tree);
	free(w);
	coarse_ops.pause_usec = 0;
	assert_int_equal(good.n_open, 0);
	assert_int_equal(coarse.n_open, 0);
	return 0;
}

static void read_guests(struct watch_world *w, size_t n)
{
	struct kvmb_sample s = { .guests = w->guests, .n_guests = n };

	assert_int_equal(kvmb_age_watch_read(w->watch, &s, w->follow), 0);
	w->stores = s.host.store;
}

static bool is_told_by(struct watch_world *w, size_t i, enum kvmb_aging source)
{
	read_guests(w, N_GUESTS);
	return w->guests[i].ages.source == source;
}

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

static void a_store_is_told_of_each_round(void **state)
{
	struct watch_world *w = *state;

	read_guests(w, N_GUESTS);
	assert_false(w->guests[0].store.valid);
	assert_false(w->stores.valid);
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	assert_int_equal(w->guests[0].store.out_bytes, 3 * MIB);
	assert_true(w->stores.valid);
	assert_int_equal(w->stores.pool_bytes, 5 * MIB);
	/* ages stand still in this world, a store does not */
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.faults > 3 * N_GUESTS));
	/* one that cannot be read is none: what is out is not known any more */
	good.store_error = -EOPNOTSUPP;
	WAIT_FOR((read_guests(w, N_GUESTS), !w->guests[0].store.valid));
	assert_int_equal(w->guests[0].store.out_bytes, 0);
	assert_int_equal(w->guests[0].ages.source, KVMB_AGING_MODULE);
}

static void pages_are_moved_by_whoever_ages_them(void **state)
{
	const struct kvmb_range ranges[] = { { 0, 4096 }, { 8192, 12288 } };
	struct watch_world *w = *state;
	struct kvmb_cold_finder finder;
	struct kvmb_moved moved;
	struct kvmb_store store;

	kvmb_age_watch_finder(w->watch, &finder);
	assert_int_equal(finder.move(finder.ctx, UUID(4), ranges, 2, &moved), -ESRCH);
	assert_int_equal(finder.store(finder.ctx, UUID(4), &store), -ESRCH);
	/* found as soon as the round is done */
	WAIT_FOR((read_guests(w, N_GUESTS),
		  finder.move(finder.ctx, UUID(4), ranges, 2, &moved) == 0));
	assert_int_equal(moved.bytes, 12288);
	assert_int_equal(moved.stored_bytes, 2);
	assert_int_equal(finder.store(finder.ctx, UUID(4), &store), 0);
	assert_int_equal(store.out_bytes, 3 * MIB);
	finder.unref(finder.ctx);
}

static void what_has_no_store_moves_nothing(void **state)
{
	const struct kvmb_range range = { 0, 4096 };
	struct watch_world *w = *state;
	struct kvmb_cold_finder finder;
	struct kvmb_moved moved;
	struct kvmb_store store;

	good.open_error = -ENOENT;
	kvmb_age_watch_finder(w->watch, &finder);
	WAIT_FOR((read_guests(w, N_GUESTS),
		  finder.move(finder.ctx, UUID(4), &range, 1, &moved) == -EOPNOTSUPP));
	assert_int_equal(finder.store(finder.ctx, UUID(4), &store), -EOPNOTSUPP);
	assert_false(w->guests[0].store.valid);
	finder.unref(finder.ctx);
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
	w->follow[0] = false;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_NONE));
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == N_GUESTS - 1));
	WAIT_FOR((read_guests(w, 1), good.n_open == 0));
	w->follow[0] = true;
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
#define WATCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_double),
		cmocka_unit_test(memory_is_booked_by_its_age),
		cmocka_unit_test(idle_memory_is_counted_in_whole_buckets),
		cmocka_unit_test(maps_join_what_follows),
		WATCH(a_store_is_told_of_each_round),
		WATCH(pages_are_moved_by_whoever_ages_them),
		WATCH(what_has_no_store_moves_nothing),
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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page-out to a guest's store: in batches, with looks at the guest in between, and what is said of
 * it. The store is a stand-in that says what the test wants; a real one is in the testbed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "base/num.h"
#include "model/cold.h"

#define UUID "0f1e2d3c-0000-4000-8000-000000000001"
#define COLD_USEC (7 * USEC_PER_SEC)

struct far_world {
	char *tree;
	struct kvmb_actuator act;
	/* what is cold: so many ranges of so many bytes, each at twice that */
	size_t n_ranges;
	uint64_t range_bytes;
	int find_error;
	uint64_t looked_bytes; /* it was asked for */
	/* the store: of each batch a part stays, for that reason */
	enum kvmb_left left;
	uint64_t left_bytes; /* of a batch, at most */
	uint64_t left_part; /* or that part of it */
	uint64_t shrunk_bytes; /* its pool did */
	uint64_t dense_bytes; /* all of what comes first */
	int move_error;
	int half_error; /* of each batch, after the first half */
	unsigned int error_at; /* the batch */
	unsigned int n_batches;
	uint64_t most_bytes; /* of a batch, seen */
	uint64_t moved_bytes, next_hva;
	uint64_t limit_bytes; /* the store takes no more */
	int store_error;
	uint64_t out_bytes; /* before */
	uint64_t faults, fetched; /* pages, of each of whose faults ... */
	unsigned int fault_bucket;
	uint64_t batch_faults; /* a batch costs so many */
	void (*after)(struct far_world *w); /* each batch */
};

static int find_cold(void *ctx, const char *uuid, uint64_t idle_usec, uint64_t most_bytes,
		     struct kvmb_cold *ret)
{
	struct far_world *w = ctx;

	assert_string_equal(uuid, UUID);
	assert_int_equal(idle_usec, COLD_USEC);
	w->looked_bytes = most_bytes;
	if (w->find_error)
		return w->find_error;
	ret->ranges = calloc(w->n_ranges + 1, sizeof(*ret->ranges));
	assert_non_null(ret->ranges);
	for (size_t i = 0; i < w->n_ranges; i++)
		ret->ranges[i] = (struct kvmb_range){ 2 * i * w->range_bytes, w->range_bytes };
	ret->n = w->n_ranges;
	return 0;
}

/* A compressor that makes a quarter of everything. */
static int move(void *ctx, const char *uuid, const struct kvmb_range *ranges, size_t n,
		struct kvmb_moved *ret)
{
	struct far_world *w = ctx;
	uint64_t bytes = 0, stays;

	assert_string_equal(uuid, UUID);
	assert_in_range(n, 1, KVMB_MOVE_RANGES);
	if (w->move_error && w->n_batches == w->error_at)
		return w->move_error;
	for (size_t i = 0; i < n; i++) {
		assert_true(ranges[i].hva >= w->next_hva);
		w->next_hva = ranges[i].hva + ranges[i].length_bytes;
		bytes += ranges[i].length_bytes;
	}
	w->n_batches++;
	w->most_bytes = u64_max(w->most_bytes, bytes);
	stays = w->left_part ? bytes / w->left_part : u64_min(w->left_bytes, bytes);
	if (ranges[0].hva / 2 < w->dense_bytes)
		stays = bytes;
	if (w->half_error)
		stays = bytes / 2;
	if (w->limit_bytes)
		stays = u64_max(stays, u64_sub_sat(w->moved_bytes + bytes, w->limit_bytes));
	*ret = (struct kvmb_moved){ .bytes = bytes - stays, .stored_bytes = (bytes - stays) / 4 };
	ret->left_bytes[w->limit_bytes ? KVMB_LEFT_LIMIT : w->left] = w->half_error ? 0 : stays;
	ret->error = w->half_error;
	w->moved_bytes += ret->bytes;
	w->faults += w->batch_faults;
	if (w->after)
		w->after(w);
	return 0;
}

/* A pool a bit larger than what is in it, and something for each page. */
static int store(void *ctx, const char *uuid, struct kvmb_store *ret)
{
	struct far_world *w = ctx;

	if (w->store_error)
		return w->store_error;
	*ret = (struct kvmb_store){
		.valid = true,
		.out_bytes = w->out_bytes + w->moved_bytes,
		.faults = 1000000 + w->faults,
		.fetched = 1000 + w->fetched,
		.pool_bytes = 10 * MIB + w->moved_bytes / 4 + w->moved_bytes / 16 -
			      w->shrunk_bytes,
		.metadata_bytes = MIB + w->moved_bytes / 16,
	};
	ret->fault_ns[w->fault_bucket] = 7 + w->faults;
	return 0;
}

static void unref(void *ctx)
{
}

static int setup(void **state)
{
	struct far_world *w = calloc(1, sizeof(*w));
	struct kvmb_cold_finder finder = {
		.find = find_cold, .unref = unref, .ctx = w, .move = move, .store = store,
	};

	w->tree = machine_new();
	/* The process is this one: it lives. */
	write_cgroup_of(w->tree, getpid(), SCOPE);
	w->n_ranges = 40;
	w->range_bytes = MIB;
	assert_int_equal(kvmb_actuator_pageout_new(w->tree, &finder, &w->act), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct far_world *w = *state;

	kvmb_actuator_done(&w->act);
	tree_free(w->tree);
	free(w);
	return 0;
}

static struct kvmb_action far_action(uint64_t bytes)
{
	struct kvmb_action a = action(KVMB_ACTION_PAGEOUT, bytes);

	a.pid = getpid();
	a.backend = KVMB_BACKEND_FAR;
	a.idle_usec = COLD_USEC;
	memcpy(a.uuid, UUID, sizeof(UUID));
	return a;
}

static int page_out(struct far_world *w, uint64_t bytes, struct kvmb_result *res)
{
	struct kvmb_action a = far_action(bytes);

	return apply(&w->act, &a, false, res);
}

static void what_is_cold_leaves_in_batches(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.got_bytes, 40 * MIB);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	assert_string_equal(res.note, "");
	assert_int_equal(w->n_batches, 5);
	assert_int_equal(w->most_bytes, 8 * MIB);
	/* A quarter, a sixteenth that the pool loses, and one for what is remembered. */
	assert_int_equal(res.net_bytes, (40 - 10 - 5) * (int64_t)MIB / 1);
}

static void no_more_than_asked(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	assert_int_equal(page_out(w, 11 * MIB + 4097, &res), 0);
	assert_int_equal(res.got_bytes, 11 * MIB + 4096);
	assert_int_equal(w->moved_bytes, 11 * MIB + 4096);
}

/* Half of each batch stays: 8, 8, 8, 4, 2, 1, and then less than is worth another one. */
static void the_rest_is_not_halved_for_ever(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->left = KVMB_LEFT_HELD;
	w->left_part = 2;
	assert_int_equal(page_out(w, 16 * MIB, &res), 0);
	assert_int_equal(w->n_batches, 6);
	assert_int_equal(res.got_bytes, (4 + 4 + 4 + 2 + 1) * MIB + MIB / 2);
}

/* What came home in between: the store is the smaller for it, and the host has not won it. */
static void what_came_home_is_not_won(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->batch_faults = 256;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.got_bytes, 40 * MIB);
	assert_int_equal(res.net_bytes, (40 - 10 - 5 - 5) * (int64_t)MIB);
	w->next_hva = 0;
	w->batch_faults = 4096;
	assert_int_equal(page_out(w, 8 * MIB, &res), 0);
	assert_int_equal(res.net_bytes, (8 - 2 - 1 - 16) * (int64_t)MIB);
}

static void fetch(struct far_world *w)
{
	w->fetched += 512;
}

static void nor_is_what_was_fetched(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->after = fetch;
	assert_int_equal(page_out(w, 8 * MIB, &res), 0);
	assert_int_equal(res.net_bytes, (8 - 2 - 1 - 2) * (int64_t)MIB);
}

/* All of the store went home meanwhile, with room that it had before. */
static void shrink(struct far_world *w)
{
	w->shrunk_bytes = 9 * MIB;
}

static void a_store_that_shrinks_is_a_win(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->after = shrink;
	assert_int_equal(page_out(w, 8 * MIB, &res), 0);
	assert_int_equal(res.net_bytes, (8 - 2 - 1 + 9) * (int64_t)MIB);
}

static void many_small_ranges_are_many_batches(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->n_ranges = 2 * KVMB_MOVE_RANGES + 1;
	w->range_bytes = 4096;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(w->n_batches, 3);
	assert_int_equal(res.got_bytes, w->n_ranges * 4096);
}

static void what_stays_is_said_with_the_reason(void **state)
{
	static const char *const notes[KVMB_LEFTS] = {
		[KVMB_LEFT_DENSE] = "5M did not compress",
		[KVMB_LEFT_LIMIT] = "5M were beyond the store's limit",
		[KVMB_LEFT_HELD] = "5M were pinned or locked",
		[KVMB_LEFT_SHARED] = "5M were shared, merged or of a file",
		[KVMB_LEFT_NO_MEMORY] = "5M found no memory",
		[KVMB_LEFT_CHANGED] = "5M had changed meanwhile",
	};
	struct far_world *w = *state;

	w->n_ranges = 8;
	for (size_t i = 0; i < KVMB_LEFTS; i++) {
		struct kvmb_result res;

		w->left = (enum kvmb_left)i;
		w->left_bytes = 5 * MIB;
		w->next_hva = 0;
		assert_int_equal(page_out(w, 8 * MIB, &res), 0);
		assert_int_equal(res.got_bytes, 3 * MIB);
		assert_string_equal(res.note, notes[i]);
		assert_int_equal(res.why, i == KVMB_LEFT_LIMIT ? KVMB_WHY_STORE_FULL :
								 KVMB_WHY_NONE);
	}
}

/* What does not compress stays the coldest of all. */
static void what_stays_is_not_in_the_way(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->left = KVMB_LEFT_DENSE;
	w->dense_bytes = 16 * MIB;
	assert_int_equal(page_out(w, 10 * MIB, &res), 0);
	assert_int_equal(w->looked_bytes, 80 * MIB);
	assert_int_equal(res.got_bytes, 10 * MIB);
	assert_string_equal(res.note, "16M did not compress");
}

static void a_full_store_ends_it(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->limit_bytes = 10 * MIB;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.got_bytes, 10 * MIB);
	assert_int_equal(res.why, KVMB_WHY_STORE_FULL);
	assert_int_equal(w->n_batches, 2);
	/* and one that was full before is no fault */
	w->next_hva = 0;
	assert_int_equal(page_out(w, 40 * MIB, &res), -ESTALE);
	assert_int_equal(res.got_bytes, 0);
	assert_int_equal(res.net_bytes, 0);
	assert_int_equal(res.why, KVMB_WHY_STORE_FULL);
}

static void a_host_without_memory_is_left_alone(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->left = KVMB_LEFT_NO_MEMORY;
	w->left_bytes = UINT64_MAX;
	assert_int_equal(page_out(w, 40 * MIB, &res), -ENOMEM);
	assert_int_equal(w->n_batches, 1);
	assert_string_equal(res.note, "8M found no memory");
}

/* 100 MiB are counted, 30 of them out before: 70 are resident, of which 50 have to stay. */
static void the_floor_counts_what_is_resident(void **state)
{
	struct far_world *w = *state;
	struct kvmb_action a = far_action(40 * MIB);
	struct kvmb_result res;

	a.out_bytes = 30 * MIB;
	w->store_error = -EIO; /* then what the plan says counts */
	a.facts.floor_bytes = 50 * MIB;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 16 * MIB); /* a third batch would be too much */
	assert_int_equal(res.why, KVMB_WHY_AT_GUARANTEE);
}

/* When it was planned 14 MiB were out; another action has put out 16 more since then. */
static void the_store_knows_better_than_the_plan(void **state)
{
	struct far_world *w = *state;
	struct kvmb_action a = far_action(40 * MIB);
	struct kvmb_result res;

	a.out_bytes = 14 * MIB;
	w->out_bytes = 30 * MIB;
	a.facts.floor_bytes = 50 * MIB;
	assert_int_equal(apply(&w->act, &a, false, &res), 0);
	assert_int_equal(res.got_bytes, 16 * MIB);
	assert_int_equal(res.why, KVMB_WHY_AT_GUARANTEE);
}

/* Before the first batch, too. */
static void nothing_leaves_by_what_the_plan_says_alone(void **state)
{
	struct far_world *w = *state;
	struct kvmb_action a = far_action(40 * MIB);
	struct kvmb_result res;

	a.out_bytes = 14 * MIB;
	w->out_bytes = 43 * MIB;
	a.facts.floor_bytes = 50 * MIB;
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(w->n_batches, 0);
	assert_int_equal(res.why, KVMB_WHY_AT_GUARANTEE);
}

/*
 * Faults of 16 us at least: 100 ms of the first second are allowed. The kernel tells of no
 * pressure; where it does, its figures have the faults.
 */
static void a_guest_that_waits_for_its_store_ends_it(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->fault_bucket = 14;
	w->batch_faults = 3000;
	write_pressure(w->tree, "");
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.got_bytes, 24 * MIB);
	assert_int_equal(res.why, KVMB_WHY_GUEST_PRESSURE);
}

static void stall(struct far_world *w)
{
	write_pressure(w->tree, "some avg10=50.00 avg60=0.00 avg300=0.00 total=1000\n");
}

static void a_guest_that_stalls_ends_it(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->after = stall;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.got_bytes, 8 * MIB);
	assert_int_equal(res.why, KVMB_WHY_GUEST_PRESSURE);
}

static void a_guest_that_goes_is_no_fault(void **state)
{
	struct far_world *w = *state;
	struct kvmb_action a = far_action(MIB);
	struct kvmb_result res;

	w->move_error = -ESRCH;
	assert_int_equal(page_out(w, MIB, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
	w->move_error = 0;
	write_cgroup_of(w->tree, getpid(), "elsewhere.scope");
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	assert_int_equal(w->n_batches, 0);
}

static void what_was_moved_before_it_failed_counts(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->move_error = -EIO;
	w->error_at = 2;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.got_bytes, 16 * MIB);
	assert_string_equal(res.note, "then: Input/output error");
	w->error_at = w->n_batches;
	w->next_hva = 0;
	assert_int_equal(page_out(w, 40 * MIB, &res), -EIO);
	assert_int_equal(res.got_bytes, 0);
}

static void a_batch_that_failed_halfway_is_the_last(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->half_error = -EIO;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(w->n_batches, 1);
	assert_int_equal(res.got_bytes, 4 * MIB);
	assert_string_equal(res.note, "then: Input/output error");
}

static void it_can_be_cancelled(void **state)
{
	struct far_world *w = *state;
	struct kvmb_action a = far_action(MIB);
	struct kvmb_result res;

	assert_int_equal(apply(&w->act, &a, true, &res), -ECANCELED);
	assert_int_equal(w->n_batches, 0);
}

static void a_store_that_does_not_tell_costs_what_is_stored(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->store_error = -EIO;
	assert_int_equal(page_out(w, 40 * MIB, &res), 0);
	assert_int_equal(res.net_bytes, 30 * MIB);
}

static void nothing_cold_is_no_fault(void **state)
{
	struct far_world *w = *state;
	struct kvmb_result res;

	w->n_ranges = 0;
	assert_int_equal(page_out(w, MIB, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_NOT_COLD);
	w->range_bytes = 4095;
	w->n_ranges = 1;
	assert_int_equal(page_out(w, MIB, &res), -EINVAL);
}

/* Far is far: nobody falls back to the host's swap. */
static void without_stores_there_is_no_way(void **state)
{
	struct far_world *w = *state;
	const struct kvmb_cold_finder finder = { .find = find_cold, .unref = unref, .ctx = w };
	struct kvmb_action a = far_action(MIB);
	struct kvmb_actuator act;
	struct kvmb_result res;

	assert_int_equal(kvmb_actuator_pageout_new(w->tree, &finder, &act), 0);
	assert_int_equal(apply(&act, &a, false, &res), -EOPNOTSUPP);
	assert_int_equal(res.got_bytes, 0);
	kvmb_actuator_done(&act);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(what_is_cold_leaves_in_batches),
		WORLD(no_more_than_asked),
		WORLD(the_rest_is_not_halved_for_ever),
		WORLD(what_came_home_is_not_won),
		WORLD(nor_is_what_was_fetched),
		WORLD(a_store_that_shrinks_is_a_win),
		WORLD(many_small_ranges_are_many_batches),
		WORLD(what_stays_is_said_with_the_reason),
		WORLD(what_stays_is_not_in_the_way),
		WORLD(a_full_store_ends_it),
		WORLD(a_host_without_memory_is_left_alone),
		WORLD(the_floor_counts_what_is_resident),
		WORLD(the_store_knows_better_than_the_plan),
		WORLD(nothing_leaves_by_what_the_plan_says_alone),
		WORLD(a_guest_that_waits_for_its_store_ends_it),
		WORLD(a_guest_that_stalls_ends_it),
		WORLD(a_guest_that_goes_is_no_fault),
		WORLD(what_was_moved_before_it_failed_counts),
		WORLD(a_batch_that_failed_halfway_is_the_last),
		WORLD(it_can_be_cancelled),
		WORLD(a_store_that_does_not_tell_costs_what_is_stored),
		WORLD(nothing_cold_is_no_fault),
		WORLD(without_stores_there_is_no_way),
	};

	return cmocka_run_group_tests_name("pageout-far", tests, NULL, NULL);
}

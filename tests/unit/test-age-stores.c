// SPDX-License-Identifier: GPL-2.0-or-later
/* Stores of guests, by whoever ages them: told of each round, kept over a pause, moved to. */
#include "ages-world.h"

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

static void who_has_something_out_is_kept_but_not_aged(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	for (size_t i = 0; i < N_GUESTS; i++)
		w->follow[i] = KVMB_FOLLOW_STORE;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_NONE));
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_rest >= 2 * N_GUESTS));
	assert_int_equal(good.n_open, N_GUESTS);
	assert_int_equal(w->guests[0].store.out_bytes, 3 * MIB);
	good.n_read = 0;
	good.n_rest = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_rest >= 2 * N_GUESTS));
	assert_int_equal(good.n_read, 0);
	/* it goes on with what it had */
	good.n_opened = 0;
	w->follow[0] = KVMB_FOLLOW_AGES;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	assert_int_equal(good.n_opened, 0);
	/* who cannot be kept from ageing is tried again */
	good.rest_error = -EIO;
	good.n_rest = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_rest >= 3 * (N_GUESTS - 1)));
	assert_int_equal(good.n_open, N_GUESTS);
	/* unless it has gone; and who has nothing out any more is let go */
	good.rest_error = -ESRCH;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == 1));
	good.rest_error = 0;
	good.out_bytes = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.out_bytes == 0));
	w->follow[0] = KVMB_FOLLOW_STORE;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == 0));
	WAIT_FOR((read_guests(w, N_GUESTS), !w->guests[0].store.valid));
}

/* Of the guest that a round reads first. */
static void finish_rounds_with(struct watch_world *w, uint64_t out_bytes)
{
	int until = atomic_load(&good.n_store_read) + 5 * N_GUESTS;

	for (int i = 0; i < 10000 && good.n_store_read < until; i++) {
		read_guests(w, N_GUESTS);
		assert_int_equal(w->guests[1].store.out_bytes, out_bytes);
		pause_ms(1);
	}
	assert_true(good.n_store_read >= until);
}

/* Two ticks, and an action that ends in between, after the round that runs has read the store. */
static void what_went_out_since_it_was_read_is_out(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[1].store.valid));
	finish_rounds_with(w, 3 * MIB);
	good.store_hangs = true;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_hung > 0));
	assert_int_equal(w->guests[1].store.out_bytes, 3 * MIB);
	good.out_bytes = 5 * MIB;
	kvmb_age_watch_moved(w->watch, UUID(1), 101, 2 * MIB);
	read_guests(w, N_GUESTS);
	assert_int_equal(w->guests[1].store.out_bytes, 5 * MIB);
	assert_int_equal(w->guests[0].store.out_bytes, 3 * MIB);
	/* not by what another process of that guest had out, nor by a guest that nobody follows */
	kvmb_age_watch_moved(w->watch, UUID(1), 4711, 2 * MIB);
	kvmb_age_watch_moved(w->watch, UUID(9), 101, 2 * MIB);
	read_guests(w, N_GUESTS);
	assert_int_equal(w->guests[1].store.out_bytes, 5 * MIB);
	good.store_hangs = false;
	finish_rounds_with(w, 5 * MIB);
	/* as long as it cannot be read again, neither is forgotten */
	good.store_error = -EIO;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[1].store.valid));
	kvmb_age_watch_moved(w->watch, UUID(1), 101, MIB);
	for (int i = 0; i < 20; i++) {
		read_guests(w, N_GUESTS);
		assert_int_equal(w->guests[1].store.out_bytes, 6 * MIB);
		pause_ms(1);
	}
	good.store_error = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[1].store.out_bytes == 5 * MIB));
	/* one that has gone has nothing out */
	good.store_error = -ESRCH;
	WAIT_FOR((read_guests(w, N_GUESTS), !w->guests[1].store.valid));
	assert_int_equal(w->guests[1].store.out_bytes, 0);
}

static void a_new_process_has_nothing_of_the_old_one(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	assert_int_equal(w->guests[0].ages.source, KVMB_AGING_MODULE);
	w->guests[0].pid = 4711;
	read_guests(w, N_GUESTS);
	assert_false(w->guests[0].store.valid);
	assert_int_equal(w->guests[0].store.out_bytes, 0);
	assert_int_equal(w->guests[0].ages.source, KVMB_AGING_NONE);
	assert_int_equal(w->guests[1].store.out_bytes, 3 * MIB);
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
}

static void a_source_that_fails_keeps_the_store(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	good.read_error = -EIO;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_NONE));
	assert_string_equal(kvmb_age_watch_reason(w->watch, UUID(7)), "module: Input/output error");
	good.n_read = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_read > 3 * N_GUESTS));
	assert_int_equal(good.n_open, N_GUESTS);
	assert_int_equal(w->guests[0].store.out_bytes, 3 * MIB);
	good.n_opened = 0;
	good.read_error = 0;
	WAIT_FOR(is_told_by(w, 0, KVMB_AGING_MODULE));
	assert_int_equal(good.n_opened, 0);
	/* with nothing in it, it is not worth that */
	good.out_bytes = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.out_bytes == 0));
	finish_rounds_with(w, 0);
	good.read_error = -EIO;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == 0));
}

/* The pause comes before the store was read again. */
static void who_has_just_begun_to_use_it_is_kept(void **state)
{
	struct watch_world *w = *state;

	good.out_bytes = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[1].store.valid));
	good.store_hangs = true;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_hung > 0));
	good.out_bytes = 2 * MIB;
	kvmb_age_watch_moved(w->watch, UUID(1), 101, 2 * MIB);
	for (size_t i = 0; i < N_GUESTS; i++)
		w->follow[i] = KVMB_FOLLOW_STORE;
	good.store_hangs = false;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_rest > 3 * N_GUESTS));
	assert_int_equal(w->guests[1].store.out_bytes, 2 * MIB);
}

static void another_period_keeps_who_rests(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	for (size_t i = 0; i < N_GUESTS; i++)
		w->follow[i] = KVMB_FOLLOW_STORE;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_rest >= 2 * N_GUESTS));
	kvmb_age_watch_set_period(w->watch, 9 * USEC_PER_SEC);
	good.n_rest = 0;
	good.n_opened = 0;
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_rest >= 4 * N_GUESTS));
	assert_int_equal(good.n_open, N_GUESTS);
	assert_int_equal(w->guests[0].store.out_bytes, 3 * MIB);
	/* who is aged again is so with the new period */
	w->follow[0] = KVMB_FOLLOW_AGES;
	WAIT_FOR((read_guests(w, N_GUESTS), good.period_usec == 9 * USEC_PER_SEC));
	assert_int_equal(good.n_opened, 1);
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == N_GUESTS));
}

static void another_period_brings_nothing_home(void **state)
{
	struct watch_world *w = *state;

	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	assert_int_equal(good.most_open, N_GUESTS);
	kvmb_age_watch_set_period(w->watch, 9 * USEC_PER_SEC);
	WAIT_FOR((read_guests(w, N_GUESTS), good.period_usec == 9 * USEC_PER_SEC));
	WAIT_FOR((read_guests(w, N_GUESTS), good.n_open == N_GUESTS));
	/* the new ones were there before the old ones went */
	assert_int_equal(good.most_open, 2 * N_GUESTS);
}

static void assert_unread(struct watch_world *w, uint64_t bytes)
{
	for (size_t i = 0; i < N_GUESTS; i++)
		assert_int_equal(w->guests[i].far_unread_bytes, bytes);
}

/* 11 MiB are out, of somebody; three guests have 9 of them. */
static void what_is_out_of_nobody_knows_whom(void **state)
{
	struct watch_world *w = *state;

	tree_write(w->tree, "sys/kernel/kvm_swap/store/pages", "2816\n");
	read_guests(w, N_GUESTS);
	assert_unread(w, 11 * MIB);
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].store.valid));
	assert_unread(w, 0);
	/* of one that is let go nobody knows any more */
	w->follow[0] = KVMB_FOLLOW_NOT;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[0].far_unread_bytes == 5 * MIB));
	assert_int_equal(w->guests[1].far_unread_bytes, 0);
	/* nor of one whose store cannot be read */
	good.store_error = -EOPNOTSUPP;
	WAIT_FOR((read_guests(w, N_GUESTS), w->guests[1].far_unread_bytes == 11 * MIB));
	assert_unread(w, 11 * MIB);
	tree_write(w->tree, "sys/kernel/kvm_swap/store/pages", "many\n");
	read_guests(w, N_GUESTS);
	assert_unread(w, 0);
	tree_remove(w->tree, "sys/kernel/kvm_swap/store/pages");
	read_guests(w, N_GUESTS);
	assert_unread(w, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH(a_store_is_told_of_each_round),
		WATCH(pages_are_moved_by_whoever_ages_them),
		WATCH(what_has_no_store_moves_nothing),
		WATCH(who_has_something_out_is_kept_but_not_aged),
		WATCH(what_went_out_since_it_was_read_is_out),
		WATCH(a_new_process_has_nothing_of_the_old_one),
		WATCH(a_source_that_fails_keeps_the_store),
		WATCH(who_has_just_begun_to_use_it_is_kept),
		WATCH(another_period_keeps_who_rests),
		WATCH(another_period_brings_nothing_home),
		WATCH(what_is_out_of_nobody_knows_whom),
	};

	return cmocka_run_group_tests_name("age-stores", tests, NULL, NULL);
}

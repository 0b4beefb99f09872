/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the watch over all guests: two sources of ages that say what the test wants, the
 * good one with stores, three guests, and a clock that stands still (link with
 * --wrap=kvmb_now_ns).
 */
#ifndef KVMB_TESTS_AGES_WORLD_H
#define KVMB_TESTS_AGES_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "model/ages.h"
#include "source/age-map.h"
#include "source/age-source.h"
#include "source/ages.h"
#include "tree.h"

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
	atomic_ullong out_bytes;
	atomic_int rest_error;
	atomic_int n_rest;
	atomic_int most_open;
	atomic_bool hangs;
	atomic_bool store_hangs; /* when it has been read */
	atomic_int n_hung;
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
	atomic_store(&f->most_open, (int)u64_max((uint64_t)atomic_load(&f->most_open),
						 (uint64_t)atomic_fetch_add(&f->n_open, 1) + 1));
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
		.out_bytes = atomic_load(&f->out_bytes),
		.faults = (uint64_t)atomic_fetch_add(&f->n_store_read, 1) + 1,
	};
	if (atomic_load(&f->store_hangs))
		atomic_fetch_add(&f->n_hung, 1);
	while (atomic_load(&f->store_hangs))
		pause_ms(1);
	*ret_host = (struct kvmb_host_store){ .valid = true, .pool_bytes = 5 * MIB };
	return 0;
}

static int fake_move(void *handle, const struct kvmb_range *ranges, size_t n,
		     struct kvmb_moved *ret)
{
	*ret = (struct kvmb_moved){ .bytes = ranges[n - 1].length_bytes, .stored_bytes = n };
	return 0;
}

static int fake_rest(void *handle)
{
	struct fake *f = handle;

	atomic_fetch_add(&f->n_rest, 1);
	return atomic_load(&f->rest_error);
}

static const struct kvmb_store_ops fake_store = {
	.read = fake_store_read, .rest = fake_rest, .move = fake_move,
};

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
	enum kvmb_follow follow[N_GUESTS];
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
	good.out_bytes = 3 * MIB;
	coarse.bytes = MIB;
	w->tree = tree_new();
	tree_write_host(w->tree);
	tree_write(w->tree, "sys/kernel/kvm_swap/store/pages", "0\n");
	for (size_t i = 0; i < N_GUESTS; i++) {
		kvmb_str_format(w->guests[i].uuid, KVMB_UUID_SIZE, "%s", uuids[i]);
		w->guests[i].pid = 100 + (int)i;
		w->follow[i] = KVMB_FOLLOW_AGES;
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

#define WATCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif

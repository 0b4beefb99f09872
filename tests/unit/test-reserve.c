// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the host itself may want again. The world's host has 4096 MiB, its guests hold 2 * 700 MiB;
 * what is neither available nor theirs is its own.
 */
#include "policy/reserve.h"
#include "policy-world.h"

#define STEPS 8
#define GUESTS_MIB 1400

static const struct reserve_row {
	const char *name;
	struct {
		uint64_t for_sec, own_mib; /* a sample each second; 0 s: no more steps */
	} steps[STEPS];
	uint64_t want_mib; /* after the last sample */
} reserve_rows[] = {
	{ "a host that uses what it always did needs no reserve", { { 60, 500 } }, 0 },
	{ "what it used before it may want again", { { 30, 500 }, { 30, 800 }, { 30, 500 } }, 300 },
	{ "while it uses it there is no more to reserve", { { 30, 500 }, { 30, 800 } }, 0 },
	{ "what it still uses is not reserved twice",
	  { { 30, 500 }, { 30, 800 }, { 30, 700 } }, 100 },
	{ "a peak of less than 10 s is none, such as a guest that is not told of yet",
	  { { 30, 500 }, { 9, 2000 }, { 30, 500 } }, 0 },
	{ "a peak is remembered for ten minutes", { { 30, 800 }, { 590, 500 } }, 300 },
	{ "and then forgotten", { { 30, 800 }, { 620, 500 } }, 0 },
	{ "a host that uses next to nothing reserves what it used",
	  { { 30, 800 }, { 30, 0 } }, 800 },
};

static void set_own(struct world *w, uint64_t mib)
{
	w->sample->host.available_bytes = (4096 - GUESTS_MIB - mib) * MIB;
}

static void test_reserve(void **data)
{
	const struct reserve_row *row = *data;
	struct kvmb_own_use u = { 0 };
	struct world w;
	uint64_t got = 0;

	world_init(&w, 2);
	for (size_t i = 0; i < STEPS && row->steps[i].for_sec; i++)
		for (uint64_t k = 0; k < row->steps[i].for_sec; k++) {
			world_pass(&w, SEC);
			set_own(&w, row->steps[i].own_mib);
			got = kvmb_reserve_update(&u, w.sample);
		}
	assert_int_equal(got, row->want_mib * MIB);
	world_done(&w);
}

static uint64_t after_peak(struct kvmb_own_use *u, struct world *w)
{
	world_init(w, 2);
	for (size_t k = 0; k < 30; k++) {
		world_pass(w, SEC);
		set_own(w, 800);
		(void)kvmb_reserve_update(u, w->sample);
	}
	set_own(w, 500);
	return kvmb_reserve_update(u, w->sample);
}

static void test_unknown(void **data)
{
	struct kvmb_own_use u = { 0 };
	struct world w;

	(void)data;
	assert_int_equal(after_peak(&u, &w), 300 * MIB);
	set_own(&w, 100); /* some of which may be a guest's: it does not count */
	w.sample->guests_valid = false;
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 300 * MIB);
	w.sample->guests_valid = true;
	w.sample->guests[1].resident_bytes = 0;
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 300 * MIB);
	world_pass(&w, 590 * SEC);
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 300 * MIB);
	world_pass(&w, 20 * SEC);
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 0);
	world_done(&w);
}

static void test_never_known(void **data)
{
	struct kvmb_own_use u = { 0 };
	struct world w;

	(void)data;
	world_init(&w, 2);
	w.sample->guests[1].resident_bytes = 0;
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 0);
	world_done(&w);
}

static void test_by_qemu(void **data)
{
	struct kvmb_own_use u = { 0 };
	struct world w;

	(void)data;
	assert_int_equal(after_peak(&u, &w), 300 * MIB);
	set_own(&w, 600);
	w.sample->guests[1].resident_bytes = 0;
	w.sample->guests[1].cgroup_valid = false;
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 200 * MIB);
	world_done(&w);
}

static void test_swap_in_ram(void **data)
{
	struct kvmb_own_use u = { 0 };
	struct world w;

	(void)data;
	assert_int_equal(after_peak(&u, &w), 300 * MIB);
	w.sample->host.swap_ram_bytes = 100 * MIB; /* of what is not available */
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 400 * MIB);
	world_done(&w);
}

static void test_hostile(void **data)
{
	struct kvmb_own_use u = { 0 };
	struct world w;

	(void)data;
	assert_int_equal(after_peak(&u, &w), 300 * MIB);
	w.sample->guests[0].resident_bytes = w.sample->guests[1].resident_bytes = UINT64_MAX;
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 800 * MIB);
	w.sample->now_ns = UINT64_MAX;
	assert_int_equal(kvmb_reserve_update(&u, w.sample), 0);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, reserve_rows, test_reserve);
	TESTS_ADD(&t, "while a guest's memory is not known the last reserve stands, ten minutes",
		  test_unknown);
	TESTS_ADD(&t, "where it was never known there is none", test_never_known);
	TESTS_ADD(&t, "QEMU's own figure does as well as its scope's", test_by_qemu);
	TESTS_ADD(&t, "RAM that swap occupies is not the host's own", test_swap_in_ram);
	TESTS_ADD(&t, "impossible sizes and a jump of the clock do no harm", test_hostile);
	return tests_run("reserve", &t);
}

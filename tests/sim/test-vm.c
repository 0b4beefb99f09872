// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory of one machine: each step and action, with figures that are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/util.h"
#include "sim/vm.h"

/* Parts add up, and what is free in the guest holds what the host has of it. */
static void whole(const struct vm *v)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < v->n_idle; i++) {
		assert_true(v->idle[i].bytes > 0);
		assert_true(i == 0 || v->idle[i].since_sec > v->idle[i - 1].since_sec);
		sum += v->idle[i].bytes;
	}
	assert_int_equal(sum, v->idle_bytes);
	assert_true(v->balloon_bytes <= v->provisioned_bytes);
	assert_true(v->used_out_bytes <= v->used_bytes);
	assert_true(v->used_bytes + v->idle_bytes + v->idle_out_bytes <= v->balloon_bytes);
	assert_true(v->freed_bytes + v->freed_out_bytes <= vm_free_bytes(v));
}

/* 1000 provisioned, 800 used once, 400 now: 200 are idle since 300 s, 200 free with memory. */
static void quieter(struct vm *v)
{
	vm_init(v, 1000);
	vm_step(v, 800, 0);
	vm_step(v, 400, 300);
	whole(v);
}

static void test_fall(void **data)
{
	struct vm v;

	quieter(&v);
	assert_int_equal(v.idle_bytes, 200);
	assert_int_equal(v.freed_bytes, 200);
	assert_int_equal(vm_free_bytes(&v), 400);
	assert_int_equal(vm_resident_bytes(&v), 800 + 125);
}

static void test_rise(void **data)
{
	struct vm v;

	quieter(&v);
	vm_step(&v, 500, 600);
	whole(&v);
	assert_int_equal(v.idle_bytes, 150);
	assert_int_equal(v.freed_bytes, 150);
	assert_int_equal(v.refault_bytes, 0);
	/* idle for 300 s: the bucket from 160 s on */
}

static void test_pageout(void **data)
{
	struct vm v;

	quieter(&v);
	assert_int_equal(vm_pageout(&v, 150, 120, 300), 0);
	assert_int_equal(vm_pageout(&v, 150, 120, 420), 150);
	assert_int_equal(vm_pageout(&v, 150, 120, 420), 50);
	whole(&v);
	assert_int_equal(vm_out_bytes(&v), 200);
	vm_step(&v, 500, 600);
	whole(&v);
	assert_int_equal(v.refault_bytes, 50);
	assert_int_equal(v.used_bytes, 500);
}

static void test_order(void **data)
{
	struct vm v;

	quieter(&v);
	vm_step(&v, 300, 600); /* 50 more are idle, 50 more free */
	assert_int_equal(vm_pageout(&v, 220, 100, 700), 220);
	whole(&v);
	assert_int_equal(v.n_idle, 1);
	assert_int_equal(v.idle[0].since_sec, 600);
	assert_int_equal(v.idle[0].bytes, 30);
	vm_step(&v, 340, 900); /* 20 from what was idle last: none of what is out */
	assert_int_equal(v.refault_bytes, 0);
}

static void test_balloon(void **data)
{
	struct vm v;

	quieter(&v);
	assert_int_equal(vm_balloon(&v, 700), 200);
	whole(&v);
	assert_int_equal(v.balloon_bytes, 700);
	assert_int_equal(vm_balloon(&v, 100), 0);
	whole(&v);
	assert_int_equal(v.balloon_bytes, 600); /* used and idle is not taken */
	vm_step(&v, 700, 600);
	whole(&v);
	assert_int_equal(v.used_bytes, 600);
	assert_true(vm_violated(&v));
	vm_deflate(&v, 2000);
	vm_grow(&v);
	whole(&v);
	assert_int_equal(v.balloon_bytes, 1000);
	assert_int_equal(v.used_bytes, 700);
	assert_false(vm_violated(&v));
}

static void test_reclaim(void **data)
{
	struct vm v;

	quieter(&v);
	assert_int_equal(vm_reclaim(&v, 500), 500);
	whole(&v);
	assert_int_equal(v.idle_out_bytes, 200);
	assert_int_equal(v.freed_out_bytes, 200);
	assert_int_equal(v.used_out_bytes, 100);
	assert_true(vm_violated(&v));
	vm_step(&v, 340, 600); /* 60 of what is out falls out of use, 40 come back */
	whole(&v);
	assert_int_equal(v.refault_bytes, 40);
	assert_int_equal(v.idle_out_bytes, 260);
	assert_false(vm_violated(&v));
	vm_off(&v);
	whole(&v);
	assert_int_equal(vm_resident_bytes(&v) + vm_out_bytes(&v), 0);
	assert_int_equal(v.refault_bytes, 40);
}

/* Whatever is done to it, in any order. */
static void test_any(void **data)
{
	uint64_t seed = 1;
	struct vm v;

	vm_init(&v, 1000);
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t amount;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		amount = (seed >> 33) % 1001;
		switch ((seed >> 60) % 6) {
		case 0:
			(void)vm_balloon(&v, amount);
			break;
		case 1:
			vm_deflate(&v, amount);
			vm_grow(&v);
			break;
		case 2:
			(void)vm_pageout(&v, amount, amount, i);
			break;
		case 3:
			(void)vm_reclaim(&v, amount / 4);
			break;
		default:
			vm_step(&v, amount, i);
		}
		whole(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "half of what falls out of use is idle, half is free", test_fall },
		{ "what comes into use is taken from both", test_rise },
		{ "page-out takes what is idle long enough, and that refaults", test_pageout },
		{ "the oldest goes first, the youngest comes back first", test_order },
		{ "a balloon takes what is free, and a demand beyond it waits", test_balloon },
		{ "reclaim takes idle, then free, then used memory", test_reclaim },
		{ "parts add up whatever happens", test_any },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A decision for which there is no memory: each of its allocations fails once, in worlds that make
 * it do everything it can do. It says -ENOMEM, and nothing is changed, written or lost.
 */
#include <errno.h>

#include "random-world.h"

#define WORLDS 1000
#define TICKS 6

/* Allocations until one fails; the process' own (cmocka's) are counted as well, so little is done
 * between start and stop.
 */
static uint64_t until_failure = UINT64_MAX;
static uint64_t n_calls;

static bool fails(void)
{
	n_calls++;
	return until_failure && --until_failure == 0;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

/* What a decision without memory is measured by. */
struct run {
	struct world w;
	uint64_t seed;
	size_t n_failed; /* decisions */
	size_t n_seen[KVMB_ACTION_KINDS];
};

static void assert_fails_at(struct run *x, uint64_t nth)
{
	struct kvmb_state *next = (struct kvmb_state *)x;
	struct kvmb_plan *plan = (struct kvmb_plan *)x;
	int r;

	until_failure = nth;
	r = kvmb_decide(x->w.config, x->w.state, x->w.sample, &next, &plan);
	until_failure = UINT64_MAX;
	assert_int_equal(r, -ENOMEM);
	assert_ptr_equal(next, x);
	assert_ptr_equal(plan, x);
	x->n_failed++;
}

/* The decision that is made after all is the one that would have been made at once. */
static void decide_with_failures(struct run *x)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *next = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_free_ char *first = NULL, *last = NULL;
	uint64_t n;

	n_calls = 0;
	assert_int_equal(kvmb_decide(x->w.config, x->w.state, x->w.sample, &next, &plan), 0);
	n = n_calls;
	assert_true(n > 2);
	assert_int_equal(kvmb_plan_to_json(plan, &first), 0);
	for (uint64_t nth = 1; nth <= n; nth++)
		assert_fails_at(x, nth);
	world_decide(&x->w);
	assert_int_equal(kvmb_plan_to_json(x->w.plan, &last), 0);
	assert_string_equal(first, last);
	for (size_t i = 0; i < plan->n_actions; i++)
		x->n_seen[plan->actions[i].kind]++;
}

static void test_no_memory(void **data)
{
	static struct run x;

	(void)data;
	x.seed = 7;
	for (size_t world = 0; world < WORLDS; world++) {
		random_world(&x.seed, &x.w);
		for (size_t i = 0; i < TICKS; i++) {
			random_tick(&x.seed, &x.w);
			decide_with_failures(&x);
			if (random_one_in(&x.seed, 3) && x.w.sample->n_guests)
				world_state(&x.w, 0)->request_bytes = 100 * MIB;
			world_state(&x.w, 0)->request_until_ns = UINT64_MAX;
		}
		world_done(&x.w);
	}
	for (size_t kind = 0; kind < KVMB_ACTION_KINDS; kind++)
		assert_true(x.n_seen[kind] > 20);
	assert_true(x.n_failed > 1000);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "whichever allocation fails, a decision is -ENOMEM, and made again the same",
		  test_no_memory);
	return tests_run("no-memory", &t);
}

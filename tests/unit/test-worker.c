// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker thread: order, and stopping with and without a hung job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/worker.h"
#include "tree.h"

/* Counters that outlive the worker and its jobs. */
struct board {
	atomic_int n_begun;
	atomic_int n_run;
	atomic_int n_dropped;
	atomic_bool gate_open;
	atomic_bool signals_blocked;
};

struct item {
	struct kvmb_job job;
	struct board *board;
	int number;
	int turn; /* which job it was to run */
	bool waits;
};

static void item_run(struct kvmb_job *job)
{
	struct item *it = (struct item *)job;
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	atomic_store(&it->board->signals_blocked, sigismember(&mask, SIGTERM) == 1);
	atomic_fetch_add(&it->board->n_begun, 1);
	while (it->waits && !atomic_load(&it->board->gate_open))
		pause_ms(1);
	it->turn = atomic_fetch_add(&it->board->n_run, 1);
}

static void item_drop(struct kvmb_job *job)
{
	struct item *it = (struct item *)job;

	atomic_fetch_add(&it->board->n_dropped, 1);
	free(it);
}

static struct item *item_new(struct board *b, int number, bool waits)
{
	struct item *it = calloc(1, sizeof(*it));

	it->job.run = item_run;
	it->job.drop = item_drop;
	it->board = b;
	it->number = number;
	it->waits = waits;
	return it;
}

static void test_jobs_run_in_order(void **state)
{
	struct board b = { 0 };
	struct kvmb_worker *w;

	assert_int_equal(kvmb_worker_new("kvmb-test", &w), 0);
	for (int i = 0; i < 100; i++)
		kvmb_worker_submit(w, &item_new(&b, i, false)->job);
	for (int i = 0; i < 100; i++) {
		struct item *it;

		WAIT_FOR((it = (struct item *)kvmb_worker_done(w)));
		assert_int_equal(it->number, i);
		assert_int_equal(it->turn, i);
		item_drop(&it->job);
	}
	assert_null(kvmb_worker_done(w));
	assert_null(kvmb_worker_free(w, UINT64_MAX, NULL));
}

static void test_signals_stay_with_the_program(void **state)
{
	struct board b = { 0 };
	struct kvmb_worker *w;
	sigset_t mask;

	assert_int_equal(kvmb_worker_new("a name much longer than the kernel takes", &w), 0);
	kvmb_worker_submit(w, &item_new(&b, 0, false)->job);
	WAIT_FOR(atomic_load(&b.n_run) == 1);
	assert_true(atomic_load(&b.signals_blocked));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	kvmb_worker_free(w, UINT64_MAX, NULL);
}

static void test_free_waits_for_the_running_job_and_drops_the_rest(void **state)
{
	struct board b = { 0 };
	struct kvmb_worker *w;
	bool left = true;

	assert_int_equal(kvmb_worker_new("kvmb-test", &w), 0);
	for (int i = 0; i < 3; i++)
		kvmb_worker_submit(w, &item_new(&b, i, i == 1)->job);
	WAIT_FOR(atomic_load(&b.n_begun) == 2);
	atomic_store(&b.gate_open, true);
	kvmb_worker_free(w, UINT64_MAX, &left);
	assert_false(left);
	assert_int_equal(atomic_load(&b.n_dropped), 3);
	assert_true(atomic_load(&b.n_run) >= 2);
}

static void test_a_hung_job_is_left_behind_and_cleans_up(void **state)
{
	struct board b = { 0 };
	struct kvmb_worker *w;
	uint64_t begin_ms;
	bool left = false;

	assert_int_equal(kvmb_worker_new("kvmb-test", &w), 0);
	kvmb_worker_submit(w, &item_new(&b, 0, true)->job);
	kvmb_worker_submit(w, &item_new(&b, 1, false)->job);
	WAIT_FOR(atomic_load(&b.n_begun) == 1);
	begin_ms = now_ms();
	kvmb_worker_free(w, 50000, &left);
	assert_true(now_ms() - begin_ms >= 50);
	assert_true(left);
	assert_int_equal(atomic_load(&b.n_dropped), 0);
	atomic_store(&b.gate_open, true);
	/* both: the one that hung, and the one that was never begun */
	WAIT_FOR(atomic_load(&b.n_dropped) == 2);
	assert_int_equal(atomic_load(&b.n_begun), 1);
}

static void test_nothing_to_free(void **state)
{
	assert_null(kvmb_worker_free(NULL, 0, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_run_in_order),
		cmocka_unit_test(test_signals_stay_with_the_program),
		cmocka_unit_test(test_free_waits_for_the_running_job_and_drops_the_rest),
		cmocka_unit_test(test_a_hung_job_is_left_behind_and_cleans_up),
		cmocka_unit_test(test_nothing_to_free),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}

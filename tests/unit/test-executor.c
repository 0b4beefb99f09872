// SPDX-License-Identifier: GPL-2.0-or-later
/* The executor with actuators of our own: what they do is told by a gate, not by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/wait.h"
#include "executor.h"

#define DEADLINE_MS 30000

/* An actuator that waits until it is let go, or cancelled where it listens. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned int n_started;
	bool open;
	bool deaf;
	bool freed;
	char order[256];
};

static void gate_init(struct gate *g, bool open)
{
	memset(g, 0, sizeof(*g));
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->moved, NULL);
	g->open = open;
}

static void gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->lock);
}

static void gate_wait_started(struct gate *g, unsigned int n)
{
	pthread_mutex_lock(&g->lock);
	while (g->n_started < n)
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static bool gate_must_wait(struct gate *g, atomic_bool *cancel)
{
	return !g->open && (g->deaf || !atomic_load(cancel));
}

static int gate_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		      struct kvmb_result *result)
{
	struct gate *g = ctx;
	struct timespec soon;

	pthread_mutex_lock(&g->lock);
	/* not cmocka's assert: this is not its thread */
	if (strlen(g->order) + strlen(a->name) >= sizeof(g->order))
		abort();
	strcat(g->order, a->name);
	g->n_started++;
	pthread_cond_broadcast(&g->moved);
	while (gate_must_wait(g, cancel)) {
		(void)clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec = (soon.tv_nsec + 10000000) % 1000000000;
		pthread_cond_timedwait(&g->moved, &g->lock, &soon);
	}
	pthread_mutex_unlock(&g->lock);
	result->got_bytes = a->n_ranges ? a->ranges[0].length_bytes : a->asked_bytes;
	return atomic_load(cancel) ? -ECANCELED : 0;
}

static void gate_free(void *ctx)
{
	struct gate *g = ctx;

	pthread_mutex_lock(&g->lock);
	assert_false(g->freed);
	g->freed = true;
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->lock);
}

static const struct kvmb_actuator_ops gate_ops = { "gate", gate_apply, gate_free };

static struct kvmb_executor *executor_new(struct gate *balloon, struct gate *reclaim)
{
	const struct kvmb_actuator table[KVMB_ACTION_KINDS] = {
		[KVMB_ACTION_BALLOON] = { &gate_ops, balloon },
		[KVMB_ACTION_DEFLATE] = { &gate_ops, balloon },
		[KVMB_ACTION_RECLAIM] = { &gate_ops, reclaim },
		[KVMB_ACTION_PAGEOUT] = { &gate_ops, reclaim },
		[KVMB_ACTION_HIGH] = { &gate_ops, reclaim },
	};
	struct kvmb_executor *x;

	assert_int_equal(kvmb_executor_new(table, &x), 0);
	return x;
}

static void submit(struct kvmb_executor *x, enum kvmb_action_kind kind, const char *name)
{
	struct kvmb_action a = { .kind = kind, .asked_bytes = 4096 };

	strcpy(a.name, name);
	strcpy(a.uuid, name);
	assert_int_equal(kvmb_executor_submit(x, &a), 0);
}

static struct kvmb_result next(struct kvmb_executor *x)
{
	struct pollfd poll_fd = { .fd = kvmb_executor_fd(x), .events = POLLIN };
	struct kvmb_result result;

	assert_int_equal(poll(&poll_fd, 1, DEADLINE_MS), 1);
	assert_int_equal(kvmb_executor_next(x, &result), 1);
	return result;
}

static void a_result_names_its_action(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;
	struct kvmb_result result;
	struct pollfd poll_fd;

	gate_init(&balloon, true);
	gate_init(&reclaim, true);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_RECLAIM, "a");
	result = next(x);
	assert_string_equal(result.action.name, "a");
	assert_int_equal(result.got_bytes, 4096);
	assert_int_equal(result.error, 0);
	assert_int_equal(kvmb_executor_next(x, &result), 0);
	poll_fd = (struct pollfd){ .fd = kvmb_executor_fd(x), .events = POLLIN };
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	assert_null(kvmb_executor_free(x));
	assert_true(balloon.freed && reclaim.freed);
}

static void ranges_are_copied(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_range *ranges = calloc(2, sizeof(*ranges));
	struct kvmb_action a = { .kind = KVMB_ACTION_PAGEOUT, .ranges = ranges, .n_ranges = 2 };
	struct kvmb_executor *x;
	struct kvmb_result result;

	gate_init(&balloon, true);
	gate_init(&reclaim, false);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_PAGEOUT, "a");
	gate_wait_started(&reclaim, 1);
	ranges[0].length_bytes = 12345;
	assert_int_equal(kvmb_executor_submit(x, &a), 0);
	memset(ranges, 0xff, 2 * sizeof(*ranges));
	free(ranges);
	gate_open(&reclaim);
	(void)next(x);
	result = next(x);
	assert_int_equal(result.got_bytes, 12345);
	assert_null(result.action.ranges);
	(void)kvmb_executor_free(x);
}

static void a_hung_balloon_does_not_hold_up_reclaim(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;
	struct kvmb_result result;

	gate_init(&balloon, false);
	gate_init(&reclaim, true);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_BALLOON, "a");
	gate_wait_started(&balloon, 1);
	submit(x, KVMB_ACTION_RECLAIM, "b");
	result = next(x);
	assert_string_equal(result.action.name, "b");
	gate_open(&balloon);
	result = next(x);
	assert_string_equal(result.action.name, "a");
	(void)kvmb_executor_free(x);
}

/* A guest whose mmap_lock is stuck hangs all that looks at its memory, and nothing else. */
static void a_hung_pageout_does_not_hold_up_reclaim(void **state)
{
	struct gate reclaim = { 0 }, pageout = { 0 };
	const struct kvmb_actuator table[KVMB_ACTION_KINDS] = {
		[KVMB_ACTION_BALLOON] = { &gate_ops, &reclaim },
		[KVMB_ACTION_DEFLATE] = { &gate_ops, &reclaim },
		[KVMB_ACTION_RECLAIM] = { &gate_ops, &reclaim },
		[KVMB_ACTION_PAGEOUT] = { &gate_ops, &pageout },
		[KVMB_ACTION_HIGH] = { &gate_ops, &pageout },
	};
	struct kvmb_executor *x;
	struct kvmb_result result;

	gate_init(&reclaim, true);
	gate_init(&pageout, false);
	assert_int_equal(kvmb_executor_new(table, &x), 0);
	submit(x, KVMB_ACTION_PAGEOUT, "a");
	gate_wait_started(&pageout, 1);
	submit(x, KVMB_ACTION_RECLAIM, "b");
	result = next(x);
	assert_string_equal(result.action.name, "b");
	kvmb_executor_cancel(x, "a");
	result = next(x);
	assert_string_equal(result.action.name, "a");
	assert_int_equal(result.error, -ECANCELED);
	(void)kvmb_executor_free(x);
}

static void give_back_overtakes(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;

	gate_init(&balloon, false);
	gate_init(&reclaim, true);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_BALLOON, "a");
	gate_wait_started(&balloon, 1);
	submit(x, KVMB_ACTION_BALLOON, "b");
	submit(x, KVMB_ACTION_DEFLATE, "c");
	gate_open(&balloon);
	for (int i = 0; i < 3; i++)
		(void)next(x);
	assert_string_equal(balloon.order, "acb");
	(void)kvmb_executor_free(x);
}

static void give_back_is_not_undone_by_what_waited(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;
	struct kvmb_result result;

	gate_init(&balloon, false);
	gate_init(&reclaim, true);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_BALLOON, "a");
	gate_wait_started(&balloon, 1);
	submit(x, KVMB_ACTION_BALLOON, "b");
	submit(x, KVMB_ACTION_DEFLATE, "b");
	gate_open(&balloon);
	assert_int_equal(next(x).error, 0);
	result = next(x);
	assert_int_equal(result.action.kind, KVMB_ACTION_DEFLATE);
	assert_int_equal(result.error, 0);
	result = next(x);
	assert_int_equal(result.action.kind, KVMB_ACTION_BALLOON);
	assert_int_equal(result.error, -ECANCELED);
	(void)kvmb_executor_free(x);
}

static void cancel_ends_the_guest_meant_and_no_other(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;
	struct kvmb_result result;

	gate_init(&balloon, true);
	gate_init(&reclaim, false);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_RECLAIM, "a");
	gate_wait_started(&reclaim, 1);
	submit(x, KVMB_ACTION_RECLAIM, "b");
	kvmb_executor_cancel(x, "a");
	result = next(x);
	assert_string_equal(result.action.name, "a");
	assert_int_equal(result.error, -ECANCELED);
	gate_wait_started(&reclaim, 2);
	gate_open(&reclaim);
	result = next(x);
	assert_string_equal(result.action.name, "b");
	assert_int_equal(result.error, 0);
	(void)kvmb_executor_free(x);
}

static void stop_does_not_wait_for_a_hung_lane(void **state)
{
	static struct gate balloon, reclaim; /* outlive the test, as a lane left behind does */
	struct kvmb_executor *x;

	gate_init(&balloon, false);
	balloon.deaf = true;
	gate_init(&reclaim, true);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_BALLOON, "a");
	gate_wait_started(&balloon, 1);
	(void)kvmb_executor_free(x);
	assert_false(balloon.freed);
	gate_open(&balloon);
	pthread_mutex_lock(&balloon.lock);
	while (!balloon.freed)
		pthread_cond_wait(&balloon.moved, &balloon.lock);
	pthread_mutex_unlock(&balloon.lock);
}

static void submit_valid_until(struct kvmb_executor *x, enum kvmb_action_kind kind,
			       uint64_t valid_until_ns)
{
	struct kvmb_action a = {
		.kind = kind,
		.asked_bytes = 4096,
		.facts = { .valid_until_ns = valid_until_ns },
	};

	strcpy(a.name, "b");
	assert_int_equal(kvmb_executor_submit(x, &a), 0);
}

static void limits_end_for_all_guests_and_nothing_else_does(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;

	gate_init(&balloon, true);
	gate_init(&reclaim, false);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_HIGH, "a");
	submit(x, KVMB_ACTION_HIGH, "b");
	submit(x, KVMB_ACTION_RECLAIM, "c");
	gate_wait_started(&reclaim, 2);
	kvmb_executor_end_limits(x);
	assert_int_equal(next(x).error, -ECANCELED);
	assert_int_equal(next(x).error, -ECANCELED);
	gate_open(&reclaim);
	assert_int_equal(next(x).error, 0);
	(void)kvmb_executor_free(x);
}

static void what_waited_too_long_is_refused(void **state)
{
	const enum kvmb_action_kind takes[] = { KVMB_ACTION_BALLOON, KVMB_ACTION_RECLAIM,
						KVMB_ACTION_PAGEOUT };
	struct gate balloon, reclaim;
	struct kvmb_executor *x;
	struct kvmb_result result;

	gate_init(&balloon, true);
	gate_init(&reclaim, true);
	x = executor_new(&balloon, &reclaim);
	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
		submit_valid_until(x, takes[i], 1);
		result = next(x);
		assert_int_equal(result.error, -ESTALE);
		assert_int_equal(result.why, KVMB_WHY_FACTS_STALE);
		assert_int_equal(result.got_bytes, 0);
		assert_string_equal(result.action.name, "b");
	}
	assert_int_equal(balloon.n_started + reclaim.n_started, 0);
	/* facts that will hold for long, and giving back on any */
	submit_valid_until(x, KVMB_ACTION_RECLAIM, UINT64_MAX);
	assert_int_equal(next(x).error, 0);
	submit_valid_until(x, KVMB_ACTION_DEFLATE, 1);
	assert_int_equal(next(x).error, 0);
	(void)kvmb_executor_free(x);
}

static void facts_age_while_they_wait(void **state)
{
	struct gate balloon, reclaim;
	struct kvmb_executor *x;
	uint64_t until_ns;

	gate_init(&balloon, true);
	gate_init(&reclaim, false);
	x = executor_new(&balloon, &reclaim);
	submit(x, KVMB_ACTION_RECLAIM, "a");
	gate_wait_started(&reclaim, 1);
	until_ns = kvmb_now_ns() + 1000000;
	submit_valid_until(x, KVMB_ACTION_RECLAIM, until_ns);
	while (kvmb_now_ns() <= until_ns)
		(void)sched_yield();
	gate_open(&reclaim);
	assert_int_equal(next(x).error, 0);
	assert_int_equal(next(x).why, KVMB_WHY_FACTS_STALE);
	assert_string_equal(reclaim.order, "a");
	(void)kvmb_executor_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_names_its_action),
		cmocka_unit_test(ranges_are_copied),
		cmocka_unit_test(a_hung_balloon_does_not_hold_up_reclaim),
		cmocka_unit_test(a_hung_pageout_does_not_hold_up_reclaim),
		cmocka_unit_test(give_back_overtakes),
		cmocka_unit_test(give_back_is_not_undone_by_what_waited),
		cmocka_unit_test(cancel_ends_the_guest_meant_and_no_other),
		cmocka_unit_test(limits_end_for_all_guests_and_nothing_else_does),
		cmocka_unit_test(what_waited_too_long_is_refused),
		cmocka_unit_test(facts_age_while_they_wait),
		cmocka_unit_test(stop_does_not_wait_for_a_hung_lane),
	};

	return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}

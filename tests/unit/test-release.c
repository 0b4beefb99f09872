// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine gives back when the agent stops. Mocked: an actuator that does nothing, and an
 * engine put together by hand, without libvirt; 10-pressure and 40-crash of the testbed have the
 * real thing.
 */
#include "policy-world.h"

#include <errno.h>
#include <poll.h>

#include "engine-internal.h"

#define DEADLINE_MS 30000

static int do_nothing(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		      struct kvmb_result *result)
{
	return 0;
}

static const struct kvmb_actuator_ops nothing_ops = { "nothing", do_nothing, NULL };

/* @ctx: the errno */
static int do_fail(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		   struct kvmb_result *result)
{
	return *(int *)ctx;
}

static const struct kvmb_actuator_ops failing_ops = { "failing", do_fail, NULL };

/* A guest whose balloon the agent found at 1024 MiB and last ordered to ordered_mib. */
struct release_row {
	const char *name;
	void (*bend)(struct world *w, struct kvmb_engine *e);
	uint64_t ordered_mib;
	uint64_t balloon_mib; /* in the last sample */
	uint64_t want_mib;    /* order that must go out; 0: none */
	int want_left;        /* guests still waited for */
};

static struct kvmb_executor *executor_new(const struct kvmb_actuator *actuator)
{
	struct kvmb_actuator table[KVMB_ACTION_KINDS];
	struct kvmb_executor *x = NULL;

	for (size_t i = 0; i < KVMB_ACTION_KINDS; i++)
		table[i] = *actuator;
	assert_int_equal(kvmb_executor_new(table, &x), 0);
	return x;
}

static struct kvmb_result next_result(struct kvmb_engine *e)
{
	struct pollfd poll_fd = { .fd = kvmb_executor_fd(e->executor), .events = POLLIN };
	struct kvmb_result result = {};

	assert_int_equal(poll(&poll_fd, 1, DEADLINE_MS), 1);
	assert_int_equal(kvmb_executor_next(e->executor, &result), 1);
	return result;
}

static void assert_no_result(struct kvmb_engine *e)
{
	struct kvmb_result result;

	assert_int_equal(kvmb_executor_next(e->executor, &result), 0);
}

static void assert_released(struct kvmb_engine *e, uint64_t want_mib)
{
	struct kvmb_result result = next_result(e);

	assert_int_equal(result.action.kind, KVMB_ACTION_DEFLATE);
	assert_int_equal(result.action.rule, KVMB_RULE_RELEASE);
	assert_int_equal(result.action.target_bytes, want_mib * MIB);
	assert_no_result(e);
}

static void engine_init(struct kvmb_engine *e, struct world *w)
{
	const struct kvmb_actuator nothing = { &nothing_ops, NULL };

	*e = (struct kvmb_engine){ .config = w->config, .state = w->state, .sample = w->sample };
	e->executor = executor_new(&nothing);
	assert_int_equal(kvmb_engine_sync_guests(e, w->sample), 0);
}

static void engine_done(struct kvmb_engine *e)
{
	(void)kvmb_executor_free(e->executor);
	for (size_t i = 0; i < e->n_guests; i++)
		free(e->guests[i]);
	free(e->guests);
	free(e->absent);
}

static void release_row_holds(void **data)
{
	const struct release_row *row = *data;
	struct kvmb_engine e;
	struct world w;

	world_init(&w, 1);
	world_guest(&w, 0)->balloon_bytes = row->balloon_mib * MIB;
	world_state(&w, 0)->pid = world_guest(&w, 0)->pid;
	world_state(&w, 0)->before_bytes = 1024 * MIB;
	world_state(&w, 0)->target_bytes = row->ordered_mib * MIB;
	engine_init(&e, &w);
	if (row->bend)
		row->bend(&w, &e);
	assert_int_equal(kvmb_engine_release(&e), row->want_left);
	if (row->want_mib)
		assert_released(&e, row->want_mib);
	else
		assert_no_result(&e);
	engine_done(&e);
	world_done(&w);
}

static void another_process(struct world *w, struct kvmb_engine *e)
{
	world_state(w, 0)->pid++;
}

static void no_balloon(struct world *w, struct kvmb_engine *e)
{
	world_guest(w, 0)->has_balloon = false;
}

static void order_pending(struct world *w, struct kvmb_engine *e)
{
	e->guests[0]->n_pending = 1;
}

static void watch_balloon(struct kvmb_engine *e, enum kvmb_action_kind kind, uint64_t target_mib)
{
	e->guests[0]->watching = true;
	e->guests[0]->watch.action.kind = kind;
	e->guests[0]->watch.action.target_bytes = target_mib * MIB;
}

static void all_on_its_way(struct world *w, struct kvmb_engine *e)
{
	watch_balloon(e, KVMB_ACTION_DEFLATE, 1024);
}

static void a_part_on_its_way(struct world *w, struct kvmb_engine *e)
{
	watch_balloon(e, KVMB_ACTION_DEFLATE, 900);
}

static void asked_already(struct world *w, struct kvmb_engine *e)
{
	e->guests[0]->release_ns = w->sample->now_ns;
}

static void bigger_by_now(struct world *w, struct kvmb_engine *e)
{
	world_state(w, 0)->before_bytes = 512 * MIB;
}

static const struct release_row release_rows[] = {
	{ "a guest gets back the size it was found with", NULL, 800, 800, 1024, 1 },
	{ "an order that no sample shows yet is taken back", NULL, 800, 1024, 1024, 1 },
	{ "a give-back that no sample shows yet is asked for again", NULL, 1024, 800, 1024, 1 },
	{ "a guest that has all of it is left alone", NULL, 1024, 1024, 0, 0 },
	{ "a balloon that is not ours is left alone", NULL, 0, 800, 0, 0 },
	{ "a domain that was started anew is left alone", another_process, 800, 800, 0, 0 },
	{ "a guest that lost its balloon is left alone", no_balloon, 800, 800, 0, 0 },
	{ "a guest with an order under way is waited for", order_pending, 800, 800, 0, 1 },
	{ "what is on its way back is not asked for twice", all_on_its_way, 1024, 800, 0, 0 },
	{ "a give-back of a part does not count", a_part_on_its_way, 900, 800, 1024, 1 },
	{ "a guest is asked once a sample, and waited for", asked_already, 800, 800, 0, 1 },
	{ "a guest that was given more since is left alone", bigger_by_now, 800, 800, 0, 0 },
};

/* A guest that was found at 1024 MiB and got down to 800. */
static void world_clamp(struct world *w)
{
	world_init(w, 1);
	world_state(w, 0)->pid = world_guest(w, 0)->pid;
	world_state(w, 0)->before_bytes = 1024 * MIB;
	world_state(w, 0)->target_bytes = 800 * MIB;
	world_guest(w, 0)->balloon_bytes = 800 * MIB;
}

static void finish_all(struct kvmb_engine *e, uint64_t now_ns)
{
	while (e->guests[0]->n_pending) {
		struct pollfd poll_fd = { .fd = kvmb_executor_fd(e->executor), .events = POLLIN };

		assert_int_equal(poll(&poll_fd, 1, DEADLINE_MS), 1);
		kvmb_engine_finish(e, now_ns);
	}
}

/* The first release goes through the executor: its result says that nothing is owed any more. */
static void what_was_given_back_is_not_ours(void **data)
{
	struct kvmb_engine e;
	struct world w;

	world_clamp(&w);
	engine_init(&e, &w);
	assert_int_equal(kvmb_engine_release(&e), 1);
	finish_all(&e, w.sample->now_ns);
	assert_int_equal(world_state(&w, 0)->target_bytes, 0);
	assert_int_equal(kvmb_engine_release(&e), 0);
	engine_done(&e);
	world_done(&w);
}

static void use_failing(struct kvmb_engine *e, int *error)
{
	const struct kvmb_actuator failing = { &failing_ops, error };

	(void)kvmb_executor_free(e->executor);
	e->executor = executor_new(&failing);
}

/* Whatever the reason, and however often: the caller's deadline ends it, and says so. */
static void a_failed_order_is_still_owed(void **data)
{
	static int errors[] = { -ENOTCONN, -EIO };
	struct kvmb_engine e;
	struct world w;

	world_clamp(&w);
	engine_init(&e, &w);
	for (size_t i = 0; i < 10; i++) {
		use_failing(&e, &errors[i % ARRAY_SIZE(errors)]);
		assert_int_equal(kvmb_engine_release(&e), 1);
		assert_int_equal(e.guests[0]->n_pending, 1);
		finish_all(&e, w.sample->now_ns);
		/* The result wakes the caller, which asks again; the order waits for the tick. */
		assert_int_equal(kvmb_engine_release(&e), 1);
		assert_int_equal(e.guests[0]->n_pending, 0);
		w.sample->now_ns += SEC;
	}
	w.sample->guests_valid = false;
	assert_int_equal(kvmb_engine_release(&e), -EAGAIN);
	engine_done(&e);
	world_done(&w);
}

static void without_libvirt_a_debt_is_named(void **data)
{
	struct kvmb_engine e;
	struct world w;

	world_init(&w, 1);
	engine_init(&e, &w);
	w.sample->guests_valid = false;
	assert_int_equal(kvmb_engine_release(&e), 0);
	world_state(&w, 0)->target_bytes = 800 * MIB;
	assert_int_equal(kvmb_engine_release(&e), -EAGAIN);
	engine_done(&e);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, release_rows, release_row_holds);
	TESTS_ADD(&t, "what was given back is not ours any more", what_was_given_back_is_not_ours);
	TESTS_ADD(&t, "an order that failed is given again once a tick, and is owed till then",
		  a_failed_order_is_still_owed);
	TESTS_ADD(&t, "without libvirt a debt is named", without_libvirt_a_debt_is_named);
	return tests_run("release", &t);
}

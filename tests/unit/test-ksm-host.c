// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Samepage merging on a host: what is read of it, what is set and in which order, and that it is
 * put back. The kernel's files are those of a tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "actuator/ksm.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "engine-internal.h"
#include "source/ksm.h"
#include "tree.h"

#define KSM "sys/kernel/mm/ksm/"
#define STAT(name, parent, utime, stime, start)                                                    \
	"37 (" name ") S " parent " 0 0 0 -1 2097472 0 0 0 0 " utime " " stime                     \
	" 0 0 25 5 1 0 " start " 0 0 18446744073709551615 0 0 0\n"

/* ---- The tree as a kernel: each value as a whole, and one file may refuse ------------------ */

static struct {
	char *tree;
	const char *refuses;
	char log[512];
} kernel;

int __wrap_kvmb_write_at(int dirfd, const char *path, const char *text);

int __wrap_kvmb_write_at(int dirfd, const char *path, const char *text)
{
	const char *name = strrchr(path, '/') + 1;
	char full[128];
	size_t len = strlen(kernel.log);

	if (kernel.refuses && streq(name, kernel.refuses)) {
		kernel.refuses = NULL;
		return -EROFS;
	}
	(void)snprintf(kernel.log + len, sizeof(kernel.log) - len, "%s=%s ", name, text);
	(void)snprintf(full, sizeof(full), "sys/%s", path);
	tree_write(kernel.tree, full, text);
	return 0;
}

static int setup(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.tree = tree_new();
	tree_write(kernel.tree, KSM "run", "0\n");
	tree_write(kernel.tree, KSM "pages_to_scan", "64\n");
	tree_write(kernel.tree, KSM "sleep_millisecs", "200\n");
	tree_write(kernel.tree, KSM "full_scans", "7\n");
	tree_write(kernel.tree, KSM "pages_sharing", "256\n");
	tree_write(kernel.tree, "proc/1/stat", "1 (ksmd) S 0 1 1 0 -1 0\n");
	tree_write(kernel.tree, "proc/36/stat", STAT("khugepaged", "2", "1", "1", "90"));
	tree_write(kernel.tree, "proc/37/stat", STAT("ksmd", "2", "150", "250", "91"));
	tree_write(kernel.tree, "proc/meminfo", "");
	return 0;
}

static int teardown(void **state)
{
	tree_free(kernel.tree);
	return 0;
}

/* ---- Reading ------------------------------------------------------------------------------ */

static int look(struct kvmb_ksmd *d, struct kvmb_ksm *ret)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;

	assert_int_equal(kvmb_root_open(kernel.tree, &root), 0);
	return kvmb_ksm_read(&root, d, ret);
}

static void test_all_figures_are_read(void **state)
{
	struct kvmb_ksmd d = { 0 };
	struct kvmb_ksm k = { 0 };

	assert_int_equal(look(&d, &k), 0);
	assert_true(k.valid);
	assert_false(k.advised);
	assert_int_equal(k.run, 0);
	assert_int_equal(k.pages_to_scan, 64);
	assert_int_equal(k.sleep_msec, 200);
	assert_int_equal(k.full_scans, 7);
	assert_int_equal(k.saved_bytes, 256 * (uint64_t)sysconf(_SC_PAGESIZE));
	assert_int_equal(k.cpu_usec, 400 * USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void test_what_merging_itself_costs_is_taken_off(void **state)
{
	struct kvmb_ksmd d = { 0 };
	struct kvmb_ksm k = { 0 };

	tree_write(kernel.tree, KSM "general_profit", "4096000\n");
	assert_int_equal(look(&d, &k), 0);
	assert_int_equal(k.saved_bytes, 4096000);
	tree_write(kernel.tree, KSM "general_profit", "-64000\n");
	assert_int_equal(look(&d, &k), 0);
	assert_int_equal(k.saved_bytes, 0);
}

static void test_an_advisor_is_seen(void **state)
{
	struct kvmb_ksmd d = { 0 };
	struct kvmb_ksm k = { 0 };

	tree_write(kernel.tree, KSM "advisor_mode", "[none] scan-time\n");
	assert_int_equal(look(&d, &k), 0);
	assert_false(k.advised);
	tree_write(kernel.tree, KSM "advisor_mode", "none [scan-time]\n");
	assert_int_equal(look(&d, &k), 0);
	assert_true(k.advised);
}

static const struct fault {
	const char *name, *path, *text; /* no text: the file is not there */
	int want;
} faults[] = {
	{ "a kernel without KSM has none", KSM "run", NULL, -ENOENT },
	{ "a state that no kernel has is refused", KSM "run", "3\n", -EBADMSG },
	{ "so is a pace below nothing", KSM "pages_to_scan", "-1\n", -EBADMSG },
	{ "and one that is no number", KSM "sleep_millisecs", "\n", -EBADMSG },
	{ "or is too large", KSM "pages_to_scan", "4294967296\n", -EBADMSG },
	{ "without ksmd its cost is not known", "proc/37/stat", NULL, -ESRCH },
	{ "a program of that name is not it", "proc/37/stat", STAT("ksmd", "1", "1", "1", "9"),
	  -ESRCH },
	{ "half a line is no figure", "proc/37/stat", "37 (ksmd) S 2 0\n", -ESRCH },
};

static void test_fault(void **state)
{
	const struct fault *row = *state;
	struct kvmb_ksmd d = { 0 };
	struct kvmb_ksm k = { .full_scans = 4711 };

	(void)setup(NULL);
	if (row->text)
		tree_write(kernel.tree, row->path, row->text);
	else
		tree_remove(kernel.tree, row->path);
	assert_int_equal(look(&d, &k), row->want);
	assert_int_equal(k.full_scans, 4711);
	assert_false(k.valid);
	(void)teardown(NULL);
}

static void test_a_number_that_went_to_another_is_noticed(void **state)
{
	struct kvmb_ksmd d = { 0 };
	struct kvmb_ksm k = { 0 };

	assert_int_equal(look(&d, &k), 0);
	assert_int_equal(d.pid, 37);
	tree_write(kernel.tree, "proc/37/stat", STAT("ksmd", "2", "0", "0", "92"));
	assert_int_equal(look(&d, &k), -ESRCH);
	assert_int_equal(look(&d, &k), 0);
	assert_int_equal(k.cpu_usec, 0);
}

/* ---- Setting ------------------------------------------------------------------------------ */

static int set(bool run, uint32_t pages, bool ours)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;
	const struct kvmb_ksm_setting s = {
		.order = { .set = true, .run = run, .pages_to_scan = pages,
			   .sleep_msec = run ? 20 : 200 },
		.ours = ours,
		.before_pages_to_scan = 64,
		.before_sleep_msec = 200,
	};

	assert_int_equal(kvmb_root_open(kernel.tree, &root), 0);
	return kvmb_ksm_set(&root, &s);
}

static void test_the_pace_is_set_before_it_runs_and_after_it_stops(void **state)
{
	assert_int_equal(set(true, 100, false), 0);
	assert_int_equal(set(true, 200, true), 0);
	assert_int_equal(set(false, 64, true), 0);
	assert_string_equal(kernel.log,
			    "sleep_millisecs=20 pages_to_scan=100 run=1 "
			    "sleep_millisecs=20 pages_to_scan=200 "
			    "run=0 pages_to_scan=64 sleep_millisecs=200 ");
}

static void test_who_was_quicker_is_left_alone(void **state)
{
	tree_write(kernel.tree, KSM "run", "1\n");
	assert_int_equal(set(true, 100, false), -ESTALE);
	tree_write(kernel.tree, KSM "run", "0\n");
	assert_int_equal(set(true, 100, true), -ESTALE);
	assert_string_equal(kernel.log, "");
}

static void test_what_cannot_be_set_is_put_back(void **state)
{
	kernel.refuses = "run";
	assert_int_equal(set(true, 100, false), -EROFS);
	assert_string_equal(kernel.log, "sleep_millisecs=20 pages_to_scan=100 "
					"run=0 pages_to_scan=64 sleep_millisecs=200 ");
}

/* ---- The engine --------------------------------------------------------------------------- */

static struct kvmb_engine *engine_new(bool dry_run)
{
	struct kvmb_engine *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->root = (struct kvmb_root)KVMB_ROOT_INIT;
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	e->dry_run = dry_run;
	assert_int_equal(kvmb_root_open(kernel.tree, &e->root), 0);
	assert_int_equal(kvmb_state_new(&e->state), 0);
	assert_int_equal(kvmb_plan_new(&e->plan), 0);
	assert_int_equal(kvmb_sample_new(0, &e->sample), 0);
	return e;
}

/* As decided: begun, with what was found. */
static void decide(struct kvmb_engine *e)
{
	e->plan->ksm = (struct kvmb_ksm_order){
		.set = true, .run = true, .pages_to_scan = 100, .sleep_msec = 20, .reason = "begun",
	};
	e->state->ksm = (struct kvmb_state_ksm){
		.state = KVMB_KSM_RUNNING, .taken = true, .before_pages_to_scan = 64,
		.before_sleep_msec = 200, .pages_to_scan = 100,
	};
}

static void finish(struct kvmb_engine *e)
{
	struct epoll_event event;

	while (kvmb_ksm_setter_busy(e->ksm)) {
		assert_int_equal(epoll_wait(e->epoll_fd, &event, 1, WAIT_DEADLINE_MS), 1);
		kvmb_engine_ksm_finish(e, 5 * NSEC_PER_SEC);
	}
}

static void test_what_was_begun_is_put_back_at_the_end(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	decide(e);
	kvmb_engine_ksm_issue(e, 0);
	finish(e);
	assert_true(e->state->ksm.taken);
	assert_int_equal(kvmb_engine_ksm_release(e), 1);
	finish(e);
	assert_int_equal(kvmb_engine_ksm_release(e), 0);
	assert_false(e->state->ksm.taken);
	assert_string_equal(kernel.log,
			    "sleep_millisecs=20 pages_to_scan=100 run=1 "
			    "run=0 pages_to_scan=64 sleep_millisecs=200 ");
	(void)kvmb_engine_free(e);
}

static unsigned int n_persisted;

static int persist(void *userdata, const struct kvmb_state *state)
{
	assert_false(state->ksm.taken);
	n_persisted++;
	return 0;
}

static void test_that_nothing_is_owed_any_more_is_kept(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	n_persisted = 0;
	e->callbacks.persist = persist;
	decide(e);
	kvmb_engine_ksm_issue(e, 0);
	finish(e);
	assert_int_equal(n_persisted, 0);
	assert_int_equal(kvmb_engine_ksm_release(e), 1);
	finish(e);
	assert_int_equal(n_persisted, 1);
	(void)kvmb_engine_free(e);
}

static void test_an_order_under_way_is_young(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	decide(e);
	kvmb_engine_ksm_issue(e, 0);
	e->plan->ksm.set = false;
	e->plan->now_ns = 77;
	kvmb_engine_ksm_issue(e, 0);
	assert_int_equal(e->state->ksm.ordered_ns, 77);
	finish(e);
	e->plan->now_ns = 78;
	kvmb_engine_ksm_issue(e, 0);
	assert_int_equal(e->state->ksm.ordered_ns, 77);
	(void)kvmb_engine_free(e);
}

static void test_what_cannot_be_put_back_is_said_and_still_owed(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	decide(e);
	kernel.refuses = "run";
	assert_int_equal(kvmb_engine_ksm_release(e), 1);
	finish(e);
	assert_int_equal(kvmb_engine_ksm_release(e), -EROFS);
	assert_int_equal(kvmb_engine_ksm_release(e), -EROFS);
	assert_true(e->state->ksm.taken);
	(void)kvmb_engine_free(e);
}

static void test_what_is_not_ours_is_left_at_the_end(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	assert_int_equal(kvmb_engine_ksm_release(e), 0);
	assert_string_equal(kernel.log, "");
	(void)kvmb_engine_free(e);
}

static void test_nothing_is_begun_that_could_be_forgotten(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	decide(e);
	kvmb_engine_ksm_issue(e, -ENOSPC);
	assert_null(e->ksm);
	assert_false(e->state->ksm.taken);
	assert_int_equal(e->ksm_error, -ENOSPC);
	assert_string_equal(kernel.log, "");
	(void)kvmb_engine_free(e);
}

static void test_a_dry_run_sets_nothing(void **state)
{
	struct kvmb_engine *e = engine_new(true);

	decide(e);
	kvmb_engine_ksm_issue(e, 0);
	assert_null(e->ksm);
	assert_false(e->state->ksm.taken);
	assert_int_equal(e->state->ksm.state, KVMB_KSM_IDLE);
	assert_string_equal(kernel.log, "");
	(void)kvmb_engine_free(e);
}

static void test_an_order_that_the_gate_refused_is_not_issued(void **state)
{
	struct kvmb_engine *e = engine_new(false);

	decide(e);
	e->plan->ksm.why = KVMB_WHY_MODE_OBSERVE;
	kvmb_engine_ksm_issue(e, 0);
	assert_null(e->ksm);
	(void)kvmb_engine_free(e);
}

#define FAULT(i) { faults[i].name, test_fault, NULL, NULL, (void *)(uintptr_t)&faults[i] }
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_figures_are_read),
		TEST(test_what_merging_itself_costs_is_taken_off),
		TEST(test_an_advisor_is_seen),
		FAULT(0), FAULT(1), FAULT(2), FAULT(3), FAULT(4), FAULT(5), FAULT(6), FAULT(7),
		TEST(test_a_number_that_went_to_another_is_noticed),
		TEST(test_the_pace_is_set_before_it_runs_and_after_it_stops),
		TEST(test_who_was_quicker_is_left_alone),
		TEST(test_what_cannot_be_set_is_put_back),
		TEST(test_what_was_begun_is_put_back_at_the_end),
		TEST(test_that_nothing_is_owed_any_more_is_kept),
		TEST(test_an_order_under_way_is_young),
		TEST(test_what_cannot_be_put_back_is_said_and_still_owed),
		TEST(test_what_is_not_ours_is_left_at_the_end),
		TEST(test_nothing_is_begun_that_could_be_forgotten),
		TEST(test_a_dry_run_sets_nothing),
		TEST(test_an_order_that_the_gate_refused_is_not_issued),
	};

	_Static_assert(ARRAY_SIZE(faults) == 8, "each has its test");
	return cmocka_run_group_tests_name("ksm-host", tests, NULL, NULL);
}

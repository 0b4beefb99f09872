// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A memory.high for seconds: what is set, that it is put back, by whom, and whatever happens. The
 * watcher and an agent that is killed are processes of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act.h"
#include "actuator/limit.h"
#include "base/num.h"
#include "base/str.h"
#include "wrap/cgroup.h"

#define HIGH_FILE "sys/fs/cgroup/" SCOPE "/memory.high"
#define UUID "00000000-0000-4000-8000-000000000001"
#define RECORD "run/kvm-balloond/limits/" UUID
#define LONG_USEC (60 * USEC_PER_SEC)
#define SET "94371840" /* 90 MiB of 100 */

/* The kernel's file takes a value as a whole; one in a tree would keep the end of a longer one. */
static const char *kernel_tree;

int __wrap_kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
			     const char *value);

/* Of an agent that is stopped just before its write, and again where the kernel would reclaim. */
static bool stops_at_write;
static int n_writes;

int __wrap_kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
			     const char *value)
{
	bool stops = stops_at_write && streq(value, SET);

	assert_string_equal(group, SCOPE);
	assert_string_equal(file, "memory.high");
	n_writes++;
	if (stops)
		(void)raise(SIGSTOP);
	tree_write(kernel_tree, HIGH_FILE, value);
	if (stops)
		(void)raise(SIGSTOP);
	return 0;
}

/* ---- Its record --------------------------------------------------------------------------- */

static void test_a_record_is_read_as_it_was_written(void **state)
{
	const struct kvmb_limit in = { SCOPE, "max", 90 * MIB, 12345 };
	_cleanup_free_ char *text = NULL;
	struct kvmb_limit out;

	assert_int_equal(kvmb_limit_to_text(&in, &text), 0);
	assert_int_equal(kvmb_parse_limit(text, &out), 0);
	assert_string_equal(out.cgroup, in.cgroup);
	assert_string_equal(out.before, "max");
	assert_int_equal(out.set_bytes, in.set_bytes);
	assert_int_equal(out.until_ns, in.until_ns);
}

static void test_nothing_else_is_taken_for_a_record(void **state)
{
	static const char *const texts[] = {
		"", "kvm-balloond-limit 1\n", "kvm-balloond-limit 2\na\nmax\n1\n2\n",
		"kvm-balloond-limit 1\na\nmax\n1\n", "kvm-balloond-limit 1\na\nmax\n1\n2",
		"kvm-balloond-limit 1\na\nmax\n1\n2\n3\n", "kvm-balloond-limit 1\na\nmax\n-1\n2\n",
		"kvm-balloond-limit 1\na\n\n1\n2\n", "kvm-balloond-limit 1\n\nmax\n1\n2\n",
		"kvm-balloond-limit 1\na\nmax\n1\n99999999999999999999\n",
	};
	const struct kvmb_limit odd = { "a\nb", "max", 1, 2 };
	struct kvmb_limit l;
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (kvmb_parse_limit(texts[i], &l) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
	assert_int_equal(kvmb_limit_to_text(&odd, &text), -EINVAL);
}

/* ---- An agent and a watcher --------------------------------------------------------------- */

struct limit_world {
	char *tree;
	pid_t watcher;
};

/* A process that no failed test leaves behind. */
static pid_t fork_mortal(void)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static pid_t start_watcher(const char *tree)
{
	pid_t pid = fork_mortal();

	/* It ends when no record is left, and the real one is then started by the next. */
	while (pid == 0) {
		if (kvmb_lift_limits(tree) < 0)
			_exit(1);
		pause_ms(1);
	}
	return pid;
}

static void stop(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static int setup(void **state)
{
	struct limit_world *w = calloc(1, sizeof(*w));

	kernel_tree = w->tree = machine_new();
	n_writes = 0;
	tree_write(w->tree, HIGH_FILE, "max\n");
	tree_mkdir(w->tree, "run/kvm-balloond/limits");
	*state = w;
	return 0;
}

static int setup_watched(void **state)
{
	struct limit_world *w;

	setup(state);
	w = *state;
	w->watcher = start_watcher(w->tree);
	return 0;
}

static int teardown(void **state)
{
	struct limit_world *w = *state;

	stop(w->watcher);
	tree_free(w->tree);
	free(w);
	return 0;
}

static bool file_is(const struct limit_world *w, const char *path, const char *want)
{
	_cleanup_free_ char *text = tree_read(w->tree, path);

	return strncmp(text, want, strlen(want)) == 0 && strlen(text) <= strlen(want) + 1;
}

static bool no_record(const struct limit_world *w)
{
	char path[KVMB_PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/" RECORD, w->tree);
	return access(path, F_OK) < 0;
}

struct agent {
	const struct limit_world *w;
	uint64_t hold_usec;
	atomic_bool cancel;
	struct kvmb_result result;
	int error;
};

static void *agent_run(void *arg)
{
	struct kvmb_action a = action(KVMB_ACTION_HIGH, 10 * MIB);
	struct agent *agent = arg;
	struct kvmb_actuator act;

	(void)kvmb_str_copy(a.uuid, sizeof(a.uuid), UUID);
	if (kvmb_actuator_high_new(agent->w->tree, agent->hold_usec, &act) < 0)
		abort();
	agent->error = act.ops->apply(act.ctx, &a, &agent->cancel, &agent->result);
	kvmb_actuator_done(&act);
	return NULL;
}

static void agent_do(struct agent *agent)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, agent_run, agent), 0);
	WAIT_FOR(file_is(agent->w, HIGH_FILE, SET));
	write_current(agent->w->tree, 88 * MIB); /* the kernel does its part */
	if (agent->hold_usec == LONG_USEC)
		atomic_store(&agent->cancel, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static pid_t start_agent(const struct limit_world *w, uint64_t hold_usec)
{
	struct agent agent = { .w = w, .hold_usec = hold_usec };
	pid_t pid = fork_mortal();

	if (pid == 0) {
		agent_run(&agent);
		_exit(0);
	}
	return pid;
}

static void test_it_is_held_for_its_time(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = 500000 };
	uint64_t begin_ms = now_ms();

	agent_do(&agent);
	assert_true(now_ms() - begin_ms >= 500);
	assert_int_equal(agent.error, 0);
	assert_int_equal(agent.result.why, KVMB_WHY_NONE);
	assert_int_equal(agent.result.got_bytes, 12 * MIB);
	assert_true(file_is(*state, HIGH_FILE, "max"));
	assert_true(no_record(*state));
}

static void test_it_is_called_back(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = LONG_USEC };

	agent_do(&agent);
	assert_int_equal(agent.error, -ECANCELED);
	assert_true(file_is(*state, HIGH_FILE, "max"));
	assert_true(no_record(*state));
}

static void test_a_guest_that_stalls_is_let_go(void **state)
{
	struct limit_world *w = *state;
	struct agent agent = { .w = w, .hold_usec = LONG_USEC };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, agent_run, &agent), 0);
	WAIT_FOR(file_is(w, HIGH_FILE, SET));
	write_pressure(w->tree, "some avg10=0.00 avg60=0.00 avg300=0.00 total=900000000\n");
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(agent.error, 0);
	assert_int_equal(agent.result.why, KVMB_WHY_GUEST_PRESSURE);
	assert_true(file_is(w, HIGH_FILE, "max"));
}

static void test_what_was_there_before_is_put_back(void **state)
{
	struct limit_world *w = *state;
	struct agent agent = { .w = w, .hold_usec = LONG_USEC };

	tree_write(w->tree, HIGH_FILE, "104857600\n");
	agent_do(&agent);
	assert_true(file_is(w, HIGH_FILE, "104857600"));
}

static void test_a_lower_limit_of_somebody_else_stands(void **state)
{
	struct limit_world *w = *state;
	struct agent agent = { .w = w, .hold_usec = 1 };

	tree_write(w->tree, HIGH_FILE, SET "\n");
	agent_run(&agent);
	assert_int_equal(agent.error, -ESTALE);
	assert_int_equal(agent.result.why, KVMB_WHY_CHANGED);
	assert_true(no_record(w));
}

static void test_what_another_set_meanwhile_is_left_alone(void **state)
{
	struct limit_world *w = *state;
	struct agent agent = { .w = w, .hold_usec = LONG_USEC };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, agent_run, &agent), 0);
	WAIT_FOR(file_is(w, HIGH_FILE, SET));
	tree_write(w->tree, HIGH_FILE, "50000000\n");
	atomic_store(&agent.cancel, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(file_is(w, HIGH_FILE, "50000000"));
	assert_true(no_record(w));
}

static void test_unwatched_nothing_is_set(void **state)
{
	struct limit_world *w = *state;
	struct agent agent = { .w = w, .hold_usec = LONG_USEC };

	agent_run(&agent);
	assert_int_equal(agent.error, -ENOTCONN);
	assert_int_equal(agent.result.why, KVMB_WHY_NONE);
	assert_true(file_is(w, HIGH_FILE, "max"));
	assert_true(no_record(w));
}

static void test_without_a_place_for_records_nothing_is_set(void **state)
{
	struct limit_world *w = *state;
	struct agent agent = { .w = w, .hold_usec = LONG_USEC };

	tree_remove(w->tree, "run");
	agent_run(&agent);
	assert_int_equal(agent.error, -ENOENT);
	assert_true(file_is(w, HIGH_FILE, "max"));
}

static void test_a_limit_that_comes_late_is_not_set(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = 0 };

	agent_run(&agent);
	assert_int_equal(agent.error, -ESTALE);
	assert_int_equal(agent.result.why, KVMB_WHY_FACTS_STALE);
	assert_int_equal(n_writes, 0);
	assert_true(no_record(*state));
}

/* Its record is there, and it waits for a watcher. */
static void start_waiting(struct agent *agent, pthread_t *thread)
{
	assert_int_equal(pthread_create(thread, NULL, agent_run, agent), 0);
	WAIT_FOR(!no_record(agent->w));
}

static void test_it_is_called_back_while_nobody_watches_yet(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = LONG_USEC };
	pthread_t thread;

	start_waiting(&agent, &thread);
	atomic_store(&agent.cancel, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(agent.error, -ECANCELED);
	assert_int_equal(n_writes, 0);
	assert_true(no_record(*state));
}

static void assert_refused_after_wait(struct limit_world *w, struct agent *agent, pthread_t thread,
				      enum kvmb_why why)
{
	w->watcher = start_watcher(w->tree);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(agent->error, -ESTALE);
	assert_int_equal(agent->result.why, why);
	assert_int_equal(n_writes, 0);
	assert_true(no_record(w));
}

static void test_what_another_sets_before_it_is_watched_stands(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = LONG_USEC };
	pthread_t thread;

	start_waiting(&agent, &thread);
	tree_write(kernel_tree, HIGH_FILE, "50000000\n");
	assert_refused_after_wait(*state, &agent, thread, KVMB_WHY_CHANGED);
	assert_true(file_is(*state, HIGH_FILE, "50000000"));
}

/* Its watcher lifts it, after the next agent looked. */
static void test_the_limit_of_a_dead_agent_is_not_put_back(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = LONG_USEC };
	pthread_t thread;

	tree_write(kernel_tree, HIGH_FILE, "103809024\n");
	start_waiting(&agent, &thread);
	tree_write(kernel_tree, HIGH_FILE, "max\n");
	assert_refused_after_wait(*state, &agent, thread, KVMB_WHY_CHANGED);
	assert_true(file_is(*state, HIGH_FILE, "max"));
}

static void test_a_guest_that_stalls_before_it_is_watched_is_left_alone(void **state)
{
	struct agent agent = { .w = *state, .hold_usec = LONG_USEC };
	pthread_t thread;

	start_waiting(&agent, &thread);
	write_pressure(kernel_tree, "some avg10=0.00 avg60=0.00 avg300=0.00 total=900000000\n");
	assert_refused_after_wait(*state, &agent, thread, KVMB_WHY_GUEST_PRESSURE);
}

static void test_an_agent_that_is_killed_leaves_no_limit(void **state)
{
	struct limit_world *w = *state;
	pid_t agent = start_agent(w, LONG_USEC);

	WAIT_FOR(file_is(w, HIGH_FILE, SET));
	pause_ms(500);
	assert_true(file_is(w, HIGH_FILE, SET)); /* as long as it lives */
	stop(agent);
	WAIT_FOR(no_record(w));
	assert_true(file_is(w, HIGH_FILE, "max"));
}

static void test_an_agent_that_stands_still_leaves_none_either(void **state)
{
	struct limit_world *w = *state;
	pid_t agent = start_agent(w, 300000);

	WAIT_FOR(file_is(w, HIGH_FILE, SET));
	assert_int_equal(kill(agent, SIGSTOP), 0);
	WAIT_FOR(file_is(w, HIGH_FILE, "max"));
	stop(agent);
	WAIT_FOR(no_record(w));
}

static void wait_until_stopped(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

/* The watcher has found it due, with nothing to lift, when it is set after all. */
static void test_an_agent_that_stands_still_before_its_write_leaves_none(void **state)
{
	struct limit_world *w = *state;
	pid_t agent;

	stops_at_write = true;
	agent = start_agent(w, 300000);
	stops_at_write = false;
	wait_until_stopped(agent);
	pause_ms(300 + 2000 + 500); /* its time, the watcher's grace, and a look or two */
	assert_int_equal(kill(agent, SIGCONT), 0);
	wait_until_stopped(agent);
	stop(agent);
	WAIT_FOR(file_is(w, HIGH_FILE, "max"));
	WAIT_FOR(no_record(w));
}

static void test_a_watcher_that_comes_late_lifts_too(void **state)
{
	struct limit_world *w = *state;
	pid_t agent;

	agent = start_agent(w, LONG_USEC);
	WAIT_FOR(file_is(w, HIGH_FILE, SET));
	stop(w->watcher);
	stop(agent);
	assert_true(file_is(w, HIGH_FILE, SET));
	w->watcher = start_watcher(w->tree);
	WAIT_FOR(no_record(w));
	assert_true(file_is(w, HIGH_FILE, "max"));
}

static void test_a_scope_that_is_gone_needs_nothing(void **state)
{
	struct limit_world *w = *state;
	pid_t agent = start_agent(w, LONG_USEC);

	WAIT_FOR(file_is(w, HIGH_FILE, SET));
	tree_remove(w->tree, "sys/fs/cgroup/machine.slice");
	stop(agent);
	WAIT_FOR(no_record(w));
}

static void test_a_watcher_without_records_ends(void **state)
{
	struct limit_world *w = *state;

	assert_int_equal(kvmb_lift_limits(w->tree), 0);
	tree_remove(w->tree, "run");
	assert_int_equal(kvmb_lift_limits(w->tree), 0);
}

#define ALONE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define WATCHED(f) cmocka_unit_test_setup_teardown(f, setup_watched, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record_is_read_as_it_was_written),
		cmocka_unit_test(test_nothing_else_is_taken_for_a_record),
		WATCHED(test_it_is_held_for_its_time),
		WATCHED(test_it_is_called_back),
		WATCHED(test_a_guest_that_stalls_is_let_go),
		WATCHED(test_what_was_there_before_is_put_back),
		WATCHED(test_a_lower_limit_of_somebody_else_stands),
		WATCHED(test_what_another_set_meanwhile_is_left_alone),
		ALONE(test_unwatched_nothing_is_set),
		ALONE(test_without_a_place_for_records_nothing_is_set),
		WATCHED(test_a_limit_that_comes_late_is_not_set),
		ALONE(test_it_is_called_back_while_nobody_watches_yet),
		ALONE(test_what_another_sets_before_it_is_watched_stands),
		ALONE(test_the_limit_of_a_dead_agent_is_not_put_back),
		ALONE(test_a_guest_that_stalls_before_it_is_watched_is_left_alone),
		WATCHED(test_an_agent_that_is_killed_leaves_no_limit),
		WATCHED(test_an_agent_that_stands_still_leaves_none_either),
		WATCHED(test_an_agent_that_stands_still_before_its_write_leaves_none),
		WATCHED(test_a_watcher_that_comes_late_lifts_too),
		WATCHED(test_a_scope_that_is_gone_needs_nothing),
		ALONE(test_a_watcher_without_records_ends),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}

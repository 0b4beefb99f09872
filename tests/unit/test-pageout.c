// SPDX-License-Identifier: GPL-2.0-or-later
/* Page-out of a real child process: what is reported is what left its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act.h"
#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"
#include "model/cold.h"

#define CHILD_PAGES 3000 /* more than goes into one call, by bytes and by ranges */

/*
 * A child that has mapped a file and touched every page: clean file pages leave memory without
 * swap, and come back from the file.
 */
struct child {
	pid_t pid;
	uint64_t hva;
	uint64_t page;
	int file_fd;
	int to_fd;   /* one byte: verify */
	int from_fd; /* one byte: 'y' all bytes are right, else 'n' */
};

struct pageout_world {
	char *tree;
	struct kvmb_actuator act;
	struct child child;
	struct kvmb_range cold; /* what the finder tells; of no length: nothing */
	int find_error;
	bool finder_freed;
};

static unsigned char content_of(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

static bool verify(const unsigned char *map, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (map[i] != content_of(i))
			return false;
	return true;
}

static void child_main(const unsigned char *map, size_t size, int in_fd, int out_fd)
{
	char byte = verify(map, size) ? 'r' : 'n';

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	do {
		if (write(out_fd, &byte, 1) != 1 || read(in_fd, &byte, 1) != 1)
			_exit(1);
		byte = verify(map, size) ? 'y' : 'n';
	} while (true);
}

/* Written page by page: a larger write may make a large folio, which leaves memory as a whole. */
static int make_file(size_t size)
{
	char path[] = "./kvmb-pageout-XXXXXX"; /* in the build folder: a disk, not a tmpfs */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	_cleanup_free_ unsigned char *text = malloc(page);
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)unlink(path);
	for (size_t at = 0; at < size; at += page) {
		for (size_t i = 0; i < page; i++)
			text[i] = content_of(at + i);
		assert_int_equal(write(fd, text, page), (ssize_t)page);
	}
	assert_int_equal(fsync(fd), 0); /* dirty pages would stay */
	return fd;
}

static void child_begin(struct child *c)
{
	size_t size = CHILD_PAGES * (size_t)sysconf(_SC_PAGESIZE);
	int to[2], from[2], fd = make_file(size);
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	char byte;

	assert_true(map != MAP_FAILED);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0)
		child_main(map, size, to[0], from[1]);
	/* pages that two processes have mapped are not paged out */
	assert_int_equal(munmap(map, size), 0);
	c->file_fd = fd;
	close(to[0]);
	close(from[1]);
	c->to_fd = to[1];
	c->from_fd = from[0];
	c->hva = (uint64_t)(uintptr_t)map;
	c->page = (uint64_t)sysconf(_SC_PAGESIZE);
	assert_int_equal(read(c->from_fd, &byte, 1), 1);
	assert_int_equal(byte, 'r');
}

static void child_end(struct child *c)
{
	if (c->pid <= 0)
		return;
	(void)kill(c->pid, SIGKILL);
	(void)waitpid(c->pid, NULL, 0);
	close(c->file_fd);
	close(c->to_fd);
	close(c->from_fd);
	c->pid = 0;
}

static bool child_verify(struct child *c)
{
	char byte = 'v';

	assert_int_equal(write(c->to_fd, &byte, 1), 1);
	assert_int_equal(read(c->from_fd, &byte, 1), 1);
	return byte == 'y';
}

static int find_cold(void *ctx, const char *uuid, uint64_t idle_usec, uint64_t most_bytes,
		     struct kvmb_cold *ret)
{
	struct pageout_world *w = ctx;

	assert_int_equal(idle_usec, 7 * USEC_PER_SEC);
	if (w->find_error < 0)
		return w->find_error;
	ret->ranges = malloc(sizeof(w->cold));
	assert_non_null(ret->ranges);
	ret->ranges[0] = w->cold;
	ret->n = w->cold.length_bytes != 0;
	return 0;
}

static void finder_unref(void *ctx)
{
	((struct pageout_world *)ctx)->finder_freed = true;
}

/* MADV_PAGEOUT empties the batches of the CPU that it runs on. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static int pageout_setup(void **state)
{
	struct pageout_world *w = calloc(1, sizeof(*w));
	const struct kvmb_cold_finder finder = { find_cold, finder_unref, w };
	char path[64], target[64];

	stay_on_one_cpu();
	w->tree = machine_new();
	child_begin(&w->child);
	/* in the tree it is a QEMU; its page map is the real one */
	write_cgroup_of(w->tree, w->child.pid, SCOPE);
	snprintf(path, sizeof(path), "proc/%d/pagemap", w->child.pid);
	snprintf(target, sizeof(target), "/proc/%d/pagemap", w->child.pid);
	tree_link(w->tree, path, target);
	assert_int_equal(kvmb_actuator_pageout_new(w->tree, &finder, &w->act), 0);
	*state = w;
	return 0;
}

static int pageout_teardown(void **state)
{
	struct pageout_world *w = *state;

	child_end(&w->child);
	kvmb_actuator_done(&w->act);
	assert_true(w->finder_freed);
	tree_free(w->tree);
	free(w);
	return 0;
}

static struct kvmb_action pageout_action(struct pageout_world *w, const struct kvmb_range *ranges,
					 size_t n)
{
	struct kvmb_action a = action(KVMB_ACTION_PAGEOUT, 0);

	a.pid = w->child.pid;
	a.ranges = ranges;
	a.n_ranges = n;
	for (size_t i = 0; i < n; i++)
		a.asked_bytes += ranges[i].length_bytes;
	return a;
}

/* Apply, or skip where this machine does not let us. */
static int pageout(struct pageout_world *w, const struct kvmb_action *a, struct kvmb_result *res)
{
	struct statfs fs;
	int r;

	if (statfs(".", &fs) == 0 && fs.f_type == TMPFS_MAGIC)
		SKIP_TEST("files of a tmpfs do not leave memory without swap");
	r = apply(&w->act, a, false, res);
	if (r == -EPERM || r == -EACCES)
		SKIP_TEST("process_madvise() needs CAP_SYS_NICE and CAP_SYS_PTRACE");
	if (r == -ENOSYS)
		SKIP_TEST("this kernel has no process_madvise()");
	return r;
}

static uint64_t pageout_more(struct pageout_world *w, const struct kvmb_action *a,
			     uint64_t left_bytes)
{
	struct kvmb_result res;

	(void)posix_fadvise(w->child.file_fd, 0, 0, POSIX_FADV_DONTNEED);
	assert_int_equal(pageout(w, a, &res), 0);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	assert_int_equal(res.net_bytes, res.got_bytes);
	assert_true(res.got_bytes <= left_bytes);
	return left_bytes - res.got_bytes;
}

/*
 * Apply until @n_pages are out, all that the action covers. On their way to the kernel's lists
 * pages wait in batches, one of each CPU, and are not paged out; those that were moved, for
 * compaction, on another one. Advice about mapped pages has the kernel empty them all, and does no
 * more to these.
 */
static void pageout_all(struct pageout_world *w, const struct kvmb_action *a, size_t n_pages)
{
	uint64_t left_bytes = n_pages * w->child.page;

	WAIT_FOR((left_bytes = pageout_more(w, a, left_bytes)) == 0);
}

static void test_pages_leave_and_come_back(void **state)
{
	struct pageout_world *w = *state;
	struct child *c = &w->child;
	struct kvmb_range all = { c->hva, CHILD_PAGES * c->page };
	struct kvmb_action a = pageout_action(w, &all, 1);
	struct kvmb_result res;

	pageout_all(w, &a, CHILD_PAGES);
	/* what is out already cannot be got a second time */
	assert_int_equal(pageout(w, &a, &res), 0);
	assert_int_equal(res.got_bytes, 0);
	assert_true(child_verify(c));
	assert_int_equal(pageout(w, &a, &res), 0);
	assert_true(res.got_bytes > 0);
}

static void test_only_the_given_ranges_leave(void **state)
{
	struct pageout_world *w = *state;
	struct child *c = &w->child;
	/* every second page, in several calls */
	static struct kvmb_range some[CHILD_PAGES / 2];
	struct kvmb_range all = { c->hva, CHILD_PAGES * c->page };
	struct kvmb_action a, rest = pageout_action(w, &all, 1);

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		some[i] = (struct kvmb_range){ c->hva + 2 * i * c->page, c->page };
	a = pageout_action(w, some, ARRAY_SIZE(some));
	pageout_all(w, &a, CHILD_PAGES / 2);
	pageout_all(w, &rest, CHILD_PAGES / 2);
	assert_true(child_verify(c));
}

/* An action as the policy plans it: how much, and how cold. */
static struct kvmb_action cold_action(struct pageout_world *w, uint64_t bytes)
{
	struct kvmb_action a = pageout_action(w, NULL, 0);

	a.asked_bytes = bytes;
	a.idle_usec = 7 * USEC_PER_SEC;
	return a;
}

static void test_what_is_cold_is_asked_when_it_is_due(void **state)
{
	struct pageout_world *w = *state;
	struct child *c = &w->child;
	struct kvmb_action a = cold_action(w, 100 * c->page);

	w->cold = (struct kvmb_range){ c->hva + 10 * c->page, 40 * c->page };
	pageout_all(w, &a, 40);
	/* more is cold than was asked for */
	w->cold = (struct kvmb_range){ c->hva + 100 * c->page, 400 * c->page };
	pageout_all(w, &a, 100);
	assert_true(child_verify(c));
}

static void test_nothing_cold_is_no_fault(void **state)
{
	struct pageout_world *w = *state;
	struct kvmb_action a = cold_action(w, MIB);
	struct kvmb_result res;

	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_NOT_COLD);
	w->find_error = -ESRCH;
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
	w->find_error = -EOPNOTSUPP;
	assert_int_equal(apply(&w->act, &a, false, &res), -EOPNOTSUPP);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	assert_int_equal(res.got_bytes, 0);
}

static void test_no_more_than_asked(void **state)
{
	struct pageout_world *w = *state;
	struct child *c = &w->child;
	struct kvmb_range all = { c->hva, CHILD_PAGES * c->page };
	struct kvmb_action a = pageout_action(w, &all, 1);

	a.asked_bytes = 5 * c->page;
	pageout_all(w, &a, 5);
	a.asked_bytes = all.length_bytes;
	pageout_all(w, &a, CHILD_PAGES - 5);
}

static void test_a_hole_is_passed_over(void **state)
{
	struct pageout_world *w = *state;
	struct child *c = &w->child;
	struct kvmb_range ranges[] = {
		{ c->hva, c->page },
		{ c->page, 16 * c->page }, /* nobody maps the lowest pages */
		{ c->hva + c->page, c->page },
	};
	struct kvmb_action a = pageout_action(w, ranges, ARRAY_SIZE(ranges));
	struct kvmb_result res;

	pageout_all(w, &a, 2);
	/* nothing but holes is a failure */
	a = pageout_action(w, &ranges[1], 1);
	assert_true(pageout(w, &a, &res) < 0);
	assert_int_equal(res.got_bytes, 0);
}

static void test_bad_ranges_are_refused_whole(void **state)
{
	struct pageout_world *w = *state;
	struct child *c = &w->child;
	const struct kvmb_range bad[] = {
		{ c->hva + 1, c->page },
		{ c->hva, c->page - 1 },
		{ c->hva, 0 },
		{ UINT64_MAX - c->page + 1, 2 * c->page },
	};
	struct kvmb_result res;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kvmb_range both[] = { { c->hva, c->page }, bad[i] };
		struct kvmb_action a = pageout_action(w, both, 2);

		assert_int_equal(apply(&w->act, &a, false, &res), -EINVAL);
	}
	assert_true(child_verify(c));
}

static void test_pageout_is_cancelled(void **state)
{
	struct pageout_world *w = *state;
	struct kvmb_range all = { w->child.hva, CHILD_PAGES * w->child.page };
	struct kvmb_action a = pageout_action(w, &all, 1);
	struct kvmb_result res;

	assert_int_equal(apply(&w->act, &a, true, &res), -ECANCELED);
	assert_int_equal(res.got_bytes, 0);
}

static void test_pageout_spares_a_guest_under_pressure(void **state)
{
	struct pageout_world *w = *state;
	struct kvmb_range all = { w->child.hva, CHILD_PAGES * w->child.page };
	struct kvmb_action a = pageout_action(w, &all, 1);
	struct kvmb_result res;

	write_pressure(w->tree, "some avg10=50.00 avg60=0.00 avg300=0.00 total=1000\n");
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GUEST_PRESSURE);
	assert_int_equal(res.got_bytes, 0);
}

static void test_pageout_keeps_to_the_limits_it_was_given(void **state)
{
	struct pageout_world *w = *state;
	struct kvmb_range all = { w->child.hva, CHILD_PAGES * w->child.page };
	struct kvmb_action a = pageout_action(w, &all, 1);
	struct kvmb_result res;

	write_pressure(w->tree, "some avg10=5.00 avg60=0.00 avg300=0.00 total=1000\n");
	a.facts.guest_limit_permyriad = 499;
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GUEST_PRESSURE);
	/* 100 MiB are resident; a step is 8 */
	a.facts.guest_limit_permyriad = 500;
	a.facts.floor_bytes = 93 * MIB;
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_AT_GUARANTEE);
	write_pressure(w->tree, "some avg10=50.00 avg60=0.00 avg300=0.00 total=1000\n");
	a.facts.guest_limit_permyriad = 6000;
	a.facts.floor_bytes = 0;
	assert_int_equal(pageout(w, &a, &res), 0);
	assert_int_equal(res.why, KVMB_WHY_NONE);
	assert_true(res.got_bytes > 0);
}

static void test_pageout_looks_again_who_it_is(void **state)
{
	struct pageout_world *w = *state;
	struct kvmb_range all = { w->child.hva, CHILD_PAGES * w->child.page };
	struct kvmb_action a = pageout_action(w, &all, 1);
	struct kvmb_result res;

	write_cgroup_of(w->tree, w->child.pid, TREE_SCOPE(9, "other"));
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_CHANGED);
	child_end(&w->child);
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
	a.pid = 0;
	assert_int_equal(apply(&w->act, &a, false, &res), -ESTALE);
	assert_int_equal(res.why, KVMB_WHY_GONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pageout_setup, pageout_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pages_leave_and_come_back),
		TEST(test_only_the_given_ranges_leave),
		TEST(test_what_is_cold_is_asked_when_it_is_due),
		TEST(test_nothing_cold_is_no_fault),
		TEST(test_no_more_than_asked),
		TEST(test_a_hole_is_passed_over),
		TEST(test_bad_ranges_are_refused_whole),
		TEST(test_pageout_is_cancelled),
		TEST(test_pageout_spares_a_guest_under_pressure),
		TEST(test_pageout_keeps_to_the_limits_it_was_given),
		TEST(test_pageout_looks_again_who_it_is),
	};

	return cmocka_run_group_tests_name("pageout", tests, NULL, NULL);
}

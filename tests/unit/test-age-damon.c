// SPDX-License-Identifier: GPL-2.0-or-later
/* Ages from DAMON: what is booked, what is found, and how kdamonds are shared with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "age-opened.h"
#include "fake-damon.h"
#include "source/age-source.h"
#include "source/damon.h"
#include "tree.h"

#define PID 4242
#define BASE UINT64_C(0x10000000)
#define PAGES_MAX 0x20000 /* that the page map speaks of */
#define PERIOD_USEC (10 * USEC_PER_SEC)
#define AGGREGATION_USEC UINT64_C(1249992) /* an eighth of that, in nine samples */

static const char maps[] =
	"0f000000-0f021000 rw-p 00000000 00:00 0          [heap]\n"
	"10000000-14000000 rw-p 00000000 00:00 0 \n"
	"14000000-14010000 ---p 00000000 00:00 0 \n"
	"18000000-18800000 rw-p 00000000 00:00 0          [stack]\n"
	"7f0000000000-7f0000200000 r-xp 00000000 08:01 42  /usr/bin/qemu system\n";

static const struct kvmb_age_source_ops *ops = &kvmb_age_source_damon;

struct world {
	char *tree;
	struct kvmb_root root;
	struct kvmb_age_target target;
	size_t n_fds;
	char why[KVMB_TEXT_SIZE];
};

static struct world *the_world;

static void write_maps(const char *text)
{
	tree_write(the_world->tree, "proc/4242/maps", text);
}

/* Some MiB from BASE on are in memory. */
static void write_present(const struct world *w, uint64_t first_mib, uint64_t n_mib)
{
	const uint64_t entry = UINT64_C(1) << 63, page = 4096;
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/proc/4242/pagemap", w->tree);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PAGES_MAX * sizeof(entry)), 0);
	for (uint64_t i = 0; i < n_mib * MIB / page; i++)
		assert_int_equal(pwrite(fd, &entry, sizeof(entry),
					(off_t)(((BASE + first_mib * MIB) / page + i) * 8)), 8);
	close(fd);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	the_world = w;
	w->n_fds = count_fds();
	w->tree = tree_new();
	fake_damon_begin(w->tree);
	write_maps(maps);
	write_present(w, 0, 64);
	assert_int_equal(kvmb_root_open(w->tree, &w->root), 0);
	w->target = (struct kvmb_age_target){ .root = &w->root, .pid = PID };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	kvmb_root_close(&w->root);
	assert_int_equal(count_fds(), w->n_fds);
	tree_free(w->tree);
	free(w);
	return 0;
}

static void *open_source(struct world *w)
{
	return age_opened(ops, &w->target, PERIOD_USEC, w->why);
}

static void assert_refused(struct world *w, int error, const char *why)
{
	assert_age_refused(ops, &w->target, PERIOD_USEC, error, w->why);
	assert_says(w->why, why);
}

/* ---- What is told ------------------------------------------------------------------------ */

static const struct fake_region two_cold[] = {
	/* 8 to 24 MiB into the guest; 24 to 32; one that is no memory of the guest any more */
	{ "276824064\n", "293601280\n", "40\n" },
	{ "293601280\n", "301989888\n", "8\n" },
	{ "402653184\n", "411041792\n", "99\n" },
};

static void tell(const struct fake_region *regions, size_t n)
{
	fake_damon.regions = regions;
	fake_damon.n_regions = n;
}

static void test_guest_memory_is_watched_and_nothing_else(void **state)
{
	struct world *w = *state;
	void *handle = open_source(w);
	uint64_t at = BASE;
	int i;

	assert_true(fake_damon_is("0/contexts/0/operations", "fvaddr"));
	assert_true(fake_damon_is("0/contexts/0/targets/0/pid_target", "4242"));
	assert_true(fake_damon_is("0/contexts/0/monitoring_attrs/intervals/aggr_us", "1249992"));
	assert_true(fake_damon_is("0/contexts/0/monitoring_attrs/intervals/sample_us", "138888"));
	assert_true(fake_damon_is("0/contexts/0/schemes/0/action", "stat"));
	assert_true(fake_damon_is("0/contexts/0/schemes/0/access_pattern/nr_accesses/max", "0"));
	for (i = 0; at < BASE + 64 * MIB; i++) {
		char path[128], text[32];

		snprintf(path, sizeof(path), "0/contexts/0/targets/0/regions/%d/start", i);
		snprintf(text, sizeof(text), "%llu", (unsigned long long)at);
		assert_true(fake_damon_is(path, text));
		at += 640 * KIB; /* a hundredth, in steps of 64 KiB */
		at = u64_min(at, BASE + 64 * MIB);
		snprintf(path, sizeof(path), "0/contexts/0/targets/0/regions/%d/end", i);
		snprintf(text, sizeof(text), "%llu", (unsigned long long)at);
		assert_true(fake_damon_is(path, text));
	}
	assert_in_range(i, KVMB_DAMON_REGIONS_MIN, KVMB_DAMON_REGIONS_MAX);
	assert_int_equal(fake_damon_running(), 1);
	ops->close(handle);
}

static void test_resident_memory_is_booked_by_its_age(void **state)
{
	struct world *w = *state;
	void *handle = open_source(w);
	struct kvmb_ages ages;

	tell(two_cold, ARRAY_SIZE(two_cold));
	assert_int_equal(ops->read(handle, &ages), 0);
	assert_int_equal(ages.cold_bytes[0], (64 - 24) * MIB);
	assert_int_equal(ages.cold_bytes[1], 8 * MIB);  /* 10 s, less some usec */
	assert_int_equal(ages.cold_bytes[4], 16 * MIB); /* 50 s */
	/* none is kept in the kernel */
	tell(NULL, 0);
	assert_int_equal(ops->read(handle, &ages), 0);
	assert_int_equal(ages.cold_bytes[0], 64 * MIB);
	assert_int_equal(ages.cold_bytes[4], 0);
	ops->close(handle);
}

static void test_memory_that_is_not_there_is_not_cold(void **state)
{
	struct world *w = *state;
	void *handle;
	struct kvmb_ages ages;

	tree_remove(w->tree, "proc/4242/pagemap");
	write_present(w, 0, 12);
	handle = open_source(w);
	tell(two_cold, ARRAY_SIZE(two_cold));
	assert_int_equal(ops->read(handle, &ages), 0);
	assert_int_equal(ages.cold_bytes[0], 8 * MIB);
	assert_int_equal(ages.cold_bytes[1], 0);
	assert_int_equal(ages.cold_bytes[4], 4 * MIB);
	ops->close(handle);
}

static void test_the_coldest_is_found_first_and_no_more_than_asked(void **state)
{
	static const struct fake_region regions[] = {
		{ "268435456\n", "269484032\n", "20\n" }, /* the first MiB */
		{ "276824064\n", "293601280\n", "40\n" }, /* 8 to 24 MiB */
		{ "293601280\n", "301989888\n", "4\n" },  /* 24 to 32 MiB */
	};
	struct world *w = *state;
	struct kvmb_cold cold = { NULL, 0 };
	void *handle;

	tree_remove(w->tree, "proc/4242/pagemap");
	write_present(w, 0, 10);
	write_present(w, 12, 20);
	handle = open_source(w);
	tell(regions, ARRAY_SIZE(regions));
	assert_int_equal(ops->find(handle, 20 * AGGREGATION_USEC, UINT64_MAX, &cold), 0);
	assert_int_equal(cold.n, 3);
	assert_int_equal(cold.ranges[0].hva, BASE + 8 * MIB);
	assert_int_equal(cold.ranges[0].length_bytes, 2 * MIB);
	assert_int_equal(cold.ranges[1].hva, BASE + 12 * MIB);
	assert_int_equal(cold.ranges[1].length_bytes, 12 * MIB);
	assert_int_equal(cold.ranges[2].hva, BASE);
	assert_int_equal(cold.ranges[2].length_bytes, MIB);
	free(cold.ranges);
	assert_int_equal(ops->find(handle, 20 * AGGREGATION_USEC, 3 * MIB + 1, &cold), 0);
	assert_int_equal(cold.n, 2);
	assert_int_equal(cold.ranges[1].length_bytes, MIB + 4096);
	free(cold.ranges);
	/* never what is in use, however little is asked for */
	assert_int_equal(ops->find(handle, 0, UINT64_MAX, &cold), 0);
	assert_int_equal(cold.n, 4);
	assert_int_equal(cold.ranges[3].hva, BASE + 24 * MIB);
	free(cold.ranges);
	assert_int_equal(ops->find(handle, 41 * AGGREGATION_USEC, UINT64_MAX, &cold), 0);
	assert_int_equal(cold.n, 0);
	free(cold.ranges);
	ops->close(handle);
}

/* ---- What goes wrong --------------------------------------------------------------------- */

static void test_garbled_regions_are_refused(void **state)
{
	static const struct fake_region cases[][2] = {
		{ { "x\n", "293601280\n", "1\n" } },
		{ { "276824064\n", "276824064\n", "1\n" } },
		{ { "293601280\n", "276824064\n", "1\n" } },
		{ { "276824064\n", "293601280\n", "-1\n" } },
		{ { "", "", "" } },
		{ { "276824064\n", "18446744073709551616\n", "1\n" } },
		{ { "276824064\n", "293601280\n", "1\n" },
		  { "276824064\n", "293601280\n", "1\n" } },
		{ { "276824064 276824064 276824064 276824064\n", "293601280\n", "1\n" } },
	};
	struct world *w = *state;
	void *handle = open_source(w);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_ages ages = { .told_ns = 7 };
		struct kvmb_cold cold = { NULL, 7 };
		int r;

		tell(cases[i], cases[i][1].begin ? 2 : 1);
		r = ops->read(handle, &ages);
		if (r != -EBADMSG && r != -E2BIG)
			fail_msg("case %zu: %d", i, r);
		assert_int_equal(ages.told_ns, 7);
		assert_int_equal(ops->find(handle, 0, MIB, &cold), r);
		assert_null(cold.ranges);
		assert_int_equal(cold.n, 7);
	}
	ops->close(handle);
}

static void test_ages_without_end_do_no_harm(void **state)
{
	static const struct fake_region region = { "0\n", "18446744073709551615\n",
						   "18446744073709551615\n" };
	struct world *w = *state;
	void *handle = open_source(w);
	struct kvmb_ages ages;

	tell(&region, 1);
	assert_int_equal(ops->read(handle, &ages), 0);
	assert_int_equal(ages.cold_bytes[KVMB_AGE_BUCKETS - 1], 64 * MIB);
	ops->close(handle);
}

static void remove_process(void)
{
	write_maps("");
	fake_damon.running[0] = false;
}

static void stop_kdamond(void)
{
	fake_damon.running[0] = false;
}

static void take_array_away(void)
{
	fake_damon.running[0] = false;
	fake_damon_write("nr_kdamonds", "1");
}

static void plug_memory(void)
{
	write_maps("10000000-14000000 rw-p 00000000 00:00 0 \n"
		   "16000000-17000000 rw-p 00000000 00:00 0 \n");
}

static void test_what_vanishes_between_calls_ends_the_source(void **state)
{
	static const struct {
		void (*change)(void);
		int error;
	} cases[] = {
		{ remove_process, -ESRCH },
		{ stop_kdamond, -ENODEV },
		{ take_array_away, -ENODEV },
		{ plug_memory, -ESTALE }, /* what is new is not watched */
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		void *handle = open_source(w);
		struct kvmb_ages ages;
		struct kvmb_cold cold;

		fake_damon.on_update = cases[i].change;
		assert_int_equal(ops->read(handle, &ages), cases[i].error);
		fake_damon.on_update = NULL;
		assert_int_equal(ops->find(handle, 0, MIB, &cold), cases[i].error);
		ops->close(handle);
		assert_int_equal(fake_damon_running(), 0);
		write_maps(maps);
		if (fake_damon.n)
			fake_damon_write("nr_kdamonds", "0");
	}
}

static void test_a_guest_without_memory_is_not_watched(void **state)
{
	struct world *w = *state;

	write_maps("10000000-10fff000 rw-p 00000000 00:00 0 \n");
	assert_refused(w, -ENODATA, "memory of QEMU");
	write_maps("garbage\n");
	assert_refused(w, -EBADMSG, "memory of QEMU");
	w->target.pid = 4243;
	assert_refused(w, -ESRCH, "memory of QEMU");
	assert_int_equal(fake_damon.n_writes, 0);
}

static void test_errors_of_damon_are_told_and_leave_nothing(void **state)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = {
		{ "nr_kdamonds", -EPERM },
		{ "nr_kdamonds", -EROFS },
		{ "operations", -EINVAL },
		{ "pid_target", -EPERM },
		{ "state", -ENOMEM },
		{ "update_us", -EINVAL },
		{ "regions/99/end", -EINVAL },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_damon.fail_path = cases[i].path;
		fake_damon.fail_error = cases[i].error;
		assert_refused(w, cases[i].error, "");
		assert_non_null(strchr(w->why, ':'));
		fake_damon.fail_path = NULL;
		assert_int_equal(fake_damon.n, 0);
		/* the next one finds whatever could not be tidied up then, and tidies up */
		ops->close(open_source(w));
		assert_int_equal(fake_damon.n, 0);
		assert_int_equal(fake_damon_running(), 0);
	}
}

static void test_a_busy_damon_is_asked_again(void **state)
{
	struct world *w = *state;
	struct kvmb_ages ages;
	void *handle;

	fake_damon.busy = 3;
	handle = open_source(w);
	fake_damon.busy = 3;
	assert_int_equal(ops->read(handle, &ages), 0);
	fake_damon.busy = 3;
	ops->close(handle);
	assert_int_equal(fake_damon.n, 0);
}

/* ---- Neighbours -------------------------------------------------------------------------- */

static void test_each_guest_has_its_kdamond_and_the_last_one_clears_up(void **state)
{
	struct world *w = *state;
	void *a = open_source(w), *b = open_source(w), *c;
	struct kvmb_ages ages;

	assert_int_equal(fake_damon.n, KVMB_DAMON_KDAMONDS);
	assert_true(fake_damon.running[0] && fake_damon.running[1]);
	ops->close(a);
	assert_int_equal(fake_damon.n, KVMB_DAMON_KDAMONDS);
	assert_int_equal(ops->read(b, &ages), 0);
	c = open_source(w);
	assert_true(fake_damon.running[0] && fake_damon.running[1]);
	ops->close(b);
	ops->close(c);
	assert_int_equal(fake_damon.n, 0);
}

static void test_what_others_set_up_is_left_alone(void **state)
{
	struct world *w = *state;

	fake_damon_write("nr_kdamonds", "1");
	assert_refused(w, -EBUSY, "somebody else");
	/* of our length by chance, without our mark */
	fake_damon_write("nr_kdamonds", "64");
	fake_damon_write("3/contexts/nr_contexts", "1");
	assert_refused(w, -EBUSY, "somebody else");
	fake_damon_write("nr_kdamonds", "65");
	assert_refused(w, -EBUSY, "somebody else");
	tree_write(w->tree, FAKE_ADMIN "/nr_kdamonds", "many\n");
	assert_refused(w, -EBADMSG, "");
	assert_int_equal(fake_damon.n_writes, 0);
}

static void test_modules_that_have_damon_for_themselves_are_named(void **state)
{
	struct world *w = *state;

	tree_write(w->tree, "sys/module/damon_stat/parameters/enabled", "Y\n");
	assert_refused(w, -EBUSY, "damon_stat has it for itself");
	tree_write(w->tree, "sys/module/damon_stat/parameters/enabled", "N\n");
	tree_write(w->tree, "sys/module/damon_reclaim/parameters/enabled", "Y\n");
	assert_refused(w, -EBUSY, "damon_reclaim");
	assert_int_equal(fake_damon.n_writes, 0);
	tree_write(w->tree, "sys/module/damon_reclaim/parameters/enabled", "N\n");
	ops->close(open_source(w));
}

static void test_a_kernel_without_damon_is_no_fault(void **state)
{
	struct world *w = *state;
	struct kvmb_root none = KVMB_ROOT_INIT;

	tree_remove(w->tree, "sys/kernel/mm/damon");
	assert_refused(w, -EOPNOTSUPP, "/sys/kernel/mm/damon/admin is not there");
	none.proc_fd = w->root.proc_fd;
	w->target.root = &none;
	assert_refused(w, -EOPNOTSUPP, "is not there");
}

static int lock_file(const struct world *w, const char *file, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/" FAKE_ADMIN "/%s", w->tree, file);
	fd = open(path, flags | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static void test_what_anybody_can_lock_keeps_nobody_out(void **state)
{
	struct world *w = *state;
	void *a = open_source(w), *b;
	int fds[KVMB_DAMON_KDAMONDS];

	fds[0] = lock_file(w, "", O_RDONLY | O_DIRECTORY);
	for (int i = 1; i < KVMB_DAMON_KDAMONDS; i++) {
		char folder[16];

		snprintf(folder, sizeof(folder), "%d", i);
		fds[i] = lock_file(w, folder, O_RDONLY | O_DIRECTORY);
	}
	b = open_source(w);
	assert_int_equal(fake_damon_running(), 2);
	ops->close(a);
	ops->close(b);
	assert_int_equal(fake_damon.n, 0);
	for (int i = 0; i < KVMB_DAMON_KDAMONDS; i++)
		close(fds[i]);
}

/* As an agent leaves it that was killed: set up, running, and locked by nobody. */
static void leave_behind(struct world *w)
{
	void *handle = open_source(w);
	int fd;

	fake_damon.running[7] = true;
	fake_damon_write("7/contexts/nr_contexts", "1");
	/* what holds the array while the first handle goes */
	fd = lock_file(w, "9/state", O_RDWR);
	ops->close(handle);
	assert_int_equal(fake_damon.n, KVMB_DAMON_KDAMONDS);
	fake_damon.running[7] = true;
	fake_damon_write("7/contexts/nr_contexts", "1");
	close(fd);
}

static void test_what_a_dead_agent_left_is_taken_over(void **state)
{
	struct world *w = *state;
	void *handle;

	leave_behind(w);
	handle = open_source(w);
	assert_true(fake_damon.running[0]);
	assert_false(fake_damon.running[7]);
	assert_true(fake_damon_is("7/contexts/nr_contexts", "0"));
	ops->close(handle);
	assert_int_equal(fake_damon.n, 0);
}

static void test_an_array_without_its_mark_yet_is_taken_over(void **state)
{
	struct world *w = *state;

	fake_damon_write("nr_kdamonds", "64");
	ops->close(open_source(w));
	assert_int_equal(fake_damon.n, 0);
	fake_damon_write("nr_kdamonds", "64");
	fake_damon_write("63/contexts/nr_contexts", "1");
	ops->close(open_source(w));
	assert_int_equal(fake_damon.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_guest_memory_is_watched_and_nothing_else),
		TEST(test_resident_memory_is_booked_by_its_age),
		TEST(test_memory_that_is_not_there_is_not_cold),
		TEST(test_the_coldest_is_found_first_and_no_more_than_asked),
		TEST(test_garbled_regions_are_refused),
		TEST(test_ages_without_end_do_no_harm),
		TEST(test_what_vanishes_between_calls_ends_the_source),
		TEST(test_a_guest_without_memory_is_not_watched),
		TEST(test_errors_of_damon_are_told_and_leave_nothing),
		TEST(test_a_busy_damon_is_asked_again),
		TEST(test_each_guest_has_its_kdamond_and_the_last_one_clears_up),
		TEST(test_what_others_set_up_is_left_alone),
		TEST(test_modules_that_have_damon_for_themselves_are_named),
		TEST(test_a_kernel_without_damon_is_no_fault),
		TEST(test_what_anybody_can_lock_keeps_nobody_out),
		TEST(test_what_a_dead_agent_left_is_taken_over),
		TEST(test_an_array_without_its_mark_yet_is_taken_over),
	};

	return cmocka_run_group_tests_name("age-damon", tests, NULL, NULL);
}

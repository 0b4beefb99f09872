// SPDX-License-Identifier: GPL-2.0-or-later
/* Ages from the kernel's generations: what a birth says, what is kept of the oldest. */
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

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "age-opened.h"
#include "source/age-source.h"
#include "source/lru-ledger.h"
#include "tree.h"

#define SCOPE TREE_SCOPE(1, "alpha")
#define PERIOD_USEC (30 * USEC_PER_SEC)
#define PAGE 4096
#define LRU_GEN "sys/kernel/debug/lru_gen"

static const struct kvmb_age_source_ops *ops = &kvmb_age_source_mglru;

/* ---- The kernel's side ------------------------------------------------------------------- */

static struct fake {
	const char *tree;
	uint64_t later_ns;   /* the clock is so much ahead */
	int write_error;     /* of each write to lru_gen */
	int open_error;      /* of opening it to write */
	unsigned int n_writes;
	char written[512];   /* all that was written */
	const char *after;   /* text of lru_gen after a write, NULL: as it is */
} fake;

int __real_kvmb_write_at(int dirfd, const char *path, const char *text);
int __wrap_kvmb_write_at(int dirfd, const char *path, const char *text);
int __wrap_kvmb_write_at(int dirfd, const char *path, const char *text)
{
	if (!streq(path, "kernel/debug/lru_gen"))
		return __real_kvmb_write_at(dirfd, path, text);
	fake.n_writes++;
	snprintf(fake.written + strlen(fake.written), sizeof(fake.written) - strlen(fake.written),
		 "%s", text);
	if (fake.after)
		tree_write(fake.tree, LRU_GEN, fake.after);
	return fake.write_error;
}

uint64_t __real_kvmb_now_ns(void);
uint64_t __wrap_kvmb_now_ns(void);
uint64_t __wrap_kvmb_now_ns(void)
{
	return __real_kvmb_now_ns() + fake.later_ns;
}

int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	if (fake.open_error && (flags & O_ACCMODE) == O_RDWR &&
	    streq(path, "kernel/debug/lru_gen")) {
		errno = fake.open_error;
		return -1;
	}
	return __real_openat(dirfd, path, flags);
}

/* As Linux 6.12 writes it; 6.1 has two more counts, of pages that were old among them. */
static const char full_6_12[] =
	"memcg     1 /\n node     0\n"
	"          0     123456          0        100 \n"
	"                     0    0r    0e    0p    0r    0e    0p\n"
	"                          0x    0x    0x    0x\n"
	"          1       1234         10         20 \n"
	"                     0    0R    0T    0x    0R    0T    0x\n"
	"                       1000T   20Y    3F    4A\n";
static const char full_6_1[] =
	"memcg     1 /\n node     0\n"
	"          1       1234         10         20 \n"
	"                     0    0R    0T    0 \n"
	"                       1000L  980O   20Y    0N    3F    4A\n";

static const char generations[] =
	"memcg     1 /\n"
	" node     0\n"
	"          0  999999999          7          7 \n"
	"memcg   101 /" SCOPE "\n"
	" node     0\n"
	"          4       9000          0          5 \n"
	"          5       8000          0          0 \n"
	"memcg   102 /" SCOPE "/libvirt\n"
	" node     0\n"
	"          4     100000        300         30 \n"
	"          5      60000        200         20 \n"
	"          6      30000        100         10 \n"
	"          7          0         40          4 \n"
	" node     1\n"
	"          1      30000         50          0 \n"
	"          2          0          2          0 \n"
	"memcg   103 /" SCOPE "x\n"
	" node     0\n"
	"          4     100000     300000         30 \n"
	"memcg   104 /machine.slice\n"
	" node     0\n"
	"          4     100000     300000         30 \n";

struct world {
	struct kvmb_root root;
	struct kvmb_age_target target;
	char why[KVMB_TEXT_SIZE];
	char *tree;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->tree = tree_new();
	fake = (struct fake){ .tree = w->tree };
	tree_write(w->tree, "sys/kernel/mm/lru_gen/enabled", "0x0007\n");
	tree_write(w->tree, "sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	tree_write(w->tree, LRU_GEN, generations);
	tree_write(w->tree, LRU_GEN "_full", full_6_12);
	assert_int_equal(kvmb_root_open(w->tree, &w->root), 0);
	w->target = (struct kvmb_age_target){ .root = &w->root, .pid = 7, .cgroup = SCOPE };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	kvmb_root_close(&w->root);
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

/* ---- The text ---------------------------------------------------------------------------- */

static void test_generations_of_a_scope_and_below(void **state)
{
	struct kvmb_lruvec *vecs = NULL;
	size_t n = 0;

	assert_int_equal(kvmb_parse_lru_gen(generations, SCOPE, &vecs, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(vecs[0].memcg, 101);
	assert_int_equal(vecs[1].memcg, 102);
	assert_int_equal(vecs[1].n, 4);
	assert_int_equal(vecs[1].gens[3].seq, 7);
	assert_int_equal(vecs[1].gens[0].pages, 330);
	assert_int_equal(vecs[2].node, 1);
	/* not touched between the birth of the next one and now, that is certain */
	assert_int_equal(kvmb_lru_gen_idle_usec(&vecs[1], 0), 60 * USEC_PER_SEC);
	assert_int_equal(kvmb_lru_gen_idle_usec(&vecs[1], 1), 30 * USEC_PER_SEC);
	assert_int_equal(kvmb_lru_gen_idle_usec(&vecs[1], 2), 0);
	assert_int_equal(kvmb_lru_gen_idle_usec(&vecs[1], 3), 0);
	free(vecs);
	assert_int_equal(kvmb_parse_lru_gen(generations, "machine.slice/none", &vecs, &n), -ENOENT);
}

static void test_garbled_generations(void **state)
{
	static const char *const bad[] = {
		"memcg x /a\n",
		"memcg\n",
		"memcg 1 /a\n  1 2 3 4\n",
		"memcg 1 /a\n node x\n",
		"memcg 1 /a\n node\n",
		"memcg 1 /a\n node 0\n  1 2 3\n",
		"memcg 1 /a\n node 0\n  1 2 3 4 5\n",
		"memcg 1 /a\n node 0\n  1 2 3 -4\n",
		"memcg 1 /a\n node 0\n  2 2 3 4\n  2 1 3 4\n",
		"memcg 1 /a\n node 0\n  2 2 3 4\n  1 1 3 4\n",
		("memcg 1 /a\n node 0\n 1 1 1 1\n 2 1 1 1\n 3 1 1 1\n 4 1 1 1\n 5 1 1 1\n 6 1 1 1\n"
		 " 7 1 1 1\n 8 1 1 1\n 9 1 1 1\n"),
		"memcg 1 /a\n node 0\n 1 1 1 1\nmemcg 2 /a/b\n 2 1 1 1\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct kvmb_lruvec *vecs = NULL;
		size_t n = 7;
		int r = kvmb_parse_lru_gen(bad[i], "a", &vecs, &n);

		if (r != -EBADMSG)
			fail_msg("case %zu: %d", i, r);
		assert_null(vecs);
		assert_int_equal(n, 7);
	}
}

static void test_whether_walks_see_guests(void **state)
{
	assert_true(kvmb_lru_gen_sees_guests(full_6_12));
	assert_false(kvmb_lru_gen_sees_guests(full_6_1));
	assert_false(kvmb_lru_gen_sees_guests(""));
	/* names of groups are not letters of counts */
	assert_false(kvmb_lru_gen_sees_guests("memcg 1 /Y\n node 0\n 1 2 3 4 \n"));
	assert_true(kvmb_lru_gen_sees_guests("memcg 1 /O\n node 0\n 1 2 3 4 \n 1T 2Y 3F 4A\n"));
}

/* ---- The ledger -------------------------------------------------------------------------- */

/* Four generations, a walk each 30 s; the oldest has @oldest pages, the second one @second. */
static void step(struct kvmb_lru_ledger *l, uint64_t turn, uint64_t oldest, uint64_t second)
{
	struct kvmb_lruvec v = {
		.n = 4,
		.gens = {
			{ turn, 90 * USEC_PER_SEC, oldest },
			{ turn + 1, 60 * USEC_PER_SEC, second },
			{ turn + 2, 30 * USEC_PER_SEC, 7 },
			{ turn + 3, 0, 0 },
		},
	};

	kvmb_lru_ledger_update(l, &v, (1000 + turn * 30) * NSEC_PER_SEC);
}

/* That was walked for ages. */
static struct kvmb_lru_ledger old_ledger(void)
{
	return (struct kvmb_lru_ledger){ .begun_ns = 1 };
}

static uint64_t idle_pages(const struct kvmb_lru_ledger *l, uint64_t turn, uint64_t sec)
{
	uint64_t now_ns = (1000 + turn * 30) * NSEC_PER_SEC, pages = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->cohorts[i].since_ns + sec * NSEC_PER_SEC <= now_ns)
			pages += l->cohorts[i].pages;
	return pages;
}

static void test_pages_of_the_oldest_generation_grow_old(void **state)
{
	struct kvmb_lru_ledger l = old_ledger();

	step(&l, 1, 1000, 50);
	assert_int_equal(idle_pages(&l, 1, 60), 1000);
	assert_int_equal(idle_pages(&l, 1, 61), 0);
	step(&l, 2, 1050, 20);
	assert_int_equal(idle_pages(&l, 2, 60), 1050);
	assert_int_equal(idle_pages(&l, 2, 90), 1000);
	step(&l, 3, 1070, 0);
	assert_int_equal(idle_pages(&l, 3, 120), 1000);
	assert_int_equal(idle_pages(&l, 3, 90), 1050);
	assert_int_equal(idle_pages(&l, 3, 60), 1070);
}

static void test_who_leaves_was_the_oldest(void **state)
{
	struct kvmb_lru_ledger l = old_ledger();

	step(&l, 1, 1000, 300);
	/* 300 came, 400 went: not just 100 */
	step(&l, 2, 900, 0);
	assert_int_equal(idle_pages(&l, 2, 90), 600);
	assert_int_equal(idle_pages(&l, 2, 60), 900);
	step(&l, 3, 0, 0);
	assert_int_equal(l.n, 0);
	/* some that nobody has seen coming are no older than is certain */
	step(&l, 4, 5, 0);
	assert_int_equal(idle_pages(&l, 4, 60), 5);
	assert_int_equal(idle_pages(&l, 4, 61), 0);
}

static void test_a_day_of_walks(void **state)
{
	struct kvmb_lru_ledger l = old_ledger();

	for (uint64_t turn = 1; turn <= 2880; turn++) {
		step(&l, turn, 10 * turn, 10);
		assert_in_range(l.n, 1, KVMB_LRU_COHORTS);
		assert_int_equal(idle_pages(&l, turn, 60), 10 * turn);
		for (size_t i = 0; i + 1 < l.n; i++)
			assert_true(l.cohorts[i].since_ns < l.cohorts[i + 1].since_ns);
	}
	/* 10 pages came each 30 s; what is idle for hours looks a quarter younger at most */
	for (uint64_t hours = 1; hours < 18; hours *= 2) {
		uint64_t truly = 10 * (2880 - hours * 120 + 2);
		uint64_t longer = 10 * (2880 - hours * 160 + 2);

		assert_in_range(idle_pages(&l, 2880, hours * 3600), longer, truly);
	}
}

static void test_no_age_is_from_before_the_first_walk(void **state)
{
	struct kvmb_lru_ledger l = { 0 };

	step(&l, 1, 1000, 50);
	assert_int_equal(idle_pages(&l, 1, 0), 1000);
	assert_int_equal(idle_pages(&l, 1, 1), 0);
	step(&l, 2, 1050, 20);
	assert_int_equal(idle_pages(&l, 2, 30), 1050);
	assert_int_equal(idle_pages(&l, 2, 31), 0);
	/* from the third on what comes is as old as the kernel says */
	step(&l, 3, 1070, 0);
	assert_int_equal(idle_pages(&l, 3, 60), 1070);
	assert_int_equal(idle_pages(&l, 3, 61), 0);
	step(&l, 4, 1070, 0);
	assert_int_equal(idle_pages(&l, 4, 90), 1070);
}

/* ---- The source -------------------------------------------------------------------------- */

static void test_what_is_missing_is_named(void **state)
{
	struct world *w = *state;

	tree_write(w->tree, "sys/kernel/mm/lru_gen/enabled", "0x0000\n");
	assert_refused(w, -EOPNOTSUPP, "it is off (/sys/kernel/mm/lru_gen/enabled is 0x0000)");
	/* without walks, all that is not evicted looks idle */
	tree_write(w->tree, "sys/kernel/mm/lru_gen/enabled", "0x0005\n");
	assert_refused(w, -EOPNOTSUPP, "it is off");
	tree_write(w->tree, "sys/kernel/mm/lru_gen/enabled", "what\n");
	assert_refused(w, -EOPNOTSUPP, "it is off");
	tree_write(w->tree, "sys/kernel/mm/lru_gen/enabled", "0x0003\n");
	tree_write(w->tree, LRU_GEN "_full", full_6_1);
	assert_refused(w, -EOPNOTSUPP, "does not see what guests touch");
	tree_write(w->tree, LRU_GEN "_full", full_6_12);
	fake.open_error = EPERM;
	assert_refused(w, -EPERM, "Operation not permitted");
	tree_write(w->tree, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_refused(w, -EPERM, "locked down");
	fake.open_error = EROFS;
	assert_refused(w, -EROFS, "Read-only");
	fake.open_error = 0;
	w->target.cgroup[0] = '\0';
	assert_refused(w, -ENOENT, "not known");
	snprintf(w->target.cgroup, sizeof(w->target.cgroup), "machine.slice/none");
	assert_refused(w, -ENOENT, "no generations");
	tree_write(w->tree, LRU_GEN, "memcg 1 /a\n node 0\nrubbish\nmemcg x\n");
	assert_refused(w, -EBADMSG, "lru_gen");
	tree_remove(w->tree, LRU_GEN);
	assert_refused(w, -ENOENT, "debugfs");
	tree_remove(w->tree, "sys/kernel/mm/lru_gen");
	assert_refused(w, -EOPNOTSUPP, "/sys/kernel/mm/lru_gen is not there");
	assert_int_equal(fake.n_writes, 0);
}

static void test_a_walk_each_period_and_all_pages_are_booked(void **state)
{
	struct world *w = *state;
	void *handle = open_source(w);
	struct kvmb_ages ages;

	assert_int_equal(ops->read(handle, &ages), 0);
	assert_string_equal(fake.written, "+ 101 0 5\n+ 102 0 7\n+ 102 1 2\n");
	/* whatever the generations say of the time before */
	assert_int_equal(ages.cold_bytes[0], (330 + 220 + 110 + 44 + 50 + 2 + 5) * PAGE);
	assert_int_equal(ops->read(handle, &ages), -EAGAIN);
	fake.later_ns += 29 * NSEC_PER_SEC;
	assert_int_equal(ops->read(handle, &ages), 0);
	assert_int_equal(fake.n_writes, 6);
	/* the two youngest are young; all others can be no older than 29 s */
	assert_int_equal(ages.cold_bytes[0], (44 + 110 + 2) * PAGE);
	assert_int_equal(ages.cold_bytes[3], (330 + 220 + 50 + 5) * PAGE);
	fake.later_ns += 60 * NSEC_PER_SEC;
	assert_int_equal(ops->read(handle, &ages), 0);
	/* 220 are 30 s old, as their generation says; the oldest are the ones of before */
	assert_int_equal(ages.cold_bytes[3], 220 * PAGE);
	assert_int_equal(ages.cold_bytes[5], (330 + 50 + 5) * PAGE);
	ops->close(handle);
}

static void test_a_generation_of_the_kernel_s_own_is_no_fault(void **state)
{
	struct world *w = *state;
	void *handle = open_source(w);
	struct kvmb_ages ages;

	fake.write_error = -EINVAL;
	assert_int_equal(ops->read(handle, &ages), 0);
	fake.later_ns += 30 * NSEC_PER_SEC;
	fake.write_error = -EPERM;
	ages.told_ns = 7;
	assert_int_equal(ops->read(handle, &ages), -EPERM);
	assert_int_equal(ages.told_ns, 7);
	ops->close(handle);
}

static void test_a_guest_that_vanishes_during_a_walk(void **state)
{
	struct world *w = *state;
	void *handle = open_source(w);
	struct kvmb_ages ages;

	fake.after = "memcg 1 /\n node 0\n 1 2 3 4\n";
	assert_int_equal(ops->read(handle, &ages), -ESRCH);
	assert_int_equal(ops->read(handle, &ages), -ESRCH);
	tree_write(w->tree, LRU_GEN, "memcg 1 /" SCOPE "\n rubbish\n");
	assert_int_equal(ops->read(handle, &ages), -EBADMSG);
	tree_remove(w->tree, LRU_GEN);
	assert_true(ops->read(handle, &ages) < 0);
	ops->close(handle);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_generations_of_a_scope_and_below),
		TEST(test_garbled_generations),
		TEST(test_whether_walks_see_guests),
		TEST(test_pages_of_the_oldest_generation_grow_old),
		TEST(test_who_leaves_was_the_oldest),
		TEST(test_a_day_of_walks),
		TEST(test_no_age_is_from_before_the_first_walk),
		TEST(test_what_is_missing_is_named),
		TEST(test_a_walk_each_period_and_all_pages_are_booked),
		TEST(test_a_generation_of_the_kernel_s_own_is_no_fault),
		TEST(test_a_guest_that_vanishes_during_a_walk),
	};

	return cmocka_run_group_tests_name("age-mglru", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests' scopes: which one, its figures, and the set of them kept in step with the guests. */
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

#include "base/fs.h"
#include "base/num.h"
#include "base/scope.h"
#include "model/guest.h"
#include "source/guest-cgroup.h"
#include "source/guest-watch.h"
#include "tree.h"

#define SCOPE_A TREE_SCOPE(1, "alpha")
#define SCOPE_B TREE_SCOPE(2, "beta")

struct world {
	char *tree;
	struct kvmb_root root;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->tree = tree_new();
	w->root = (struct kvmb_root)KVMB_ROOT_INIT;
	tree_write_host(w->tree);
	tree_write_scope(w->tree, SCOPE_A, 100 * MIB);
	tree_write_scope(w->tree, SCOPE_B, 200 * MIB);
	assert_int_equal(kvmb_root_open(w->tree, &w->root), 0);
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

static struct kvmb_guest_sample guest(const char *uuid, const char *scope)
{
	struct kvmb_guest_sample g;

	kvmb_guest_init(&g);
	snprintf(g.uuid, sizeof(g.uuid), "%s", uuid);
	snprintf(g.name, sizeof(g.name), "guest-%s", uuid);
	snprintf(g.cgroup, sizeof(g.cgroup), "%s", scope);
	return g;
}

static void test_scope_of_a_process(void **state)
{
	static const struct {
		const char *text;
		int id;
		int want;
		const char *path;
	} cases[] = {
		{ "0::/" SCOPE_A "/libvirt/emulator\n", 1, 0, SCOPE_A },
		{ "0::/" SCOPE_A "\n", -1, 0, SCOPE_A },
		{ "0::/" SCOPE_A, 2, -ESTALE, NULL },
		{ "1:name=systemd:/x\n0::/prod.slice/" SCOPE_B "/libvirt\n", 2, 0,
		  "prod.slice/" SCOPE_B },
		{ "0::/machine/qemu-7-web.libvirt-qemu/emulator\n", 7, 0,
		  "machine/qemu-7-web.libvirt-qemu" },
		{ "0::/system.slice/ssh.service\n", -1, -ENOENT, NULL },
		{ "0::/\n", -1, -ENOENT, NULL },
		{ "0::/machine.slice/machine-qemu\\x2dweb.scope\n", -1, -ENOENT, NULL },
		{ "0::/machine.slice/machine-qemu\\x2d1.scope\n", -1, -ENOENT, NULL },
		{ "0::/machine.slice/machine-qemu\\x2d99999999999\\x2dx.scope\n", -1, -ENOENT,
		  NULL },
		{ "0::/../../" SCOPE_A "\n", -1, -EBADMSG, NULL },
		{ "0::/machine.slice//" SCOPE_A "\n", -1, -EBADMSG, NULL },
		{ "4:memory:/" SCOPE_A "\n", 1, -EBADMSG, NULL },
		{ "", -1, -EBADMSG, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[KVMB_PATH_SIZE] = "untouched";
		int r = kvmb_parse_scope(cases[i].text, cases[i].id, path);

		if (r != cases[i].want)
			fail_msg("case %zu: %d instead of %d", i, r, cases[i].want);
		assert_string_equal(path, cases[i].path ? cases[i].path : "untouched");
	}
}

static void test_scope_too_long_for_a_sample(void **state)
{
	char text[2 * KVMB_PATH_SIZE], path[KVMB_PATH_SIZE];

	memset(text, 'a', sizeof(text));
	memcpy(text, "0::/", 4);
	snprintf(text + KVMB_PATH_SIZE, KVMB_PATH_SIZE, "/%s", SCOPE_A);
	assert_int_equal(kvmb_parse_scope(text, 1, path), -ENAMETOOLONG);
}

static void test_qemu_is_found_by_its_pid_file(void **state)
{
	struct world *w = *state;
	char path[KVMB_PATH_SIZE] = "";
	int32_t pid = 0;

	tree_write(w->tree, "run/libvirt/qemu/alpha.pid", "4242\n");
	tree_write(w->tree, "proc/4242/cgroup", "0::/" SCOPE_A "/libvirt/emulator\n");
	assert_int_equal(kvmb_scope_find(&w->root, "alpha", 1, &pid, path), 0);
	assert_int_equal(pid, 4242);
	assert_string_equal(path, SCOPE_A);
	/* the file is of an earlier run, and its number belongs to another guest by now */
	assert_int_equal(kvmb_scope_find(&w->root, "alpha", 3, &pid, path), -ESTALE);
	tree_remove(w->tree, "proc/4242");
	assert_int_equal(kvmb_scope_find(&w->root, "alpha", 1, &pid, path), -ESTALE);
}

static void test_bad_pid_files(void **state)
{
	static const char *const texts[] = { "", "x", "0", "-3", "99999999999", "12 34" };
	struct world *w = *state;
	char path[KVMB_PATH_SIZE];
	int32_t pid = -5;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		tree_write(w->tree, "run/libvirt/qemu/alpha.pid", texts[i]);
		assert_int_equal(kvmb_scope_find(&w->root, "alpha", 1, &pid, path), -EBADMSG);
	}
	assert_int_equal(kvmb_scope_find(&w->root, "nobody", 1, &pid, path), -ENOENT);
	assert_int_equal(kvmb_scope_find(&w->root, "", 1, &pid, path), -ENOENT);
	tree_remove(w->tree, "run/libvirt/qemu/alpha.pid");
	tree_link(w->tree, "run/libvirt/qemu/alpha.pid", "/proc/self/stat");
	assert_int_equal(kvmb_scope_find(&w->root, "alpha", 1, &pid, path), -ELOOP);
	tree_fifo(w->tree, "run/libvirt/qemu/beta.pid"); /* nobody ever writes to it */
	assert_int_equal(kvmb_scope_find(&w->root, "beta", 1, &pid, path), -EBADMSG);
	tree_write(w->tree, "run/secret.pid", "1\n");
	assert_int_equal(kvmb_scope_find(&w->root, "../../secret", 1, &pid, path), -ENOENT);
	assert_int_equal(pid, -5);
}

static void test_scope_is_checked_before_an_action(void **state)
{
	struct world *w = *state;

	tree_write(w->tree, "proc/7/cgroup", "0::/" SCOPE_A "/libvirt/vcpu0\n");
	assert_int_equal(kvmb_scope_check(&w->root, 7, SCOPE_A), 0);
	assert_int_equal(kvmb_scope_check(&w->root, 7, SCOPE_B), -ESTALE);
	assert_int_equal(kvmb_scope_check(&w->root, 7, "machine.slice/machine-qemu\\x2d1\\x2dal"),
			 -ESTALE);
	assert_int_equal(kvmb_scope_check(&w->root, 7, ""), -ESTALE);
	assert_int_equal(kvmb_scope_check(&w->root, 8, SCOPE_A), -ESRCH);
	assert_int_equal(kvmb_scope_check(&w->root, 0, SCOPE_A), -ESRCH);
}

static void test_memory_files(void **state)
{
	struct kvmb_guest_sample g = { .refault_anon = 5, .oom_kills = 5 };

	assert_int_equal(kvmb_parse_memory_stat("anon 1\nworkingset_refault_anon 11\n"
						"workingset_refault_file 12\n", &g), 0);
	assert_int_equal(g.refault_anon, 11);
	assert_int_equal(g.refault_file, 12);
	assert_int_equal(kvmb_parse_memory_stat("anon 1\n", &g), 0);
	assert_int_equal(g.refault_anon, 0);
	assert_int_equal(kvmb_parse_memory_stat("", &g), -EBADMSG);
	assert_int_equal(kvmb_parse_memory_events("low 0\noom 1\noom_kill 3\n", &g), 0);
	assert_int_equal(g.oom_kills, 3);
	assert_int_equal(kvmb_parse_memory_events("low 0\noom 1\n", &g), -EBADMSG);
	assert_int_equal(g.oom_kills, 3);
}

static void test_figures_of_a_scope(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample g = guest("1", SCOPE_A);
	struct kvmb_guest_cgroup *c;

	assert_int_equal(kvmb_guest_cgroup_open(&w->root, SCOPE_A, &c), 0);
	assert_int_equal(kvmb_guest_cgroup_read(c, &g), 0);
	assert_true(g.cgroup_valid);
	assert_true(g.psi_valid);
	assert_int_equal(g.resident_bytes, 100 * MIB);
	assert_int_equal(g.swap_bytes, 4096);
	assert_int_equal(g.refault_anon, 7);
	assert_int_equal(g.refault_file, 9);
	assert_int_equal(g.oom_kills, 2);
	assert_int_equal(g.psi.some_avg10_permyriad, 125);
	assert_int_equal(g.psi.full_total_usec, 2345);
	kvmb_guest_cgroup_free(c);
}

/* The kernel changes its files in place; so does this. */
static void overwrite(struct world *w, const char *scope, const char *file, const char *text)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/%s/%s", w->tree, scope, file);
	f = fopen(path, "r+e");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_figures_are_read_anew_each_time(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample g = guest("1", SCOPE_A);
	struct kvmb_guest_cgroup *c;
	size_t n_fds;

	assert_int_equal(kvmb_guest_cgroup_open(&w->root, SCOPE_A, &c), 0);
	assert_int_equal(kvmb_guest_cgroup_read(c, &g), 0);
	n_fds = count_fds();
	overwrite(w, SCOPE_A, "memory.current", "777777777\n");
	assert_int_equal(kvmb_guest_cgroup_read(c, &g), 0);
	assert_int_equal(g.resident_bytes, 777777777);
	assert_int_equal(count_fds(), n_fds);
	/* a text that is none: what was known stays, and is not valid */
	overwrite(w, SCOPE_A, "memory.current", "xxxxxxxxx\n");
	assert_int_equal(kvmb_guest_cgroup_read(c, &g), -EBADMSG);
	assert_false(g.cgroup_valid);
	assert_false(g.psi_valid);
	assert_int_equal(g.resident_bytes, 777777777);
	kvmb_guest_cgroup_free(c);
}

static void test_what_a_kernel_may_leave_out(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample g = guest("1", SCOPE_A);
	struct kvmb_guest_cgroup *c = NULL;
	size_t n_fds = count_fds();

	tree_remove(w->tree, "sys/fs/cgroup/" SCOPE_A "/memory.swap.current");
	tree_remove(w->tree, "sys/fs/cgroup/" SCOPE_A "/memory.pressure");
	assert_int_equal(kvmb_guest_cgroup_open(&w->root, SCOPE_A, &c), 0);
	assert_int_equal(kvmb_guest_cgroup_read(c, &g), 0);
	assert_true(g.cgroup_valid);
	assert_false(g.psi_valid);
	assert_true(g.swap_bytes == KVMB_UNKNOWN);
	c = kvmb_guest_cgroup_free(c);
	tree_remove(w->tree, "sys/fs/cgroup/" SCOPE_A "/memory.current");
	assert_int_equal(kvmb_guest_cgroup_open(&w->root, SCOPE_A, &c), -EOPNOTSUPP);
	assert_int_equal(kvmb_guest_cgroup_open(&w->root, "machine.slice/none", &c), -ENOENT);
	assert_int_equal(kvmb_guest_cgroup_open(&w->root, "", &c), -ENOENT);
	assert_null(c);
	assert_int_equal(count_fds(), n_fds);
}

static void test_the_set_follows_the_guests(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample all[3] = {
		guest("c", "machine.slice/none"), guest("b", SCOPE_B), guest("a", SCOPE_A),
	};
	struct kvmb_guest_watch *watch;
	size_t n_before = count_fds(), n_all, n_one;

	assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
	/* this is a copy of a machine, where no kernel takes a trigger */
	tree_write(w->tree, "proc/pressure/memory", "some\n");
	kvmb_guest_watch_set_trigger(watch, 150000, 1000000);
	assert_int_equal(kvmb_guest_watch_trigger_error(watch), -EOPNOTSUPP);
	kvmb_guest_watch_set_trigger(watch, 0, 0);
	assert_int_equal(kvmb_guest_watch_trigger_error(watch), 0);
	assert_int_equal(kvmb_guest_watch_read(watch, all, 3), 2);
	assert_true(all[2].cgroup_valid);
	assert_int_equal(all[2].resident_bytes, 100 * MIB);
	assert_true(all[1].cgroup_valid);
	assert_int_equal(all[1].resident_bytes, 200 * MIB);
	assert_false(all[0].cgroup_valid);
	n_all = count_fds();
	/* a second read opens nothing: a new file in the old one's place is not seen */
	tree_write(w->tree, "sys/fs/cgroup/" SCOPE_A "/memory.current", "1\n");
	assert_int_equal(kvmb_guest_watch_read(watch, all, 3), 2);
	assert_int_equal(count_fds(), n_all);
	assert_int_equal(all[2].resident_bytes, 100 * MIB);
	/* one goes: so do its descriptors; it comes again */
	assert_int_equal(kvmb_guest_watch_read(watch, &all[2], 1), 1);
	n_one = count_fds();
	assert_true(n_one < n_all);
	assert_int_equal(kvmb_guest_watch_read(watch, all, 3), 2);
	assert_int_equal(count_fds(), n_all);
	assert_int_equal(kvmb_guest_watch_read(watch, NULL, 0), 0);
	assert_int_equal(kvmb_guest_watch_read(watch, &all[2], 1), 1);
	kvmb_guest_watch_free(watch);
	assert_int_equal(count_fds(), n_before);
}

static void test_a_guest_that_was_started_again_has_a_new_scope(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample g = guest("a", SCOPE_A);
	struct kvmb_guest_watch *watch;

	assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
	assert_int_equal(kvmb_guest_watch_read(watch, &g, 1), 1);
	assert_int_equal(g.resident_bytes, 100 * MIB);
	snprintf(g.cgroup, sizeof(g.cgroup), "%s", SCOPE_B);
	assert_int_equal(kvmb_guest_watch_read(watch, &g, 1), 1);
	assert_int_equal(g.resident_bytes, 200 * MIB);
	/* gone from the cgroup tree, though libvirt still tells of it */
	g.cgroup[0] = '\0';
	assert_int_equal(kvmb_guest_watch_read(watch, &g, 1), 0);
	assert_false(g.cgroup_valid);
	kvmb_guest_watch_free(watch);
}

static void test_a_broken_scope_is_opened_again(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample g = guest("a", SCOPE_A);
	struct kvmb_guest_watch *watch;

	assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
	assert_int_equal(kvmb_guest_watch_read(watch, &g, 1), 1);
	/* the old file says nonsense, a new one of that name is in its place */
	overwrite(w, SCOPE_A, "memory.current", "x");
	tree_write_scope(w->tree, SCOPE_A, 300 * MIB);
	assert_int_equal(kvmb_guest_watch_read(watch, &g, 1), 1);
	assert_true(g.cgroup_valid);
	assert_int_equal(g.resident_bytes, 300 * MIB);
	kvmb_guest_watch_free(watch);
}

static void test_a_copy_has_no_triggers(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample g = guest("a", SCOPE_A);
	struct kvmb_guest_watch *watch;
	struct pollfd p = { .events = POLLIN };
	char *text;

	assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
	kvmb_guest_watch_set_trigger(watch, 100000, 1000000);
	assert_int_equal(kvmb_guest_watch_read(watch, &g, 1), 1);
	assert_false(g.triggered);
	p.fd = kvmb_guest_watch_fd(watch);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(kvmb_guest_watch_dispatch(watch), 0);
	text = tree_read(w->tree, "sys/fs/cgroup/" SCOPE_A "/memory.pressure");
	assert_non_null(strstr(text, "total=12345"));
	free(text);
	kvmb_guest_watch_free(watch);
}

/* A kernel that has no more to give, and a clock that can be put forward. */
static struct {
	int error; /* 0: the real function */
	unsigned int n_calls;
	uint64_t later_ns;
} fake;

int __real_kvmb_psi_trigger_open(int dirfd, const char *path, uint64_t stall_usec,
				 uint64_t window_usec);
int __wrap_kvmb_psi_trigger_open(int dirfd, const char *path, uint64_t stall_usec,
				 uint64_t window_usec);
int __wrap_kvmb_psi_trigger_open(int dirfd, const char *path, uint64_t stall_usec,
				 uint64_t window_usec)
{
	fake.n_calls++;
	if (fake.error)
		return fake.error;
	return __real_kvmb_psi_trigger_open(dirfd, path, stall_usec, window_usec);
}

uint64_t __real_kvmb_now_ns(void);
uint64_t __wrap_kvmb_now_ns(void);
uint64_t __wrap_kvmb_now_ns(void)
{
	return __real_kvmb_now_ns() + fake.later_ns;
}

/* How many triggers a read tries to open, @later_sec after the last one. */
static unsigned int tries(struct kvmb_guest_watch *watch, struct kvmb_guest_sample *g,
			  uint64_t later_sec)
{
	fake.n_calls = 0;
	fake.later_ns += later_sec * NSEC_PER_SEC;
	assert_int_equal(kvmb_guest_watch_read(watch, g, 1), 1);
	return fake.n_calls;
}

static void test_triggers_that_failed_for_want_of_something_are_tried_again(void **state)
{
	static const int errors[] = { -ENOMEM, -EMFILE, -ENFILE, -ENOSPC, -EBUSY };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct kvmb_guest_sample g = guest("a", SCOPE_A);
		struct kvmb_guest_watch *watch;

		fake.error = errors[i];
		assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
		kvmb_guest_watch_set_trigger(watch, 100000, 1000000); /* the host's */
		assert_int_equal(tries(watch, &g, 0), 1);             /* the guest's */
		assert_int_equal(tries(watch, &g, 5), 0);
		assert_int_equal(tries(watch, &g, 6), 2);
		assert_int_equal(tries(watch, &g, 1), 0);
		fake.error = 0; /* the real one says that a copy has none: it is left at that */
		assert_int_equal(tries(watch, &g, 10), 2);
		assert_int_equal(tries(watch, &g, 3600), 0);
		kvmb_guest_watch_free(watch);
	}
}

static void test_triggers_that_cannot_be_are_not_tried_again(void **state)
{
	static const int errors[] = { -EPERM, -EACCES, -EINVAL, -EOPNOTSUPP, -ENOENT };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct kvmb_guest_sample g = guest("a", SCOPE_A);
		struct kvmb_guest_watch *watch;

		fake.error = errors[i];
		assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
		kvmb_guest_watch_set_trigger(watch, 100000, 1000000);
		assert_int_equal(tries(watch, &g, 0), 1);
		assert_int_equal(tries(watch, &g, 3600), 0);
		/* another window may be one that the kernel takes */
		kvmb_guest_watch_set_trigger(watch, 100000, 2000000);
		assert_int_equal(tries(watch, &g, 0), 1);
		kvmb_guest_watch_free(watch);
	}
	fake.error = 0;
}

static void test_many_guests(void **state)
{
	struct world *w = *state;
	struct kvmb_guest_sample *all = calloc(150, sizeof(*all));
	struct kvmb_guest_watch *watch;
	char uuid[KVMB_UUID_SIZE];

	/* one scope for all of them: what counts is the merge (and 1,024 descriptors are few) */
	for (int i = 0; i < 150; i++) {
		snprintf(uuid, sizeof(uuid), "%08x", (unsigned int)(i * 2654435761u));
		all[i] = guest(uuid, i % 2 ? SCOPE_A : "machine.slice/none");
	}
	assert_int_equal(kvmb_guest_watch_new(&w->root, &watch), 0);
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(kvmb_guest_watch_read(watch, all, 100), 50);
		assert_int_equal(kvmb_guest_watch_read(watch, all + 50, 100), 50);
	}
	for (int i = 50; i < 150; i++)
		assert_int_equal(all[i].cgroup_valid, i % 2);
	kvmb_guest_watch_free(watch);
	free(all);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scope_of_a_process),
		TEST(test_scope_too_long_for_a_sample),
		TEST(test_qemu_is_found_by_its_pid_file),
		TEST(test_bad_pid_files),
		TEST(test_scope_is_checked_before_an_action),
		TEST(test_memory_files),
		TEST(test_figures_of_a_scope),
		TEST(test_figures_are_read_anew_each_time),
		TEST(test_what_a_kernel_may_leave_out),
		TEST(test_the_set_follows_the_guests),
		TEST(test_a_guest_that_was_started_again_has_a_new_scope),
		TEST(test_a_broken_scope_is_opened_again),
		TEST(test_a_copy_has_no_triggers),
		TEST(test_triggers_that_failed_for_want_of_something_are_tried_again),
		TEST(test_triggers_that_cannot_be_are_not_tried_again),
		TEST(test_many_guests),
	};

	return cmocka_run_group_tests_name("guest-cgroup", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups: below another root by files there, on the real host through libcgroup. Writes to
 * a real hierarchy are tested by the testbed, which has one.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cmocka.h>

#include "base/str.h"
#include "wrap/cgroup.h"
#include "put-file.h"

#define SCOPE "machine.slice/machine-qemu\\x2d1\\x2dweb.scope"

struct fixture {
	char *path;
	struct kvmb_root root;
};

static void put(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = NULL;

	assert_int_equal(kvmb_asprintf(&path, "%s/sys/fs/cgroup/%s", f->path, name), 0);
	put_file(path, text, mode);
}

static void make_dir(const struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = NULL;

	assert_int_equal(kvmb_asprintf(&path, "%s/%s", f->path, name), 0);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void assert_holds(const struct fixture *f, const char *name, const char *want)
{
	char text[64];

	assert_int_equal(kvmb_read_at(f->root.cgroup_fd, name, text, sizeof(text), NULL), 0);
	assert_string_equal(text, want);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || kvmb_asprintf(&f->path, "%s/kvmb-cgroup-XXXXXX",
				getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") < 0 ||
	    !mkdtemp(f->path))
		return -1;
	make_dir(f, "sys");
	make_dir(f, "sys/fs");
	make_dir(f, "sys/fs/cgroup");
	make_dir(f, "sys/fs/cgroup/machine.slice");
	make_dir(f, "sys/fs/cgroup/" SCOPE);
	put(f, SCOPE "/memory.reclaim", "", 0200);
	put(f, SCOPE "/memory.current", "7", 0444);
	put(f, SCOPE "/memory.high", "max", 0644);
	*state = f;
	return kvmb_root_open(f->path, &f->root);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int r = nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	kvmb_root_close(&f->root);
	free(f->path);
	free(f);
	return r;
}

static void v2_needs_the_memory_controller(void **state)
{
	static const struct {
		const char *controllers;
		int result;
	} cases[] = {
		{ NULL, -EOPNOTSUPP }, /* v1 has no such file */
		{ "", -EOPNOTSUPP },
		{ "\n", -EOPNOTSUPP },
		{ "cpu io pids\n", -EOPNOTSUPP },
		{ "cpu memory_recursive io\n", -EOPNOTSUPP },
		{ "cpuset cpu io memory pids\n", 0 },
		{ "memory\n", 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].controllers)
			put(f, "cgroup.controllers", cases[i].controllers, 0444);
		if (kvmb_cgroup_attach(&f->root) != cases[i].result)
			fail_msg("case %zu", i);
	}
}

static void a_root_without_cgroups_is_not_supported(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;

	assert_int_equal(kvmb_str_copy(root.path, sizeof(root.path), "/some/copy"), 0);
	assert_int_equal(kvmb_cgroup_attach(&root), -EOPNOTSUPP);
}

static void copies_are_written_by_plain_files(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "memory.high", "1048576"), 0);
	assert_holds(f, SCOPE "/memory.high", "1048576");
	assert_int_equal(kvmb_cgroup_write(&f->root, "/" SCOPE, "memory.high", "2097152"), 0);
	assert_holds(f, SCOPE "/memory.high", "2097152");
	assert_holds(f, SCOPE "/memory.current", "7");
}

static void targets_are_checked_before(void **state)
{
	struct fixture *f = *state;
	char value[2000];

	memset(value, '1', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(kvmb_cgroup_write(&f->root, "gone.scope", "memory.reclaim", "1"), -ENOENT);
	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "memory.none", "1"), -ENOENT);
	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "memory.current", "1"), -EACCES);
	assert_int_equal(kvmb_cgroup_write(&f->root, "machine.slice", "", "1"), -EACCES);
	assert_int_equal(kvmb_cgroup_write(&f->root, "machine.slice/..", "memory.high", "1"),
			 -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, "../../etc", "passwd", "1"), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "../memory.high", "1"), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, "", "memory.high", "1"), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, "/", "memory.high", "1"), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "memory.high", ""), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "memory.high", "1\n2"), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, SCOPE, "memory.high", value), -EINVAL);
	assert_int_equal(kvmb_cgroup_write(&f->root, value, "memory.high", "1"), -ENAMETOOLONG);
	assert_holds(f, SCOPE "/memory.high", "max");
	assert_holds(f, SCOPE "/memory.current", "7");
}

/* ---- The machine that the test runs on ---- */

/* Does /sys/fs/cgroup itself say v2 with memory? */
static bool host_is_v2(void)
{
	char controllers[1024] = "";
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return false;
	return kvmb_read_at(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", controllers,
			    sizeof(controllers), NULL) >= 0 && strstr(controllers, "memory");
}

static void libcgroup_tells_v1_from_v2(void **state)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;
	char path[KVMB_PATH_SIZE] = "untouched";
	int r = kvmb_cgroup_mount(path, sizeof(path));

	if (host_is_v2()) {
		assert_int_equal(r, 0);
		assert_string_equal(path, "/sys/fs/cgroup");
	} else {
		assert_int_equal(r, -EOPNOTSUPP);
		assert_string_equal(path, "untouched");
	}
	assert_int_equal(kvmb_root_open("/", &root), 0);
	assert_int_equal(kvmb_cgroup_attach(&root), r);
	if (access("/sys/fs/cgroup", F_OK) < 0)
		return; /* a chroot to build in, without /sys */
	assert_int_equal(kvmb_cgroup_write(&root, "no.slice/no.scope", "memory.reclaim", "1"),
			 -ENOENT);
}

/* Runs in a process of its own, so that libcgroup starts with this environment. */
static int talkative_start(void)
{
	char path[KVMB_PATH_SIZE];

	if (setenv("CGROUP_LOGLEVEL", "DEBUG", 1) < 0 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		return 2;
	(void)kvmb_cgroup_mount(path, sizeof(path));
	return fflush(NULL) ? 3 : 0;
}

static void libcgroup_is_kept_quiet(void **state)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *command = NULL, *self = NULL;
	char said[256] = "";

	self = realpath("/proc/self/exe", NULL);
	assert_non_null(self);
	assert_int_equal(kvmb_asprintf(&command, "'%s' --talkative", self), 0);
	f = popen(command, "r"); /* NOLINT: the path is our own */
	assert_non_null(f);
	(void)fread(said, 1, sizeof(said) - 1, f);
	assert_int_equal(pclose(f), 0);
	f = NULL;
	assert_string_equal(said, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(v2_needs_the_memory_controller, setup, teardown),
		cmocka_unit_test(a_root_without_cgroups_is_not_supported),
		cmocka_unit_test_setup_teardown(copies_are_written_by_plain_files, setup, teardown),
		cmocka_unit_test_setup_teardown(targets_are_checked_before, setup, teardown),
		cmocka_unit_test(libcgroup_tells_v1_from_v2),
		cmocka_unit_test(libcgroup_is_kept_quiet),
	};

	if (argc > 1 && streq(argv[1], "--talkative"))
		return talkative_start();
	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees of files for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tree.h"

#define PATH_SIZE 4096

char *tree_new(void)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/kvmb-test-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(path))
		fail_msg("mkdtemp %s: %s", path, strerror(errno));
	return strdup(path);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

void tree_free(char *root)
{
	if (nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		fail_msg("remove %s: %s", root, strerror(errno));
	free(root);
}

/* ROOT/PATH into @buf, with the folders it lies in. */
static void join(const char *root, const char *path, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/%s", root, path);

	assert_true(n > 0 && (size_t)n < size);
	for (char *p = buf + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(buf, 0700) < 0 && errno != EEXIST)
			fail_msg("mkdir %s: %s", buf, strerror(errno));
		*p = '/';
	}
}

void tree_write(const char *root, const char *path, const char *text)
{
	char full[PATH_SIZE], temp[PATH_SIZE + 8];
	FILE *f;

	join(root, path, full, sizeof(full));
	snprintf(temp, sizeof(temp), "%s.new", full);
	f = fopen(temp, "we");
	if (!f)
		fail_msg("%s: %s", temp, strerror(errno));
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(temp, full), 0);
}

void tree_mkdir(const char *root, const char *path)
{
	char full[PATH_SIZE];

	join(root, path, full, sizeof(full));
	if (mkdir(full, 0700) < 0 && errno != EEXIST)
		fail_msg("mkdir %s: %s", full, strerror(errno));
}

void tree_link(const char *root, const char *path, const char *target)
{
	char full[PATH_SIZE];

	join(root, path, full, sizeof(full));
	if (symlink(target, full) < 0)
		fail_msg("symlink %s: %s", full, strerror(errno));
}

void tree_fifo(const char *root, const char *path)
{
	char full[PATH_SIZE];

	join(root, path, full, sizeof(full));
	(void)unlink(full);
	if (mkfifo(full, 0600) < 0)
		fail_msg("mkfifo %s: %s", full, strerror(errno));
}

void tree_remove(const char *root, const char *path)
{
	char full[PATH_SIZE];

	join(root, path, full, sizeof(full));
	if (nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		fail_msg("remove %s: %s", full, strerror(errno));
}

char *tree_read(const char *root, const char *path)
{
	char full[PATH_SIZE], *text = calloc(1, 65536);
	ssize_t n;
	int fd;

	join(root, path, full, sizeof(full));
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", full, strerror(errno));
	n = read(fd, text, 65535);
	close(fd);
	assert_true(n >= 0);
	return text;
}

char *tree_fixture(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/tests/fixtures/%s", top ? top : ".", name);
	return strdup(path);
}

static void write_figure(const char *root, const char *scope, const char *file, uint64_t value)
{
	char path[PATH_SIZE], text[32];

	snprintf(path, sizeof(path), "sys/fs/cgroup/%s/%s", scope, file);
	snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	tree_write(root, path, text);
}

static void write_scope_text(const char *root, const char *scope, const char *file,
			     const char *text)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "sys/fs/cgroup/%s/%s", scope, file);
	tree_write(root, path, text);
}

void tree_write_scope(const char *root, const char *scope, uint64_t current_bytes)
{
	write_figure(root, scope, "memory.current", current_bytes);
	write_figure(root, scope, "memory.swap.current", 4096);
	write_scope_text(root, scope, "memory.stat",
			 "anon 104857600\nfile 1048576\nkernel 4096\n"
			 "workingset_refault_anon 7\nworkingset_refault_file 9\n");
	write_scope_text(root, scope, "memory.events",
			 "low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\noom_group_kill 0\n");
	write_scope_text(root, scope, "memory.pressure",
			 "some avg10=1.25 avg60=0.50 avg300=0.00 total=12345\n"
			 "full avg10=0.75 avg60=0.25 avg300=0.00 total=2345\n");
	write_scope_text(root, scope, "memory.reclaim", "");
}

void tree_write_host(const char *root)
{
	tree_write(root, "proc/meminfo",
		   "MemTotal: 4000000 kB\nMemFree: 500000 kB\nMemAvailable: 1000000 kB\n"
		   "SwapTotal: 2000000 kB\nSwapFree: 1900000 kB\nZswap: 0 kB\nShmem: 1000 kB\n");
	tree_write(root, "proc/vmstat", "pswpin 1\npswpout 2\noom_kill 0\n");
	tree_write(root, "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
	tree_write(root, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
}

size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

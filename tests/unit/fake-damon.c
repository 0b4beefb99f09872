/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel does when somebody writes to DAMON's sysfs. */
#include "fake-damon.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "tree.h"

#define PATH_SIZE 512

struct fake_damon fake_damon;

int __real_kvmb_write_at(int dirfd, const char *path, const char *text);
int __wrap_kvmb_write_at(int dirfd, const char *path, const char *text);

/* The file stays the same one, unlike with tree_write(): others may hold a lock on it. */
static void put(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(const char *text, const char *format, ...)
{
	char path[PATH_SIZE], full[2 * PATH_SIZE];
	va_list ap;
	int fd;

	va_start(ap, format);
	vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "%s/" FAKE_ADMIN "/%s", fake_damon.tree, path);
	fd = open(full, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0) {
		tree_write(fake_damon.tree, full + strlen(fake_damon.tree) + 1, text);
		return;
	}
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void drop(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void drop(const char *format, ...)
{
	char path[PATH_SIZE], full[2 * PATH_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "%s/" FAKE_ADMIN "/%s", fake_damon.tree, path);
	if (access(full, F_OK) == 0)
		tree_remove(fake_damon.tree, full + strlen(fake_damon.tree) + 1);
}

size_t fake_damon_running(void)
{
	size_t n = 0;

	for (int i = 0; i < fake_damon.n; i++)
		n += fake_damon.running[i];
	return n;
}

static int set_nr_kdamonds(const char *text)
{
	if (fake_damon_running())
		return -EBUSY;
	for (int i = 0; i < fake_damon.n; i++)
		drop("%d", i);
	fake_damon.n = atoi(text);
	assert_in_range(fake_damon.n, 0, FAKE_KDAMONDS_MAX);
	for (int i = 0; i < fake_damon.n; i++) {
		put("off\n", "%d/state", i);
		put("0\n", "%d/contexts/nr_contexts", i);
	}
	put(text, "nr_kdamonds");
	return 0;
}

static void set_nr_contexts(int i, const char *text)
{
	static const char *const zeros[] = {
		"monitoring_attrs/intervals/sample_us", "monitoring_attrs/intervals/aggr_us",
		"monitoring_attrs/intervals/update_us", "monitoring_attrs/nr_regions/min",
		"monitoring_attrs/nr_regions/max",	"targets/nr_targets",
		"schemes/nr_schemes",
	};

	drop("%d/contexts/0", i);
	put(text, "%d/contexts/nr_contexts", i);
	if (atoi(text) != 1)
		return;
	put("vaddr\n", "%d/contexts/0/operations", i);
	for (size_t k = 0; k < sizeof(zeros) / sizeof(zeros[0]); k++)
		put("0\n", "%d/contexts/0/%s", i, zeros[k]);
}

static void set_nr_regions(int i, const char *text)
{
	put(text, "%d/contexts/0/targets/0/regions/nr_regions", i);
	for (int k = 0; k < atoi(text); k++) {
		put("0\n", "%d/contexts/0/targets/0/regions/%d/start", i, k);
		put("0\n", "%d/contexts/0/targets/0/regions/%d/end", i, k);
	}
}

static void set_nr_schemes(int i, const char *text)
{
	static const char *const figures[] = { "sz", "nr_accesses", "age" };

	put(text, "%d/contexts/0/schemes/nr_schemes", i);
	put("stat\n", "%d/contexts/0/schemes/0/action", i);
	put("0\n", "%d/contexts/0/schemes/0/tried_regions/total_bytes", i);
	for (size_t k = 0; k < 3; k++) {
		put("0\n", "%d/contexts/0/schemes/0/access_pattern/%s/min", i, figures[k]);
		put("0\n", "%d/contexts/0/schemes/0/access_pattern/%s/max", i, figures[k]);
	}
}

static void clear_regions(int i)
{
	drop("%d/contexts/0/schemes/0/tried_regions", i);
	put("0\n", "%d/contexts/0/schemes/0/tried_regions/total_bytes", i);
}

static int update_regions(int i)
{
	if (fake_damon.on_update)
		fake_damon.on_update();
	if (!fake_damon.running[i])
		return -EINVAL;
	clear_regions(i);
	for (size_t k = 0; k < fake_damon.n_regions; k++) {
		const struct fake_region *r = &fake_damon.regions[k];
		const char *folder = "contexts/0/schemes/0/tried_regions";

		put(r->begin, "%d/%s/%zu/start", i, folder, k);
		put(r->end, "%d/%s/%zu/end", i, folder, k);
		put(r->age, "%d/%s/%zu/age", i, folder, k);
	}
	return 0;
}

static int set_state(int i, const char *text)
{
	if (streq(text, "on") && fake_damon.running[i])
		return -EBUSY;
	if (streq(text, "on") || streq(text, "off")) {
		int r = streq(text, "off") && !fake_damon.running[i] ? -EPERM : 0;

		fake_damon.running[i] = streq(text, "on");
		return r;
	}
	if (streq(text, "update_schemes_tried_regions"))
		return update_regions(i);
	assert_string_equal(text, "clear_schemes_tried_regions");
	if (!fake_damon.running[i])
		return -EINVAL;
	clear_regions(i);
	return 0;
}

/* Files that have an effect; all others only keep what is written. */
static int has_effect(const char *path, const char *text)
{
	char file[PATH_SIZE] = "";
	int i = 0;

	if (streq(path, "nr_kdamonds"))
		return set_nr_kdamonds(text);
	if (sscanf(path, "%d/%511s", &i, file) != 2)
		return 1;
	if (streq(file, "state"))
		return set_state(i, text);
	if (streq(file, "contexts/nr_contexts"))
		set_nr_contexts(i, text);
	else if (streq(file, "contexts/0/targets/nr_targets")) {
		put("0\n", "%d/contexts/0/targets/0/pid_target", i);
		put("0\n", "%d/contexts/0/targets/0/regions/nr_regions", i);
	} else if (streq(file, "contexts/0/targets/0/regions/nr_regions"))
		set_nr_regions(i, text);
	else if (streq(file, "contexts/0/schemes/nr_schemes"))
		set_nr_schemes(i, text);
	else
		return 1;
	return 0;
}

/* Path below FAKE_ADMIN, or NULL for files of others. */
static const char *below_admin(int dirfd, const char *path, char *buf, size_t size)
{
	char link[64], folder[PATH_SIZE];
	const char *rest;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = readlink(link, folder, sizeof(folder) - 1);
	assert_true(n > 0);
	folder[n] = '\0';
	snprintf(buf, size, "%s/%s", folder, path);
	rest = strstr(buf, FAKE_ADMIN "/");
	return rest ? rest + strlen(FAKE_ADMIN "/") : NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && streq(text + n - m, end);
}

int __wrap_kvmb_write_at(int dirfd, const char *path, const char *text)
{
	char buf[2 * PATH_SIZE];
	const char *file = below_admin(dirfd, path, buf, sizeof(buf));
	int r;

	if (!file || faccessat(dirfd, path, F_OK, 0) < 0)
		return __real_kvmb_write_at(dirfd, path, text);
	if (fake_damon.busy) {
		fake_damon.busy--;
		return -EBUSY;
	}
	fake_damon.n_writes++;
	if (fake_damon.fail_path && ends_with(file, fake_damon.fail_path))
		return fake_damon.fail_error;
	r = has_effect(file, text);
	if (r <= 0)
		return r;
	put(text, "%s", file);
	return 0;
}

void fake_damon_begin(const char *tree)
{
	fake_damon = (struct fake_damon){ .tree = tree };
	put("0", "nr_kdamonds");
}

void fake_damon_write(const char *path, const char *text)
{
	int r = has_effect(path, text);

	assert_true(r >= 0);
	if (r > 0)
		put(text, "%s", path);
}

bool fake_damon_is(const char *path, const char *text)
{
	char full[PATH_SIZE];
	_cleanup_free_ char *got = NULL;

	snprintf(full, sizeof(full), FAKE_ADMIN "/%s", path);
	got = tree_read(fake_damon.tree, full);
	got[strcspn(got, "\n")] = '\0';
	return streq(got, text);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kdamond of one's own: how it is set up, and what it tells. */
#include "source/damon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "source/damon-internal.h"

#define ADMIN "kernel/mm/damon/admin/kdamonds"
/* DAMON makes no more than it was allowed, but for a moment after a split. */
#define READ_MAX (4 * KVMB_DAMON_REGIONS_MAX)

struct kvmb_damon {
	int admin_fd;
	struct kvmb_kdamond kdamond;
};

KVMB_DEFINE_CLEANUP(struct kvmb_damon *, kvmb_damon_free);

struct kvmb_damon *kvmb_damon_free(struct kvmb_damon *d)
{
	if (!d)
		return NULL;
	if (d->kdamond.lock_fd >= 0)
		kvmb_damon_give(d->admin_fd, &d->kdamond);
	(void)kvmb_close(d->admin_fd);
	free(d);
	return NULL;
}

/* ---- Who else has DAMON ------------------------------------------------------------------ */

/*
 * These run DAMON in the kernel, and as long as one does, it lets nobody else: asked before
 * anything is written, for it is asked again and again.
 */
static int check_alone(const struct kvmb_root *root, char *why)
{
	static const char *const modules[] = { "damon_stat", "damon_reclaim", "damon_lru_sort" };

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		char path[64], text[8];

		(void)snprintf(path, sizeof(path), "module/%s/parameters/enabled", modules[i]);
		if (kvmb_read_at(root->sys_fd, path, text, sizeof(text), NULL) < 0 ||
		    text[0] != 'Y')
			continue;
		kvmb_str_format(why, KVMB_TEXT_SIZE, "%s has it for itself (/sys/%s)",
				modules[i], path);
		return -EBUSY;
	}
	return 0;
}

static int open_admin(const struct kvmb_root *root, char *why)
{
	int fd = openat(root->sys_fd, ADMIN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = -errno;

	if (fd >= 0)
		return fd;
	if (r == -ENOENT || r == -EBADF) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "/sys/kernel/mm/damon/admin is not there");
		return -EOPNOTSUPP;
	}
	return kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "/sys/" ADMIN);
}

/* ---- Setting it up ----------------------------------------------------------------------- */

/* One file of the context. Once an error, always an error: for a list of them. */
static void put(const struct kvmb_damon *d, int *error, uint64_t value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void put(const struct kvmb_damon *d, int *error, uint64_t value, const char *format, ...)
{
	char path[128] = "contexts/0/", text[24];
	va_list ap;

	if (*error < 0)
		return;
	va_start(ap, format);
	(void)vsnprintf(path + strlen(path), sizeof(path) - strlen(path), format, ap);
	va_end(ap);
	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	*error = kvmb_damon_write(d->kdamond.folder_fd, path, text);
}

/* fvaddr: vaddr for ranges that are given, not found; QEMU has a lot that is not the guest's. */
static int put_context(const struct kvmb_damon *d, const struct kvmb_damon_setup *s)
{
	int r = kvmb_damon_write(d->kdamond.folder_fd, "contexts/nr_contexts", "1");

	if (r >= 0)
		r = kvmb_damon_write(d->kdamond.folder_fd, "contexts/0/operations", "fvaddr");
	put(d, &r, s->sample_usec, "monitoring_attrs/intervals/sample_us");
	put(d, &r, s->aggregation_usec, "monitoring_attrs/intervals/aggr_us");
	put(d, &r, KVMB_DAMON_REGIONS_MIN, "monitoring_attrs/nr_regions/min");
	put(d, &r, KVMB_DAMON_REGIONS_MAX, "monitoring_attrs/nr_regions/max");
	put(d, &r, 1, "targets/nr_targets");
	put(d, &r, (uint64_t)s->pid, "targets/0/pid_target");
	put(d, &r, s->n_ranges, "targets/0/regions/nr_regions");
	for (size_t i = 0; i < s->n_ranges; i++) {
		const struct kvmb_range *range = &s->ranges[i];

		put(d, &r, range->hva, "targets/0/regions/%zu/start", i);
		put(d, &r, range->hva + range->length_bytes, "targets/0/regions/%zu/end", i);
	}
	return r;
}

/* Of any size, without an access, for one aggregation or more. */
static int put_scheme(const struct kvmb_damon *d)
{
	int r = kvmb_damon_write(d->kdamond.folder_fd, "contexts/0/schemes/nr_schemes", "1");

	if (r >= 0)
		r = kvmb_damon_write(d->kdamond.folder_fd, "contexts/0/schemes/0/action", "stat");
	put(d, &r, UINT64_MAX, "schemes/0/access_pattern/sz/max");
	put(d, &r, 1, "schemes/0/access_pattern/age/min");
	put(d, &r, UINT32_MAX, "schemes/0/access_pattern/age/max");
	return r;
}

static int switch_on(struct kvmb_damon *d, const struct kvmb_damon_setup *setup, char *why)
{
	int r = put_context(d, setup);

	if (r >= 0)
		r = put_scheme(d);
	if (r >= 0)
		r = kvmb_damon_write(d->kdamond.folder_fd, "state", "on");
	return r < 0 ? kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "it refuses to watch") : r;
}

int kvmb_damon_start(const struct kvmb_root *root, const struct kvmb_damon_setup *setup,
		     struct kvmb_damon **ret, char *why)
{
	_cleanup_(kvmb_damon_freep) struct kvmb_damon *d = malloc(sizeof(*d));
	int r;

	if (!d)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -ENOMEM, "agent");
	*d = (struct kvmb_damon){ .admin_fd = -1, .kdamond = KVMB_KDAMOND_NONE };
	d->admin_fd = r = open_admin(root, why);
	if (r >= 0)
		r = check_alone(root, why);
	if (r >= 0)
		r = kvmb_damon_take(d->admin_fd, &d->kdamond, why);
	if (r >= 0)
		r = switch_on(d, setup, why);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(d);
	return 0;
}

/* ---- What it tells ----------------------------------------------------------------------- */

static int read_value(int fd, size_t i, const char *file, uint64_t *ret)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "%zu/%s", i, file);
	return kvmb_read_u64_at(fd, path, ret);
}

/* -ENOENT: there is no such region. */
static int read_region(int fd, size_t i, struct kvmb_damon_region *ret)
{
	int r = read_value(fd, i, "start", &ret->begin);

	if (r >= 0)
		r = read_value(fd, i, "end", &ret->end);
	if (r >= 0)
		r = read_value(fd, i, "age", &ret->age);
	return r;
}

static int read_regions(int fd, struct kvmb_damon_region **ret, size_t *ret_n)
{
	_cleanup_free_ struct kvmb_damon_region *regions = NULL;
	uint64_t last_end = 0;
	size_t n = 0;

	for (;;) {
		struct kvmb_damon_region region;
		int r = read_region(fd, n, &region);

		if (r == -ENOENT)
			break;
		if (r < 0)
			return r;
		if (n == READ_MAX || region.begin >= region.end || region.begin < last_end)
			return -EBADMSG;
		if (kvmb_grow(&regions, n, sizeof(*regions)) < 0)
			return -ENOMEM;
		regions[n++] = region;
		last_end = region.end;
	}
	*ret = TAKE_PTR(regions);
	*ret_n = n;
	return 0;
}

int kvmb_damon_regions(struct kvmb_damon *d, struct kvmb_damon_region **ret, size_t *ret_n)
{
	_cleanup_close_ int fd = -1;
	int r = kvmb_damon_write(d->kdamond.folder_fd, "state", "update_schemes_tried_regions");

	if (r == -EBUSY)
		return -EAGAIN;
	/* -EINVAL: it does not run; the others: somebody took it away */
	if (r == -EINVAL || r == -ENOENT || r == -ENODEV)
		return -ENODEV;
	if (r < 0)
		return r;
	fd = openat(d->kdamond.folder_fd, "contexts/0/schemes/0/tried_regions",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	r = read_regions(fd, ret, ret_n);
	/* Each is a folder of files, a KiB of kernel memory. */
	(void)kvmb_damon_write(d->kdamond.folder_fd, "state", "clear_schemes_tried_regions");
	return r;
}

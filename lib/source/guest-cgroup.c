/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory figures of one guest's scope, from descriptors that stay open. */
#include "source/guest-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/pressure.h"
#include "base/str.h"

enum scope_file {
	FILE_CURRENT,
	FILE_SWAP,
	FILE_STAT,
	FILE_EVENTS,
	FILE_PRESSURE,
	FILES,
};

static const struct {
	const char *name;
	bool optional; /* depends on how the kernel was built or started */
} scope_files[FILES] = {
	[FILE_CURRENT] = { "memory.current", false },
	[FILE_SWAP] = { "memory.swap.current", true },
	[FILE_STAT] = { "memory.stat", false },
	[FILE_EVENTS] = { "memory.events", false },
	[FILE_PRESSURE] = { "memory.pressure", true },
};

struct kvmb_guest_cgroup {
	int dir_fd;
	int fds[FILES];
	char path[KVMB_PATH_SIZE];
};

static const struct kvmb_pair_field stat_fields[] = {
	{ "workingset_refault_anon", offsetof(struct kvmb_guest_sample, refault_anon) },
	{ "workingset_refault_file", offsetof(struct kvmb_guest_sample, refault_file) },
};

static const struct kvmb_pair_field event_fields[] = {
	{ "oom_kill", offsetof(struct kvmb_guest_sample, oom_kills) },
};

int kvmb_parse_memory_stat(const char *text, struct kvmb_guest_sample *ret)
{
	const char *cursor = text;
	struct kvmb_pair any;

	/* The refault lines are missing only where the kernel is old; some line is always there. */
	if (!kvmb_next_pair(&cursor, &any))
		return -EBADMSG;
	ret->refault_anon = 0;
	ret->refault_file = 0;
	(void)kvmb_parse_pairs(text, stat_fields, ARRAY_SIZE(stat_fields), ret);
	return 0;
}

int kvmb_parse_memory_events(const char *text, struct kvmb_guest_sample *ret)
{
	return kvmb_parse_pairs(text, event_fields, ARRAY_SIZE(event_fields), ret) ? 0 : -EBADMSG;
}

KVMB_DEFINE_CLEANUP(struct kvmb_guest_cgroup *, kvmb_guest_cgroup_free);

struct kvmb_guest_cgroup *kvmb_guest_cgroup_free(struct kvmb_guest_cgroup *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < FILES; i++)
		(void)kvmb_close(c->fds[i]);
	(void)kvmb_close(c->dir_fd);
	free(c);
	return NULL;
}

static struct kvmb_guest_cgroup *cgroup_alloc(void)
{
	struct kvmb_guest_cgroup *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->dir_fd = -1;
	for (size_t i = 0; i < FILES; i++)
		c->fds[i] = -1;
	return c;
}

/*
 * The scope's folder is there, so a missing file means a missing feature. The root's descriptors
 * may be O_PATH ones, so the folder is opened for itself.
 */
static int open_files(struct kvmb_guest_cgroup *c)
{
	for (size_t i = 0; i < FILES; i++) {
		c->fds[i] = openat(c->dir_fd, scope_files[i].name, O_RDONLY | O_CLOEXEC);
		if (c->fds[i] >= 0)
			continue;
		if (errno != ENOENT && errno != EOPNOTSUPP)
			return -errno;
		if (!scope_files[i].optional)
			return -EOPNOTSUPP;
	}
	return 0;
}

int kvmb_guest_cgroup_open(const struct kvmb_root *root, const char *path,
			   struct kvmb_guest_cgroup **ret)
{
	_cleanup_(kvmb_guest_cgroup_freep) struct kvmb_guest_cgroup *c = NULL;
	int r;

	if (!*path)
		return -ENOENT;
	c = cgroup_alloc();
	if (!c)
		return -ENOMEM;
	r = kvmb_str_copy(c->path, sizeof(c->path), path);
	if (r < 0)
		return r;
	c->dir_fd = openat(root->cgroup_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir_fd < 0)
		return -errno;
	r = open_files(c);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(c);
	return 0;
}

static int read_figures(struct kvmb_guest_cgroup *c, struct kvmb_guest_sample *g)
{
	char text[16384]; /* memory.stat is the longest, about 1.5 KiB */
	int r;

	r = kvmb_read_u64_fd_at_start(c->fds[FILE_CURRENT], &g->resident_bytes);
	if (r < 0)
		return r;
	g->swap_bytes = KVMB_UNKNOWN;
	if (c->fds[FILE_SWAP] >= 0)
		r = kvmb_read_u64_fd_at_start(c->fds[FILE_SWAP], &g->swap_bytes);
	if (r < 0)
		return r;
	r = kvmb_read_fd_at_start(c->fds[FILE_STAT], text, sizeof(text), NULL);
	if (r >= 0)
		r = kvmb_parse_memory_stat(text, g);
	if (r < 0)
		return r;
	r = kvmb_read_fd_at_start(c->fds[FILE_EVENTS], text, sizeof(text), NULL);
	return r < 0 ? r : kvmb_parse_memory_events(text, g);
}

static int read_pressure(struct kvmb_guest_cgroup *c, struct kvmb_guest_sample *g)
{
	char text[512];
	int r;

	if (c->fds[FILE_PRESSURE] < 0)
		return -EOPNOTSUPP;
	r = kvmb_read_fd_at_start(c->fds[FILE_PRESSURE], text, sizeof(text), NULL);
	return r < 0 ? r : kvmb_parse_psi(text, &g->psi);
}

int kvmb_guest_cgroup_read(struct kvmb_guest_cgroup *c, struct kvmb_guest_sample *g)
{
	struct kvmb_guest_sample now = { 0 };
	int r;

	g->cgroup_valid = false;
	g->psi_valid = false;
	r = read_figures(c, &now);
	if (r < 0)
		return r;
	/* PSI can be switched off for a single group (cgroup.pressure); the rest still counts. */
	r = read_pressure(c, &now);
	if (r == -ENODEV)
		return r;
	g->psi_valid = r == 0;
	g->psi = now.psi;
	g->resident_bytes = now.resident_bytes;
	g->swap_bytes = now.swap_bytes;
	g->refault_anon = now.refault_anon;
	g->refault_file = now.refault_file;
	g->oom_kills = now.oom_kills;
	g->cgroup_valid = true;
	return 0;
}

int kvmb_guest_cgroup_dirfd(const struct kvmb_guest_cgroup *c)
{
	return c->dir_fd;
}

const char *kvmb_guest_cgroup_path(const struct kvmb_guest_cgroup *c)
{
	return c->path;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A memory.high for some seconds: its record, and putting back what was there before. */
#include "actuator/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "actuator/limit-path.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/wait.h"
#include "wrap/cgroup.h"

/* systemd starts the watcher in some 10 ms; in an emergency it may take longer, but not this. */
#define WATCHED_NS (2 * NSEC_PER_SEC)
#define POLL_NS (20 * 1000000L)

#define HEAD "kvm-balloond-limit 1\n"

int kvmb_limit_to_text(const struct kvmb_limit *l, char **ret)
{
	if (strchr(l->cgroup, '\n') || !*l->cgroup || strchr(l->before, '\n'))
		return -EINVAL;
	return kvmb_asprintf(ret, HEAD "%s\n%s\n%" PRIu64 "\n%" PRIu64 "\n", l->cgroup, l->before,
			     l->set_bytes, l->until_ns);
}

static int take_text(const char **cursor, char *buf, size_t size)
{
	const char *end = strchr(*cursor, '\n');
	int r;

	if (!end || end == *cursor)
		return -EBADMSG;
	r = kvmb_str_copy_n(buf, size, *cursor, (size_t)(end - *cursor));
	*cursor = end + 1;
	return r < 0 ? -EBADMSG : 0;
}

static int take_number(const char **cursor, uint64_t *ret)
{
	char text[32];
	int r = take_text(cursor, text, sizeof(text));

	return r < 0 || kvmb_parse_u64_n(text, strlen(text), ret) < 0 ? -EBADMSG : 0;
}

int kvmb_parse_limit(const char *text, struct kvmb_limit *ret)
{
	struct kvmb_limit l;
	const char *cursor = text + strlen(HEAD);
	int r;

	if (strncmp(text, HEAD, strlen(HEAD)) != 0)
		return -EBADMSG;
	r = take_text(&cursor, l.cgroup, sizeof(l.cgroup));
	if (r >= 0)
		r = take_text(&cursor, l.before, sizeof(l.before));
	if (r >= 0)
		r = take_number(&cursor, &l.set_bytes);
	if (r >= 0)
		r = take_number(&cursor, &l.until_ns);
	if (r < 0 || *cursor)
		return -EBADMSG;
	*ret = l;
	return 0;
}

static int record_path(const char *uuid, char *buf, size_t size)
{
	int n;

	if (!*uuid || *uuid == '.' || strchr(uuid, '/'))
		return -EINVAL;
	n = snprintf(buf, size, KVMB_LIMIT_FOLDER "/%s", uuid);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Under its final name only when it is whole and locked: the watcher never sees half of one. */
static int write_record(const struct kvmb_root *root, const char *path, const char *text,
			int *ret_fd)
{
	size_t len = strlen(text);
	_cleanup_close_ int fd = openat(root->root_fd, KVMB_LIMIT_NEW,
					O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
					0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		return -EIO;
	if (renameat2(root->root_fd, KVMB_LIMIT_NEW, root->root_fd, path, RENAME_NOREPLACE) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool is_held(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	(void)flock(fd, LOCK_UN);
	return false;
}

static int wait_for_watcher(const struct kvmb_root *root, atomic_bool *cancel)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	uint64_t until_ns = kvmb_now_ns() + WATCHED_NS;
	_cleanup_close_ int fd = openat(root->root_fd, KVMB_LIMIT_LOCK,
					O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	while (!is_held(fd)) {
		if (atomic_load(cancel))
			return -ECANCELED;
		if (kvmb_now_ns() >= until_ns)
			return -ENOTCONN;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int kvmb_limit_begin(const struct kvmb_root *root, const char *uuid, const struct kvmb_limit *l,
		     atomic_bool *cancel, int *ret_fd)
{
	_cleanup_free_ char *text = NULL;
	char path[KVMB_PATH_SIZE];
	int fd = -1, r = record_path(uuid, path, sizeof(path));

	if (r >= 0)
		r = kvmb_limit_to_text(l, &text);
	if (r >= 0)
		r = write_record(root, path, text, &fd);
	if (r < 0)
		return r;
	r = wait_for_watcher(root, cancel);
	if (r < 0) {
		kvmb_limit_end(root, uuid, fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int kvmb_limit_read(const struct kvmb_root *root, const char *cgroup, char *buf, size_t size)
{
	char path[KVMB_PATH_SIZE + 32];
	size_t len;
	int r = snprintf(path, sizeof(path), "%s/memory.high", cgroup);

	if (r < 0 || (size_t)r >= sizeof(path))
		return -ENAMETOOLONG;
	r = kvmb_read_at(root->cgroup_fd, path, buf, size, &len);
	if (r < 0)
		return r;
	while (len > 0 && buf[len - 1] == '\n')
		buf[--len] = '\0';
	return 0;
}

static bool is_gone(int error)
{
	return error == -ENOENT || error == -ENODEV;
}

int kvmb_limit_lift(const struct kvmb_root *root, const struct kvmb_limit *l)
{
	char now[32], ours[32];
	int r = kvmb_limit_read(root, l->cgroup, now, sizeof(now));

	if (r < 0)
		return is_gone(r) ? 0 : r;
	(void)snprintf(ours, sizeof(ours), "%" PRIu64, l->set_bytes);
	/* Whoever set another one meanwhile, systemd or an administrator, meant it. */
	if (!streq(now, ours))
		return 0;
	r = kvmb_cgroup_write(root, l->cgroup, "memory.high", l->before);
	return is_gone(r) ? 0 : r;
}

void kvmb_limit_end(const struct kvmb_root *root, const char *uuid, int fd)
{
	char path[KVMB_PATH_SIZE];

	if (record_path(uuid, path, sizeof(path)) >= 0)
		(void)unlinkat(root->root_fd, path, 0);
	(void)kvmb_close(fd);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The watcher of limits: a process of its own, so that no end of the agent leaves one behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "actuator/limit.h"
#include "actuator/limit-path.h"
#include "base/num.h"
#include "base/wait.h"

#define POLL_NS (200 * 1000000L)
/* An owner that lives lifts it itself; one that is stopped or hangs does not. */
#define GRACE_NS (2 * NSEC_PER_SEC)
/* No limit lasts that long: a deadline beyond it is of a clock that began anew. */
#define LONGEST_NS NSEC_PER_MINUTE
#define TRIES_NS NSEC_PER_MINUTE

static void close_folder(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static bool is_due(const struct kvmb_limit *l, uint64_t now_ns)
{
	return now_ns >= u64_add_sat(l->until_ns, GRACE_NS) ||
	       l->until_ns > u64_add_sat(now_ns, LONGEST_NS);
}

/*
 * 1: it stays for now. What cannot be read and has no owner was never set: see write_record(). One
 * that has an owner stays whatever happens: it may be late, and set the limit yet.
 */
static int look_at(const struct kvmb_root *root, int folder_fd, const char *name)
{
	_cleanup_close_ int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool owned, readable;
	struct kvmb_limit l;
	char text[1024];
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	owned = flock(fd, LOCK_EX | LOCK_NB) < 0;
	readable = kvmb_read_fd_at_start(fd, text, sizeof(text), NULL) >= 0 &&
		   kvmb_parse_limit(text, &l) >= 0;
	if (owned && (!readable || !is_due(&l, kvmb_now_ns())))
		return 1;
	if (readable)
		r = kvmb_limit_lift(root, &l);
	if (r >= 0 && owned)
		return 1;
	if (r >= 0 && unlinkat(folder_fd, name, 0) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

/* How many are left; @ret_error: of the last that could not be lifted. */
static int look_at_all(const struct kvmb_root *root, int *ret_error)
{
	int fd = openat(root->root_fd, KVMB_LIMIT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(close_folder) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int n = 0;

	*ret_error = 0;
	if (!folder)
		return fd < 0 ? -errno : kvmb_close(fd);
	while ((entry = readdir(folder))) {
		int r;

		if (entry->d_name[0] == '.')
			continue;
		r = look_at(root, dirfd(folder), entry->d_name);
		if (r < 0)
			*ret_error = r;
		n += r != 0;
	}
	return n;
}

static int watch(const struct kvmb_root *root)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	uint64_t failing_ns = 0;
	int error, n;

	while ((n = look_at_all(root, &error)) > 0) {
		uint64_t now_ns = kvmb_now_ns();

		if (!error)
			failing_ns = 0;
		else if (!failing_ns)
			failing_ns = now_ns;
		else if (now_ns - failing_ns >= TRIES_NS)
			return error;
		(void)nanosleep(&pause, NULL);
	}
	return n == -ENOENT ? 0 : n;
}

int kvmb_limit_watch(const struct kvmb_root *root)
{
	_cleanup_close_ int fd = openat(root->root_fd, KVMB_LIMIT_LOCK,
					O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* Who is about to set one only tries it, for a moment. */
	if (flock(fd, LOCK_EX) < 0)
		return -errno;
	return watch(root);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The array of kdamonds: whose it is, and which of them are free. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/damon-internal.h"

/* Longer than a command to any other kdamond takes, which is an aggregation. */
#define PATIENCE_USEC (10 * USEC_PER_SEC)
#define PAUSE_NS (5 * 1000 * 1000)
#define MARK_NUMBER (KVMB_DAMON_KDAMONDS - 1)

static void pause_shortly(void)
{
	struct timespec t = { .tv_nsec = PAUSE_NS };

	(void)nanosleep(&t, NULL);
}

int kvmb_damon_write(int folder_fd, const char *path, const char *text)
{
	uint64_t deadline_ns = kvmb_deadline_ns(PATIENCE_USEC);
	int r = kvmb_write_at(folder_fd, path, text);

	while (r == -EBUSY && kvmb_now_ns() < deadline_ns) {
		pause_shortly();
		r = kvmb_write_at(folder_fd, path, text);
	}
	return r;
}

/*
 * Whoever changes the array, or takes a kdamond, has this lock; it is held for moments. Opened for
 * writing, which is for root, whatever the mode says of readers.
 */
static int lock_array(int admin_fd)
{
	_cleanup_close_ int fd = openat(admin_fd, "nr_kdamonds", O_RDWR | O_CLOEXEC);
	uint64_t deadline_ns = kvmb_deadline_ns(PATIENCE_USEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (kvmb_now_ns() >= deadline_ns)
			return -EBUSY;
		pause_shortly();
	}
	return TAKE_FD(fd);
}

static void kdamond_close(struct kvmb_kdamond *k)
{
	k->folder_fd = kvmb_close(k->folder_fd);
	k->lock_fd = kvmb_close(k->lock_fd);
}

/* -EWOULDBLOCK: it is in use. */
static int kdamond_lock(int admin_fd, int number, struct kvmb_kdamond *ret)
{
	struct kvmb_kdamond k = KVMB_KDAMOND_NONE;
	char path[16];
	int r;

	(void)snprintf(path, sizeof(path), "%d", number);
	k.folder_fd = openat(admin_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k.folder_fd >= 0)
		k.lock_fd = openat(k.folder_fd, "state", O_RDWR | O_CLOEXEC);
	if (k.lock_fd < 0 || flock(k.lock_fd, LOCK_EX | LOCK_NB) < 0) {
		r = -errno;
		kdamond_close(&k);
		return r;
	}
	*ret = k;
	return 0;
}

static bool is_empty(int admin_fd, int number)
{
	char path[48];
	uint64_t n;

	(void)snprintf(path, sizeof(path), "%d/contexts/nr_contexts", number);
	return kvmb_read_u64_at(admin_fd, path, &n) >= 0 && n == 0;
}

/* One that does not run cannot be stopped, and one that is gone has nothing: no failures. */
static void clear(int kdamond_fd)
{
	uint64_t n;

	if (kvmb_read_u64_at(kdamond_fd, "contexts/nr_contexts", &n) < 0 || !n)
		return;
	(void)kvmb_damon_write(kdamond_fd, "state", "off");
	(void)kvmb_damon_write(kdamond_fd, "contexts/nr_contexts", "0");
}

/*
 * What nobody has a lock on is cleared: a process died that used it.
 * @ret: the first free one, locked; or NULL to take none
 * Return: how many are in use, with the one taken.
 */
static size_t sweep(int admin_fd, struct kvmb_kdamond *ret)
{
	size_t n_used = 0;

	for (int i = 0; i < MARK_NUMBER; i++) {
		struct kvmb_kdamond k;

		if (kdamond_lock(admin_fd, i, &k) < 0) {
			n_used++;
			continue;
		}
		clear(k.folder_fd);
		if (!ret || ret->lock_fd >= 0) {
			kdamond_close(&k);
			continue;
		}
		*ret = k;
		n_used++;
	}
	return n_used;
}

/* Below the folder of contexts of the kdamond that is the mark. */
static const char *const mark_file = "0/monitoring_attrs/intervals/update_us";

struct mark_path {
	char text[64];
};

static struct mark_path mark_path(const char *file)
{
	struct mark_path p;

	(void)snprintf(p.text, sizeof(p.text), "%d/contexts/%s", MARK_NUMBER, file);
	return p;
}

static bool is_marked(int admin_fd)
{
	uint64_t mark;

	return kvmb_read_u64_at(admin_fd, mark_path(mark_file).text, &mark) >= 0 &&
	       mark == KVMB_DAMON_MARK;
}

/* Of our length and with our mark; or without it yet, but then with nothing else in it either. */
static bool is_ours(int admin_fd, uint64_t n_kdamonds)
{
	if (n_kdamonds != KVMB_DAMON_KDAMONDS)
		return false;
	if (is_marked(admin_fd))
		return true;
	for (int i = 0; i < MARK_NUMBER; i++)
		if (!is_empty(admin_fd, i))
			return false;
	return true;
}

static int make_mark(int admin_fd)
{
	char mark[16];
	int r = kvmb_damon_write(admin_fd, mark_path("nr_contexts").text, "1");

	(void)snprintf(mark, sizeof(mark), "%d", KVMB_DAMON_MARK);
	return r < 0 ? r : kvmb_damon_write(admin_fd, mark_path(mark_file).text, mark);
}

static int make_array(int admin_fd, char *why)
{
	char length[16];
	bool made = false;
	uint64_t n;
	int r = kvmb_read_u64_at(admin_fd, "nr_kdamonds", &n);

	if (r >= 0 && n && !is_ours(admin_fd, n)) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "it is set up by somebody else");
		return -EBUSY;
	}
	(void)snprintf(length, sizeof(length), "%d", KVMB_DAMON_KDAMONDS);
	if (r >= 0 && !n) {
		r = kvmb_damon_write(admin_fd, "nr_kdamonds", length);
		made = r >= 0;
	}
	if (r >= 0 && !is_marked(admin_fd))
		r = make_mark(admin_fd);
	/* Nobody but us would know whose it is. */
	if (r < 0 && made)
		(void)kvmb_damon_write(admin_fd, "nr_kdamonds", "0");
	return r < 0 ? kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "it cannot be set up") : 0;
}

int kvmb_damon_take(int admin_fd, struct kvmb_kdamond *ret, char *why)
{
	_cleanup_close_ int lock_fd = lock_array(admin_fd);
	struct kvmb_kdamond k = KVMB_KDAMOND_NONE;
	int r;

	if (lock_fd < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, lock_fd, "it cannot be used");
	r = make_array(admin_fd, why);
	if (r < 0)
		return r;
	(void)sweep(admin_fd, &k);
	if (k.lock_fd < 0) {
		kvmb_str_format(why, KVMB_TEXT_SIZE, "all %d kdamonds are in use", MARK_NUMBER);
		return -ENOSPC;
	}
	*ret = k;
	return 0;
}

void kvmb_damon_give(int admin_fd, struct kvmb_kdamond *k)
{
	_cleanup_close_ int lock_fd = lock_array(admin_fd);

	clear(k->folder_fd);
	kdamond_close(k);
	/* Of no use to anybody any more: as it was before us. */
	if (lock_fd >= 0 && sweep(admin_fd, NULL) == 0)
		(void)kvmb_damon_write(admin_fd, "nr_kdamonds", "0");
}

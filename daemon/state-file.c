/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the policy's memory lives between two runs of the daemon: one JSON file, replaced whole.
 */
#include "state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util.h"

#define DEFAULT_FOLDER KVMB_LOCALSTATEDIR "/lib/kvm-balloond"
/* 16,384 guests at 1 KiB each: nothing that we wrote is larger. */
#define STATE_BYTES_MAX (16 * 1024 * 1024)
/* A crash forgets at most this much of the totals; what matters more is saved at once. */
#define SAVE_INTERVAL_NS UINT64_C(10000000000)

int state_file_open(struct state_file *f, const char *path)
{
	const char *folder = getenv("STATE_DIRECTORY");
	char *p = NULL;

	if (path)
		p = strdup(path);
	else if (asprintf(&p, "%s/state.json", folder ?: DEFAULT_FOLDER) < 0)
		p = NULL;
	if (!p)
		return -ENOMEM;
	*f = (struct state_file){ .path = p };
	return 0;
}

void state_file_close(struct state_file *f)
{
	free(f->path);
	f->path = NULL;
}

static int read_all(int fd, size_t size, char **ret)
{
	_cleanup_free_ char *text = malloc(size + 1);
	size_t used = 0;
	ssize_t n = 1;

	if (!text)
		return -ENOMEM;
	while (used < size && n != 0) {
		n = read(fd, text + used, size - used);
		if (n < 0 && errno != EINTR)
			return -errno;
		used += n > 0 ? (size_t)n : 0;
	}
	text[used] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

static int read_text(const char *path, char **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (st.st_size > STATE_BYTES_MAX)
		return -EBADMSG;
	return read_all(fd, (size_t)st.st_size, ret);
}

/* Kept for whoever wants to know what happened; the next one replaces it. */
static void set_aside(const char *path)
{
	_cleanup_free_ char *bad = NULL;

	if (asprintf(&bad, "%s.bad", path) < 0) {
		bad = NULL;
		return;
	}
	(void)rename(path, bad);
}

int state_file_load(const struct state_file *f, struct kvmb_state **ret)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!f->path) {
		*ret = NULL;
		return 0;
	}
	r = read_text(f->path, &text);
	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (r >= 0)
		r = kvmb_state_from_json(text, ret);
	if (r == -EBADMSG && !f->read_only)
		set_aside(f->path);
	return r;
}

static int write_all(int fd, const char *text, bool sync)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return sync && fsync(fd) < 0 ? -errno : 0;
}

static int write_text(const char *path, const char *text, bool sync)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	return fd < 0 ? -errno : write_all(fd, text, sync);
}

int state_file_save(struct state_file *f, const struct kvmb_state *state, bool sync)
{
	_cleanup_free_ char *text = NULL, *fresh = NULL;
	int r;

	if (!f->path || f->read_only)
		return 0;
	f->saved_ns = now_ns();
	if (asprintf(&fresh, "%s.new", f->path) < 0) {
		fresh = NULL;
		return -ENOMEM;
	}
	r = kvmb_state_to_json(state, &text);
	if (r >= 0)
		r = write_text(fresh, text, sync);
	if (r >= 0 && rename(fresh, f->path) < 0)
		r = -errno;
	if (r < 0)
		return r;
	f->dirty = false;
	return 0;
}

bool state_file_due(const struct state_file *f, uint64_t now)
{
	return f->dirty && now - f->saved_ns >= SAVE_INTERVAL_NS;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process is a domain's QEMU, and which cgroup is its scope. */
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/str.h"

/* The unified hierarchy's line of /proc/PID/cgroup: its path without the leading slash. */
static int unified_path(const char *text, const char **ret, size_t *ret_len)
{
	const char *cursor = text, *line;
	size_t len;

	while ((line = kvmb_next_line(&cursor, &len))) {
		if (len < 4 || strncmp(line, "0::/", 4) != 0)
			continue;
		*ret = line + 4;
		*ret_len = len - 4;
		return 0;
	}
	return -EBADMSG;
}

/* Length of the part that begins at @at. */
static size_t part_length(const char *at, size_t left)
{
	const char *slash = memchr(at, '/', left);

	return slash ? (size_t)(slash - at) : left;
}

/* ".." leads out of what we may see (a cgroup namespace); nothing below it can be addressed. */
static bool path_is_plain(const char *path, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = part_length(path + i, len - i);

		if (n == 0 || (n == 1 && path[i] == '.') ||
		    (n == 2 && path[i] == '.' && path[i + 1] == '.'))
			return false;
		i += n + 1;
	}
	return len == 0 || path[len - 1] != '/';
}

/* libvirt's names of a machine's group: under systemd, and without it. */
static const struct {
	const char *head;
	const char *separator;
	const char *tail;
} scope_forms[] = {
	{ "machine-qemu\\x2d", "\\x2d", ".scope" },
	{ "qemu-", "-", ".libvirt-qemu" },
};

/* -ENOENT: not the name of a machine's group, else the run's number. */
static int scope_id(const char *part, size_t len)
{
	for (size_t i = 0; i < sizeof(scope_forms) / sizeof(scope_forms[0]); i++) {
		size_t head = strlen(scope_forms[i].head), tail = strlen(scope_forms[i].tail);
		size_t separator = strlen(scope_forms[i].separator), digits;
		uint64_t id;

		if (len < head + tail || strncmp(part, scope_forms[i].head, head) != 0 ||
		    strncmp(part + len - tail, scope_forms[i].tail, tail) != 0)
			continue;
		for (digits = 0; head + digits < len; digits++)
			if (part[head + digits] < '0' || part[head + digits] > '9')
				break;
		if (head + digits + separator + tail > len ||
		    strncmp(part + head + digits, scope_forms[i].separator, separator) != 0)
			continue;
		if (kvmb_parse_u64_n(part + head, digits, &id) == 0 && id <= INT_MAX)
			return (int)id;
	}
	return -ENOENT;
}

int kvmb_parse_scope(const char *text, int id, char ret_path[KVMB_PATH_SIZE])
{
	const char *path;
	size_t len;
	int r = unified_path(text, &path, &len);

	if (r < 0)
		return r;
	if (!path_is_plain(path, len))
		return -EBADMSG;
	for (size_t i = 0; i < len;) {
		size_t n = part_length(path + i, len - i);

		r = scope_id(path + i, n);
		i += n;
		if (r < 0) {
			i++;
			continue;
		}
		if (id >= 0 && r != id)
			return -ESTALE;
		return kvmb_str_copy_n(ret_path, KVMB_PATH_SIZE, path, i);
	}
	return -ENOENT;
}

static int read_proc_cgroup(const struct kvmb_root *root, int32_t pid, char *text, size_t size)
{
	char path[32];
	int r;

	(void)snprintf(path, sizeof(path), "%d/cgroup", pid);
	r = kvmb_read_at(root->proc_fd, path, text, size, NULL);
	/* The folder of a process that ends may vanish before or after the file is opened. */
	return r == -ENOENT ? -ESRCH : r;
}

int kvmb_scope_check(const struct kvmb_root *root, int32_t pid, const char *path)
{
	size_t len, want = strlen(path);
	const char *have;
	char text[4096];
	int r;

	if (pid <= 0)
		return -ESRCH;
	r = read_proc_cgroup(root, pid, text, sizeof(text));
	if (r < 0)
		return r;
	r = unified_path(text, &have, &len);
	if (r < 0)
		return r;
	if (want == 0 || len < want || strncmp(have, path, want) != 0)
		return -ESTALE;
	return len == want || have[want] == '/' ? 0 : -ESTALE;
}

/*
 * The folder belongs to the user that QEMU runs as, so what is found there may be a trap: a FIFO
 * that never answers, a link to somewhere else. What it says is proved by the scope's name.
 */
static int open_pid_file(const struct kvmb_root *root, const char *name)
{
	char path[KVMB_NAME_SIZE + 32];
	struct stat st;
	int fd;

	if (!*name || strchr(name, '/') || strlen(name) >= KVMB_NAME_SIZE)
		return -ENOENT;
	(void)snprintf(path, sizeof(path), "run/libvirt/qemu/%s.pid", name);
	fd = openat(root->root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)kvmb_close(fd);
		return -EBADMSG;
	}
	return fd;
}

static int read_pid_file(const struct kvmb_root *root, const char *name, int32_t *ret)
{
	_cleanup_close_ int fd = open_pid_file(root, name);
	uint64_t pid;
	int r;

	if (fd < 0)
		return fd;
	r = kvmb_read_u64_fd_at_start(fd, &pid);
	if (r < 0)
		return r;
	if (pid == 0 || pid > INT32_MAX)
		return -EBADMSG;
	*ret = (int32_t)pid;
	return 0;
}

int kvmb_scope_find(const struct kvmb_root *root, const char *name, int id, int32_t *ret_pid,
		    char ret_path[KVMB_PATH_SIZE])
{
	char text[4096];
	int32_t pid = 0;
	int r = read_pid_file(root, name, &pid);

	if (r < 0)
		return r;
	r = read_proc_cgroup(root, pid, text, sizeof(text));
	if (r == -ESRCH)
		return -ESTALE;
	if (r < 0)
		return r;
	r = kvmb_parse_scope(text, id, ret_path);
	if (r < 0)
		return r;
	*ret_pid = pid;
	return 0;
}

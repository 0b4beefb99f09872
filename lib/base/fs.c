/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root that every /proc, /sys and cgroup path is below; reads and writes of whole files.
 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

static int open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A folder that is not there is fd -1: each reader then says what it misses. */
static int open_optional_dir(int dirfd, const char *path, int *ret_fd)
{
	int fd = open_dir(dirfd, path);

	if (fd < 0 && fd != -ENOENT)
		return fd;
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

int kvmb_root_open(const char *root, struct kvmb_root *ret)
{
	struct kvmb_root t = KVMB_ROOT_INIT;
	int r = kvmb_str_copy(t.path, sizeof(t.path), root ? root : "/");

	if (r < 0)
		return r;
	t.root_fd = open_dir(AT_FDCWD, t.path);
	if (t.root_fd < 0)
		return t.root_fd;
	r = open_optional_dir(t.root_fd, "proc", &t.proc_fd);
	if (r >= 0)
		r = open_optional_dir(t.root_fd, "sys", &t.sys_fd);
	if (r >= 0)
		r = open_optional_dir(t.root_fd, "sys/fs/cgroup", &t.cgroup_fd);
	if (r < 0) {
		kvmb_root_close(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void kvmb_root_close(struct kvmb_root *root)
{
	root->cgroup_fd = kvmb_close(root->cgroup_fd);
	root->sys_fd = kvmb_close(root->sys_fd);
	root->proc_fd = kvmb_close(root->proc_fd);
	root->root_fd = kvmb_close(root->root_fd);
}

bool kvmb_root_is_host(const struct kvmb_root *root)
{
	return root->path[strspn(root->path, "/")] == '\0';
}

int kvmb_read_fd_at_start(int fd, char *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	if (!size)
		return -E2BIG;
	/* one byte more than there may be tells "full" from "ended here" */
	while (len < size) {
		ssize_t n = pread(fd, buf + len, size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == size)
		return -E2BIG;
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return 0;
}

int kvmb_read_at(int dirfd, const char *path, char *buf, size_t size, size_t *ret_len)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : kvmb_read_fd_at_start(fd, buf, size, ret_len);
}

int kvmb_read_alloc_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t size = 4096;
	int r;

	if (fd < 0)
		return -errno;
	/* size in stat() means nothing for kernel files: try, and double where it was too little */
	for (;;) {
		_cleanup_free_ char *buf = NULL;

		if (size > max + 1)
			size = max + 1;
		buf = malloc(size);
		if (!buf)
			return -ENOMEM;
		r = kvmb_read_fd_at_start(fd, buf, size, ret_len);
		if (r >= 0)
			*ret = TAKE_PTR(buf);
		if (r != -E2BIG || size > max)
			return r;
		size *= 2;
	}
}

int kvmb_write_at(int dirfd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static int number_of(const char *text, size_t len, uint64_t *ret)
{
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return kvmb_parse_u64_n(text, len, ret) < 0 ? -EBADMSG : 0;
}

int kvmb_read_u64_at(int dirfd, const char *path, uint64_t *ret)
{
	char text[32];
	size_t len;
	int r = kvmb_read_at(dirfd, path, text, sizeof(text), &len);

	return r < 0 ? r : number_of(text, len, ret);
}

int kvmb_read_u64_fd_at_start(int fd, uint64_t *ret)
{
	char text[32];
	size_t len;
	int r = kvmb_read_fd_at_start(fd, text, sizeof(text), &len);

	return r < 0 ? r : number_of(text, len, ret);
}

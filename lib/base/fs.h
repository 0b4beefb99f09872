/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files: the root that every /proc, /sys and cgroup path is below, whole-file reads and writes.
 */
#ifndef KVMB_BASE_FS_H
#define KVMB_BASE_FS_H

#include <kvmballoon.h>
#include <stddef.h>

#include "base/cleanup.h"

/* Descriptors of folders, for use as dirfd; -1 where the folder is not there. */
struct kvmb_root {
	int root_fd;
	int proc_fd;
	int sys_fd;
	int cgroup_fd; /* cgroup2 mount; see kvmb_cgroup_attach() in wrap/cgroup.h */
	char path[KVMB_PATH_SIZE]; /* "/" for the real host */
};

#define KVMB_ROOT_INIT { .root_fd = -1, .proc_fd = -1, .sys_fd = -1, .cgroup_fd = -1 }

/**
 * kvmb_root_open() - open ROOT, ROOT/proc, ROOT/sys and ROOT/sys/fs/cgroup
 * @root: NULL for "/"
 *
 * Only ROOT itself has to exist: a fixture holds what its test needs.
 */
int kvmb_root_open(const char *root, struct kvmb_root *ret);

/** kvmb_root_close() - also of KVMB_ROOT_INIT, and twice; fits _cleanup_(kvmb_root_close) */
void kvmb_root_close(struct kvmb_root *root);

/** kvmb_root_is_host() - this is the real machine, not a copy below some folder */
bool kvmb_root_is_host(const struct kvmb_root *root);

/**
 * kvmb_read_at() - a whole file into a buffer of @size bytes, NUL-terminated
 * @ret_len: bytes without the NUL; may be NULL
 * Return: 0, -E2BIG where it does not fit, or another -errno. @buf is scratch on failure.
 */
int kvmb_read_at(int dirfd, const char *path, char *buf, size_t size, size_t *ret_len);

/** kvmb_read_fd_at_start() - the same from offset 0 of an open descriptor (kept open over ticks) */
int kvmb_read_fd_at_start(int fd, char *buf, size_t size, size_t *ret_len);

/** kvmb_read_u64_at(), kvmb_read_u64_fd_at_start() - a file that is one number; -EBADMSG */
int kvmb_read_u64_at(int dirfd, const char *path, uint64_t *ret);
int kvmb_read_u64_fd_at_start(int fd, uint64_t *ret);

/** kvmb_read_alloc_at() - a whole file of at most @max bytes, malloc'ed, NUL-terminated; -E2BIG */
int kvmb_read_alloc_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len);

/** kvmb_write_at() - one write() of @text into an existing (kernel) file; -EIO if short */
int kvmb_write_at(int dirfd, const char *path, const char *text);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcgroup, wrapped: where the unified hierarchy is mounted, and writes to its control files.
 * Thread-safe; nothing is ever printed.
 */
#ifndef KVMB_WRAP_CGROUP_H
#define KVMB_WRAP_CGROUP_H

#include <stddef.h>

#include "base/fs.h"

/** kvmb_cgroup_mount() - path of the cgroup2 mount with the memory controller; -EOPNOTSUPP: none */
int kvmb_cgroup_mount(char *ret_path, size_t size);

/**
 * kvmb_cgroup_attach() - set @root's cgroup_fd, make sure that it is v2 with memory control
 *
 * On the real host libcgroup says where it is; below another root it is ROOT/sys/fs/cgroup.
 * Return: 0, -EOPNOTSUPP (v1 host, or memory controller not there), or another -errno.
 */
int kvmb_cgroup_attach(struct kvmb_root *root);

/**
 * kvmb_cgroup_write() - write one control file of one group, nothing else of it is read or touched
 * @group: path below the mount, e.g. "machine.slice/machine-qemu\\x2d1\\x2dweb.scope"
 * @file: e.g. "memory.reclaim"
 *
 * On the real host through libcgroup; below another root by a plain write there, so that a copy of
 * a machine never has an effect on this one.
 * Return: 0, -EAGAIN (memory.reclaim got less than asked), -ENOENT (no such group), -errno.
 */
int kvmb_cgroup_write(const struct kvmb_root *root, const char *group, const char *file,
		      const char *value);

#endif

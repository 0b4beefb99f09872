/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory figures of one guest's scope. Its files are opened once and then only read again at
 * offset 0: with 1,000 guests the path walks would cost more than the reads.
 */
#ifndef KVMB_SOURCE_GUEST_CGROUP_H
#define KVMB_SOURCE_GUEST_CGROUP_H

#include <kvmballoon.h>

struct kvmb_root;
struct kvmb_guest_cgroup;

/**
 * kvmb_guest_cgroup_open() - open the scope; six descriptors are kept: it and its files
 * @path: struct kvmb_guest_sample.cgroup
 * Return: 0, -ENOENT no such scope, -EOPNOTSUPP the memory controller is not there, or -errno.
 */
int kvmb_guest_cgroup_open(const struct kvmb_root *root, const char *path,
			   struct kvmb_guest_cgroup **ret);
struct kvmb_guest_cgroup *kvmb_guest_cgroup_free(struct kvmb_guest_cgroup *c);

/**
 * kvmb_guest_cgroup_read() - fill resident, swap, refault_*, oom_kills, psi and the valid flags
 * @g: on failure its cgroup_valid and psi_valid are false, the figures are untouched
 *
 * swap_bytes is KVMB_UNKNOWN where swap is not accounted.
 * Return: 0, -ENODEV the scope is gone (free this, open again), or another -errno.
 */
int kvmb_guest_cgroup_read(struct kvmb_guest_cgroup *c, struct kvmb_guest_sample *g);

/** kvmb_guest_cgroup_dirfd() - of the scope, for kvmb_psi_trigger_open(); stays owned by @c */
int kvmb_guest_cgroup_dirfd(const struct kvmb_guest_cgroup *c);

/** kvmb_guest_cgroup_path() - as given to kvmb_guest_cgroup_open() */
const char *kvmb_guest_cgroup_path(const struct kvmb_guest_cgroup *c);

/** kvmb_parse_memory_stat() - workingset_refault_anon/_file (absent: 0); pure; -EBADMSG */
int kvmb_parse_memory_stat(const char *text, struct kvmb_guest_sample *ret);
/** kvmb_parse_memory_events() - oom_kill; pure; -EBADMSG where it is missing */
int kvmb_parse_memory_events(const char *text, struct kvmb_guest_sample *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of an address range of another process is in memory: /proc/PID/pagemap, present bits. */
#ifndef KVMB_ACTUATOR_RESIDENCY_H
#define KVMB_ACTUATOR_RESIDENCY_H

#include <kvmballoon.h>

struct kvmb_root;

/** kvmb_residency_open() - a descriptor for kvmb_residency_count(); -ESRCH: no such process */
int kvmb_residency_open(const struct kvmb_root *root, int32_t pid);

/**
 * kvmb_residency_count() - bytes present in the ranges
 * @limit_bytes: only so many bytes from the beginning of the list are looked at
 * Return: 0, -ESRCH the process has ended, or -errno.
 */
int kvmb_residency_count(int fd, const struct kvmb_range *ranges, size_t n, uint64_t limit_bytes,
			 uint64_t *ret_bytes);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of an address range of another process is in memory: /proc/PID/pagemap, present bits. */
#ifndef KVMB_BASE_RESIDENCY_H
#define KVMB_BASE_RESIDENCY_H

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

/**
 * kvmb_residency_split() - append the parts of a range that are present to a malloc'ed array
 * @left_bytes: no more than so many (or a page); what was appended is taken from it
 * @ranges: address of the array, as kvmb_grow() has it; the caller frees it, also on failure
 * Return: 0, -ESRCH the process has ended, -ENOMEM, or -errno.
 */
int kvmb_residency_split(int fd, const struct kvmb_range *range, uint64_t *left_bytes,
			 struct kvmb_range **ranges, size_t *n);

#endif

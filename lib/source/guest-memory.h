/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in QEMU's address space the guest's memory is: the large mappings of /proc/PID/maps. */
#ifndef KVMB_SOURCE_GUEST_MEMORY_H
#define KVMB_SOURCE_GUEST_MEMORY_H

#include <kvmballoon.h>

struct kvmb_root;

/*
 * A run of mappings this long is taken for guest memory. The least that QEMU makes for a guest is
 * 16 MiB, of a display; what it maps for itself, stacks and heaps, is less.
 */
#define KVMB_GUEST_MEMORY_MIN_BYTES (16 * (uint64_t)1048576)

/**
 * kvmb_guest_memory_read() - the ranges by address, neighbours as one
 * @ret: malloc'ed
 * Return: 0, -ESRCH no such process or it is ending, -ENODATA nothing that large,
 * -EBADMSG, or -errno.
 */
int kvmb_guest_memory_read(const struct kvmb_root *root, int32_t pid, struct kvmb_range **ret,
			   size_t *ret_n);

/** kvmb_parse_guest_memory() - the same from the text of the file; pure */
int kvmb_parse_guest_memory(const char *text, struct kvmb_range **ret, size_t *ret_n);

#endif

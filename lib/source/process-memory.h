/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a process' memory the kernel holds fast: /proc/PID/status. */
#ifndef KVMB_SOURCE_PROCESS_MEMORY_H
#define KVMB_SOURCE_PROCESS_MEMORY_H

#include <kvmballoon.h>

struct kvmb_root;

/**
 * kvmb_process_memory_read() - locked_bytes and hugetlb_bytes of a process
 *
 * Counters that the kernel keeps: no page table is walked, and no lock of the process is taken.
 * Return: 0, -ESRCH no such process or it is ending, -EBADMSG, or -errno.
 */
int kvmb_process_memory_read(const struct kvmb_root *root, int32_t pid, struct kvmb_backing *ret);

/**
 * kvmb_parse_process_status() - the same from the text of the file; pure
 * Return: 0, or -EBADMSG where it tells of no memory (a process that is ending has none).
 */
int kvmb_parse_process_status(const char *text, struct kvmb_backing *ret);

#endif

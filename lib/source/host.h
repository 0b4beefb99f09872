/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's memory, swap and pressure, from /proc and /sys below a root.
 *
 * Every parser is pure: text in, values out, @ret untouched on failure.
 */
#ifndef KVMB_SOURCE_HOST_H
#define KVMB_SOURCE_HOST_H

#include <kvmballoon.h>

struct kvmb_root;

/**
 * kvmb_host_read() - one snapshot of the host
 * @ret: filled only on success; available <= total, swap_free <= swap_total; psi_valid is false
 * where the kernel has no PSI; triggered is false. The trigger itself is in source/psi.h.
 *
 * Return: 0, -EBADMSG if the kernel's text is malformed, or another -errno.
 */
int kvmb_host_read(const struct kvmb_root *root, struct kvmb_host_sample *ret);

/**
 * kvmb_parse_meminfo() - members total, available, free, shmem, swap_total, swap_free
 * @ret_zswap_bytes: the zswap pool, 0 where the kernel has none
 *
 * What the kernel says above its total (it may, for an instant) is cut to it.
 * Return: 0 or -EBADMSG: a needed line is missing or malformed.
 */
int kvmb_parse_meminfo(const char *text, struct kvmb_host_sample *ret, uint64_t *ret_zswap_bytes);

/** kvmb_parse_vmstat() - swap_in, swap_out, refault_*, oom_kills; absent counters are 0 */
int kvmb_parse_vmstat(const char *text, struct kvmb_host_sample *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RAM that swap itself occupies: zram devices in use as swap, and the zswap pool. What was swapped
 * out into RAM is only partly won.
 */
#ifndef KVMB_BASE_SWAP_RAM_H
#define KVMB_BASE_SWAP_RAM_H

#include <stddef.h>
#include <stdint.h>

struct kvmb_root;

#define KVMB_ZRAM_MAX 64 /* devices that are counted; the kernel allows 32 swap areas */

/**
 * kvmb_swap_ram_read() - zram of active swap devices plus @zswap_bytes
 * @zswap_bytes: from meminfo
 * Return: 0, also where there is neither swap nor zram; or -errno.
 */
int kvmb_swap_ram_read(const struct kvmb_root *root, uint64_t zswap_bytes, uint64_t *ret_bytes);

/** kvmb_swap_ram_now() - the same; reads the zswap pool itself, for callers without a meminfo */
int kvmb_swap_ram_now(const struct kvmb_root *root, uint64_t *ret_bytes);

/** kvmb_parse_zram_mm_stat() - third column: memory that a zram device uses; -EBADMSG; pure */
int kvmb_parse_zram_mm_stat(const char *text, uint64_t *ret_bytes);

/**
 * kvmb_parse_swaps() - numbers of the zram devices that /proc/swaps lists; pure
 * @ids: gets at most @size of them, in the order of the file
 * Return: how many, or -EBADMSG where the heading is missing.
 */
int kvmb_parse_swaps(const char *text, unsigned int *ids, size_t size);

#endif

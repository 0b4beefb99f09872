/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of the workload: 2 MiB blocks that are mapped, filled, checked and given back. */
#ifndef KVMB_GUEST_ARENA_H
#define KVMB_GUEST_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content.h"

#define ARENA_BLOCK_BYTES (2u << 20)
#define ARENA_BLOCK_PAGES (ARENA_BLOCK_BYTES / CONTENT_PAGE_BYTES)
/* Address space, not memory: more than any test guest will ever be given. */
#define ARENA_BLOCKS_MAX 16384u

enum arena_order {
	ARENA_TAIL,	/* highest blocks first: the guest kernel gets one contiguous piece back */
	ARENA_SCATTER,	/* blocks all over the arena: what a long-running guest's heap looks like */
};

/**
 * struct arena - all data of the workload
 * @content:       recipe of the pages
 * @base:          start of the reserved address space, 2 MiB aligned (huge pages fit)
 * @generations:   per page, how often it was rewritten; lives in lazily touched memory of its own
 * @filled:        per block, whether it is mapped and completely filled
 * @blocks:        number of filled blocks
 */
struct arena {
	struct content content;
	unsigned char *base;
	uint32_t *generations;
	bool filled[ARENA_BLOCKS_MAX];
	size_t blocks;
};

/** arena_init() - reserve the address space; Return: 0 or -errno */
int arena_init(struct arena *a, uint64_t seed, unsigned int random_percent);

/** arena_take() - map the first free block; Return: 0, -ENOSPC or another -errno */
int arena_take(struct arena *a, size_t *ret_block);

/** arena_fill_page() - write page @index of a block that arena_take() returned */
void arena_fill_page(struct arena *a, size_t block, unsigned int index);

/** arena_commit() - the block is filled: from now on it is checked and can be hot */
void arena_commit(struct arena *a, size_t block);

/** arena_drop() - unmap a block: its memory goes back to the guest's kernel; Return: 0 or -errno */
int arena_drop(struct arena *a, size_t block);

/** arena_pick() - the block to drop next in @order, ARENA_BLOCKS_MAX when none is left */
size_t arena_pick(const struct arena *a, enum arena_order order);

/** arena_touch() - read page @page; Return: whether its first word is right */
bool arena_touch(const struct arena *a, uint64_t page);

/** arena_rewrite() - give page @page new content (next generation) */
void arena_rewrite(struct arena *a, uint64_t page);

/** arena_check() - compare every byte of @page; Return: -1 or the index of the first wrong word */
int arena_check(const struct arena *a, uint64_t page);

#endif

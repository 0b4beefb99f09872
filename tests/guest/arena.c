// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the blocks of the workload's memory; plain anonymous memory, never locked. */
#include "arena.h"

#include <errno.h>
#include <sys/mman.h>

static uint64_t *page_words(const struct arena *a, uint64_t page)
{
	return (uint64_t *)(a->base + page * CONTENT_PAGE_BYTES);
}

static void *reserve(size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int arena_init(struct arena *a, uint64_t seed, unsigned int random_percent)
{
	const size_t pages = (size_t)ARENA_BLOCKS_MAX * ARENA_BLOCK_PAGES;
	unsigned char *space =
		reserve((ARENA_BLOCKS_MAX + 1) * (size_t)ARENA_BLOCK_BYTES, PROT_NONE);

	*a = (struct arena){ 0 };
	a->generations = reserve(pages * sizeof(*a->generations), PROT_READ | PROT_WRITE);
	if (!space || !a->generations)
		return -ENOMEM;
	a->base = space + (-(uintptr_t)space & (ARENA_BLOCK_BYTES - 1));
	a->content.seed = seed;
	a->content.random_words = CONTENT_PAGE_WORDS * random_percent / 100;
	return 0;
}

static int map_block(struct arena *a, size_t block, int prot)
{
	unsigned char *at = a->base + block * ARENA_BLOCK_BYTES;
	void *p = mmap(at, ARENA_BLOCK_BYTES, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

int arena_take(struct arena *a, size_t *ret_block)
{
	size_t block = 0;
	int r;

	while (block < ARENA_BLOCKS_MAX && a->filled[block])
		block++;
	if (block == ARENA_BLOCKS_MAX)
		return -ENOSPC;
	r = map_block(a, block, PROT_READ | PROT_WRITE);
	if (r < 0)
		return r;
	*ret_block = block;
	return 0;
}

void arena_fill_page(struct arena *a, size_t block, unsigned int index)
{
	arena_rewrite(a, block * ARENA_BLOCK_PAGES + index);
}

void arena_commit(struct arena *a, size_t block)
{
	a->filled[block] = true;
	a->blocks++;
}

int arena_drop(struct arena *a, size_t block)
{
	int r = map_block(a, block, PROT_NONE);

	if (r < 0)
		return r;
	a->filled[block] = false;
	a->blocks--;
	return 0;
}

size_t arena_pick(const struct arena *a, enum arena_order order)
{
	/*
	 * An odd step visits every block of a power-of-two arena once, in an order that looks
	 * random.
	 */
	const size_t step = order == ARENA_TAIL ? ARENA_BLOCKS_MAX - 1 : 10007;
	size_t at = ARENA_BLOCKS_MAX - 1;

	for (size_t i = 0; i < ARENA_BLOCKS_MAX; i++, at = (at + step) % ARENA_BLOCKS_MAX)
		if (a->filled[at])
			return at;
	return ARENA_BLOCKS_MAX;
}

bool arena_touch(const struct arena *a, uint64_t page)
{
	const volatile uint64_t *words = page_words(a, page);

	return words[0] == content_word(&a->content, page, a->generations[page], 0);
}

void arena_rewrite(struct arena *a, uint64_t page)
{
	content_fill(&a->content, page, ++a->generations[page], page_words(a, page));
}

int arena_check(const struct arena *a, uint64_t page)
{
	return content_check(&a->content, page, a->generations[page], page_words(a, page));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses the hot set: a repeatable choice of granules from seed and salt, then a walk over them.
 */
#include "hotset.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *name;
	unsigned int granule_pages;
} patterns[HOTSET_PATTERN_MAX] = {
	[HOTSET_RUN]    = { "run",    16 },
	[HOTSET_BLOCKS] = { "blocks", ARENA_BLOCK_PAGES },
	[HOTSET_CHUNKS] = { "chunks", 16 },
	[HOTSET_PAGES]  = { "pages",  1 },
};

const char *hotset_pattern_name(enum hotset_pattern pattern)
{
	return pattern < HOTSET_PATTERN_MAX ? patterns[pattern].name : NULL;
}

static void list_granules(uint64_t *list, const struct arena *a, unsigned int granule_pages)
{
	size_t n = 0;

	for (size_t block = 0; block < ARENA_BLOCKS_MAX; block++) {
		if (!a->filled[block])
			continue;
		for (unsigned int p = 0; p < ARENA_BLOCK_PAGES; p += granule_pages)
			list[n++] = block * ARENA_BLOCK_PAGES + p;
	}
}

static void swap_u64(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/* The first @want entries become a random choice without repetition. */
static void shuffle(uint64_t *list, size_t n, size_t want, uint64_t state)
{
	for (size_t i = 0; i < want; i++) {
		state = content_mix(state + i + 1);
		swap_u64(&list[i], &list[i + state % (n - i)]);
	}
}

static void reverse(uint64_t *list, size_t n)
{
	for (size_t i = 0; i < n / 2; i++)
		swap_u64(&list[i], &list[n - 1 - i]);
}

static void rotate(uint64_t *list, size_t n, size_t by)
{
	reverse(list, by);
	reverse(list + by, n - by);
	reverse(list, n);
}

int hotset_rebuild(struct hotset *h, const struct arena *a)
{
	const unsigned int granule_pages = patterns[h->pattern].granule_pages;
	const size_t n = a->blocks * (ARENA_BLOCK_PAGES / granule_pages);
	const size_t want = (n * h->percent + 99) / 100;
	const uint64_t state = content_mix(a->content.seed ^ content_mix(h->salt + 1));
	uint64_t *list = malloc((n ? n : 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	list_granules(list, a, granule_pages);
	if (h->pattern != HOTSET_RUN)
		shuffle(list, n, want, state);
	else if (n > 0)
		rotate(list, n, state % n);
	free(h->granules);
	h->granules = list;
	h->n_granules = want;
	h->granule_pages = granule_pages;
	h->cursor = 0;
	return 0;
}

size_t hotset_pages(const struct hotset *h)
{
	return h->n_granules * h->granule_pages;
}

uint64_t hotset_next(struct hotset *h)
{
	const size_t at = h->cursor;

	h->cursor = (at + 1) % hotset_pages(h);
	return h->granules[at / h->granule_pages] + at % h->granule_pages;
}

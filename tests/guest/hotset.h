/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages of the arena are kept busy, and in which order they are visited. */
#ifndef KVMB_GUEST_HOTSET_H
#define KVMB_GUEST_HOTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

enum hotset_pattern {
	HOTSET_RUN,	/* one contiguous run */
	HOTSET_BLOCKS,	/* scattered 2 MiB blocks */
	HOTSET_CHUNKS,	/* scattered 64 KiB chunks */
	HOTSET_PAGES,	/* scattered single pages */
	HOTSET_PATTERN_MAX
};

/**
 * struct hotset - a set of granules of equal size, visited round and round
 * @pattern:       shape of the set
 * @percent:       of the filled memory, 0 to 100
 * @salt:          another salt picks other granules: a phase change of equal size
 * @kept:          stays as it is while memory is filled: what is new is not hot
 * @granules:      first page of each granule, owned
 * @n_granules:    their number
 * @granule_pages: pages in each
 * @cursor:        position of the next visit, counted in pages of the set
 */
struct hotset {
	enum hotset_pattern pattern;
	unsigned int percent;
	uint64_t salt;
	bool kept;
	uint64_t *granules;
	size_t n_granules;
	unsigned int granule_pages;
	size_t cursor;
};

/** hotset_pattern_name() - the word the protocol uses, NULL when out of range */
const char *hotset_pattern_name(enum hotset_pattern pattern);

/**
 * hotset_rebuild() - choose again, after the arena or the parameters changed; Return: 0 or -ENOMEM
 */
int hotset_rebuild(struct hotset *h, const struct arena *a);

/** hotset_pages() - size of the set */
size_t hotset_pages(const struct hotset *h);

/** hotset_next() - the next page to visit; the set must not be empty */
uint64_t hotset_next(struct hotset *h);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a page of the workload must hold: derived from seed, page number and generation. */
#ifndef KVMB_GUEST_CONTENT_H
#define KVMB_GUEST_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#define CONTENT_PAGE_BYTES 4096u
#define CONTENT_PAGE_WORDS (CONTENT_PAGE_BYTES / 8u)

/**
 * struct content - the recipe all pages of one workload share
 * @seed:         any number; two guests with different seeds share no page
 * @random_words: words from the start of a page that are random, the rest is zero (compressible)
 */
struct content {
	uint64_t seed;
	unsigned int random_words;
};

/** content_mix() - splitmix64's finaliser: a bijection that looks random */
uint64_t content_mix(uint64_t x);

/** content_word() - what word @index of page @page in generation @generation must be */
uint64_t content_word(const struct content *c, uint64_t page, uint32_t generation,
		      unsigned int index);

/** content_fill() - write the whole page */
void content_fill(const struct content *c, uint64_t page, uint32_t generation, uint64_t *words);

/**
 * content_check() - compare the whole page
 * Return: -1 when every byte is right, else the index of the first wrong word.
 */
int content_check(const struct content *c, uint64_t page, uint32_t generation,
		  const uint64_t *words);

#endif

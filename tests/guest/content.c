// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes and checks the content of one page; pure arithmetic, the only place that knows the recipe.
 */
#include "content.h"

#define GOLDEN_GAMMA 0x9e3779b97f4a7c15ull /* splitmix64's increment */

uint64_t content_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static uint64_t page_base(const struct content *c, uint64_t page, uint32_t generation)
{
	return content_mix(c->seed + content_mix(page * GOLDEN_GAMMA + generation));
}

uint64_t content_word(const struct content *c, uint64_t page, uint32_t generation,
		      unsigned int index)
{
	if (index >= c->random_words)
		return 0;
	return content_mix(page_base(c, page, generation) + (index + 1) * GOLDEN_GAMMA);
}

void content_fill(const struct content *c, uint64_t page, uint32_t generation, uint64_t *words)
{
	uint64_t state = page_base(c, page, generation);
	unsigned int i;

	for (i = 0; i < c->random_words; i++)
		words[i] = content_mix(state += GOLDEN_GAMMA);
	for (; i < CONTENT_PAGE_WORDS; i++)
		words[i] = 0;
}

int content_check(const struct content *c, uint64_t page, uint32_t generation,
		  const uint64_t *words)
{
	uint64_t state = page_base(c, page, generation);
	unsigned int i;

	for (i = 0; i < c->random_words; i++)
		if (words[i] != content_mix(state += GOLDEN_GAMMA))
			return (int)i;
	for (; i < CONTENT_PAGE_WORDS; i++)
		if (words[i] != 0)
			return (int)i;
	return -1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text is of a few dozen words, the first ones more often than the last ones, so that it compresses
 * about as far as prose or source does. The same 4 MiB come again and again: no compressor here
 * looks further than a page.
 */
#include "content.h"

#include <string.h>

#include "../../kmod/vm.h"

#define SAMPLE_PAGES 1024

const char *const content_names[] = { "zero", "text", "random", "mixed" };

static const char *const words[] = {
	"the",	    "of",	"and",	    "a",	"to",	    "in",	"is",
	"it",	    "that",	"for",	    "memory",	"page",	    "not",	"with",
	"by",	    "on",	"guest",    "are",	"be",	    "which",	"when",
	"host",	    "out",	"from",	    "as",	"kernel",   "no",	"one",
	"was",	    "time",	"all",	    "what",	"fault",    "there",	"other",
	"more",	    "than",	"store",    "who",	"until",    "never",	"before",
	"reclaim",  "process",	"balloon",  "address",	"swapped",  "compress",	"touched",
	"pressure", "resident",	"notifier", "struct",	"unsigned", "return",	"bytes",
	"machine",  "measured",	"virtual",  "cold",	"between",  "through",	"because",
	"question",
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

static uint64_t next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x;
}

static void text(uint8_t *page, uint64_t *state)
{
	size_t at = 0;

	while (at < PAGE) {
		uint64_t r = next(state) >> 32;
		const char *word = words[(r & 0xffff) % N_WORDS * ((r >> 16) % N_WORDS) / N_WORDS];
		size_t n = strlen(word);

		memcpy(page + at, word, n < PAGE - at ? n : PAGE - at);
		at += n;
		if (at < PAGE)
			page[at++] = ' ';
	}
}

static void random_bytes(uint8_t *page, uint64_t *state)
{
	uint64_t *at = (uint64_t *)page;

	for (size_t i = 0; i < PAGE / sizeof(*at); i++)
		at[i] = next(state);
}

/* Of mixed memory a quarter is zeroes, a half text, a quarter random. */
enum content content_of(enum content content, size_t i)
{
	static const enum content mix[] = { CONTENT_ZERO, CONTENT_TEXT, CONTENT_RANDOM,
					    CONTENT_TEXT };

	return content == CONTENT_MIXED ? mix[i % 4] : content;
}

void content_fill(uint8_t *to, size_t n_pages, enum content content)
{
	size_t n = n_pages < SAMPLE_PAGES ? n_pages : SAMPLE_PAGES;
	uint64_t state = 88172645463325252ULL;

	for (size_t i = 0; i < n; i++) {
		uint8_t *page = to + i * PAGE;

		if (content_of(content, i) == CONTENT_TEXT)
			text(page, &state);
		else if (content_of(content, i) == CONTENT_RANDOM)
			random_bytes(page, &state);
		else
			memset(page, 0, PAGE);
		page[0] = 0;
	}
	for (size_t at = n; at < n_pages; at += n)
		memcpy(to + at * PAGE, to, (n < n_pages - at ? n : n_pages - at) * PAGE);
}

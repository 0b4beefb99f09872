/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of pages that a guest touches; the rest is cold. */
#ifndef KVMB_BENCH_PATTERN_H
#define KVMB_BENCH_PATTERN_H

#include <stddef.h>
#include <stdint.h>

struct pattern {
	const char *name;
	size_t unit_pages; /* hot and cold come in units of so many pages */
	unsigned int hot_percent;
	unsigned int at_random; /* which units: by hash; else those at the beginning */
};

extern const struct pattern pattern_none, pattern_all, pattern_run, pattern_blocks,
	pattern_chunks, pattern_pages;

/**
 * pattern_fill() - hot[page] becomes 1 or 0
 * @move: another set of the same kind for each value
 * Return: how many are hot
 */
size_t pattern_fill(const struct pattern *p, unsigned int move, uint8_t *hot, size_t n_pages);

#endif

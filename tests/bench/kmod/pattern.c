// SPDX-License-Identifier: GPL-2.0-or-later
#include "pattern.h"

#include "../../kmod/vm.h"

#define CHUNK_PAGES (64 * 1024 / PAGE)

const struct pattern pattern_none = { "none", BLOCK_PAGES, 0, 0 };
const struct pattern pattern_all = { "all", BLOCK_PAGES, 100, 0 };
const struct pattern pattern_run = { "one run, 30 %", 1, 30, 0 };
const struct pattern pattern_blocks = { "2 MiB blocks, 10 %", BLOCK_PAGES, 10, 1 };
const struct pattern pattern_chunks = { "64 KiB chunks, 10 %", CHUNK_PAGES, 10, 1 };
const struct pattern pattern_pages = { "single pages, 10 %", 1, 10, 1 };

/* Multiplication by a large odd number, folded: neighbours have nothing in common. */
static uint32_t hash(uint32_t x)
{
	x *= 2654435761U;
	x ^= x >> 15;
	x *= 2246822519U;
	return x ^ x >> 13;
}

/* Sets of different @move do not overlap, as long as there are at most 100 / hot_percent. */
static int is_hot(const struct pattern *p, unsigned int move, size_t unit, size_t n_units)
{
	size_t percent = p->at_random ? hash((uint32_t)unit) % 100 : unit * 100 / n_units;
	size_t from = move * p->hot_percent % 100;

	return percent >= from && percent < from + p->hot_percent;
}

size_t pattern_fill(const struct pattern *p, unsigned int move, uint8_t *hot, size_t n_pages)
{
	size_t n_units = (n_pages + p->unit_pages - 1) / p->unit_pages, n_hot = 0;

	for (size_t i = 0; i < n_pages; i++) {
		hot[i] = is_hot(p, move, i / p->unit_pages, n_units);
		n_hot += hot[i];
	}
	return n_hot;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One JSON line a figure, in tests/bench's form, with the conditions that it was measured under. */
#ifndef KVMB_BENCH_FIGURE_H
#define KVMB_BENCH_FIGURE_H

#include <stddef.h>
#include <stdint.h>

struct conditions {
	size_t guest_bytes;
	const char *mapping;
	const char *hot; /* what the guest touches */
	const char *content; /* or what its memory is full of */
};

/* A goal of 0 is none. */
struct figure {
	const char *name;
	const char *unit;
	uint64_t value;
	uint64_t at_most;
	uint64_t at_least;
};

void figure_say(const struct conditions *c, const struct figure *f);

/** permille() - 1000 * a / b */
uint64_t permille(uint64_t a, uint64_t b);

/* Repetitions of one measurement, at most 64. */
struct series {
	size_t n;
	uint64_t values[64];
};

void series_add(struct series *s, uint64_t value);
uint64_t series_median(const struct series *s);
uint64_t series_mean(const struct series *s);

#endif

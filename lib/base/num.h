/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Integer arithmetic that cannot overflow: every result that would not fit saturates.
 */
#ifndef KVMB_BASE_NUM_H
#define KVMB_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_MINUTE (60 * NSEC_PER_SEC)

#define PERMYRIAD 10000 /* one whole */
#define PPM 1000000     /* one whole */

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t u64_clamp(uint64_t v, uint64_t low, uint64_t high)
{
	return u64_max(low, u64_min(v, high));
}

static inline uint64_t u64_sub_sat(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t u64_add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/** u64_mul_div() - a * b / c rounded down; UINT64_MAX where it does not fit or c is 0 */
static inline uint64_t u64_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 v;

	if (!c)
		return UINT64_MAX;
	v = (unsigned __int128)a * b / c;
	return v > UINT64_MAX ? UINT64_MAX : (uint64_t)v;
}

static inline uint64_t u64_mul_sat(uint64_t a, uint64_t b)
{
	return u64_mul_div(a, b, 1);
}

/** permyriad_of() - that part of v, rounded down */
static inline uint64_t permyriad_of(uint64_t v, uint32_t permyriad)
{
	return u64_mul_div(v, permyriad, PERMYRIAD);
}

/** align_down() - @step need not be a power of two; 0 leaves v as it is */
static inline uint64_t align_down(uint64_t v, uint64_t step)
{
	return step ? v - v % step : v;
}

/* A difference with its sign, held within what int64_t can say. */
static inline int64_t u64_diff(uint64_t a, uint64_t b)
{
	if (a >= b)
		return (int64_t)u64_min(a - b, INT64_MAX);
	return -(int64_t)u64_min(b - a, INT64_MAX);
}

#endif

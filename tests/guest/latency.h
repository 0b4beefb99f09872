/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A latency histogram with about 6 % resolution and constant size. */
#ifndef KVMB_GUEST_LATENCY_H
#define KVMB_GUEST_LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS (64 * 16)

/**
 * struct latency - what was measured since latency_reset()
 * @buckets:  counts, sixteen for each power of two of nanoseconds
 * @count:    measurements
 * @max_ns:   the longest, exact
 * @since_ns: when the measuring began
 */
struct latency {
	uint32_t buckets[LATENCY_BUCKETS];
	uint64_t count;
	uint64_t max_ns;
	uint64_t since_ns;
};

void latency_reset(struct latency *l, uint64_t now_ns);
void latency_add(struct latency *l, uint64_t ns);

/** latency_quantile_usec() - upper edge of the bucket that holds @permyriad of all measurements */
uint64_t latency_quantile_usec(const struct latency *l, unsigned int permyriad);

#endif

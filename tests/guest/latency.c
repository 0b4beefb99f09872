// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts latencies in log-linear buckets, so that p99 costs no memory for each operation. */
#include "latency.h"

#include <string.h>

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int top;

	if (ns < 16)
		return (unsigned int)ns;
	top = 63u - (unsigned int)__builtin_clzll(ns);
	return top * 16 + (unsigned int)((ns >> (top - 4)) & 15);
}

static uint64_t bucket_edge_ns(unsigned int bucket)
{
	const unsigned int top = bucket / 16;

	if (top < 4)
		return bucket;
	return ((uint64_t)(bucket % 16) + 17) << (top - 4);
}

void latency_reset(struct latency *l, uint64_t now_ns)
{
	memset(l, 0, sizeof(*l));
	l->since_ns = now_ns;
}

void latency_add(struct latency *l, uint64_t ns)
{
	l->buckets[bucket_of(ns)]++;
	l->count++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

uint64_t latency_quantile_usec(const struct latency *l, unsigned int permyriad)
{
	const uint64_t want = (l->count * permyriad + 9999) / 10000;
	uint64_t seen = 0;

	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->buckets[i];
		if (seen >= want && seen > 0) {
			const uint64_t edge_ns = bucket_edge_ns(i);

			return (edge_ns < l->max_ns ? edge_ns : l->max_ns) / 1000;
		}
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How old a machine's memory is, as the daemon answers Histogram and Map. */
#ifndef CTL_AGES_H
#define CTL_AGES_H

#include <stddef.h>
#include <stdint.h>

#include <kvmballoon.h>
#include <systemd/sd-bus.h>

/* The daemon has KVMB_AGE_BUCKETS; a newer one may have more. */
#define HISTOGRAM_BUCKETS_MAX 64

struct histogram_bucket {
	uint64_t idle_usec; /* where it begins */
	uint64_t resident_bytes;
	uint64_t promoted_bytes;
};

struct histogram {
	char source[32]; /* not safe for a terminal */
	size_t n;        /* at least 1 */
	struct histogram_bucket buckets[HISTOGRAM_BUCKETS_MAX]; /* by idle_usec, which grows */
};

/** histogram_read() - -EBADMSG for an answer that makes no sense */
int histogram_read(sd_bus_message *m, struct histogram *ret);

/** histogram_idle() - what is resident in bucket @i and those behind it */
uint64_t histogram_idle(const struct histogram *h, size_t i);

struct map {
	struct kvmb_map map;
	sd_bus_message *reply; /* has the ages */
};

/**
 * map_read() - take over a map; nothing in it reaches beyond the end of the address space
 * Return: 0, -EBADMSG, -ENOMEM. Free with map_clear(), which takes an empty one as well.
 */
int map_read(sd_bus_message *m, struct map *ret);
void map_clear(struct map *m);

/** ages_times() - @n times @unit_usec, at most UINT64_MAX - 1 */
uint64_t ages_times(uint64_t unit_usec, uint64_t n);

#endif

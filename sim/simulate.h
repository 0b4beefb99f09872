/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over the steps, for all ratios at once. */
#ifndef SIM_SIMULATE_H
#define SIM_SIMULATE_H

#include "fleet.h"

#define RATIOS_MAX 32
#define RATIO_PERCENT_MIN 10
#define RATIO_PERCENT_MAX 1000

struct simulation {
	const struct kvmb_config *config;
	uint64_t host_memory_bytes;
	uint64_t host_swap_bytes;
	bool every_host;
	size_t n_ratios;
	uint32_t ratios_percent[RATIOS_MAX];
};

/**
 * simulate() - run the steps of @feed
 * @reports: one for each ratio
 * @ret_error: a malloc'ed text where there is more to say than the errno
 * Return: 0, -ENODATA for a feed without a step, or another -errno.
 */
int simulate(const struct simulation *s, struct feed *feed, struct fleet_report *reports,
	     char **ret_error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DAMON over a range of this process's memory, through sysfs. Errors end the program. */
#ifndef KVMB_BENCH_DAMON_H
#define KVMB_BENCH_DAMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its defaults but for regions: 5 ms between samples, 100 ms of them aggregated. */
#define DAMON_AGGREGATION_MS 100

/** damon_is_there() - has this kernel one */
bool damon_is_there(void);

void damon_start(const void *memory, size_t bytes, unsigned int max_regions);
void damon_stop(void);

/** damon_cpu_ns() - of its kernel thread */
uint64_t damon_cpu_ns(void);

/**
 * damon_cold() - cold[page] becomes 1 where a region had no access for @min_age aggregations
 * Return: how many regions there are now
 */
size_t damon_cold(const void *memory, uint8_t *cold, size_t n_pages, unsigned int min_age);

#endif

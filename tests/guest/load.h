/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the hot set busy at a chosen rate and measures how well that goes. */
#ifndef KVMB_GUEST_LOAD_H
#define KVMB_GUEST_LOAD_H

#include <stdint.h>

#include "hotset.h"
#include "latency.h"

#define LOAD_IDLE UINT64_MAX

/**
 * struct load_meter - what was achieved since @latency.since_ns
 * @latency: of operations, counted from the moment each was due, not from when it got to run
 * @pages:   pages visited
 * @missed:  operations given up because they were more than a second late
 * @bad:     pages whose first word was wrong
 * @busy_ns: time spent in operations: what a wait for the processor does not change
 */
struct load_meter {
	struct latency latency;
	uint64_t pages;
	uint64_t missed;
	uint64_t bad;
	uint64_t busy_ns;
};

/**
 * struct load - the busy work
 * @hot:           the pages to visit
 * @rate:          operations a second, 0 for none
 * @op_pages:      pages visited by one operation
 * @write_percent: of the visited pages, how many get new content
 * @write_credit:  remainder of the percentage, so that every percentage is exact in the long run
 * @due_ns:        when the next operation should start
 * @window:        since the last `stats`
 * @total:         since the last `reset`
 */
struct load {
	struct hotset hot;
	unsigned int rate;
	unsigned int op_pages;
	unsigned int write_percent;
	unsigned int write_credit;
	uint64_t due_ns;
	struct load_meter window;
	struct load_meter total;
};

/** load_meter_reset() - begin to measure anew */
void load_meter_reset(struct load_meter *m, uint64_t now_ns);

/** load_set_rate() - from now on, @rate operations a second of @op_pages pages */
void load_set_rate(struct load *l, unsigned int rate, unsigned int op_pages, uint64_t now_ns);

/**
 * load_run() - do one operation if it is due
 * Return: nanoseconds until the next is due, 0 when it already is, LOAD_IDLE when there is no work.
 */
uint64_t load_run(struct load *l, struct arena *a, uint64_t now_ns);

/** now_ns() - the monotonic clock */
uint64_t now_ns(void);

#endif

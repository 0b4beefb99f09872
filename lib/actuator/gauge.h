/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an actuator looks at before, between and after its steps: is the guest still there, does it
 * suffer, what did the host win. Private to lib/actuator.
 */
#ifndef KVMB_ACTUATOR_GAUGE_H
#define KVMB_ACTUATOR_GAUGE_H

#include <kvmballoon.h>

#include "base/fs.h"

struct kvmb_gauge {
	const struct kvmb_root *root;
	const struct kvmb_action *action;
	uint64_t begin_ns;
	uint64_t resident_bytes; /* memory.current at the beginning */
	uint64_t out_bytes;      /* of it in the guest's store: counted, but not resident */
	uint64_t swap_bytes;     /* of the guest; KVMB_UNKNOWN where it is not accounted */
	uint64_t swap_ram_bytes; /* of the host */
	uint64_t stall_usec;     /* PSI some total; KVMB_UNKNOWN without PSI */
	uint64_t store_stall_usec; /* for its store since the beginning: PSI has it, too */
};

/**
 * kvmb_gauge_begin() - check that @a's process is still in its scope, and take the first figures
 * @root, @a: must live as long as @g
 * Return: 0, -ESTALE (@ret_why: GONE or CHANGED), or another -errno.
 */
int kvmb_gauge_begin(struct kvmb_gauge *g, const struct kvmb_root *root,
		     const struct kvmb_action *a, enum kvmb_why *ret_why);

/**
 * kvmb_gauge_blame() - a step failed with @error: has the guest gone meanwhile?
 * Return: -ESTALE (@ret_why: GONE), or @error.
 */
int kvmb_gauge_blame(const struct kvmb_gauge *g, int error, enum kvmb_why *ret_why);

/**
 * kvmb_gauge_stop() - why the next @step_bytes must not be taken, by the bounds of the action
 *
 * GUEST_PRESSURE where the guest stalls more than its limit, by the kernel's 10 s average or by
 * what it stalled since the beginning: the average is slow to show what our own action does. Where
 * the kernel tells of no pressure, by what it waited for its store.
 * AT_GUARANTEE where less than the floor would be left of what is resident now: the kernel may have
 * shrunk the scope on its own meanwhile. Else NONE.
 */
enum kvmb_why kvmb_gauge_stop(const struct kvmb_gauge *g, uint64_t step_bytes);

/** kvmb_gauge_taken() - by how much resident memory fell since the beginning; 0 if it did not */
uint64_t kvmb_gauge_taken(const struct kvmb_gauge *g);

/**
 * kvmb_gauge_swap_cost() - RAM that swap took for this guest's memory since the beginning
 *
 * The host's figure is for all guests; no more than this guest swapped out can be its part.
 */
uint64_t kvmb_gauge_swap_cost(const struct kvmb_gauge *g);

#endif

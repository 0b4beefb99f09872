/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 1: how short of memory the host is, and how many bytes that makes. */
#ifndef KVMB_POLICY_PRESSURE_H
#define KVMB_POLICY_PRESSURE_H

#include <kvmballoon.h>

#include "model/state.h"

struct kvmb_pressure {
	enum kvmb_level level;
	enum kvmb_level base_level; /* by available memory alone */
	bool pressed;               /* PSI is above its bound, or a trigger fired */
	bool swap_short;            /* swap has little room left, less than the host needs */
	bool falling;               /* it is elevated only because of what is ahead */
	bool reserving;             /* room is to be made for reservations */
	/*
	 * Memory is missing. If not, and PSI is high all the same, the stalls come from pages being
	 * read back: then only what a guest holds free may be taken, more reclaim would add to
	 * them.
	 */
	bool missing;
	uint64_t need_bytes;
	/*
	 * Part of need that is not missing yet, but will be at the present rate. A forecast can be
	 * wrong, so it takes only what guests hardly feel: no coarse reclaim.
	 */
	uint64_t ahead_need_bytes;
	uint64_t spare_bytes;
};

/* What the samples before this one tell. */
struct kvmb_outlook {
	uint64_t ahead_bytes;   /* available soon, if it goes on like this; see policy/trend.h */
	uint64_t reserve_bytes; /* what the host itself may want again; see policy/reserve.h */
	uint64_t reserved_bytes; /* for guests to come; see policy/reservation.h */
};

/**
 * kvmb_pressure_update() - level, need and spare of this tick
 *
 * The level rises at once and falls one step a tick. Each threshold is left only a hysteresis above
 * the point where it was entered, and elevated only when the host's own reserve is available as
 * well; PSI counts as high until it is below half of its bound. A host that will be below elevated
 * soon is elevated; hard and emergency are matters of fact.
 *
 * want is elevated + hysteresis + reserve + what is reserved. A host that has not what is reserved
 * above elevated is elevated too: it makes room, but not as one that is hard up. need is what is
 * missing to want, or will be soon; spare is what is above want + hysteresis.
 *
 * Available memory is the kernel's MemAvailable: free pages, and of the file LRU and the slab what
 * is easily reclaimed. Shared memory (tmpfs, memfd) is on the anonymous LRU and so is not in it;
 * it must not be taken off again.
 */
void kvmb_pressure_update(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
			  const struct kvmb_outlook *outlook, const struct kvmb_state *before,
			  struct kvmb_pressure *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 2: what a guest could give, by what means, and what the host would have of it. */
#ifndef KVMB_POLICY_ESTIMATE_H
#define KVMB_POLICY_ESTIMATE_H

#include <kvmballoon.h>

struct kvmb_estimate {
	uint64_t resident_bytes;    /* host memory it holds: of its scope, or else of QEMU */
	uint64_t reclaimable_bytes; /* of that, above its floor */
	uint64_t ceiling_bytes;     /* limit or maximum: more its balloon may never leave it */
	/* From the guest's own statistics; 0 where they cannot be used. */
	bool told;              /* they can */
	uint64_t unused_bytes;   /* what it holds free */
	uint64_t used_bytes;     /* all but what it holds free, page cache included */
	uint64_t headroom_bytes; /* of free memory that stays inside */
	uint64_t usable_bytes;   /* free and easily freed, as the guest sees it */
	uint64_t free_bytes; /* beyond the head-room and the guarantee: the balloon may have it */
	uint64_t gain_bytes;     /* part of free_bytes that the host would win */
	uint64_t cache_bytes;    /* what it can spare of its caches, once nothing is free */
};

/*
 * Beyond twice the head-room it is usable without harm: with less, files that are read back count
 * as a lack of memory, and all would be given back. See policy/damp.c.
 */
#define KVMB_CACHE_HEADROOMS 2

/**
 * kvmb_estimate_guest() - the estimate of one guest; pure
 * @moved_bytes: what the balloon may have taken since the guest told, see kvmb_state_moved()
 *
 * Memory that the guest never touched has no host memory behind it: taking it keeps the guest from
 * growing, but wins nothing now. gain_bytes is bounded by what the host holds (resident and
 * swapped) beyond what the guest uses and QEMU needs for itself.
 */
void kvmb_estimate_guest(const struct kvmb_host_config *c, const struct kvmb_policy *policy,
			 const struct kvmb_guest_sample *g, uint64_t moved_bytes,
			 struct kvmb_estimate *ret);

#endif

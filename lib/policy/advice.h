/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this host could promise its guests, by what they used in the worst hour of the last day. */
#ifndef KVMB_POLICY_ADVICE_H
#define KVMB_POLICY_ADVICE_H

#include <kvmballoon.h>

#include "model/state.h"

/* One guest, now. */
struct kvmb_advice_guest {
	uint64_t promised_bytes;
	uint64_t held_bytes;      /* what it takes: resident, swapped, and what its store needs */
	uint64_t working_bytes;   /* of that in use: not cold, by its own cold age */
	uint32_t known_permyriad; /* how well its ages are known; 0: it uses all it holds */
	bool over_target;         /* it reads back more than its refault target allows */
	uint64_t all_bytes;       /* touched once, and not freed: resident, swapped, in its store */
};

struct kvmb_advice_look {
	uint64_t now_ns;
	uint64_t room_bytes; /* what the host has for guests; 0: not known */
	uint64_t swap_bytes; /* what may be used of swap */
	const struct kvmb_advice_guest *guests;
	size_t n_guests;
};

/** kvmb_advice_guest() - what counts of one guest; @cold: from when on its memory is cold */
void kvmb_advice_guest(const struct kvmb_guest_sample *g, uint64_t cold_usec, bool over_target,
		       struct kvmb_advice_guest *ret);

/**
 * kvmb_advice_update() - take in what guests use now
 *
 * Of each hour the most counts. Nothing is learnt while the ages of more than half of what is
 * promised are not known.
 */
void kvmb_advice_update(const struct kvmb_advice_look *l, struct kvmb_state_advice *s);

/**
 * kvmb_advice() - what follows from that
 *
 * Assumes that further guests are as those that are there: they use and touch as much of what they
 * are promised. All peaks are taken to come at once, as they did in that hour.
 */
void kvmb_advice(const struct kvmb_state_advice *s, struct kvmb_advice *ret);

#endif

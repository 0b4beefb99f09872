/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2, too: from what idle time on the memory of a guest is cold, the least at which it would
 * not have read back more than its refault target. After the controller of Lagar-Cavilla et al.,
 * "Software-defined far memory in warehouse-scale computers", ASPLOS 2019; docs/COLD-AGE.md has the
 * formula.
 */
#ifndef KVMB_POLICY_COLD_AGE_H
#define KVMB_POLICY_COLD_AGE_H

#include <kvmballoon.h>

#include "model/state.h"

#define KVMB_COLD_PERCENT 98 /* of the minutes are to keep within the target: the paper's K */

/* What it looks at, of one guest. */
struct kvmb_cold_look {
	const struct kvmb_host_config *config;
	const struct kvmb_policy *policy;
	const struct kvmb_guest_sample *guest;
	uint64_t now_ns;
	bool over_target; /* the kernel counted more refaults than the target allows */
	bool off; /* its mode: nobody looks at its ages */
};

/* What the threshold in use comes from. */
enum kvmb_cold_basis {
	KVMB_COLD_CONFIGURED,  /* ColdAge: less is never asked for, or no more is known */
	KVMB_COLD_MINUTES_PAST, /* the percentile of its minutes */
	KVMB_COLD_LAST_MINUTE, /* which alone asks for more than that */
	KVMB_COLD_REFAULTS,    /* it did read back too much */
};

struct kvmb_cold_age {
	uint64_t idle_usec; /* cold is what was idle for so long; UINT64_MAX: nothing is */
	enum kvmb_cold_basis basis;
	uint32_t n_minutes; /* it rests on */
	bool judged; /* the last minute was: */
	uint64_t back_pages; /* in it, of what was idle for so long, touched again */
	uint64_t allowed_pages;
	uint64_t warm_up_usec; /* left until ages are known for long enough to act unasked */
};

/**
 * kvmb_cold_age_update() - take in what the sample tells of one guest
 *
 * Only the module tells what was touched again after how long; with other sources the refaults
 * alone count. Ages that begin anew, go backwards, are older than they can be or were away for long
 * begin the warm-up anew; what was learnt of earlier minutes stays.
 */
void kvmb_cold_age_update(const struct kvmb_cold_look *l, struct kvmb_state_cold *s);

/** kvmb_cold_age() - the threshold in use */
void kvmb_cold_age(const struct kvmb_cold_look *l, const struct kvmb_state_cold *s,
		   struct kvmb_cold_age *ret);

#endif

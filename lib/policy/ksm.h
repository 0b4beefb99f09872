/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether samepage merging pays, and how fast ksmd may scan. Pure.
 *
 * What it wins is bytes newly saved; what it costs is CPU time of ksmd. It is begun when the host
 * is short of what cheaper means give, scans faster while it pays and is needed, and is stopped
 * when it does not pay. What is merged stays merged then. docs/POLICY.md has the formula.
 */
#ifndef KVMB_POLICY_KSM_H
#define KVMB_POLICY_KSM_H

#include <kvmballoon.h>

#include "model/state.h"

struct kvmb_ksm_look {
	const struct kvmb_ksm *ksm;
	uint64_t now_ns;
	uint64_t missing_bytes; /* that cheaper means do not give */
	bool allowed; /* by the configuration */
	bool wanted;  /* the host is hard up, or short beyond cheaper means */
	bool calm;    /* it has been relaxed for long */
};

/** kvmb_ksm_update() - @ret: order of this turn, if any; it is booked once the gate let it pass */
void kvmb_ksm_update(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s,
		     struct kvmb_ksm_order *ret);

#endif

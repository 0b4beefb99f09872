/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gate and book for samepage merging, which is of the host and no action of a guest. Pure. */
#ifndef KVMB_PLAN_KSM_H
#define KVMB_PLAN_KSM_H

#include <kvmballoon.h>

#include "model/state.h"

/**
 * kvmb_ksm_validate() - the order in @plan passes, is cut to its bounds, or has its reason set
 * @state: before the order is booked
 *
 * What somebody else runs is never touched; what is ours may be stopped in every mode.
 */
void kvmb_ksm_validate(const struct kvmb_config *c, const struct kvmb_state *state,
		       const struct kvmb_sample *sample, struct kvmb_plan *plan);

/** kvmb_ksm_book() - remember an order that passed, and what was set before the first */
void kvmb_ksm_book(const struct kvmb_sample *sample, const struct kvmb_plan *plan,
		   struct kvmb_state *s);

/** kvmb_ksm_conclude() - what became of an order: @error 0 or -errno */
void kvmb_ksm_conclude(const struct kvmb_ksm_order *o, int error, uint64_t now_ns,
		       struct kvmb_state_ksm *s);

/** kvmb_ksm_forget() - an order that is only recorded: nothing of it is ours */
void kvmb_ksm_forget(struct kvmb_state_ksm *s);

/** kvmb_ksm_release() - order to put back what was set before; false where nothing is ours */
bool kvmb_ksm_release(const struct kvmb_state_ksm *s, struct kvmb_ksm_order *ret);

#endif

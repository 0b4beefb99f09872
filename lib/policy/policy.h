/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy as a whole: all stages over one sample. Pure. */
#ifndef KVMB_POLICY_POLICY_H
#define KVMB_POLICY_POLICY_H

#include <kvmballoon.h>

#include "model/state.h"

/**
 * kvmb_policy_run() - fill an empty plan with what should be done
 * @state: already advanced to the sample; level, back-off and requests are brought up to date
 * @elapsed_ns: since the tick before
 *
 * What is planned has not been through the gate, and is not yet counted in @state.
 * Return: 0 or -ENOMEM.
 */
int kvmb_policy_run(const struct kvmb_config *c, const struct kvmb_sample *sample,
		    uint64_t elapsed_ns, struct kvmb_state *state, struct kvmb_plan *plan);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one gate between what the policy wants and what is done.
 */
#ifndef KVMB_PLAN_VALIDATE_H
#define KVMB_PLAN_VALIDATE_H

#include <kvmballoon.h>

#include "base/num.h"
#include "model/exclude.h"

/* less than that is not worth a system call: no action takes so little */
#define KVMB_LEAST_BYTES MIB

/**
 * kvmb_plan_validate() - let through what cannot hurt, cut what goes too far, refuse the rest
 * @state: before the actions of this plan are counted in its rates
 *
 * Holds whatever the policy said: nothing below a guest's floor, above its ceiling, beyond a step,
 * a rate or the swap head-room, on stale facts or bad statistics, or twice to one guest. DEFLATE
 * knows no rate, and may overtake an action in flight. Balloon targets are multiples of 2 MiB, or
 * the ceiling. Guests that are left alone as a whole are listed as refusals of kind
 * KVMB_ACTION_KINDS. What is let through carries the bounds that hold until it is done:
 * facts.valid_until_ns, facts.floor_bytes and facts.guest_limit_permyriad. Return: 0 or -ENOMEM.
 */
int kvmb_plan_validate(const struct kvmb_config *c, const struct kvmb_state *state,
		       const struct kvmb_sample *sample, struct kvmb_plan *plan);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Balloons that do not follow: left out of all plans for a while, and named. */
#ifndef KVMB_MODEL_STUCK_H
#define KVMB_MODEL_STUCK_H

#include "model/state.h"

/** kvmb_stuck_count() - an order to take by its balloon has stopped on its way, at @now_ns */
void kvmb_stuck_count(struct kvmb_state_guest *g, uint64_t now_ns);

/**
 * kvmb_stuck_see() - a balloon that comes nearer to where it was told to go is not stuck any more
 * Before the sample's balloon becomes the one seen last.
 */
void kvmb_stuck_see(struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample);

/** kvmb_stuck_clear() - its balloon has followed, or the guest was started anew */
void kvmb_stuck_clear(struct kvmb_state_guest *g);

/** kvmb_stuck() - it is known to be stuck: since its last order, whether a pause is kept or not */
bool kvmb_stuck(const struct kvmb_state_guest *g);

/** kvmb_stuck_pauses() - nothing is to be expected of its balloon now */
bool kvmb_stuck_pauses(const struct kvmb_state_guest *g, uint64_t now_ns);

#endif

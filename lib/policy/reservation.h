/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 1: what is reserved for guests that are about to come, or to grow. */
#ifndef KVMB_POLICY_RESERVATION_H
#define KVMB_POLICY_RESERVATION_H

#include <kvmballoon.h>

#include "model/state.h"

/**
 * kvmb_reservations_meet() - give reservations to the guests they are for
 * @s: before it is advanced to @sample: who is not in it has just come
 *
 * One with a name is for the guest of that name; if that one runs already, for what it grows from
 * now on. One without is for the next guest that comes and has none of its own, the oldest first.
 */
void kvmb_reservations_meet(struct kvmb_state *s, const struct kvmb_sample *sample);

/**
 * kvmb_reservations_update() - what is used, over, or ready now
 *
 * What ended in the tick before is dropped. As far as the resident memory of its guest has grown a
 * reservation holds no more, and never again more; with less than 1 MiB left it is used. One whose
 * guest is gone is released, or waits again if that guest took nothing. It is ready when the host
 * has it, and all older ones, above ElevatedAvailable; it is pending again when that misses by more
 * than Hysteresis.
 * @ret_used_bytes: what guests took of them since the tick before
 * Return: what all of them hold.
 */
uint64_t kvmb_reservations_update(const struct kvmb_host_config *c,
				  const struct kvmb_sample *sample, struct kvmb_state *s,
				  uint64_t *ret_used_bytes);

/** kvmb_reservations_await() - is room held for that guest, which is there and did not take it? */
bool kvmb_reservations_await(const struct kvmb_state *s, const char *uuid);

/**
 * kvmb_reservations_most() - more than that can never be reserved now
 * @name: of the guest; what is reserved for it would be replaced
 *
 * Memory less ElevatedAvailable, less the guarantees of the guests and what is reserved already.
 */
uint64_t kvmb_reservations_most(const struct kvmb_config *c, const struct kvmb_sample *sample,
				const struct kvmb_state *s, const char *name);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the state share. */
#ifndef KVMB_MODEL_STATE_INTERNAL_H
#define KVMB_MODEL_STATE_INTERNAL_H

#include "model/state.h"

/** kvmb_state_guest_init() - a guest never seen; -ENAMETOOLONG */
int kvmb_state_guest_init(struct kvmb_state_guest *g, const char *uuid, const char *name);

/** kvmb_state_order() - guests by UUID; -EBADMSG where two have the same */
int kvmb_state_order(struct kvmb_state *s);

/**
 * kvmb_cold_minutes_to_text(), kvmb_cold_minutes_from_text() - a letter for each minute's bucket
 * @text: KVMB_COLD_MINUTES + 1 bytes at most, oldest first, 'A' for bucket 1. -EBADMSG for others.
 */
void kvmb_cold_minutes_to_text(const struct kvmb_state_cold *c, char *text);
int kvmb_cold_minutes_from_text(const char *text, struct kvmb_state_cold *ret);

#endif

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
 * kvmb_reservations_to_json() - into the member "reservations" of @o
 * @from_ns: ends are counted from there; 0: as they are
 */
int kvmb_reservations_to_json(const struct kvmb_state *s, uint64_t from_ns, struct kvmb_json *o);
/** kvmb_reservations_from_json() - none where there is no such member; -EBADMSG */
int kvmb_reservations_from_json(const struct kvmb_json *o, struct kvmb_state *s, char **ret_error);

/**
 * kvmb_cold_minutes_to_text(), kvmb_cold_minutes_from_text() - a letter for each minute's bucket
 * @text: KVMB_COLD_MINUTES + 1 bytes at most, oldest first, 'A' for bucket 1. -EBADMSG for others.
 */
void kvmb_cold_minutes_to_text(const struct kvmb_state_cold *c, char *text);
int kvmb_cold_minutes_from_text(const char *text, struct kvmb_state_cold *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the state share. */
#ifndef KVMB_MODEL_STATE_INTERNAL_H
#define KVMB_MODEL_STATE_INTERNAL_H

#include "model/state.h"

/** kvmb_state_guest_init() - a guest never seen; -ENAMETOOLONG */
int kvmb_state_guest_init(struct kvmb_state_guest *g, const char *uuid, const char *name);

/** kvmb_state_order() - guests by UUID; -EBADMSG where two have the same */
int kvmb_state_order(struct kvmb_state *s);

#endif

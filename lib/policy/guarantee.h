/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is guaranteed to all guests together: more than the host has cannot be kept. Pure. */
#ifndef KVMB_POLICY_GUARANTEE_H
#define KVMB_POLICY_GUARANTEE_H

#include <kvmballoon.h>

#include "model/state.h"

/** kvmb_guaranteed() - the guarantees of all guests of @sample, to each no more than its maximum */
uint64_t kvmb_guaranteed(const struct kvmb_config *c, const struct kvmb_sample *sample,
			 const struct kvmb_state *s);

#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is guaranteed to all guests together: more than the host has cannot be kept. */
#include "engine-internal.h"

#include "base/num.h"
#include "model/state.h"

uint64_t kvmb_engine_guaranteed(const struct kvmb_engine *e)
{
	uint64_t sum = 0;

	for (size_t i = 0; e->sample && i < e->sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &e->sample->guests[i];
		const struct kvmb_state_guest *s = kvmb_state_find(e->state, g->uuid);
		struct kvmb_policy p;

		kvmb_config_policy(e->config, g->name, &g->metadata, s ? &s->runtime : NULL, &p);
		/* A guest never has more than its maximum, whatever is guaranteed. */
		sum = u64_add_sat(sum, u64_min(p.guarantee_bytes, g->maximum_bytes));
	}
	return sum;
}

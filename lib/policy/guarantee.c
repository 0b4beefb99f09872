// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/guarantee.h"

#include "base/num.h"
#include "model/exclude.h"

uint64_t kvmb_guaranteed(const struct kvmb_config *c, const struct kvmb_sample *sample,
			 const struct kvmb_state *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &sample->guests[i];
		struct kvmb_policy p;

		kvmb_guest_policy(c, g, kvmb_state_find(s, g->uuid), &p);
		/* A guest never has more than its maximum, whatever is guaranteed. */
		sum = u64_add_sat(sum, u64_min(p.guarantee_bytes, g->maximum_bytes));
	}
	return sum;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does what a guest frees come back to the host by itself, and would it be worth it? */
#include <inttypes.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "policy/estimate.h"

/* As much as a balloon would be moved for: it is memory that only waits to be given back. */
#define PART_OF_GUEST 100

int kvmb_explain_free(char **text, const struct kvmb_engine *e,
		      const struct kvmb_guest_status *status)
{
	const struct kvmb_guest_sample *s = status->sample;
	const struct kvmb_state_guest *state = kvmb_state_find(e->state, s->uuid);
	struct kvmb_estimate estimate;

	if (s->stats_why != KVMB_WHY_NONE || s->backing.passthrough || s->backing.unread)
		return 0;
	if (s->backing.reports_free)
		return kvmb_str_append(text, "It reports what it frees, which comes back to the "
					     "host by itself.\n");
	kvmb_estimate_guest(&e->config->host, &status->policy, s,
			    state ? kvmb_state_moved(state, s) : 0, &estimate);
	if (estimate.gain_bytes < u64_max(s->balloon_bytes / PART_OF_GUEST, MIB))
		return 0;
	return kvmb_str_append(text,
			       "%" PRIu64 " MiB of that are the host's to win: with "
			       "freePageReporting='on' at its memballoon they would come back by "
			       "themselves.\n",
			       estimate.gain_bytes / MIB);
}

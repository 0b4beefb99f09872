// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the views of a turn say of overcommit: see policy/advice.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "policy/advice.h"
#include "policy/turn.h"

/* Memory less what the host uses at its peak, and what is to stay available. */
static uint64_t room(const struct kvmb_turn *t)
{
	uint64_t total = t->sample->host.total_bytes;
	uint64_t kept = permyriad_of(total, t->config->host.elevated_available_permyriad);

	return t->own_use_bytes ? u64_sub_sat(total, u64_add_sat(kept, t->own_use_bytes)) : 0;
}

static void weigh(const struct kvmb_view *v, struct kvmb_advice_guest *ret)
{
	bool known = v->aged && v->guest->ages.source >= KVMB_AGING_DAMON && !v->cold.warm_up_usec;

	kvmb_advice_guest(v->guest, v->cold.idle_usec, v->feel.over_target, ret);
	if (known)
		return;
	ret->known_permyriad = 0;
	ret->working_bytes = ret->all_bytes;
}

int kvmb_turn_learn(struct kvmb_turn *t)
{
	_cleanup_free_ struct kvmb_advice_guest *guests = calloc(t->n + 1, sizeof(*guests));
	const struct kvmb_host_sample *host = &t->sample->host;
	const struct kvmb_advice_look look = {
		.now_ns = t->sample->now_ns,
		.room_bytes = room(t),
		.swap_bytes = host->swap_total_bytes -
			      permyriad_of(host->swap_total_bytes,
					   t->config->host.swap_reserve_permyriad),
		.guests = guests,
		.n_guests = t->n,
	};

	if (!guests)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		weigh(&t->views[i], &guests[i]);
	kvmb_advice_update(&look, &t->state->advice);
	return 0;
}

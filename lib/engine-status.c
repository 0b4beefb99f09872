// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the engine shows of itself. */
#include <errno.h>
#include <string.h>

#include "engine-internal.h"

#include "base/num.h"
#include "configuration.h"
#include "model/ages.h"
#include "model/store.h"
#include "policy/advice.h"
#include "policy/guarantee.h"

void kvmb_engine_host_status(struct kvmb_engine *e, struct kvmb_host_status *ret)
{
	*ret = (struct kvmb_host_status){
		.sample = e->sample,
		.level = e->plan ? e->plan->level : KVMB_LEVEL_RELAXED,
		.mode = e->config->host.mode,
		.need_bytes = e->plan ? e->plan->need_bytes : 0,
		.spare_bytes = e->plan ? e->plan->spare_bytes : 0,
		.n_ticks = e->n_ticks,
		.taken_bytes = e->state->taken_bytes,
		.given_bytes = e->state->given_bytes,
		.net_bytes = e->state->net_bytes,
		.guaranteed_bytes = e->sample ? kvmb_guaranteed(e->config, e->sample, e->state) : 0,
		.n_triggers = e->n_triggers,
		.trigger_error = kvmb_guest_watch_trigger_error(e->watch),
		.reaction_usec = e->reaction_usec,
		.n_skipped = e->virt_status.n_skipped,
		.alarm = e->alarm ?: "",
		.ksm = e->state->ksm.state,
		.ksm_saved_bytes = e->sample && e->sample->host.ksm.valid ?
					   e->sample->host.ksm.saved_bytes : KVMB_UNKNOWN,
		.ksm_error = e->ksm_error,
		.ksm_reason = e->ksm_order.reason,
		.dry_run = e->dry_run,
		.connected = e->virt_status.connected,
	};
	kvmb_advice(&e->state->advice, &ret->advice);
	memcpy(ret->error, e->virt_status.error, sizeof(ret->error));
}

/* The kernel's generations are asked once an interval, what they told holds until the next. */
static uint64_t cold_bytes(const struct kvmb_engine *e, const struct kvmb_ages *a)
{
	const struct kvmb_host_config *h = &e->config->host;

	return kvmb_ages_current(a, e->sample->now_ns,
				 u64_max(h->stale_usec, 2 * h->aging_usec)) ?
		       kvmb_ages_idle(a, h->cold_usec) :
		       KVMB_UNKNOWN;
}

void kvmb_engine_cold_age(const struct kvmb_engine *e, const struct kvmb_guest_sample *s,
			  const struct kvmb_policy *policy, struct kvmb_cold_age *ret)
{
	const struct kvmb_cold_look look = {
		.config = &e->config->host,
		.policy = policy,
		.guest = s,
		.now_ns = e->sample->now_ns,
	};
	const struct kvmb_state_guest *state = kvmb_state_find(e->state, s->uuid);
	const struct kvmb_state_cold none = { KVMB_AGING_NONE };

	kvmb_cold_age(&look, state ? &state->cold : &none, ret);
}

static void fill_from_state(struct kvmb_guest_status *status, const struct kvmb_state_guest *state)
{
	status->taken_bytes = state->taken_bytes;
	status->given_bytes = state->given_bytes;
	status->net_bytes = state->net_bytes;
	status->n_actions = state->n_actions;
}

int kvmb_engine_guest_status(struct kvmb_engine *e, const char *name,
			     struct kvmb_guest_status *ret)
{
	const struct kvmb_engine_guest *g = kvmb_engine_find(e, name);
	const struct kvmb_guest_sample *s = g ? kvmb_sample_find_name(e->sample, name) : NULL;
	const struct kvmb_state_guest *state;
	struct kvmb_cold_age cold;

	if (!s)
		return -ENOENT;
	kvmb_engine_cold_age(e, s, &g->policy, &cold);
	*ret = (struct kvmb_guest_status){
		.sample = s,
		.policy = g->policy,
		.policy_error = g->policy_error,
		.excluded = g->excluded,
		.degraded = g->degraded,
		.target_bytes = g->target_bytes,
		.aging_reason = kvmb_engine_aging_reason(e, s),
		.cold_bytes = cold_bytes(e, &s->ages),
		.cold_age_usec = cold.idle_usec,
		.refaults = kvmb_guest_refaults(s),
		.refaults_per_min = kvmb_refault_rate_per_min(&g->refaults, e->sample->now_ns,
							      kvmb_guest_refaults(s)),
	};
	ret->backend = kvmb_guest_backend(&g->policy, &e->sample->host, s, &ret->backend_basis);
	kvmb_config_classes(e->config, g->name, &g->policy, ret->classes);
	state = kvmb_state_find(e->state, g->uuid);
	if (state)
		fill_from_state(ret, state);
	return 0;
}

size_t kvmb_engine_guests(struct kvmb_engine *e)
{
	return e->n_guests;
}

const char *kvmb_engine_guest_name(struct kvmb_engine *e, size_t i)
{
	return i < e->n_guests ? e->guests[i]->name : NULL;
}

const char *kvmb_engine_absent(struct kvmb_engine *e, size_t i)
{
	if (!e->sample || !e->sample->guests_valid || i >= e->n_absent)
		return NULL;
	return e->absent[i];
}

const struct kvmb_state *kvmb_engine_state(struct kvmb_engine *e)
{
	return e->state;
}

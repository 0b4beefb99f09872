// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stage 4, the end of it: all means together do not give what the host needs. One guest of the
 * lowest class, the one that holds most above its guarantee, is held to what it has, for seconds:
 * what is taken from it by reclaim this turn is taken by a limit instead.
 */
#include "base/num.h"
#include "model/exclude.h"
#include "policy/turn.h"

/* Long enough for the cheaper means to have had several turns each. */
#define HARD_NS (30 * NSEC_PER_SEC)

static bool is_due(const struct kvmb_turn *t, uint64_t unmet_bytes)
{
	uint64_t hard_ns = t->state->hard_ns;

	if (unmet_bytes < t->unit_bytes || !t->host.missing)
		return false;
	return t->host.level == KVMB_LEVEL_EMERGENCY ||
	       (t->host.level == KVMB_LEVEL_HARD && hard_ns &&
		t->sample->now_ns - hard_ns >= HARD_NS);
}

static bool one_is_held(const struct kvmb_turn *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (kvmb_state_pending(t->state, t->views[i].guest) == KVMB_ACTION_HIGH)
			return true;
	return false;
}

static bool may_be_held(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	const struct kvmb_action *a = &t->plan->actions[v->action];

	return v->mode >= KVMB_MODE_PRESSURE && a->kind == KVMB_ACTION_RECLAIM &&
	       a->rule == KVMB_RULE_HOST_PRESSURE && v->policy.priority == KVMB_PRIORITY_LOW &&
	       t->sample->now_ns >= v->state->high_after_ns &&
	       !kvmb_guest_stalls(&t->config->host, v->guest) &&
	       !kvmb_view_without_effect(t, v, KVMB_ACTION_HIGH);
}

static uint64_t above_guarantee(const struct kvmb_view *v)
{
	return u64_sub_sat(v->estimate.resident_bytes, v->policy.guarantee_bytes);
}

void kvmb_take_last_resort(struct kvmb_turn *t, uint64_t unmet_bytes)
{
	struct kvmb_view *chosen = NULL;
	struct kvmb_action *a;

	if (!is_due(t, unmet_bytes) || one_is_held(t))
		return;
	for (size_t i = 0; i < t->n; i++) {
		struct kvmb_view *v = &t->views[i];

		if (v->acted && may_be_held(t, v) &&
		    (!chosen || above_guarantee(v) > above_guarantee(chosen)))
			chosen = v;
	}
	if (!chosen)
		return;
	a = &t->plan->actions[chosen->action];
	a->kind = KVMB_ACTION_HIGH;
	a->rule = KVMB_RULE_LAST_RESORT;
	kvmb_turn_reason(t, chosen, a);
}

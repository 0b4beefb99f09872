// SPDX-License-Identifier: LGPL-2.1-or-later
/* One decision: state and sample in, plan and next state out. */
#include <kvmballoon.h>

#include "base/num.h"
#include "model/plan.h"
#include "model/state.h"
#include "model/swap-guard.h"
#include "plan/ksm.h"
#include "plan/validate.h"
#include "policy/alarm.h"
#include "policy/policy.h"
#include "policy/reservation.h"

/* From one limit to the next of the same guest: it is held up for a third of the time at most. */
#define HIGH_PAUSE_NS (30 * NSEC_PER_SEC)

/* The balloon is ours from the first order until all of it is given back. */
static void remember_target(const struct kvmb_action *a, struct kvmb_state_guest *g)
{
	if (a->kind == KVMB_ACTION_BALLOON && !g->target_bytes)
		g->before_bytes = a->facts.balloon_bytes;
	if (a->kind == KVMB_ACTION_BALLOON || g->target_bytes)
		g->target_bytes = a->target_bytes;
}

/*
 * What goes to a guest in need is not counted with what is spared: that need is real, and may be
 * met before the watermark.
 */
static void remember(const struct kvmb_action *a, uint64_t now_ns, struct kvmb_state *s)
{
	struct kvmb_state_guest *g = kvmb_state_find(s, a->uuid);

	g->pending_kind = a->kind;
	g->pending_backend = a->backend;
	g->pending_bytes = a->asked_bytes;
	if (a->kind == KVMB_ACTION_HIGH)
		g->high_after_ns = now_ns + HIGH_PAUSE_NS;
	if (a->kind == KVMB_ACTION_BALLOON || a->kind == KVMB_ACTION_DEFLATE)
		remember_target(a, g);
	if (a->rule == KVMB_RULE_HOST_RELAXED)
		kvmb_rate_add(&s->given, now_ns, a->asked_bytes);
	if (a->kind == KVMB_ACTION_DEFLATE)
		return;
	kvmb_rate_add(&g->taken, now_ns, a->asked_bytes);
	kvmb_rate_add(&s->taken, now_ns, a->asked_bytes);
}

int kvmb_decide(const struct kvmb_config *c, const struct kvmb_state *state,
		const struct kvmb_sample *sample, struct kvmb_state **ret_state,
		struct kvmb_plan **ret_plan)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *next = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	uint64_t elapsed_ns = state->fresh ? 0 : u64_sub_sat(sample->now_ns, state->last_ns);
	int r = kvmb_state_copy(state, &next);

	if (r >= 0)
		kvmb_reservations_meet(next, sample);
	if (r >= 0)
		r = kvmb_state_advance(next, sample);
	if (r >= 0)
		r = kvmb_plan_new(&plan);
	if (r < 0)
		return r;
	kvmb_swap_latency_see(&next->swap, c, &sample->host, sample->now_ns);
	plan->now_ns = sample->now_ns;
	r = kvmb_policy_run(c, sample, elapsed_ns, next, plan);
	if (r >= 0)
		r = kvmb_plan_validate(c, next, sample, plan);
	if (r < 0)
		return r;
	kvmb_ksm_validate(c, next, sample, plan);
	kvmb_ksm_book(sample, plan, next);
	kvmb_alarm_update(&c->host, sample, plan, next);
	for (size_t i = 0; i < plan->n_actions; i++)
		remember(&plan->actions[i], sample->now_ns, next);
	*ret_state = TAKE_PTR(next);
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

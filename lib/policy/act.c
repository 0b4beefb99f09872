// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a decision to an action of the plan: facts, target, alignment. */
#include <string.h>

#include "base/num.h"
#include "model/plan.h"
#include "policy/turn.h"

static void fill(const struct kvmb_turn *t, const struct kvmb_view *v, struct kvmb_action *a)
{
	const struct kvmb_guest_sample *g = v->guest;

	memcpy(a->name, g->name, sizeof(a->name));
	memcpy(a->uuid, g->uuid, sizeof(a->uuid));
	memcpy(a->cgroup, g->cgroup, sizeof(a->cgroup));
	a->pid = g->pid;
	a->facts = (struct kvmb_facts){
		.facts_ns = g->facts_ns,
		.host_available_bytes = t->sample->host.available_bytes,
		.need_bytes = t->host.need_bytes,
		.resident_bytes = v->estimate.resident_bytes,
		.balloon_bytes = g->balloon_bytes,
		.unused_bytes = v->estimate.told ? v->estimate.unused_bytes : KVMB_UNKNOWN,
		.usable_bytes = v->estimate.told ? v->estimate.usable_bytes : KVMB_UNKNOWN,
		.cold_bytes = a->kind == KVMB_ACTION_PAGEOUT ? kvmb_view_idle(t, v, a->idle_usec) :
							       v->cold_bytes,
		.guarantee_bytes = v->policy.guarantee_bytes,
		.host_some_avg10_permyriad = t->sample->host.psi.some_avg10_permyriad,
		.guest_some_avg10_permyriad = g->psi.some_avg10_permyriad,
		.level = t->host.level,
	};
}

static int add(struct kvmb_turn *t, struct kvmb_view *v, struct kvmb_action *a)
{
	fill(t, v, a);
	kvmb_turn_reason(t, v, a);
	v->acted = true;
	v->action = t->plan->n_actions;
	return kvmb_plan_add(t->plan, a);
}

int kvmb_turn_balloon(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule, uint64_t bytes)
{
	uint64_t balloon = v->guest->balloon_bytes;
	uint64_t target = align_down(u64_add_sat(u64_sub_sat(balloon, bytes),
						 KVMB_BALLOON_ALIGN_BYTES - 1),
				     KVMB_BALLOON_ALIGN_BYTES);
	struct kvmb_action a = {
		.kind = KVMB_ACTION_BALLOON,
		.rule = rule,
		.target_bytes = target,
		.asked_bytes = u64_sub_sat(balloon, target),
	};

	return a.asked_bytes ? add(t, v, &a) : 0;
}

int kvmb_turn_deflate(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule,
		      uint64_t target_bytes)
{
	struct kvmb_action a = {
		.kind = KVMB_ACTION_DEFLATE,
		.rule = rule,
		.target_bytes = target_bytes,
		.asked_bytes = u64_sub_sat(target_bytes, kvmb_view_promised(v)),
	};

	return a.asked_bytes ? add(t, v, &a) : 0;
}

int kvmb_turn_pageout(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule,
		      uint64_t idle_usec, uint64_t bytes)
{
	struct kvmb_action a = {
		.kind = KVMB_ACTION_PAGEOUT,
		.backend = v->backend,
		.rule = rule,
		.asked_bytes = bytes,
		.idle_usec = idle_usec,
	};

	return bytes ? add(t, v, &a) : 0;
}

int kvmb_turn_reclaim(struct kvmb_turn *t, struct kvmb_view *v, enum kvmb_rule rule, uint64_t bytes)
{
	struct kvmb_action a = {
		.kind = KVMB_ACTION_RECLAIM,
		.rule = rule,
		.asked_bytes = bytes,
	};

	return bytes ? add(t, v, &a) : 0;
}

int kvmb_turn_refuse(struct kvmb_turn *t, const struct kvmb_view *v, enum kvmb_action_kind kind,
		     enum kvmb_why why)
{
	return why == KVMB_WHY_NONE ? 0 : kvmb_plan_refuse(t->plan, v->guest->name, kind, why, 0);
}

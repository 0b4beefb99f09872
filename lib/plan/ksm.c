// SPDX-License-Identifier: LGPL-2.1-or-later
/* The gate for samepage merging, and what is remembered of its orders. */
#include "plan/ksm.h"

#include "base/num.h"
#include "base/str.h"

/* Whatever the policy said: 800 MiB/s at most, and ksmd always sleeps in between. */
#define PAGES_MAX 4096
#define SLEEP_MIN_MSEC 20
/* A failure, mostly of a sandbox or a kernel that refuses, does not pass by itself. */
#define FAILED_SEC 3600

static enum kvmb_why check(const struct kvmb_config *c, const struct kvmb_state *state,
			   const struct kvmb_ksm *k, const struct kvmb_ksm_order *o)
{
	if (!o->run)
		return state->ksm.taken ? KVMB_WHY_NONE : KVMB_WHY_CHANGED;
	if (!k->valid)
		return KVMB_WHY_GONE;
	if (!c->host.ksm_auto || c->host.mode == KVMB_MODE_OFF)
		return KVMB_WHY_MODE_OFF;
	if (k->advised || (k->run == 1 && !state->ksm.taken))
		return KVMB_WHY_CHANGED;
	return c->host.mode == KVMB_MODE_OBSERVE ? KVMB_WHY_MODE_OBSERVE : KVMB_WHY_NONE;
}

void kvmb_ksm_validate(const struct kvmb_config *c, const struct kvmb_state *state,
		       const struct kvmb_sample *sample, struct kvmb_plan *plan)
{
	struct kvmb_ksm_order *o = &plan->ksm;

	if (!o->set)
		return;
	o->why = check(c, state, &sample->host.ksm, o);
	if (!o->run)
		return;
	o->pages_to_scan = (uint32_t)u64_clamp(o->pages_to_scan, 1, PAGES_MAX);
	o->sleep_msec = (uint32_t)u64_max(o->sleep_msec, SLEEP_MIN_MSEC);
}

void kvmb_ksm_book(const struct kvmb_sample *sample, const struct kvmb_plan *plan,
		   struct kvmb_state *s)
{
	const struct kvmb_ksm_order *o = &plan->ksm;
	struct kvmb_state_ksm *k = &s->ksm;

	if (!o->set || o->why != KVMB_WHY_NONE)
		return;
	k->ordered_ns = sample->now_ns;
	k->stopping = !o->run;
	if (!o->run)
		return;
	if (!k->taken) {
		k->before_pages_to_scan = sample->host.ksm.pages_to_scan;
		k->before_sleep_msec = sample->host.ksm.sleep_msec;
		k->taken = k->proving = true;
		k->look_ns = 0;
	}
	k->pages_to_scan = o->pages_to_scan;
	k->state = KVMB_KSM_RUNNING;
}

void kvmb_ksm_forget(struct kvmb_state_ksm *s)
{
	s->taken = s->stopping = s->proving = false;
	if (s->state == KVMB_KSM_RUNNING)
		s->state = KVMB_KSM_IDLE;
}

void kvmb_ksm_conclude(const struct kvmb_ksm_order *o, int error, uint64_t now_ns,
		       struct kvmb_state_ksm *s)
{
	if (!o->run && error >= 0) {
		kvmb_ksm_forget(s);
	} else if (o->run && error < 0) {
		/* The actuator has put back what was before. */
		kvmb_ksm_forget(s);
		s->pause_sec = FAILED_SEC;
		s->retry_ns = now_ns + FAILED_SEC * NSEC_PER_SEC;
	}
}

bool kvmb_ksm_release(const struct kvmb_state_ksm *s, struct kvmb_ksm_order *ret)
{
	if (!s->taken)
		return false;
	*ret = (struct kvmb_ksm_order){
		.set = true,
		.pages_to_scan = s->before_pages_to_scan,
		.sleep_msec = s->before_sleep_msec,
	};
	kvmb_str_format(ret->reason, sizeof(ret->reason), "the agent stops");
	return true;
}

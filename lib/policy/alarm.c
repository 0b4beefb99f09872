// SPDX-License-Identifier: LGPL-2.1-or-later
/* The end of all means. */
#include "policy/alarm.h"

#include "base/num.h"

/* Longer than pauses and the time that figures take to come: a moment without action is none. */
#define SETTLE_NS (10 * NSEC_PER_SEC)

static bool takes(enum kvmb_action_kind kind)
{
	return kind != KVMB_ACTION_DEFLATE && kind != KVMB_ACTION_KINDS;
}

static bool is_taking(const struct kvmb_sample *sample, const struct kvmb_plan *plan,
		      const struct kvmb_state *s)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (takes(plan->actions[i].kind))
			return true;
	for (size_t i = 0; i < sample->n_guests; i++)
		if (takes(kvmb_state_pending(s, &sample->guests[i])))
			return true;
	return false;
}

/* Whoever only looks on has no means that could end. */
void kvmb_alarm_update(const struct kvmb_host_config *host, const struct kvmb_sample *sample,
		       const struct kvmb_plan *plan, struct kvmb_state *s)
{
	bool hard = host->mode >= KVMB_MODE_PRESSURE && plan->level >= KVMB_LEVEL_HARD &&
		    plan->need_bytes;
	bool stuck = hard && !is_taking(sample, plan, s);

	if (!hard)
		s->alarm = false;
	if (stuck == s->alarm) {
		s->alarm_turns_ns = 0;
	} else if (!s->alarm_turns_ns) {
		s->alarm_turns_ns = sample->now_ns;
	} else if (sample->now_ns - s->alarm_turns_ns >= SETTLE_NS) {
		s->alarm = stuck;
		s->alarm_turns_ns = 0;
	}
}

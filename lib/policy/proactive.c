// SPDX-License-Identifier: LGPL-2.1-or-later
/* Proactive mode: the host is not short, and guests give what they do not feel. */
#include "base/num.h"
#include "policy/turn.h"

#define QUIET_PART 10 /* PSI at 1/10 of the guest's bound is where gentle reclaim ends */
#define PART_OF_STEP 4
#define PART_OF_RESIDENT 100 /* 1 % of the guest a turn, where that is less */

/* A quarter of a step, the less the nearer the guest's PSI comes to where it would be felt. */
static uint64_t gentle_bytes(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	const struct kvmb_host_config *c = &t->config->host;
	uint64_t end = c->guest_pressure_some_permyriad / QUIET_PART;
	uint64_t psi = v->guest->psi_valid ? v->guest->psi.some_avg10_permyriad : end;
	uint64_t step = kvmb_damp_step(c, v->state, t->host.level) / PART_OF_STEP;

	step = u64_min(step, u64_max(v->estimate.resident_bytes / PART_OF_RESIDENT,
				     t->unit_bytes));
	if (psi >= end)
		return 0;
	step = u64_mul_div(step, end - psi, end);
	return align_down(u64_min(step, v->estimate.reclaimable_bytes), t->unit_bytes);
}

/* What is cold does not hurt; a step of it at a time, and none while the guest stalls. */
static uint64_t cold_bytes(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	uint64_t step = kvmb_damp_step(&t->config->host, v->state, t->host.level);

	if (!gentle_bytes(t, v))
		return 0;
	return u64_min(v->cold_bytes, step);
}

/*
 * The first two passes of aging tell what is cold. Reclaim that looks at no ages is for guests
 * whose ages nobody can tell, not for those that nobody has told yet.
 */
static bool ages_to_come(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	uint64_t wait_ns = u64_mul_sat(t->config->host.aging_usec, 2 * NSEC_PER_USEC);

	return !v->aged && (v->state->cold.source != KVMB_AGING_NONE ||
			    u64_sub_sat(t->sample->now_ns, v->state->cold.since_ns) < wait_ns);
}

static int take_from(struct kvmb_turn *t, struct kvmb_view *v)
{
	uint64_t rate_left = kvmb_view_rate_left(t, v);
	uint64_t gain = kvmb_view_gain(t, v);
	uint64_t free_bytes = u64_min(u64_min(gain, t->config->host.step_bytes), rate_left);

	/* Nor is it swapped meanwhile: what it holds free is cold too. */
	if (kvmb_view_reporting(t, v))
		return 0;
	/* It is about to grow; nobody is in need. */
	if (v->awaited)
		return 0;
	if (kvmb_view_no_balloon(t, v) == KVMB_WHY_NONE && kvmb_view_worth_it(t, v, gain))
		return kvmb_turn_balloon(t, v, KVMB_RULE_PROACTIVE, free_bytes);
	if (v->feel.over_target)
		return 0;
	/* Nobody is in need: what is cold can wait until it is known to be. */
	if (v->aged && v->cold.warm_up_usec)
		return 0;
	if (kvmb_view_no_pageout(t, v) == KVMB_WHY_NONE)
		return kvmb_turn_pageout(t, v, KVMB_RULE_PROACTIVE, v->cold.idle_usec,
					 u64_min(cold_bytes(t, v), rate_left));
	if (ages_to_come(t, v) || kvmb_view_no_reclaim(t, v) != KVMB_WHY_NONE)
		return 0;
	return kvmb_turn_reclaim(t, v, KVMB_RULE_PROACTIVE,
				 u64_min(gentle_bytes(t, v), rate_left));
}

int kvmb_take_proactive(struct kvmb_turn *t)
{
	int r = 0;

	if (t->host.level != KVMB_LEVEL_RELAXED)
		return 0;
	for (size_t i = 0; r >= 0 && i < t->n; i++) {
		struct kvmb_view *v = &t->views[i];

		if (v->fit && !v->acted && v->mode == KVMB_MODE_PROACTIVE)
			r = take_from(t, v);
	}
	return r;
}

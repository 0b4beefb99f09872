// SPDX-License-Identifier: LGPL-2.1-or-later
/* Give-back: at once to guests that suffer, bit by bit when the host has plenty. */
#include "base/num.h"
#include "model/exclude.h"
#include "policy/turn.h"

/* The host must have been relaxed for that long, or a short lull would start a see-saw. */
#define SETTLE_NS (30 * NSEC_PER_SEC)
/* Between what the balloon leaves (the head-room) and what counts as a lack (half of it). */
#define CONTENT_PERMYRIAD 7500

/*
 * Nothing may be taken from it any more: by its mode, or because of what its memory has become. A
 * device that was plugged in pins what the balloon holds too, so the guest misses it for nothing.
 * A definition that cannot be read just now is no such thing.
 */
static bool is_let_go(const struct kvmb_view *v)
{
	enum kvmb_why why = kvmb_guest_forbids(v->guest, KVMB_ACTION_BALLOON);

	return v->mode < KVMB_MODE_PRESSURE ||
	       (why != KVMB_WHY_NONE && why != KVMB_WHY_DEFINITION);
}

static int give_to_guest(struct kvmb_turn *t, struct kvmb_view *v)
{
	if (!kvmb_view_can_deflate(t, v))
		return 0;
	if (v->state->target_bytes && is_let_go(v))
		return kvmb_turn_deflate(t, v, KVMB_RULE_RELEASE, kvmb_view_goal(v));
	if (v->mode == KVMB_MODE_OFF || !v->feel.inside_pressure ||
	    kvmb_view_goal(v) <= kvmb_view_promised(v))
		return 0;
	return kvmb_turn_deflate(t, v, KVMB_RULE_GUEST_PRESSURE, kvmb_view_goal(v));
}

int kvmb_give_to_guests(struct kvmb_turn *t)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < t->n; i++)
		r = give_to_guest(t, &t->views[i]);
	return r;
}

/*
 * In proactive mode what a guest does not use stays with the host, plenty or not: a bound above the
 * head-room would give back what its own rule has just taken.
 */
static bool content(const struct kvmb_view *v)
{
	const struct kvmb_estimate *e = &v->estimate;

	return v->mode == KVMB_MODE_PROACTIVE && e->told &&
	       e->usable_bytes >= permyriad_of(e->headroom_bytes, CONTENT_PERMYRIAD);
}

static bool wants_spare(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return v->mode >= KVMB_MODE_OBSERVE && kvmb_view_can_deflate(t, v) &&
	       !v->guest->in_flight && v->state->target_bytes && !content(v) &&
	       kvmb_view_goal(v) > kvmb_view_promised(v);
}

static enum kvmb_priority reversed(enum kvmb_priority p)
{
	return KVMB_PRIORITY_HIGH - p;
}

/* Whoever was taken most from comes first, the highest class before all. */
static size_t claim_spare(struct kvmb_turn *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct kvmb_view *v = &t->views[i];
		uint64_t held;

		if (!wants_spare(t, v))
			continue;
		held = kvmb_view_goal(v) - kvmb_view_promised(v);
		t->claims[n] = (struct kvmb_claim){
			.priority = reversed(v->policy.priority),
			.shares = 1,
			.have_bytes = held,
			.idle_bytes = held, /* alike for all: nothing here is taxed */
			.cap_bytes = u64_min(held, t->config->host.step_bytes),
		};
		t->claimants[n++] = v;
	}
	return n;
}

int kvmb_give_spare(struct kvmb_turn *t)
{
	size_t n;
	int r = 0;

	if (t->host.level != KVMB_LEVEL_RELAXED || !t->host.spare_bytes ||
	    t->sample->now_ns - t->state->relaxed_ns < SETTLE_NS)
		return 0;
	n = claim_spare(t);
	/* Half, for guests may use at once what they get; by the byte, for the last piece is odd.
	 */
	(void)kvmb_share(t->claims, n, t->host.spare_bytes / 2, 1, false);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct kvmb_view *v = t->claimants[i];
		uint64_t target = kvmb_view_promised(v) + t->claims[i].give_bytes;

		/* What its balloon never took is the guest's already: that order is withdrawn. */
		target = u64_max(target, u64_min(kvmb_view_goal(v), v->guest->balloon_bytes));
		if (target < kvmb_view_goal(v))
			target = align_down(target, KVMB_BALLOON_ALIGN_BYTES);
		if (target > kvmb_view_promised(v))
			r = kvmb_turn_deflate(t, v, KVMB_RULE_HOST_RELAXED, target);
	}
	return r;
}

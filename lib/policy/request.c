// SPDX-License-Identifier: LGPL-2.1-or-later
/* What people want of a single guest: reclaim asked for by the operator, and configured limits. */
#include "base/num.h"
#include "policy/turn.h"

/* Will it pass by itself? Then the request waits. */
static bool passing(enum kvmb_why why)
{
	return why == KVMB_WHY_IN_FLIGHT || why == KVMB_WHY_GUEST_RATE ||
	       why == KVMB_WHY_HOST_RATE || why == KVMB_WHY_SWAP_WRITES ||
	       why == KVMB_WHY_SWAP_SLOW;
}

/* More than the guest would give unasked: then what was idle for ColdAge at least. */
static uint64_t idle_usec(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return v->cold_bytes >= t->unit_bytes ? v->cold.idle_usec : t->config->host.cold_usec;
}

/* Somebody decided that it is worth it; the guest's own pressure still stops it. */
static enum kvmb_why reclaim_why(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	uint64_t idle_bytes = kvmb_view_idle(t, v, idle_usec(t, v));
	enum kvmb_why why = kvmb_view_no_reclaim(t, v);

	/* What is cold needs no swap then. */
	if (v->backend == KVMB_BACKEND_FAR && idle_bytes >= t->unit_bytes)
		why = kvmb_view_no_pageout_of(t, v, idle_bytes);
	return why == KVMB_WHY_BACKOFF || why == KVMB_WHY_NOT_COLD ? KVMB_WHY_NONE : why;
}

static int serve_to_swap(struct kvmb_turn *t, struct kvmb_view *v, uint64_t most)
{
	uint64_t bytes = u64_min(most, t->swap_room_bytes);
	uint64_t idle_bytes = kvmb_view_idle(t, v, idle_usec(t, v));

	if (idle_bytes >= t->unit_bytes &&
	    kvmb_view_no_pageout_of(t, v, idle_bytes) != KVMB_WHY_NO_EFFECT)
		return kvmb_turn_pageout(t, v, KVMB_RULE_OPERATOR, idle_usec(t, v),
					 u64_min(v->backend == KVMB_BACKEND_FAR ? most : bytes,
						 idle_bytes));
	return kvmb_turn_reclaim(t, v, KVMB_RULE_OPERATOR,
				 u64_min(bytes, v->estimate.reclaimable_bytes));
}

static int serve_by_balloon(struct kvmb_turn *t, struct kvmb_view *v, uint64_t most)
{
	uint64_t bytes = u64_min(kvmb_view_gain(t, v), most);

	if (kvmb_view_no_balloon(t, v) != KVMB_WHY_NONE || kvmb_view_gain(t, v) < t->unit_bytes)
		return 0;
	return kvmb_turn_balloon(t, v, KVMB_RULE_OPERATOR, bytes);
}

static int serve(struct kvmb_turn *t, struct kvmb_view *v)
{
	uint64_t most = u64_min(u64_min(v->state->request_bytes, t->config->host.step_bytes),
				kvmb_view_rate_left(t, v));
	enum kvmb_why why;
	int r = serve_by_balloon(t, v, most);

	if (r < 0 || v->acted)
		return r;
	why = reclaim_why(t, v);
	if (why == KVMB_WHY_NONE)
		return serve_to_swap(t, v, most);
	/* Of shared memory only the balloon takes: what keeps it from that may pass. */
	if (why == KVMB_WHY_SHARED && passing(kvmb_view_no_balloon(t, v)))
		why = kvmb_view_no_balloon(t, v);
	if (!passing(why))
		v->state->request_bytes = 0;
	return kvmb_turn_refuse(t, v, KVMB_ACTION_RECLAIM, why);
}

int kvmb_serve_requests(struct kvmb_turn *t)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < t->n; i++) {
		struct kvmb_view *v = &t->views[i];

		if (!v->state->request_bytes || v->acted)
			continue;
		if (t->sample->now_ns >= v->state->request_until_ns ||
		    v->mode < KVMB_MODE_OBSERVE)
			v->state->request_bytes = 0;
		else if (v->fit)
			r = serve(t, v);
	}
	return r;
}

int kvmb_hold_limits(struct kvmb_turn *t)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < t->n; i++) {
		struct kvmb_view *v = &t->views[i];
		uint64_t above = u64_sub_sat(v->guest->balloon_bytes, v->estimate.ceiling_bytes);
		uint64_t bytes = u64_min(u64_min(above, v->estimate.free_bytes),
					 t->config->host.step_bytes);

		if (!above || !v->fit || v->acted || v->mode < KVMB_MODE_OBSERVE ||
		    kvmb_view_no_balloon(t, v) != KVMB_WHY_NONE)
			continue;
		r = kvmb_turn_balloon(t, v, KVMB_RULE_LIMIT, bytes);
	}
	return r;
}

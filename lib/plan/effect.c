// SPDX-License-Identifier: LGPL-2.1-or-later
/* What actions brought, in the state; and the watch over a balloon on its way. */
#include "plan/effect.h"

#include <errno.h>

#include "base/num.h"
#include "base/str.h"
#include "model/state.h"
#include "model/stuck.h"

#define RETRY_NS NSEC_PER_MINUTE /* what brought nothing is tried again after that */
#define REQUEST_DONE_BYTES MIB   /* what is left of a request is no longer worth an action */

/* Says this result something about whether actions of its kind work with this guest? */
static bool tells(const struct kvmb_result *result)
{
	if (!result->action.asked_bytes ||
	    (result->why != KVMB_WHY_NONE && result->why != KVMB_WHY_BALLOON_STUCK))
		return false;
	switch (result->error) {
	case -ECANCELED:
	case -ESTALE:
	case -ESRCH:
	case -ETIMEDOUT:
	case -ENOMEM:
	case -ENOBUFS:
		return false;
	case -ENOTCONN:
		/* libvirt is away; but that nobody watches a limit may be how the host is set up */
		return result->action.kind == KVMB_ACTION_HIGH;
	default:
		return true;
	}
}

static void count_effect(const struct kvmb_state *s, const struct kvmb_result *result,
			 struct kvmb_state_guest *g)
{
	enum kvmb_action_kind kind = result->action.kind;

	if (result->got_bytes) {
		g->n_no_effect[kind] = 0;
		return;
	}
	if (!tells(result))
		return;
	if (g->n_no_effect[kind] < UINT32_MAX)
		g->n_no_effect[kind]++;
	g->retry_ns[kind] = s->last_ns + RETRY_NS;
}

/*
 * What of a guest's free memory is backed is a guess, too high by all that QEMU needs for itself. A
 * balloon that wins less than a quarter of what it gets, twice, was in memory never touched.
 */
static void count_barren(const struct kvmb_state *s, const struct kvmb_result *result,
			 struct kvmb_state_guest *g)
{
	if (result->action.kind != KVMB_ACTION_BALLOON || !result->got_bytes)
		return;
	if (result->net_bytes >= u64_diff(result->got_bytes / 4, 0)) {
		g->n_barren = 0;
		return;
	}
	if (g->n_barren++ == 0)
		return;
	g->n_barren = 1;
	g->barren_until_ns = s->last_ns + RETRY_NS;
}

static void count_stuck(const struct kvmb_state *s, const struct kvmb_result *result,
			struct kvmb_state_guest *g)
{
	if (result->action.kind != KVMB_ACTION_BALLOON)
		return;
	if (result->why == KVMB_WHY_BALLOON_STUCK)
		kvmb_stuck_count(g, s->last_ns);
	else if (result->got_bytes && !result->error)
		kvmb_stuck_clear(g);
}

static void count_request(const struct kvmb_result *result, struct kvmb_state_guest *g)
{
	if (result->action.rule != KVMB_RULE_OPERATOR)
		return;
	g->request_bytes = u64_sub_sat(g->request_bytes, result->got_bytes);
	if (g->request_bytes < REQUEST_DONE_BYTES)
		g->request_bytes = 0;
}

static int64_t add_signed(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b > 0 ? INT64_MAX : INT64_MIN;
}

void kvmb_state_apply_result(struct kvmb_state *s, const struct kvmb_result *result)
{
	struct kvmb_state_guest *g = kvmb_state_find(s, result->action.uuid);
	bool given = result->action.kind == KVMB_ACTION_DEFLATE;
	uint64_t *host_total = given ? &s->given_bytes : &s->taken_bytes;
	uint64_t *guest_total;

	if (result->action.kind >= KVMB_ACTION_KINDS)
		return;
	*host_total = u64_add_sat(*host_total, result->got_bytes);
	s->net_bytes = add_signed(s->net_bytes, result->net_bytes);
	if (!g)
		return;
	guest_total = given ? &g->given_bytes : &g->taken_bytes;
	*guest_total = u64_add_sat(*guest_total, result->got_bytes);
	g->net_bytes = add_signed(g->net_bytes, result->net_bytes);
	g->n_actions++;
	if (g->pending_kind == result->action.kind)
		g->pending_bytes = 0;
	count_effect(s, result, g);
	count_barren(s, result, g);
	count_stuck(s, result, g);
	count_request(result, g);
}

void kvmb_watch_start(struct kvmb_watch *w, const struct kvmb_action *a,
		      const struct kvmb_guest_sample *g, uint64_t now_ns)
{
	*w = (struct kvmb_watch){
		.action = *a,
		.balloon_before_bytes = g->balloon_bytes,
		.balloon_last_bytes = g->balloon_bytes,
		.resident_before_bytes = g->resident_bytes,
		.started_ns = now_ns,
		.progress_ns = now_ns,
	};
	w->action.ranges = NULL;
	w->action.n_ranges = 0;
}

static bool reached(const struct kvmb_watch *w, const struct kvmb_guest_sample *g)
{
	return w->action.kind == KVMB_ACTION_DEFLATE ?
		       g->balloon_bytes >= w->action.target_bytes :
		       g->balloon_bytes <= w->action.target_bytes;
}

static void measure(const struct kvmb_watch *w, const struct kvmb_guest_sample *g,
		    struct kvmb_result *result)
{
	bool given = w->action.kind == KVMB_ACTION_DEFLATE;
	uint64_t more = given ? g->balloon_bytes : w->balloon_before_bytes;
	uint64_t less = given ? w->balloon_before_bytes : g->balloon_bytes;
	uint64_t resident_more = given ? g->resident_bytes : w->resident_before_bytes;
	uint64_t resident_less = given ? w->resident_before_bytes : g->resident_bytes;
	uint64_t moved;

	/* An order taken back before the balloon moved: there was nothing to give. */
	if (given && w->balloon_before_bytes >= w->action.target_bytes)
		result->action.asked_bytes = 0;
	result->got_bytes = u64_sub_sat(more, less);
	/* The guest does other things meanwhile; the balloon is not to be credited with those. */
	moved = u64_min(u64_sub_sat(resident_more, resident_less), result->got_bytes);
	result->net_bytes = given ? -u64_diff(moved, 0) : u64_diff(moved, 0);
}

/* As far as it came; what its successor does is not its doing. */
void kvmb_watch_cut(const struct kvmb_watch *w, const struct kvmb_guest_sample *g, uint64_t now_ns,
		    struct kvmb_result *ret)
{
	struct kvmb_result result = { .action = w->action };

	result.duration_usec = u64_sub_sat(now_ns, w->started_ns) / NSEC_PER_USEC;
	measure(w, g, &result);
	if (!reached(w, g))
		result.error = -ECANCELED;
	*ret = result;
}

int kvmb_watch_update(struct kvmb_watch *w, const struct kvmb_guest_sample *g, uint64_t now_ns,
		      struct kvmb_result *ret)
{
	struct kvmb_result result = { .action = w->action };
	bool stalled, expired;

	result.duration_usec = u64_sub_sat(now_ns, w->started_ns) / NSEC_PER_USEC;
	if (!g || !streq(g->uuid, w->action.uuid)) {
		result.error = -ESRCH;
		result.why = KVMB_WHY_GONE;
		*ret = result;
		return 1;
	}
	if (g->balloon_bytes != w->balloon_last_bytes) {
		w->balloon_last_bytes = g->balloon_bytes;
		w->progress_ns = u64_max(w->progress_ns, g->facts_ns);
	}
	stalled = g->facts_ns > w->progress_ns &&
		  g->facts_ns - w->progress_ns >= KVMB_WATCH_STALL_NS;
	expired = u64_sub_sat(now_ns, w->started_ns) >= KVMB_WATCH_MAX_NS;
	if (!reached(w, g) && !stalled && !expired)
		return 0;
	measure(w, g, &result);
	/* Nothing was heard of the guest in all that time: that is no fault of its balloon. */
	if (!result.got_bytes && g->facts_ns <= w->started_ns)
		result.error = -ETIMEDOUT;
	if (stalled && !reached(w, g) && w->action.kind == KVMB_ACTION_BALLOON)
		result.why = KVMB_WHY_BALLOON_STUCK;
	if (g->state != KVMB_GUEST_RUNNING)
		result.why = g->state == KVMB_GUEST_PAUSED ? KVMB_WHY_PAUSED : KVMB_WHY_SHUTDOWN;
	*ret = result;
	return 1;
}

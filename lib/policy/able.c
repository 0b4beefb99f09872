// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can be done to a guest now, and if not, why. */
#include "base/num.h"
#include "model/ages.h"
#include "model/exclude.h"
#include "model/store.h"
#include "model/stuck.h"
#include "model/swap-guard.h"
#include "policy/turn.h"

/* Our own period of balloon statistics (5 s), and as long again for the switching on. */
#define STATS_WAIT_NS (10 * NSEC_PER_SEC)
/* Reports follow within 2 s; statistics that show it come every 5 s, and two of them are better. */
#define REPORTING_WAIT_NS (10 * NSEC_PER_SEC)

/* A kind of action that keeps getting nothing is tried once a minute only. */
bool kvmb_view_without_effect(const struct kvmb_turn *t, const struct kvmb_view *v,
			      enum kvmb_action_kind kind)
{
	return v->state->n_no_effect[kind] >= KVMB_NO_EFFECT_MAX &&
	       t->sample->now_ns < v->state->retry_ns[kind];
}

uint64_t kvmb_view_idle(const struct kvmb_turn *t, const struct kvmb_view *v, uint64_t idle_usec)
{
	return u64_min(kvmb_ages_cold(&v->guest->ages, idle_usec, t->sample->now_ns,
				      t->config->host.stale_usec),
		       v->estimate.reclaimable_bytes);
}

uint64_t kvmb_view_rate_left(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return kvmb_rate_left(&v->state->taken, t->sample->now_ns,
			      t->config->host.guest_rate_bytes);
}

uint64_t kvmb_view_gain(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return t->sample->now_ns < v->state->barren_until_ns ? 0 : v->estimate.gain_bytes;
}

uint64_t kvmb_view_promised(const struct kvmb_view *v)
{
	if (!v->state->target_bytes)
		return v->guest->balloon_bytes;
	return u64_min(v->guest->balloon_bytes, v->state->target_bytes);
}

enum kvmb_why kvmb_view_no_balloon_of(const struct kvmb_turn *t, const struct kvmb_view *v,
				      uint64_t bytes)
{
	const struct kvmb_guest_sample *g = v->guest;
	enum kvmb_why why = kvmb_guest_forbids(g, KVMB_ACTION_BALLOON);

	if (why != KVMB_WHY_NONE)
		return why;
	if (g->in_flight)
		return KVMB_WHY_IN_FLIGHT;
	if (!g->has_balloon)
		return KVMB_WHY_NO_BALLOON;
	if (g->stats_why != KVMB_WHY_NONE)
		return g->stats_why;
	if (v->feel.scope_pressure || v->feel.inside_pressure)
		return KVMB_WHY_GUEST_PRESSURE;
	if (kvmb_stuck_pauses(v->state, t->sample->now_ns))
		return KVMB_WHY_BALLOON_STUCK;
	if (kvmb_view_without_effect(t, v, KVMB_ACTION_BALLOON))
		return KVMB_WHY_NO_EFFECT;
	if (u64_sub_sat(g->balloon_bytes, v->policy.guarantee_bytes) < t->unit_bytes)
		return KVMB_WHY_AT_GUARANTEE;
	if (t->sample->now_ns < v->state->balloon_after_ns)
		return KVMB_WHY_BACKOFF;
	if (bytes < t->unit_bytes)
		return KVMB_WHY_TOO_SMALL;
	if (kvmb_view_rate_left(t, v) < t->unit_bytes)
		return KVMB_WHY_GUEST_RATE;
	return KVMB_WHY_NONE;
}

enum kvmb_why kvmb_view_no_balloon(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return kvmb_view_no_balloon_of(t, v, v->estimate.free_bytes);
}

/* Free memory must exceed the head-room by 1 % of the guest, or taking and giving would chase. */
bool kvmb_view_worth_it(const struct kvmb_turn *t, const struct kvmb_view *v, uint64_t bytes)
{
	return bytes >= u64_max(t->unit_bytes, v->guest->balloon_bytes / 100);
}

/*
 * Linux reports two seconds after it freed, whole blocks of 2 MiB. What has not come back by then
 * is in pieces, or its driver does not report: then the balloon is as good as for others.
 */
bool kvmb_view_reporting(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	uint64_t since_ns = v->state->unreported_ns;

	return since_ns && t->host.level < KVMB_LEVEL_HARD &&
	       t->sample->now_ns - since_ns < REPORTING_WAIT_NS;
}

/*
 * A guest that says it is short of memory is spared as long as there is something to give back to
 * it. When it has all that we ever took its word counts no longer, or any guest could escape its
 * share by a lie; what the host itself measures at its scope does.
 */
static bool spared(const struct kvmb_view *v)
{
	if (v->feel.scope_pressure)
		return true;
	return v->feel.inside_pressure && kvmb_view_promised(v) < kvmb_view_goal(v);
}

/*
 * A guest seen for the first time has not been asked for its statistics before. They may show
 * memory that it holds free: swapping that out would be work for nothing, so they are waited for.
 */
static bool stats_to_come(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return t->host.level < KVMB_LEVEL_EMERGENCY && v->guest->has_balloon &&
	       v->guest->stats_why == KVMB_WHY_STATS_MISSING &&
	       t->sample->now_ns - v->state->counters.host_since_ns < STATS_WAIT_NS;
}

/* What keeps it from where it would go: the guest's store, which swap does not bear on, or swap. */
static enum kvmb_why no_room(const struct kvmb_turn *t, const struct kvmb_view *v,
			     enum kvmb_action_kind kind)
{
	if (kind == KVMB_ACTION_PAGEOUT && v->backend == KVMB_BACKEND_FAR)
		return kvmb_store_why(&t->sample->host, v->guest);
	/* What the kernel chooses goes to swap, whatever else it does. */
	if (v->policy.backend == KVMB_BACKEND_FAR)
		return KVMB_WHY_FAR_ONLY;
	if (!t->sample->host.swap_total_bytes)
		return KVMB_WHY_NO_SWAP;
	if (t->swap_room_bytes < t->unit_bytes)
		return t->swap_room_why;
	return kvmb_swap_slow(t->config, t->state, t->sample->now_ns) ? KVMB_WHY_SWAP_SLOW :
									KVMB_WHY_NONE;
}

/* What leaves memory, by whatever means. */
static enum kvmb_why no_way_out(const struct kvmb_turn *t, const struct kvmb_view *v,
				enum kvmb_action_kind kind)
{
	const struct kvmb_guest_sample *g = v->guest;
	enum kvmb_why why = kvmb_guest_forbids(g, kind);

	if (why != KVMB_WHY_NONE)
		return why;
	if (g->in_flight)
		return KVMB_WHY_IN_FLIGHT;
	if (!g->cgroup_valid || !g->cgroup[0])
		return KVMB_WHY_NO_CGROUP;
	if (spared(v))
		return KVMB_WHY_GUEST_PRESSURE;
	if (v->estimate.reclaimable_bytes < t->unit_bytes)
		return KVMB_WHY_AT_GUARANTEE;
	if (stats_to_come(t, v))
		return KVMB_WHY_STATS_MISSING;
	if (kvmb_view_without_effect(t, v, kind))
		return KVMB_WHY_NO_EFFECT;
	why = no_room(t, v, kind);
	if (why != KVMB_WHY_NONE)
		return why;
	/* Short of memory, refaults only slow the pace; the smaller step sees to that. */
	if (t->host.level < KVMB_LEVEL_HARD && t->sample->now_ns < v->state->reclaim_after_ns)
		return KVMB_WHY_BACKOFF;
	if (kvmb_view_rate_left(t, v) < t->unit_bytes)
		return KVMB_WHY_GUEST_RATE;
	return KVMB_WHY_NONE;
}

enum kvmb_why kvmb_view_no_pageout_of(const struct kvmb_turn *t, const struct kvmb_view *v,
				      uint64_t bytes)
{
	enum kvmb_why why = no_way_out(t, v, KVMB_ACTION_PAGEOUT);

	return why == KVMB_WHY_NONE && bytes < t->unit_bytes ? KVMB_WHY_NOT_COLD : why;
}

enum kvmb_why kvmb_view_no_pageout(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return kvmb_view_no_pageout_of(t, v, v->cold_bytes);
}

/* Cold memory that page-out cannot get, as where two processes have it mapped. */
static bool cold_out_of_reach(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return v->cold_bytes >= t->unit_bytes &&
	       kvmb_view_without_effect(t, v, KVMB_ACTION_PAGEOUT);
}

/*
 * Reclaim takes what the host's LRU happens to reach. Where it is known that the rest is in use, it
 * is for a host that is hard up.
 */
enum kvmb_why kvmb_view_no_reclaim(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	enum kvmb_why why = no_way_out(t, v, KVMB_ACTION_RECLAIM);

	if (why == KVMB_WHY_NONE && v->aged && t->host.level < KVMB_LEVEL_HARD &&
	    !cold_out_of_reach(t, v))
		return KVMB_WHY_NOT_COLD;
	return why;
}

uint64_t kvmb_view_goal(const struct kvmb_view *v)
{
	if (!v->state->target_bytes)
		return v->guest->balloon_bytes;
	return u64_min(v->estimate.ceiling_bytes, v->state->before_bytes);
}

bool kvmb_view_can_deflate(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	if (!v->fit || v->acted || !v->guest->has_balloon)
		return false;
	if (kvmb_view_without_effect(t, v, KVMB_ACTION_DEFLATE))
		return false;
	return !v->guest->in_flight || v->state->pending_kind != KVMB_ACTION_DEFLATE;
}

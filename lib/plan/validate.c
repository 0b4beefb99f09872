// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The gate. It trusts no figure of an action: what may be taken is worked out again here, from the
 * sample, the configuration and the rates of the last minute.
 */
#include "plan/validate.h"

#include <errno.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/str.h"
#include "model/ages.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/state.h"
#include "model/store.h"
#include "model/swap-guard.h"

#define ALIGN_BYTES (2 * MIB) /* keeps huge pages of the guest whole */

struct gate {
	const struct kvmb_config *config;
	const struct kvmb_state *state;
	const struct kvmb_sample *sample;
	uint64_t host_left_bytes; /* of the host's rate */
	uint64_t swap_left_bytes;
	enum kvmb_why swap_why; /* what bounds it */
	bool limited; /* a limit was let through, or is on a guest now */
	bool *acted; /* by index of the guest in the sample */
};

/* One action at the gate. */
struct entrant {
	struct kvmb_action *action;
	const struct kvmb_guest_sample *guest;
	const struct kvmb_state_guest *state; /* NULL: never seen */
	struct kvmb_policy policy;
	enum kvmb_mode mode;
	uint64_t bytes;      /* what is left of the asking */
	enum kvmb_why blame; /* what cut it last */
};

static void cut(struct entrant *e, uint64_t most, enum kvmb_why why)
{
	if (e->bytes <= most)
		return;
	e->bytes = most;
	e->blame = why;
}

static void cut_to_rates(const struct gate *gate, struct entrant *e)
{
	const struct kvmb_host_config *c = &gate->config->host;
	uint64_t left = c->guest_rate_bytes;

	if (e->state)
		left = kvmb_rate_left(&e->state->taken, gate->sample->now_ns, left);
	cut(e, c->step_bytes, KVMB_WHY_TOO_SMALL);
	cut(e, left, KVMB_WHY_GUEST_RATE);
	cut(e, gate->host_left_bytes, KVMB_WHY_HOST_RATE);
}

static bool suffers(const struct gate *gate, const struct entrant *e)
{
	const struct kvmb_guest_sample *g = e->guest;

	if (!g->triggered && !kvmb_guest_stalls(&gate->config->host, g))
		return false;
	if (gate->state->level < KVMB_LEVEL_HARD || !e->state)
		return true;
	return kvmb_state_reads_back(e->state, &e->policy, g, gate->sample->now_ns);
}

/* The twofold head-room of policy/estimate.h: what reading files back must not be taken for. */
#define CACHE_HEADROOMS 2

/* What may go with its caches: only for a host that is hard up, and never of a guess. */
static uint64_t usable_inside(const struct gate *gate, const struct entrant *e, uint64_t moved,
			      uint64_t headroom)
{
	uint64_t usable = e->guest->usable_bytes;

	if (gate->state->level < KVMB_LEVEL_HARD || usable == KVMB_UNKNOWN)
		return 0;
	return u64_sub_sat(u64_sub_sat(usable, moved), u64_mul_sat(headroom, CACHE_HEADROOMS));
}

static uint64_t spare_inside(const struct gate *gate, const struct entrant *e)
{
	const struct kvmb_host_config *c = &gate->config->host;
	const struct kvmb_guest_sample *g = e->guest;
	uint64_t moved = e->state ? kvmb_state_moved(e->state, g) : 0;
	uint64_t unused = g->unused_bytes == KVMB_UNKNOWN ? 0 : u64_sub_sat(g->unused_bytes, moved);
	uint64_t used = u64_sub_sat(g->balloon_bytes, unused);
	uint64_t headroom = u64_max(c->guest_headroom_bytes,
				    permyriad_of(used, c->guest_headroom_permyriad));

	if (e->action->rule == KVMB_RULE_GUEST_CACHE)
		return usable_inside(gate, e, moved, headroom);
	/* Told before somebody else's balloon grew, it may be more than the guest now has. */
	unused = u64_min(unused, g->balloon_bytes);
	/* An unknown one is the largest number there is. */
	unused = u64_min(unused, u64_sub_sat(g->usable_bytes, moved));
	return u64_sub_sat(unused, headroom);
}

static enum kvmb_why check_balloon(const struct gate *gate, struct entrant *e)
{
	const struct kvmb_guest_sample *g = e->guest;
	uint64_t beyond;

	if (!g->has_balloon)
		return KVMB_WHY_NO_BALLOON;
	if (g->stats_why != KVMB_WHY_NONE)
		return g->stats_why;
	e->bytes = u64_sub_sat(g->balloon_bytes, e->action->target_bytes);
	cut(e, u64_sub_sat(g->balloon_bytes, e->policy.guarantee_bytes), KVMB_WHY_AT_GUARANTEE);
	cut(e, spare_inside(gate, e), KVMB_WHY_TOO_SMALL);
	cut_to_rates(gate, e);
	/* Rounded up: by taking less, so that it holds at the largest number too. */
	beyond = (g->balloon_bytes - e->bytes) % ALIGN_BYTES;
	if (beyond)
		e->bytes = u64_sub_sat(e->bytes, ALIGN_BYTES - beyond);
	if (e->bytes < KVMB_LEAST_BYTES)
		return e->blame;
	e->action->target_bytes = g->balloon_bytes - e->bytes;
	return KVMB_WHY_NONE;
}

static enum kvmb_why check_deflate(struct entrant *e)
{
	const struct kvmb_guest_sample *g = e->guest;
	uint64_t ceiling = kvmb_guest_ceiling(&e->policy, g);
	uint64_t target = u64_min(e->action->target_bytes, ceiling);
	uint64_t promised = g->balloon_bytes;

	if (!g->has_balloon)
		return KVMB_WHY_NO_BALLOON;
	if (e->state && e->state->target_bytes)
		promised = u64_min(promised, e->state->target_bytes);
	e->bytes = u64_sub_sat(target, promised);
	e->action->target_bytes = target;
	return e->bytes ? KVMB_WHY_NONE : KVMB_WHY_TOO_SMALL;
}

/* Whole ranges only, from the first on: the source has put the coldest first. */
static void cut_ranges(struct entrant *e)
{
	struct kvmb_action *a = e->action;
	uint64_t sum = 0;
	size_t n = 0;

	while (n < a->n_ranges && a->ranges[n].length_bytes <= e->bytes - sum)
		sum += a->ranges[n++].length_bytes;
	a->n_ranges = n;
	e->bytes = sum;
}

static uint64_t cold_bytes(const struct gate *gate, const struct entrant *e)
{
	return kvmb_ages_cold(&e->guest->ages, e->action->idle_usec, gate->sample->now_ns,
			      gate->config->host.stale_usec);
}

static bool to_store(const struct entrant *e)
{
	return e->action->kind == KVMB_ACTION_PAGEOUT && e->action->backend == KVMB_BACKEND_FAR;
}

/* Of where it goes: what a store takes, swap does not have to bear. */
static enum kvmb_why check_room(const struct gate *gate, struct entrant *e)
{
	if (to_store(e))
		return kvmb_store_why(&gate->sample->host, e->guest);
	if (e->policy.backend == KVMB_BACKEND_FAR)
		return KVMB_WHY_FAR_ONLY;
	if (!gate->sample->host.swap_total_bytes)
		return KVMB_WHY_NO_SWAP;
	if (kvmb_swap_slow(gate->config, gate->state, gate->sample->now_ns))
		return KVMB_WHY_SWAP_SLOW;
	cut(e, gate->swap_left_bytes, gate->swap_why);
	return KVMB_WHY_NONE;
}

static enum kvmb_why check_page_out(const struct gate *gate, struct entrant *e)
{
	const struct kvmb_guest_sample *g = e->guest;
	uint64_t resident = kvmb_guest_resident(g);
	enum kvmb_why why;

	if (e->action->kind == KVMB_ACTION_PAGEOUT)
		e->action->backend = kvmb_guest_backend(&e->policy, &gate->sample->host, g, NULL);
	if (e->action->kind != KVMB_ACTION_PAGEOUT && (!g->cgroup_valid || !g->cgroup[0]))
		return KVMB_WHY_NO_CGROUP;
	if (e->action->kind == KVMB_ACTION_PAGEOUT && g->pid <= 0)
		return KVMB_WHY_GONE;
	if (e->action->kind == KVMB_ACTION_PAGEOUT && !e->action->n_ranges && !e->action->idle_usec)
		return KVMB_WHY_NOT_COLD;
	e->bytes = e->action->asked_bytes;
	if (e->action->kind == KVMB_ACTION_PAGEOUT && !e->action->n_ranges)
		cut(e, cold_bytes(gate, e), KVMB_WHY_NOT_COLD);
	cut(e, u64_sub_sat(resident, kvmb_guest_floor(&e->policy, g)), KVMB_WHY_AT_GUARANTEE);
	why = check_room(gate, e);
	if (why != KVMB_WHY_NONE)
		return why;
	cut_to_rates(gate, e);
	if (e->action->n_ranges)
		cut_ranges(e);
	return e->bytes < KVMB_LEAST_BYTES ? e->blame : KVMB_WHY_NONE;
}

static bool is_limited(const struct gate *gate)
{
	const struct kvmb_sample *sample = gate->sample;

	for (size_t i = 0; i < sample->n_guests; i++)
		if (kvmb_state_pending(gate->state, &sample->guests[i]) == KVMB_ACTION_HIGH)
			return true;
	return false;
}

/* One guest at a time, of the lowest class alone, and it gets a pause after that. */
static enum kvmb_why check_high(struct gate *gate, struct entrant *e)
{
	if (e->policy.priority != KVMB_PRIORITY_LOW || gate->state->level < KVMB_LEVEL_HARD)
		return KVMB_WHY_LAST_RESORT;
	/* It is held until it stalls: for one that does already bind() would put that off. */
	if (kvmb_guest_stalls(&gate->config->host, e->guest))
		return KVMB_WHY_GUEST_PRESSURE;
	if (!e->state || gate->sample->now_ns < e->state->high_after_ns)
		return KVMB_WHY_BACKOFF;
	gate->limited = gate->limited || is_limited(gate);
	return gate->limited ? KVMB_WHY_IN_FLIGHT : check_page_out(gate, e);
}

static enum kvmb_why find_guest(const struct gate *gate, struct entrant *e)
{
	if (!gate->sample->guests_valid)
		return KVMB_WHY_FACTS_STALE;
	e->guest = kvmb_sample_find_name(gate->sample, e->action->name);
	if (!e->guest)
		return KVMB_WHY_GONE;
	if (!streq(e->guest->uuid, e->action->uuid))
		return KVMB_WHY_CHANGED;
	e->state = kvmb_state_find(gate->state, e->action->uuid);
	kvmb_guest_policy(gate->config, e->guest, e->state, &e->policy);
	e->mode = kvmb_guest_mode(gate->config, &e->policy);
	return KVMB_WHY_NONE;
}

/* Giving back what we took is right in every mode: that is how a guest is let go. */
static bool lets_go(const struct entrant *e)
{
	return e->action->kind == KVMB_ACTION_DEFLATE && e->action->rule == KVMB_RULE_RELEASE &&
	       e->state && e->state->target_bytes;
}

static bool busy(const struct gate *gate, const struct entrant *e)
{
	if (gate->acted[e->guest - gate->sample->guests])
		return true;
	if (!e->guest->in_flight)
		return false;
	/* Give-back waits for nothing but itself. */
	return e->action->kind != KVMB_ACTION_DEFLATE ||
	       (e->state && e->state->pending_kind == KVMB_ACTION_DEFLATE);
}

static enum kvmb_why check_kind(struct gate *gate, struct entrant *e)
{
	switch (e->action->kind) {
	case KVMB_ACTION_BALLOON:
		return suffers(gate, e) ? KVMB_WHY_GUEST_PRESSURE : check_balloon(gate, e);
	case KVMB_ACTION_RECLAIM:
	case KVMB_ACTION_PAGEOUT:
		return suffers(gate, e) ? KVMB_WHY_GUEST_PRESSURE : check_page_out(gate, e);
	case KVMB_ACTION_HIGH:
		return suffers(gate, e) ? KVMB_WHY_GUEST_PRESSURE : check_high(gate, e);
	case KVMB_ACTION_DEFLATE:
		return check_deflate(e);
	case KVMB_ACTION_KINDS:
		break;
	}
	return KVMB_WHY_CHANGED;
}

/* What the actuator needs to hold to the same rules when the action's turn comes. */
static void bind(const struct gate *gate, const struct entrant *e)
{
	struct kvmb_facts *facts = &e->action->facts;
	uint64_t stale_ns = u64_mul_sat(gate->config->host.stale_usec, NSEC_PER_USEC);
	const struct kvmb_psi *psi = &e->guest->psi;

	if (e->action->kind == KVMB_ACTION_DEFLATE)
		return;
	facts->valid_until_ns = u64_add_sat(e->guest->facts_ns, stale_ns);
	facts->floor_bytes = kvmb_guest_floor(&e->policy, e->guest);
	/* No floor may rest on what may be out. */
	e->action->out_bytes = u64_add_sat(e->guest->store.out_bytes, e->guest->far_unread_bytes);
	/* What the guest feels already was weighed here; it must not become worse. */
	facts->guest_limit_permyriad = gate->config->host.guest_pressure_some_permyriad;
	if (e->guest->psi_valid &&
	    psi->some_avg10_permyriad > facts->guest_limit_permyriad)
		facts->guest_limit_permyriad = psi->some_avg10_permyriad;
}

static enum kvmb_why check(struct gate *gate, struct entrant *e)
{
	enum kvmb_why why = find_guest(gate, e);

	if (why != KVMB_WHY_NONE)
		return why;
	why = kvmb_guest_unfit(gate->config, e->guest, gate->sample->now_ns);
	if (why != KVMB_WHY_NONE)
		return why;
	if (e->mode == KVMB_MODE_OFF && !lets_go(e))
		return KVMB_WHY_MODE_OFF;
	why = kvmb_guest_forbids(e->guest, e->action->kind);
	if (why != KVMB_WHY_NONE)
		return why;
	if (busy(gate, e))
		return KVMB_WHY_IN_FLIGHT;
	why = check_kind(gate, e);
	if (why != KVMB_WHY_NONE)
		return why;
	e->action->asked_bytes = e->bytes;
	bind(gate, e);
	/* Last of all, so that what is shown is what would have been done. */
	return e->mode == KVMB_MODE_OBSERVE && !lets_go(e) ? KVMB_WHY_MODE_OBSERVE : KVMB_WHY_NONE;
}

static void let_through(struct gate *gate, const struct entrant *e)
{
	gate->acted[e->guest - gate->sample->guests] = true;
	if (e->action->kind == KVMB_ACTION_DEFLATE)
		return;
	gate->limited = gate->limited || e->action->kind == KVMB_ACTION_HIGH;
	gate->host_left_bytes -= e->bytes;
	if (e->action->kind != KVMB_ACTION_BALLOON && !to_store(e))
		gate->swap_left_bytes -= e->bytes;
}

/* What is let through moves to the front, in its order; the rest is cut off behind it. */
static int filter(struct gate *gate, struct kvmb_plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->n_actions; i++) {
		struct entrant e = { .action = &plan->actions[i], .blame = KVMB_WHY_TOO_SMALL };
		enum kvmb_why why = check(gate, &e);
		struct kvmb_action moved;
		int r;

		if (why != KVMB_WHY_NONE) {
			r = kvmb_plan_refuse(plan, e.action->name, e.action->kind, why,
					     e.action->asked_bytes);
			if (r < 0)
				return r;
			continue;
		}
		let_through(gate, &e);
		if (kept != i) {
			moved = plan->actions[kept];
			plan->actions[kept] = plan->actions[i];
			plan->actions[i] = moved;
		}
		kept++;
	}
	while (plan->n_actions > kept)
		kvmb_plan_drop(plan, plan->n_actions - 1);
	return 0;
}

static int list_excluded(const struct gate *gate, struct kvmb_plan *plan)
{
	const struct kvmb_sample *sample = gate->sample;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &sample->guests[i];
		const struct kvmb_state_guest *state = kvmb_state_find(gate->state, g->uuid);
		struct kvmb_policy policy;
		enum kvmb_why why;

		kvmb_guest_policy(gate->config, g, state, &policy);
		why = sample->guests_valid ? kvmb_guest_excluded(gate->config, &policy, g,
								 sample->now_ns) :
					     KVMB_WHY_FACTS_STALE;
		if (why != KVMB_WHY_NONE)
			r = kvmb_plan_refuse(plan, g->name, KVMB_ACTION_KINDS, why, 0);
	}
	return r;
}

int kvmb_plan_validate(const struct kvmb_config *c, const struct kvmb_state *state,
		       const struct kvmb_sample *sample, struct kvmb_plan *plan)
{
	_cleanup_free_ bool *acted = calloc(sample->n_guests + 1, sizeof(*acted));
	struct gate gate = {
		.config = c,
		.state = state,
		.sample = sample,
		.host_left_bytes = kvmb_rate_left(&state->taken, sample->now_ns,
						  c->host.host_rate_bytes),
		.acted = acted,
	};
	int r;

	if (!acted)
		return -ENOMEM;
	gate.swap_left_bytes = kvmb_swap_room(c, state, sample, &gate.swap_why);
	r = filter(&gate, plan);
	return r < 0 ? r : list_excluded(&gate, plan);
}

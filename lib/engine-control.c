// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the operator asks of the engine: it changes desired state, the next tick acts. */
#include <errno.h>
#include <inttypes.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "plan/validate.h"

void kvmb_engine_keep(struct kvmb_engine *e)
{
	if (e->callbacks.persist && !e->dry_run)
		(void)e->callbacks.persist(e->userdata, e->state);
}

int kvmb_engine_reclaim(struct kvmb_engine *e, const char *name, uint64_t bytes,
			enum kvmb_why *ret_why)
{
	const struct kvmb_engine_guest *g = kvmb_engine_find(e, name);
	const struct kvmb_guest_sample *s = g ? kvmb_sample_find_name(e->sample, name) : NULL;
	enum kvmb_why why;

	if (!s)
		return -ENOENT;
	if (bytes < KVMB_LEAST_BYTES || bytes > kvmb_guest_resident(s))
		return -ERANGE;
	why = kvmb_guest_excluded(e->config, &g->policy, s, e->sample->now_ns);
	if (why != KVMB_WHY_NONE) {
		*ret_why = why;
		return -EPERM;
	}
	return kvmb_state_request(e->state, g->uuid, g->name, bytes);
}

/* The size a guest had before our first order; more, if it has more by now. */
static uint64_t release_target(const struct kvmb_state_guest *state,
			       const struct kvmb_guest_sample *s)
{
	return u64_min(u64_max(state->before_bytes, s->balloon_bytes), s->maximum_bytes);
}

static int release_one(struct kvmb_engine *e, const struct kvmb_state_guest *state,
		       const struct kvmb_guest_sample *s, struct kvmb_plan *plan)
{
	struct kvmb_action a = {
		.kind = KVMB_ACTION_DEFLATE,
		.rule = KVMB_RULE_RELEASE,
		.pid = s->pid,
		.target_bytes = release_target(state, s),
		.facts = {
			.facts_ns = s->facts_ns,
			.resident_bytes = s->resident_bytes,
			.balloon_bytes = s->balloon_bytes,
		},
	};

	a.asked_bytes = u64_sub_sat(a.target_bytes,
				    u64_min(s->balloon_bytes, state->target_bytes));
	(void)kvmb_str_copy(a.name, sizeof(a.name), s->name);
	(void)kvmb_str_copy(a.uuid, sizeof(a.uuid), s->uuid);
	(void)kvmb_str_copy(a.cgroup, sizeof(a.cgroup), s->cgroup);
	kvmb_str_format(a.reason, sizeof(a.reason),
			"the agent stops: balloon back to %" PRIu64 " MiB, as it was found",
			a.target_bytes / MIB);
	return kvmb_plan_add(plan, &a);
}

/*
 * The balloon is smaller than we found it, by our order, or will be: a sample may be older than the
 * guest's answer to an order that was given just now.
 */
static bool is_clamped(const struct kvmb_engine_guest *g, const struct kvmb_state_guest *state,
		       const struct kvmb_guest_sample *s)
{
	if (!state || !state->target_bytes || state->pid != s->pid || !s->has_balloon)
		return false;
	if (g->watching && g->watch.action.kind == KVMB_ACTION_DEFLATE &&
	    g->watch.action.target_bytes >= state->before_bytes)
		return false;
	return u64_min(s->balloon_bytes, state->target_bytes) < state->before_bytes;
}

/*
 * How many guests are not given back yet. One whose order failed is asked again with the next
 * sample, not before: without libvirt an order fails at once, and each result calls for us. No
 * number of failures makes it given back; the caller's time ends the tries.
 */
static int release_all(struct kvmb_engine *e, struct kvmb_plan *plan)
{
	int n = 0;

	for (size_t i = 0; i < e->n_guests; i++) {
		struct kvmb_engine_guest *g = e->guests[i];
		const struct kvmb_guest_sample *s = kvmb_sample_find_name(e->sample, g->name);
		const struct kvmb_state_guest *state = kvmb_state_find(e->state, g->uuid);

		kvmb_executor_cancel(e->executor, g->uuid);
		if (!g->n_pending && !is_clamped(g, state, s))
			continue;
		n++;
		if (!g->n_pending && g->release_ns != plan->now_ns) {
			int r = release_one(e, state, s, plan);

			if (r < 0)
				return r;
			g->release_ns = plan->now_ns;
		}
	}
	return n;
}

/* Without a balloon of ours there is nothing to wait for. */
static bool owes_anything(const struct kvmb_state *state)
{
	for (size_t i = 0; i < state->n_guests; i++)
		if (state->guests[i].target_bytes)
			return true;
	return false;
}

static int release_guests(struct kvmb_engine *e)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	int r;

	if (!e->sample || !e->sample->guests_valid)
		return owes_anything(e->state) ? -EAGAIN : 0;
	r = kvmb_plan_new(&plan);
	if (r < 0)
		return r;
	plan->now_ns = e->sample->now_ns;
	r = release_all(e, plan);
	kvmb_engine_issue(e, plan, 0);
	return r;
}

/* Both at once; guests still to be waited for come before what is wrong with KSM. */
int kvmb_engine_release(struct kvmb_engine *e)
{
	int guests, ksm;

	e->releasing = true;
	ksm = kvmb_engine_ksm_release(e);
	guests = release_guests(e);
	if (guests < 0 || (guests > 0 && ksm < 0))
		return guests;
	return ksm < 0 ? ksm : guests + ksm;
}

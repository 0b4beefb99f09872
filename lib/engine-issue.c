// SPDX-License-Identifier: LGPL-2.1-or-later
/* Actions on their way: handed to the executor, taken back with their results, balloons watched. */
#include <errno.h>
#include <string.h>

#include "engine-internal.h"

#include "base/str.h"

static void guest_record(struct kvmb_engine_guest *g, const struct kvmb_result *result,
			 uint64_t now_ns)
{
	struct kvmb_engine_record *record = &g->history[g->n_history++ % KVMB_HISTORY];

	*record = (struct kvmb_engine_record){
		.done_ns = now_ns,
		.asked_bytes = result->action.asked_bytes,
		.got_bytes = result->got_bytes,
		.net_bytes = result->net_bytes,
		.kind = result->action.kind,
		.rule = result->action.rule,
		.why = result->why,
		.error = result->error,
	};
	memcpy(record->reason, result->action.reason, sizeof(record->reason));
	memcpy(record->note, result->note, sizeof(record->note));
}

static void tell(struct kvmb_engine *e, struct kvmb_engine_guest *g,
		 const struct kvmb_result *result, uint64_t now_ns)
{
	if (g)
		guest_record(g, result, now_ns);
	if (e->callbacks.result)
		e->callbacks.result(e->userdata, result);
}

/* A result is final: into the state, the guest's history, and to the outside. */
static void conclude(struct kvmb_engine *e, struct kvmb_engine_guest *g,
		     const struct kvmb_result *result, uint64_t now_ns)
{
	if (!e->dry_run)
		kvmb_state_apply_result(e->state, result);
	tell(e, g, result, now_ns);
}

/* Never ordered, by no fault of the guest's balloon: in its book, nothing was asked of it. */
static void conclude_unsaved(struct kvmb_engine *e, const struct kvmb_result *result,
			     uint64_t now_ns)
{
	struct kvmb_result booked = *result;

	booked.action.asked_bytes = 0;
	kvmb_state_apply_result(e->state, &booked);
	tell(e, kvmb_engine_find(e, result->action.name), result, now_ns);
}

static bool is_balloon(enum kvmb_action_kind kind)
{
	return kind == KVMB_ACTION_BALLOON || kind == KVMB_ACTION_DEFLATE;
}

static bool is_under_way(const struct kvmb_engine_guest *g, const struct kvmb_action *a)
{
	return g->watching && g->watch.action.kind == a->kind &&
	       g->watch.action.target_bytes == a->target_bytes;
}

static int issue_one(struct kvmb_engine *e, const struct kvmb_action *planned)
{
	struct kvmb_engine_guest *g = kvmb_engine_find(e, planned->name);
	struct kvmb_action a = *planned;
	int r;

	if (!g || !streq(g->uuid, a.uuid) || is_under_way(g, &a))
		return 0;
	if (a.kind == KVMB_ACTION_DEFLATE)
		kvmb_executor_cancel(e->executor, a.uuid);
	a.id = ++e->next_id;
	r = kvmb_executor_submit(e->executor, &a);
	if (r < 0)
		return r;
	g->n_pending++;
	return 0;
}

void kvmb_engine_issue(struct kvmb_engine *e, const struct kvmb_plan *plan, int saved)
{
	for (size_t i = 0; i < plan->n_actions; i++) {
		struct kvmb_result refused = { .action = plan->actions[i] };
		bool unsaved = saved < 0 && plan->actions[i].kind == KVMB_ACTION_BALLOON;

		refused.error = unsaved ? saved : issue_one(e, &plan->actions[i]);
		refused.action.ranges = NULL;
		refused.action.n_ranges = 0;
		if (unsaved)
			conclude_unsaved(e, &refused, plan->now_ns);
		else if (refused.error < 0)
			conclude(e, kvmb_engine_find(e, plan->actions[i].name), &refused,
				 plan->now_ns);
	}
}

/* What has been given back is not ours any more. */
static void note_release(struct kvmb_engine *e, const struct kvmb_result *result)
{
	struct kvmb_state_guest *state = kvmb_state_find(e->state, result->action.uuid);

	if (state && result->error == 0 && result->action.rule == KVMB_RULE_RELEASE)
		state->target_bytes = 0;
}

/* A give-back does not wait for a balloon on its way, whose result is told all the same. */
static void watch_begin(struct kvmb_engine *e, struct kvmb_engine_guest *g,
			const struct kvmb_action *a, const struct kvmb_guest_sample *s,
			uint64_t now_ns)
{
	struct kvmb_result overtaken;

	if (g->watching) {
		kvmb_watch_cut(&g->watch, s, now_ns, &overtaken);
		conclude(e, g, &overtaken, now_ns);
	}
	g->watching = true;
	kvmb_watch_start(&g->watch, a, s, now_ns);
}

/* The sample to come must not take for resident what its store was not known to have. */
static void note_moved(struct kvmb_engine *e, const struct kvmb_result *result)
{
	const struct kvmb_action *a = &result->action;

	if (a->kind == KVMB_ACTION_PAGEOUT && a->backend == KVMB_BACKEND_FAR && result->got_bytes)
		kvmb_age_watch_moved(e->ages, a->uuid, a->pid, result->got_bytes);
}

static void take_result(struct kvmb_engine *e, const struct kvmb_result *result, uint64_t now_ns)
{
	struct kvmb_engine_guest *g = kvmb_engine_find(e, result->action.name);
	const struct kvmb_guest_sample *s = kvmb_sample_find_name(e->sample, result->action.name);

	if (g && !streq(g->uuid, result->action.uuid))
		g = NULL;
	if (g && g->n_pending)
		g->n_pending--;
	note_release(e, result);
	note_moved(e, result);
	/* libvirt took the order; what the guest makes of it shows in the samples to come. */
	if (g && s && result->error == 0 && is_balloon(result->action.kind) && !e->dry_run) {
		watch_begin(e, g, &result->action, s, now_ns);
		return;
	}
	conclude(e, g, result, now_ns);
}

void kvmb_engine_finish(struct kvmb_engine *e, uint64_t now_ns)
{
	struct kvmb_result result;

	while (kvmb_executor_next(e->executor, &result) > 0)
		take_result(e, &result, now_ns);
	kvmb_engine_ksm_finish(e, now_ns);
}

void kvmb_engine_watch(struct kvmb_engine *e, const struct kvmb_sample *sample)
{
	for (size_t i = 0; i < e->n_guests; i++) {
		struct kvmb_engine_guest *g = e->guests[i];
		struct kvmb_result result;

		if (!g->watching)
			continue;
		if (!kvmb_watch_update(&g->watch, kvmb_sample_find_name(sample, g->name),
				       sample->now_ns, &result))
			continue;
		g->watching = false;
		conclude(e, g, &result, sample->now_ns);
	}
}

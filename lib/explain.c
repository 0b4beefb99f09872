// SPDX-License-Identifier: LGPL-2.1-or-later
/* One guest in plain sentences: what it is, what holds for it, what was done and what was not. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"

static void mib(char *buf, size_t size, uint64_t bytes)
{
	if (bytes == KVMB_UNKNOWN)
		kvmb_str_format(buf, size, "unknown");
	else
		kvmb_str_format(buf, size, "%" PRIu64 " MiB", bytes / MIB);
}

/* What is done by each kind of action, behind "64 MiB were to be". */
static const char *const done[KVMB_ACTION_KINDS] = {
	[KVMB_ACTION_BALLOON] = "taken with its balloon",
	[KVMB_ACTION_DEFLATE] = "given back with its balloon",
	[KVMB_ACTION_RECLAIM] = "taken by the kernel's reclaim of its scope",
	[KVMB_ACTION_PAGEOUT] = "taken by paging out what is cold",
	[KVMB_ACTION_HIGH] = "taken by a limit on its scope, for 10 s at most",
};

/* Where a value of its policy is from. */
static const char *const sources[] = {
	[KVMB_POLICY_BUILTIN] = "built in",
	[KVMB_POLICY_CONFIG] = "by [Defaults]",
	[KVMB_POLICY_CLASS] = "by its class",
	[KVMB_POLICY_METADATA] = "by its metadata in libvirt",
	[KVMB_POLICY_GUEST] = "by its section",
	[KVMB_POLICY_RUNTIME] = "set at run time",
};

static int explain_guest(char **text, const struct kvmb_guest_status *status)
{
	const struct kvmb_guest_sample *s = status->sample;
	char unused[32], swapped[32];
	int r;

	mib(swapped, sizeof(swapped), s->swap_bytes);
	r = kvmb_str_append(text,
			    "%s is %s: it was promised %" PRIu64
			    " MiB, its balloon leaves it %" PRIu64
			    " MiB. On the host %" PRIu64 " MiB of it are resident; in swap: %s.\n",
			    s->name, kvmb_guest_state_to_string(s->state), s->maximum_bytes / MIB,
			    s->balloon_bytes / MIB, s->resident_bytes / MIB, swapped);
	if (r < 0)
		return r;
	if (s->stats_why != KVMB_WHY_NONE)
		return kvmb_str_append(text, "What it says of itself is not used: %s.\n",
				       kvmb_why_to_sentence(s->stats_why));
	mib(unused, sizeof(unused), s->unused_bytes);
	return kvmb_str_append(text, "It says that %s of its memory are free.\n", unused);
}

static int explain_ages(char **text, const struct kvmb_engine *e,
			const struct kvmb_guest_status *status)
{
	const struct kvmb_ages *a = &status->sample->ages;
	uint64_t cold_usec = e->config->host.cold_usec;
	int r;

	if (a->source == KVMB_AGING_NONE)
		return kvmb_str_append(text, "How old its memory is cannot be told%s%s.\n",
				       *status->aging_reason ? ": " : "", status->aging_reason);
	if (status->cold_bytes == KVMB_UNKNOWN)
		return kvmb_str_append(text,
				       "How old its memory is cannot be told now: %s gives no "
				       "answer.\n",
				       kvmb_aging_to_string(a->source));
	r = kvmb_str_append(text,
			    "Of its memory, %" PRIu64 " MiB were not touched for %" PRIu64
			    " s, %" PRIu64 " MiB for ten times as long (ages by %s",
			    status->cold_bytes / MIB, cold_usec / USEC_PER_SEC,
			    kvmb_ages_idle(a, 10 * cold_usec) / MIB,
			    kvmb_aging_to_string(a->source));
	if (r >= 0 && *status->aging_reason)
		r = kvmb_str_append(text, "; not by %s", status->aging_reason);
	return r < 0 ? r : kvmb_str_append(text, ").\n");
}

static int explain_basis(char **text, const struct kvmb_cold_age *cold)
{
	switch (cold->basis) {
	case KVMB_COLD_CONFIGURED:
		return kvmb_str_append(text, "by ColdAge");
	case KVMB_COLD_MINUTES_PAST:
		return kvmb_str_append(text,
				       "as %d %% of its minutes asked for (known: %" PRIu32 ")",
				       KVMB_COLD_PERCENT, cold->n_minutes);
	case KVMB_COLD_LAST_MINUTE:
		return kvmb_str_append(text, "as its last minute alone asked for");
	case KVMB_COLD_REFAULTS:
		return kvmb_str_append(text, "because it read back more than its target allows");
	}
	return 0;
}

/* From what idle time on it is paged out, what that costs it, and if enough is known of it. */
static int explain_cold(char **text, const struct kvmb_engine *e,
			const struct kvmb_guest_status *status)
{
	struct kvmb_cold_age cold;
	int r;

	if (status->sample->ages.source < KVMB_AGING_DAMON || status->cold_bytes == KVMB_UNKNOWN)
		return 0;
	kvmb_engine_cold_age(e, status->sample, &status->policy, &cold);
	if (cold.idle_usec == UINT64_MAX)
		r = kvmb_str_append(text, "None of it is cold, ");
	else
		r = kvmb_str_append(text, "Its memory is cold from %" PRIu64 " s on, ",
				    cold.idle_usec / USEC_PER_SEC);
	if (r >= 0)
		r = explain_basis(text, &cold);
	if (r >= 0 && cold.judged && cold.idle_usec != UINT64_MAX)
		r = kvmb_str_append(text,
				    ": %" PRIu64 " pages of that age were touched again in the "
				    "last minute, %" PRIu64 " are allowed",
				    cold.back_pages, cold.allowed_pages);
	if (r >= 0 && cold.warm_up_usec && status->policy.mode == KVMB_MODE_PROACTIVE)
		r = kvmb_str_append(text, "; nothing is paged out unasked for %" PRIu64 " s more",
				    cold.warm_up_usec / USEC_PER_SEC + 1);
	return r < 0 ? r : kvmb_str_append(text, ".\n");
}

static int explain_policy(char **text, const struct kvmb_policy *p)
{
	char limit[32] = "its maximum";

	if (p->limit_bytes != UINT64_MAX)
		mib(limit, sizeof(limit), p->limit_bytes);
	return kvmb_str_append(text,
			       "Its policy: mode %s (%s), guarantee %" PRIu64
			       " MiB (%s), limit %s (%s), %" PRIu32
			       " shares (%s), priority %s (%s).\n",
			       kvmb_mode_to_string(p->mode),
			       sources[p->source[KVMB_FIELD_MODE]], p->guarantee_bytes / MIB,
			       sources[p->source[KVMB_FIELD_GUARANTEE]], limit,
			       sources[p->source[KVMB_FIELD_LIMIT]], p->shares,
			       sources[p->source[KVMB_FIELD_SHARES]],
			       kvmb_priority_to_string(p->priority),
			       sources[p->source[KVMB_FIELD_PRIORITY]]);
}

static int explain_host(char **text, const struct kvmb_engine *e)
{
	const struct kvmb_host_sample *h = &e->sample->host;
	enum kvmb_level level = e->plan ? e->plan->level : KVMB_LEVEL_RELAXED;
	int r = kvmb_str_append(text,
				"The host has %" PRIu64 " of %" PRIu64
				" MiB available, which is level %s (%d of 4)",
				h->available_bytes / MIB, h->total_bytes / MIB,
				kvmb_level_to_string(level), (int)level + 1);

	if (r >= 0 && e->plan && e->plan->need_bytes)
		r = kvmb_str_append(text, ": it needs %" PRIu64 " MiB back from its guests",
				    e->plan->need_bytes / MIB);
	else if (r >= 0)
		r = kvmb_str_append(text, ": it needs nothing back");
	if (r >= 0 && kvmb_state_reserved(e->state, ""))
		r = kvmb_str_append(text, ", with %" PRIu64 " MiB reserved for guests to come",
				    kvmb_state_reserved(e->state, "") / MIB);
	return r < 0 ? r : kvmb_str_append(text, ".\n");
}

static int explain_refusal(char **text, const struct kvmb_refusal *refusal)
{
	const char *why = kvmb_why_to_sentence(refusal->why);

	if (refusal->kind >= KVMB_ACTION_KINDS)
		return kvmb_str_append(text, "Nothing is done to it now: %s.\n", why);
	if (!refusal->asked_bytes)
		return kvmb_str_append(text, "Nothing is %s now: %s.\n", done[refusal->kind], why);
	return kvmb_str_append(text, "%" PRIu64 " MiB would be %s now, but are not: %s.\n",
			       refusal->asked_bytes / MIB, done[refusal->kind], why);
}

static int explain_refusals(char **text, const struct kvmb_plan *plan, const char *name)
{
	int r = 0;

	for (size_t i = 0; plan && r >= 0 && i < plan->n_refusals; i++)
		if (streq(plan->refusals[i].name, name))
			r = explain_refusal(text, &plan->refusals[i]);
	return r;
}

static bool is_under_way(const struct kvmb_engine_guest *g)
{
	return g->n_pending || g->watching;
}

/* Of the newest plan; what has ended by now is in the history. */
static int explain_actions(char **text, const struct kvmb_plan *plan,
			   const struct kvmb_engine_guest *g)
{
	int r = 0;

	for (size_t i = 0; plan && is_under_way(g) && r >= 0 && i < plan->n_actions; i++) {
		const struct kvmb_action *a = &plan->actions[i];

		if (streq(a->name, g->name))
			r = kvmb_str_append(text,
					    "Under way: %" PRIu64
					    " MiB are being %s (%s by rule %s): %s.\n",
					    a->asked_bytes / MIB, done[a->kind],
					    kvmb_action_kind_to_string(a->kind),
					    kvmb_rule_to_string(a->rule), a->reason);
	}
	return r;
}

/* What came of it: asked, got, and what the host has of it. */
static int explain_effect(char **text, const struct kvmb_engine_record *record)
{
	int64_t net = record->net_bytes / (int64_t)MIB;

	if (!record->got_bytes)
		return kvmb_str_append(text, "Nothing came of it");
	return kvmb_str_append(text,
			       "%" PRIu64 " MiB of that %s, which %s the host %" PRId64 " MiB",
			       record->got_bytes / MIB,
			       record->kind == KVMB_ACTION_DEFLATE ? "came back" : "were got",
			       net < 0 ? "cost" : "won", net < 0 ? -net : net);
}

static int explain_record(char **text, const struct kvmb_engine_record *record, uint64_t now_ns)
{
	int r = kvmb_str_append(text,
				"%" PRIu64 " s ago: %" PRIu64
				" MiB were to be %s (%s by rule %s): %s. ",
				u64_sub_sat(now_ns, record->done_ns) / NSEC_PER_SEC,
				record->asked_bytes / MIB, done[record->kind],
				kvmb_action_kind_to_string(record->kind),
				kvmb_rule_to_string(record->rule), record->reason);

	if (r >= 0)
		r = explain_effect(text, record);
	if (r >= 0 && *record->note)
		r = kvmb_str_append(text, " (%s)", record->note);
	if (r >= 0 && record->why != KVMB_WHY_NONE)
		r = kvmb_str_append(text, "; ended early: %s", kvmb_why_to_sentence(record->why));
	else if (r >= 0 && record->error < 0)
		r = kvmb_str_append(text, "; failed: %s", strerrordesc_np(-record->error));
	return r < 0 ? r : kvmb_str_append(text, ".\n");
}

/* Newest first. */
static int explain_history(char **text, const struct kvmb_engine_guest *g, uint64_t now_ns)
{
	uint64_t n = u64_min(g->n_history, KVMB_HISTORY);
	int r = 0;

	if (!n)
		return kvmb_str_append(text, "Nothing was done to it since the agent started.\n");
	for (uint64_t i = 1; r >= 0 && i <= n; i++)
		r = explain_record(text, &g->history[(g->n_history - i) % KVMB_HISTORY], now_ns);
	return r;
}

int kvmb_engine_explain(struct kvmb_engine *e, const char *name, char **ret)
{
	_cleanup_free_ char *text = NULL;
	const struct kvmb_engine_guest *g = kvmb_engine_find(e, name);
	struct kvmb_guest_status status;
	int r = kvmb_engine_guest_status(e, name, &status);

	if (r < 0)
		return r;
	r = explain_guest(&text, &status);
	if (r >= 0)
		r = kvmb_explain_free(&text, e, &status);
	if (r >= 0)
		r = explain_ages(&text, e, &status);
	if (r >= 0)
		r = explain_cold(&text, e, &status);
	if (r >= 0)
		r = kvmb_explain_store(&text, &status);
	if (r >= 0)
		r = explain_policy(&text, &status.policy);
	if (r >= 0)
		r = explain_host(&text, e);
	if (r >= 0 && status.degraded != KVMB_WHY_NONE)
		r = kvmb_str_append(&text, "Degraded: %s.\n",
				    kvmb_why_to_sentence(status.degraded));
	if (r >= 0)
		r = explain_refusals(&text, e->plan, name);
	if (r >= 0)
		r = explain_actions(&text, e->plan, g);
	if (r >= 0)
		r = explain_history(&text, g, e->sample->now_ns);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(text);
	return 0;
}

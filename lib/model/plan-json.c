/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON form of a plan: what is printed by `decide` and compared by golden tests.
 */
#include "model/json.h"
#include "model/plan.h"

#define FACTS struct kvmb_facts
#define ACTION struct kvmb_action
#define RANGE struct kvmb_range
#define REFUSAL struct kvmb_refusal
#define PLAN struct kvmb_plan

static const struct kvmb_json_field facts_fields[] = {
	KVMB_JSON_U64(FACTS, facts_ns),
	KVMB_JSON_U64(FACTS, valid_until_ns),
	KVMB_JSON_U64_NULL(FACTS, host_available_bytes),
	KVMB_JSON_U64_NULL(FACTS, need_bytes),
	KVMB_JSON_U64_NULL(FACTS, resident_bytes),
	KVMB_JSON_U64_NULL(FACTS, balloon_bytes),
	KVMB_JSON_U64_NULL(FACTS, unused_bytes),
	KVMB_JSON_U64_NULL(FACTS, usable_bytes),
	KVMB_JSON_U64(FACTS, cold_bytes),
	KVMB_JSON_U64(FACTS, guarantee_bytes),
	KVMB_JSON_U64(FACTS, floor_bytes),
	KVMB_JSON_PERMYRIAD(FACTS, host_some_avg10_permyriad),
	KVMB_JSON_PERMYRIAD(FACTS, guest_some_avg10_permyriad),
	KVMB_JSON_PERMYRIAD(FACTS, guest_limit_permyriad),
	KVMB_JSON_ENUM(FACTS, level, &kvmb_level_tokens),
};

static const struct kvmb_json_field range_fields[] = {
	KVMB_JSON_U64(RANGE, hva),
	KVMB_JSON_U64(RANGE, length_bytes),
};

static const struct kvmb_json_field action_fields[] = {
	KVMB_JSON_U64(ACTION, id),
	KVMB_JSON_ENUM(ACTION, kind, &kvmb_action_kind_tokens),
	KVMB_JSON_ENUM(ACTION, rule, &kvmb_rule_tokens),
	KVMB_JSON_STRING(ACTION, name),
	KVMB_JSON_STRING(ACTION, uuid),
	KVMB_JSON_STRING(ACTION, cgroup),
	KVMB_JSON_I32(ACTION, pid, 0, INT32_MAX),
	KVMB_JSON_U64(ACTION, asked_bytes),
	KVMB_JSON_U64(ACTION, target_bytes),
	KVMB_JSON_U64(ACTION, idle_usec),
	KVMB_JSON_OBJECT(ACTION, facts, facts_fields),
	KVMB_JSON_STRING(ACTION, reason),
};

static const struct kvmb_json_field refusal_fields[] = {
	KVMB_JSON_STRING(REFUSAL, name),
	KVMB_JSON_ENUM(REFUSAL, kind, &kvmb_action_kind_tokens),
	KVMB_JSON_ENUM(REFUSAL, why, &kvmb_why_tokens),
	KVMB_JSON_U64(REFUSAL, asked_bytes),
};

static const struct kvmb_json_field plan_fields[] = {
	KVMB_JSON_U64(PLAN, now_ns),
	KVMB_JSON_ENUM(PLAN, level, &kvmb_level_tokens),
	KVMB_JSON_U64(PLAN, need_bytes),
	KVMB_JSON_U64(PLAN, spare_bytes),
};

/* Only page-out has ranges; others do not show an empty list. */
static int store_ranges(struct kvmb_json *action, const struct kvmb_action *a)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *ranges = NULL;
	int r;

	if (!a->n_ranges)
		return 0;
	r = kvmb_json_new_array(&ranges);
	for (size_t i = 0; r >= 0 && i < a->n_ranges; i++)
		r = kvmb_json_append_struct(ranges, KVMB_JSON_TABLE(range_fields),
					    &a->ranges[i]);
	return r < 0 ? r : kvmb_json_set(action, "ranges", TAKE_PTR(ranges));
}

static int append_action(struct kvmb_json *actions, const struct kvmb_action *a)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(action_fields), a);
	if (r >= 0)
		r = store_ranges(o, a);
	return r < 0 ? r : kvmb_json_append(actions, TAKE_PTR(o));
}

static int store_actions(struct kvmb_json *plan, const struct kvmb_plan *p)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *actions = NULL;
	int r = kvmb_json_new_array(&actions);

	for (size_t i = 0; r >= 0 && i < p->n_actions; i++)
		r = append_action(actions, &p->actions[i]);
	return r < 0 ? r : kvmb_json_set(plan, "actions", TAKE_PTR(actions));
}

static int store_refusals(struct kvmb_json *plan, const struct kvmb_plan *p)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *refusals = NULL;
	int r = kvmb_json_new_array(&refusals);

	for (size_t i = 0; r >= 0 && i < p->n_refusals; i++)
		r = kvmb_json_append_struct(refusals, KVMB_JSON_TABLE(refusal_fields),
					    &p->refusals[i]);
	return r < 0 ? r : kvmb_json_set(plan, "refusals", TAKE_PTR(refusals));
}

int kvmb_plan_to_json(const struct kvmb_plan *p, char **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(plan_fields), p);
	if (r >= 0)
		r = store_actions(o, p);
	if (r >= 0)
		r = store_refusals(o, p);
	return r < 0 ? r : kvmb_json_print(o, ret);
}

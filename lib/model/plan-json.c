/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON form of a plan: what is printed by `decide`, compared by golden tests, and recorded.
 */
#include "base/str.h"
#include "model/json.h"
#include "model/plan.h"

#include <errno.h>
#include <stdlib.h>

#define FACTS struct kvmb_facts
#define ACTION struct kvmb_action
#define RANGE struct kvmb_range
#define REFUSAL struct kvmb_refusal
#define PLAN struct kvmb_plan
#define KSM struct kvmb_ksm_order

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

static const struct kvmb_json_field ksm_fields[] = {
	KVMB_JSON_BOOL(KSM, run),
	KVMB_JSON_U32(KSM, pages_to_scan),
	KVMB_JSON_U32(KSM, sleep_msec),
	KVMB_JSON_ENUM(KSM, why, &kvmb_why_tokens),
	KVMB_JSON_STRING(KSM, reason),
};

/* Only where there is an order. */
static int store_ksm(struct kvmb_json *plan, const struct kvmb_plan *p)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r;

	if (!p->ksm.set)
		return 0;
	r = kvmb_json_new_object(&o);
	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(ksm_fields), &p->ksm);
	return r < 0 ? r : kvmb_json_set(plan, "ksm", TAKE_PTR(o));
}

static int load_ksm(const struct kvmb_json *plan, struct kvmb_plan *p, char **ret_error)
{
	if (!kvmb_json_has(plan, "ksm"))
		return 0;
	p->ksm.set = true;
	return kvmb_json_load(kvmb_json_get(plan, "ksm"), KVMB_JSON_TABLE(ksm_fields), &p->ksm,
			      "ksm", ret_error);
}

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

/* Who pages out to swap, and has nothing in a store, shows neither. */
static const struct kvmb_json_field backend_fields[] = {
	KVMB_JSON_ENUM_OPT(ACTION, backend, &kvmb_backend_tokens),
};

static const struct kvmb_json_field out_fields[] = {
	KVMB_JSON_U64_OPT(ACTION, out_bytes),
};

static int store_out(struct kvmb_json *action, const struct kvmb_action *a)
{
	int r = 0;

	if (a->backend == KVMB_BACKEND_FAR)
		r = kvmb_json_store(action, KVMB_JSON_TABLE(backend_fields), a);
	if (r >= 0 && a->out_bytes)
		r = kvmb_json_store(action, KVMB_JSON_TABLE(out_fields), a);
	return r;
}

static int append_action(struct kvmb_json *actions, const struct kvmb_action *a)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(action_fields), a);
	if (r >= 0)
		r = store_out(o, a);
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

int kvmb_plan_to_object(const struct kvmb_plan *p, struct kvmb_json **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(plan_fields), p);
	if (r >= 0)
		r = store_actions(o, p);
	if (r >= 0)
		r = store_refusals(o, p);
	if (r >= 0)
		r = store_ksm(o, p);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(o);
	return 0;
}

int kvmb_plan_to_json(const struct kvmb_plan *p, char **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_plan_to_object(p, &o);

	return r < 0 ? r : kvmb_json_print(o, ret);
}

/* No plan has more for a guest; hostile input is bounded by it. */
#define ACTIONS_MAX ((size_t)KVMB_ACTION_KINDS * KVMB_GUESTS_MAX)
#define REFUSALS_MAX ((size_t)4 * KVMB_ACTION_KINDS * KVMB_GUESTS_MAX)
#define RANGES_MAX 65536

static int load_ranges(const struct kvmb_json *j, struct kvmb_range **ret, size_t *ret_n,
		       char **ret_error)
{
	_cleanup_free_ struct kvmb_range *ranges = NULL;
	const struct kvmb_json *array;
	int r = kvmb_json_get_array(j, "ranges", RANGES_MAX, &array, ret_error);
	size_t n;

	if (r < 0)
		return r;
	n = kvmb_json_length(array);
	ranges = calloc(n + 1, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = kvmb_json_load(kvmb_json_at(array, i), KVMB_JSON_TABLE(range_fields),
				   &ranges[i], "ranges", ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(ranges);
	*ret_n = n;
	return 0;
}

static int load_action(const struct kvmb_json *j, size_t i, struct kvmb_plan *p, char **ret_error)
{
	_cleanup_free_ struct kvmb_range *ranges = NULL;
	struct kvmb_action a = { .id = 0 };
	char path[32];
	int r;

	kvmb_str_format(path, sizeof(path), "actions[%zu]", i);
	r = kvmb_json_load(j, KVMB_JSON_TABLE(action_fields), &a, path, ret_error);
	if (r >= 0)
		r = kvmb_json_load(j, KVMB_JSON_TABLE(backend_fields), &a, path, ret_error);
	if (r >= 0)
		r = kvmb_json_load(j, KVMB_JSON_TABLE(out_fields), &a, path, ret_error);
	if (r >= 0 && kvmb_json_has(j, "ranges"))
		r = load_ranges(j, &ranges, &a.n_ranges, ret_error);
	a.ranges = ranges;
	return r < 0 ? r : kvmb_plan_add(p, &a);
}

static int load_refusal(const struct kvmb_json *j, size_t i, struct kvmb_plan *p, char **ret_error)
{
	struct kvmb_refusal f = { .asked_bytes = 0 };
	char path[32];
	int r;

	kvmb_str_format(path, sizeof(path), "refusals[%zu]", i);
	r = kvmb_json_load(j, KVMB_JSON_TABLE(refusal_fields), &f, path, ret_error);
	return r < 0 ? r : kvmb_plan_refuse(p, f.name, f.kind, f.why, f.asked_bytes);
}

int kvmb_plan_from_object(const struct kvmb_json *o, struct kvmb_plan **ret, char **ret_error)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *p = NULL;
	const struct kvmb_json *actions, *refusals;
	int r = kvmb_plan_new(&p);

	if (r >= 0)
		r = kvmb_json_load(o, KVMB_JSON_TABLE(plan_fields), p, "", ret_error);
	if (r >= 0)
		r = kvmb_json_get_array(o, "actions", ACTIONS_MAX, &actions, ret_error);
	for (size_t i = 0; r >= 0 && i < kvmb_json_length(actions); i++)
		r = load_action(kvmb_json_at(actions, i), i, p, ret_error);
	if (r >= 0)
		r = kvmb_json_get_array(o, "refusals", REFUSALS_MAX, &refusals, ret_error);
	for (size_t i = 0; r >= 0 && i < kvmb_json_length(refusals); i++)
		r = load_refusal(kvmb_json_at(refusals, i), i, p, ret_error);
	if (r >= 0)
		r = load_ksm(o, p, ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON form of a guest's policy: only what is set.
 */
#include "model/policy.h"

#define P struct kvmb_policy

/* Indexed by enum kvmb_policy_field. */
static const struct kvmb_json_field policy_fields[] = {
	[KVMB_FIELD_GUARANTEE] = KVMB_JSON_U64_OPT(P, guarantee_bytes),
	[KVMB_FIELD_LIMIT] = KVMB_JSON_U64_NULL_OPT(P, limit_bytes),
	[KVMB_FIELD_SHARES] = KVMB_JSON_U32_OPT(P, shares, KVMB_SHARES_MIN, KVMB_SHARES_MAX),
	[KVMB_FIELD_PRIORITY] = KVMB_JSON_ENUM_OPT(P, priority, &kvmb_priority_tokens),
	[KVMB_FIELD_REFAULT_TARGET] = KVMB_JSON_U32_OPT(P, refault_target_ppm, 0, PPM),
	[KVMB_FIELD_MODE] = KVMB_JSON_ENUM_OPT(P, mode, &kvmb_mode_tokens),
	[KVMB_FIELD_BACKEND] = KVMB_JSON_ENUM_OPT(P, backend, &kvmb_backend_tokens),
};
_Static_assert(ARRAY_SIZE(policy_fields) == KVMB_FIELDS, "each field has a JSON form");

int kvmb_policy_to_json(const struct kvmb_policy *p, struct kvmb_json **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	for (unsigned int i = 0; r >= 0 && i < KVMB_FIELDS; i++) {
		const struct kvmb_json_table one = { &policy_fields[i], 1 };

		if (p->set & 1U << i)
			r = kvmb_json_store(o, &one, p);
	}
	if (r < 0)
		return r;
	*ret = TAKE_PTR(o);
	return 0;
}

int kvmb_policy_from_json(const struct kvmb_json *j, const char *path, struct kvmb_policy *ret,
			  char **ret_error)
{
	struct kvmb_policy p;
	int r;

	kvmb_policy_builtin(&p);
	r = kvmb_json_load(j, KVMB_JSON_TABLE(policy_fields), &p, path, ret_error);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < KVMB_FIELDS; i++)
		if (kvmb_json_has(j, policy_fields[i].key))
			p.set |= 1U << i;
	*ret = p;
	return 0;
}

int kvmb_policy_check_json(const struct kvmb_json *j, const char *path, char **ret_error)
{
	return kvmb_json_check_keys(j, KVMB_JSON_TABLE(policy_fields), NULL, path, ret_error);
}

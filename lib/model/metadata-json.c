/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON form of what a guest's definition says of its policy. Most say nothing; then there is none.
 */
#include "base/str.h"
#include "model/policy.h"
#include "model/sample.h"

static const struct kvmb_json_field error_fields[] = {
	KVMB_JSON_STRING_OPT(struct kvmb_guest_sample, metadata_error),
};

int kvmb_metadata_to_json(const struct kvmb_guest_sample *g, struct kvmb_json *guest)
{
	struct kvmb_json *policy;
	int r = 0;

	if (g->metadata_error[0])
		r = kvmb_json_store(guest, KVMB_JSON_TABLE(error_fields), g);
	if (r < 0 || !g->metadata.set)
		return r;
	r = kvmb_policy_to_json(&g->metadata, &policy);
	return r < 0 ? r : kvmb_json_set(guest, "metadata", policy);
}

int kvmb_metadata_from_json(const struct kvmb_json *guest, struct kvmb_guest_sample *g,
			    const char *path, char **ret_error)
{
	const struct kvmb_json *policy = kvmb_json_get(guest, "metadata");
	char below[48];
	int r = kvmb_json_load(guest, KVMB_JSON_TABLE(error_fields), g, path, ret_error);

	if (r < 0 || !policy)
		return r;
	kvmb_str_format(below, sizeof(below), "%s.metadata", path);
	r = kvmb_policy_from_json(policy, below, &g->metadata, ret_error);
	return r < 0 ? r : kvmb_policy_check_json(policy, below, ret_error);
}

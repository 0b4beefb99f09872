// SPDX-License-Identifier: LGPL-2.1-or-later
/* JSON form of a store. Guests and hosts without one show none. */
#include "base/str.h"
#include "model/json.h"
#include "model/sample.h"

#define STORE struct kvmb_store
#define HOST struct kvmb_host_store

static const struct kvmb_json_field store_fields[] = {
	KVMB_JSON_BOOL(STORE, encrypted),
	KVMB_JSON_ENUM(STORE, compressor, &kvmb_compressor_tokens),
	KVMB_JSON_U64(STORE, out_bytes),
	KVMB_JSON_U64(STORE, same_filled_bytes),
	KVMB_JSON_U64(STORE, stored_bytes),
	KVMB_JSON_U64(STORE, pool_bytes),
	KVMB_JSON_U64(STORE, metadata_bytes),
	KVMB_JSON_U64_NULL(STORE, limit_bytes),
	KVMB_JSON_U64(STORE, outs),
	KVMB_JSON_U64(STORE, faults),
	KVMB_JSON_U64(STORE, fetched),
	KVMB_JSON_U64(STORE, dropped),
	KVMB_JSON_U64(STORE, dense),
	KVMB_JSON_U64(STORE, integrity_failures),
	KVMB_JSON_U64S(STORE, fault_ns),
};

static const struct kvmb_json_field host_fields[] = {
	KVMB_JSON_U64(HOST, out_bytes),
	KVMB_JSON_U64(HOST, pool_bytes),
	KVMB_JSON_U64_NULL(HOST, limit_bytes),
};

static int store(struct kvmb_json *to, const char *key, const struct kvmb_json_table *table,
		 const void *in)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, table, in);
	return r < 0 ? r : kvmb_json_set(to, key, TAKE_PTR(o));
}

static int load(const struct kvmb_json *o, const struct kvmb_json_table *table, void *ret,
		const char *path, char **ret_error)
{
	int r = kvmb_json_load(o, table, ret, path, ret_error);

	return r < 0 ? r : kvmb_json_check_keys(o, table, NULL, path, ret_error);
}

int kvmb_store_to_json(const struct kvmb_store *s, struct kvmb_json *guest)
{
	return s->valid ? store(guest, "store", KVMB_JSON_TABLE(store_fields), s) : 0;
}

int kvmb_host_store_to_json(const struct kvmb_host_store *s, struct kvmb_json *sample)
{
	return s->valid ? store(sample, "stores", KVMB_JSON_TABLE(host_fields), s) : 0;
}

int kvmb_store_from_json(const struct kvmb_json *guest, struct kvmb_store *ret, const char *path,
			 char **ret_error)
{
	const struct kvmb_json *o = kvmb_json_get(guest, "store");
	struct kvmb_store s = { .valid = true };
	char below[48];
	int r;

	if (!o)
		return 0;
	kvmb_str_format(below, sizeof(below), "%s.store", path);
	r = load(o, KVMB_JSON_TABLE(store_fields), &s, below, ret_error);
	if (r >= 0)
		*ret = s;
	return r;
}

int kvmb_host_store_from_json(const struct kvmb_json *sample, struct kvmb_host_store *ret,
			      char **ret_error)
{
	const struct kvmb_json *o = kvmb_json_get(sample, "stores");
	struct kvmb_host_store s = { .valid = true };
	int r;

	if (!o)
		return 0;
	r = load(o, KVMB_JSON_TABLE(host_fields), &s, "stores", ret_error);
	if (r >= 0)
		*ret = s;
	return r;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* JSON form of a configuration, for recordings: the values, not the files and lines they are of. */
#include <errno.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/str.h"
#include "configuration.h"
#include "model/json.h"
#include "model/policy.h"

#define HOST struct kvmb_host_config
/* More than any key allows, and small enough that sums of times cannot overflow. */
#define USEC_MAX (UINT64_C(366) * 24 * 60 * USEC_PER_MINUTE)
#define USEC(m) KVMB_JSON_U64_MAX(HOST, m, USEC_MAX)

static const struct kvmb_json_field host_fields[] = {
	KVMB_JSON_ENUM(HOST, mode, &kvmb_mode_tokens),
	KVMB_JSON_BOOL_OPT(HOST, ksm_auto),
	KVMB_JSON_BOOL_OPT(HOST, metadata),
	USEC(interval_usec),
	KVMB_JSON_PERMYRIAD(HOST, elevated_available_permyriad),
	KVMB_JSON_PERMYRIAD(HOST, hard_available_permyriad),
	KVMB_JSON_PERMYRIAD(HOST, emergency_available_permyriad),
	KVMB_JSON_PERMYRIAD(HOST, hysteresis_permyriad),
	KVMB_JSON_PERMYRIAD(HOST, pressure_some_permyriad),
	KVMB_JSON_PERMYRIAD(HOST, pressure_full_permyriad),
	KVMB_JSON_PERMYRIAD(HOST, guest_pressure_some_permyriad),
	USEC(trigger_stall_usec),
	USEC(trigger_window_usec),
	KVMB_JSON_PERMYRIAD(HOST, swap_reserve_permyriad),
	KVMB_JSON_U64(HOST, step_bytes),
	KVMB_JSON_U64(HOST, guest_rate_bytes),
	KVMB_JSON_U64(HOST, host_rate_bytes),
	KVMB_JSON_U64(HOST, guest_headroom_bytes),
	KVMB_JSON_PERMYRIAD(HOST, guest_headroom_permyriad),
	USEC(stale_usec),
	USEC(aging_usec),
	USEC(cold_usec),
	/* not in older recordings: built-in values, for samples that do not tell of either */
	KVMB_JSON_U64_OPT(HOST, swap_write_bytes),
	KVMB_JSON_U64_OPT(HOST, swap_latency_usec),
};

static const struct kvmb_json_field class_fields[] = {
	KVMB_JSON_STRING(struct kvmb_config_class, pattern),
};

static const struct kvmb_json_field guest_fields[] = {
	KVMB_JSON_STRING(struct kvmb_config_guest, name),
};

static int set_policy(struct kvmb_json *o, const char *key, const struct kvmb_policy *p)
{
	struct kvmb_json *policy;
	int r = kvmb_policy_to_json(p, &policy);

	return r < 0 ? r : kvmb_json_set(o, key, policy);
}

static int append_guest(struct kvmb_json *guests, const struct kvmb_config_guest *g)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(guest_fields), g);
	if (r >= 0)
		r = set_policy(o, "policy", &g->policy);
	return r < 0 ? r : kvmb_json_append(guests, TAKE_PTR(o));
}

static int append_class(struct kvmb_json *classes, const struct kvmb_config_class *class)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(class_fields), class);
	if (r >= 0)
		r = set_policy(o, "policy", &class->policy);
	return r < 0 ? r : kvmb_json_append(classes, TAKE_PTR(o));
}

/* Most hosts have none; then the object has none. */
static int set_classes(struct kvmb_json *o, const struct kvmb_config *c)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *classes = NULL;
	int r;

	if (!c->n_classes)
		return 0;
	r = kvmb_json_new_array(&classes);
	for (size_t i = 0; r >= 0 && i < c->n_classes; i++)
		r = append_class(classes, &c->classes[i]);
	return r < 0 ? r : kvmb_json_set(o, "classes", TAKE_PTR(classes));
}

int kvmb_config_to_object(const struct kvmb_config *c, struct kvmb_json **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL, *host = NULL, *guests = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_new_object(&host);
	if (r >= 0)
		r = kvmb_json_store(host, KVMB_JSON_TABLE(host_fields), &c->host);
	if (r >= 0)
		r = kvmb_json_set(o, "host", TAKE_PTR(host));
	if (r >= 0)
		r = set_policy(o, "defaults", &c->defaults);
	if (r >= 0)
		r = set_classes(o, c);
	if (r >= 0)
		r = kvmb_json_new_array(&guests);
	for (size_t i = 0; r >= 0 && i < c->n_guests; i++)
		r = append_guest(guests, &c->guests[i]);
	if (r >= 0)
		r = kvmb_json_set(o, "guests", TAKE_PTR(guests));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(o);
	return 0;
}

static int load_object(const struct kvmb_json *o, const char *key, const struct kvmb_json **ret,
		       char **ret_error)
{
	*ret = kvmb_json_get(o, key);
	return *ret ? 0 : kvmb_explain(-EBADMSG, ret_error, "%s: missing", key);
}

static int load_class(const struct kvmb_json *o, size_t i, struct kvmb_config *c, char **ret_error)
{
	struct kvmb_config_class *class = &c->classes[i];
	const struct kvmb_json *policy;
	char path[40];
	int r;

	kvmb_str_format(path, sizeof(path), "classes[%zu]", i);
	r = kvmb_json_load(o, KVMB_JSON_TABLE(class_fields), class, path, ret_error);
	if (r >= 0 && kvmb_glob_fault(class->pattern))
		return kvmb_explain(-EBADMSG, ret_error, "%s.pattern: %s", path,
				    kvmb_glob_fault(class->pattern));
	if (r >= 0)
		r = load_object(o, "policy", &policy, ret_error);
	return r < 0 ? r : kvmb_policy_from_json(policy, path, &class->policy, ret_error);
}

static int load_classes(const struct kvmb_json *o, struct kvmb_config *c, char **ret_error)
{
	const struct kvmb_json *array;
	int r;

	if (!kvmb_json_has(o, "classes"))
		return 0;
	r = kvmb_json_get_array(o, "classes", KVMB_CLASSES_MAX, &array, ret_error);
	if (r < 0)
		return r;
	c->n_classes = kvmb_json_length(array);
	c->classes = calloc(c->n_classes + 1, sizeof(*c->classes));
	if (!c->classes)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < c->n_classes; i++)
		r = load_class(kvmb_json_at(array, i), i, c, ret_error);
	return r;
}

static int load_guest(const struct kvmb_json *o, size_t i, struct kvmb_config *c, char **ret_error)
{
	struct kvmb_config_guest *g = &c->guests[i];
	const struct kvmb_json *policy;
	char path[40];
	int r;

	kvmb_str_format(path, sizeof(path), "guests[%zu]", i);
	r = kvmb_json_load(o, KVMB_JSON_TABLE(guest_fields), g, path, ret_error);
	if (r >= 0 && i && strcmp(c->guests[i - 1].name, g->name) >= 0)
		return kvmb_explain(-EBADMSG, ret_error, "%s: not in the order of names", path);
	if (r >= 0)
		r = load_object(o, "policy", &policy, ret_error);
	return r < 0 ? r : kvmb_policy_from_json(policy, path, &g->policy, ret_error);
}

static int load_guests(const struct kvmb_json *o, struct kvmb_config *c, char **ret_error)
{
	const struct kvmb_json *array;
	int r = kvmb_json_get_array(o, "guests", KVMB_GUESTS_MAX, &array, ret_error);

	if (r < 0)
		return r;
	c->n_guests = kvmb_json_length(array);
	c->guests = calloc(c->n_guests + 1, sizeof(*c->guests));
	if (!c->guests)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < c->n_guests; i++)
		r = load_guest(kvmb_json_at(array, i), i, c, ret_error);
	return r;
}

int kvmb_config_from_object(const struct kvmb_json *o, struct kvmb_config **ret, char **ret_error)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;
	const struct kvmb_json *host, *defaults;
	int r = kvmb_config_new(&c);

	if (r >= 0)
		r = load_object(o, "host", &host, ret_error);
	if (r >= 0)
		r = kvmb_json_load(host, KVMB_JSON_TABLE(host_fields), &c->host, "host", ret_error);
	if (r >= 0)
		r = load_object(o, "defaults", &defaults, ret_error);
	if (r >= 0)
		r = kvmb_policy_from_json(defaults, "defaults", &c->defaults, ret_error);
	if (r >= 0)
		r = load_classes(o, c, ret_error);
	if (r >= 0)
		r = load_guests(o, c, ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(c);
	return 0;
}

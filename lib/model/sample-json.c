/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON form of a sample. What a fixture may leave out has a natural "not there"; what the policy
 * computes with has to be said. Unknown members are refused: a misspelt one would count as absent.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "model/guest.h"
#include "model/json.h"
#include "model/sample.h"

#define PSI struct kvmb_psi
#define HOST struct kvmb_host_sample
#define AGES struct kvmb_ages
#define KSM struct kvmb_ksm
#define BACKING struct kvmb_backing
#define GUEST struct kvmb_guest_sample
#define SAMPLE struct kvmb_sample

static const struct kvmb_json_field psi_fields[] = {
	KVMB_JSON_PERMYRIAD(PSI, some_avg10_permyriad),
	KVMB_JSON_PERMYRIAD(PSI, some_avg60_permyriad),
	KVMB_JSON_PERMYRIAD(PSI, full_avg10_permyriad),
	KVMB_JSON_PERMYRIAD(PSI, full_avg60_permyriad),
	KVMB_JSON_U64(PSI, some_total_usec),
	KVMB_JSON_U64(PSI, full_total_usec),
};

static const struct kvmb_json_field ksm_fields[] = {
	KVMB_JSON_BOOL(KSM, valid),
	KVMB_JSON_BOOL_OPT(KSM, advised),
	KVMB_JSON_U32_OPT(KSM, run, 0, 2),
	KVMB_JSON_U32_OPT(KSM, pages_to_scan, 0, UINT32_MAX),
	KVMB_JSON_U32_OPT(KSM, sleep_msec, 0, UINT32_MAX),
	KVMB_JSON_U64_OPT(KSM, full_scans),
	KVMB_JSON_U64_OPT(KSM, saved_bytes),
	KVMB_JSON_U64_OPT(KSM, cpu_usec),
};

static const struct kvmb_json_field host_fields[] = {
	KVMB_JSON_U64(HOST, total_bytes),
	KVMB_JSON_U64(HOST, available_bytes),
	KVMB_JSON_U64(HOST, free_bytes),
	KVMB_JSON_U64_OPT(HOST, shmem_bytes),
	KVMB_JSON_U64(HOST, swap_total_bytes),
	KVMB_JSON_U64(HOST, swap_free_bytes),
	KVMB_JSON_U64_OPT(HOST, swap_ram_bytes),
	KVMB_JSON_U64_OPT(HOST, swap_in_pages),
	KVMB_JSON_U64_OPT(HOST, swap_out_pages),
	KVMB_JSON_U64_OPT(HOST, refault_anon),
	KVMB_JSON_U64_OPT(HOST, refault_file),
	KVMB_JSON_U64_OPT(HOST, oom_kills),
	KVMB_JSON_U64_OPT(HOST, swap_reads),
	KVMB_JSON_U64_OPT(HOST, swap_read_usec),
	KVMB_JSON_OBJECT_OPT(HOST, psi, psi_fields),
	KVMB_JSON_BOOL_OPT(HOST, psi_valid),
	KVMB_JSON_BOOL_OPT(HOST, triggered),
	KVMB_JSON_OBJECT_OPT(HOST, ksm, ksm_fields),
};

static const struct kvmb_json_field ages_fields[] = {
	KVMB_JSON_ENUM(AGES, source, &kvmb_aging_tokens),
	KVMB_JSON_U64(AGES, told_ns),
	KVMB_JSON_U64S(AGES, cold_bytes),
	KVMB_JSON_U64S(AGES, promoted_bytes),
};

static const struct kvmb_json_field backing_fields[] = {
	KVMB_JSON_BOOL_OPT(BACKING, passthrough),
	KVMB_JSON_BOOL_OPT(BACKING, encrypted),
	KVMB_JSON_BOOL_OPT(BACKING, locked),
	KVMB_JSON_BOOL_OPT(BACKING, hugetlb),
	KVMB_JSON_BOOL_OPT(BACKING, shared),
	KVMB_JSON_BOOL_OPT(BACKING, unread),
	KVMB_JSON_BOOL_OPT(BACKING, reports_free),
	KVMB_JSON_U64_OPT(BACKING, locked_bytes),
	KVMB_JSON_U64_OPT(BACKING, hugetlb_bytes),
};

static const struct kvmb_json_field guest_fields[] = {
	KVMB_JSON_STRING(GUEST, name),
	KVMB_JSON_STRING(GUEST, uuid),
	KVMB_JSON_STRING_OPT(GUEST, cgroup),
	KVMB_JSON_I32_OPT(GUEST, pid, 0, INT32_MAX),
	KVMB_JSON_ENUM(GUEST, state, &kvmb_guest_state_tokens),
	KVMB_JSON_BOOL(GUEST, has_balloon),
	KVMB_JSON_BOOL_OPT(GUEST, in_flight),
	KVMB_JSON_BOOL_OPT(GUEST, triggered),
	KVMB_JSON_BOOL_OPT(GUEST, psi_valid),
	KVMB_JSON_BOOL_OPT(GUEST, cgroup_valid),
	KVMB_JSON_BOOL_OPT(GUEST, stats_asked),
	KVMB_JSON_ENUM_OPT(GUEST, stats_why, &kvmb_why_tokens),
	KVMB_JSON_ENUM_OPT(GUEST, job_why, &kvmb_why_tokens),
	KVMB_JSON_OBJECT_OPT(GUEST, backing, backing_fields),
	KVMB_JSON_U64(GUEST, facts_ns),
	KVMB_JSON_U64(GUEST, maximum_bytes),
	KVMB_JSON_U64(GUEST, balloon_bytes),
	KVMB_JSON_U64_OPT(GUEST, rss_bytes),
	KVMB_JSON_U64_OPT(GUEST, resident_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, swap_bytes),
	KVMB_JSON_U64_OPT(GUEST, refault_anon),
	KVMB_JSON_U64_OPT(GUEST, refault_file),
	KVMB_JSON_U64_OPT(GUEST, oom_kills),
	KVMB_JSON_OBJECT_OPT(GUEST, psi, psi_fields),
	KVMB_JSON_U64_NULL_OPT(GUEST, guest_total_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, unused_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, usable_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, caches_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, swap_in_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, swap_out_bytes),
	KVMB_JSON_U64_NULL_OPT(GUEST, major_faults),
	KVMB_JSON_U64_NULL_OPT(GUEST, stats_age_usec),
};

/* Who has none shows none. */
static const struct kvmb_json_field unread_fields[] = {
	KVMB_JSON_U64_OPT(GUEST, far_unread_bytes),
};

static const struct kvmb_json_field sample_fields[] = {
	KVMB_JSON_U64(SAMPLE, now_ns),
	KVMB_JSON_U64_OPT(SAMPLE, realtime_usec),
	KVMB_JSON_BOOL(SAMPLE, guests_valid),
	KVMB_JSON_OBJECT(SAMPLE, host, host_fields),
};

/* Guests that nobody ages do not show empty histograms. */
static int append_guest(struct kvmb_json *guests, const struct kvmb_guest_sample *g)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL, *ages = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(guest_fields), g);
	if (r >= 0)
		r = kvmb_metadata_to_json(g, o);
	if (r >= 0)
		r = kvmb_store_to_json(&g->store, o);
	if (r >= 0 && g->far_unread_bytes)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(unread_fields), g);
	if (r < 0)
		return r;
	if (g->ages.source != KVMB_AGING_NONE) {
		r = kvmb_json_new_object(&ages);
		if (r >= 0)
			r = kvmb_json_store(ages, KVMB_JSON_TABLE(ages_fields), &g->ages);
		if (r >= 0)
			r = kvmb_json_set(o, "ages", TAKE_PTR(ages));
	}
	return r < 0 ? r : kvmb_json_append(guests, TAKE_PTR(o));
}

int kvmb_sample_to_object(const struct kvmb_sample *s, struct kvmb_json **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL, *guests = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(sample_fields), s);
	if (r >= 0)
		r = kvmb_host_store_to_json(&s->host.store, o);
	if (r >= 0)
		r = kvmb_json_new_array(&guests);
	for (size_t i = 0; r >= 0 && i < s->n_guests; i++)
		r = append_guest(guests, &s->guests[i]);
	if (r >= 0)
		r = kvmb_json_set(o, "guests", TAKE_PTR(guests));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(o);
	return 0;
}

int kvmb_sample_to_json(const struct kvmb_sample *s, char **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_sample_to_object(s, &o);

	return r < 0 ? r : kvmb_json_print(o, ret);
}

static int check_host(const struct kvmb_host_sample *h, char **ret_error)
{
	if (!h->total_bytes)
		return kvmb_explain(-EBADMSG, ret_error,
				    "host.total_bytes: allowed is more than 0");
	if (h->available_bytes > h->total_bytes || h->free_bytes > h->total_bytes)
		return kvmb_explain(-EBADMSG, ret_error,
				    "host.%s_bytes: allowed is up to host.total_bytes",
				    h->free_bytes > h->total_bytes ? "free" : "available");
	if (h->swap_free_bytes > h->swap_total_bytes)
		return kvmb_explain(-EBADMSG, ret_error,
				    "host.swap_free_bytes: allowed is up to host.swap_total_bytes");
	return 0;
}

/* libvirt keeps names free of '/', and they end up in messages and on terminals. */
static bool name_valid(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '/')
			return false;
	return *name;
}

static bool uuid_valid(const char *uuid)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(uuid) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '-' ? uuid[i] != '-' : !strchr("0123456789abcdef", uuid[i]))
			return false;
	return true;
}

static bool is_job(enum kvmb_why why)
{
	return why == KVMB_WHY_NONE || why == KVMB_WHY_MIGRATING || why == KVMB_WHY_SAVING ||
	       why == KVMB_WHY_SNAPSHOT;
}

static int check_guest(const struct kvmb_guest_sample *g, const struct kvmb_sample *s,
		       const char *path, char **ret_error)
{
	if (!name_valid(g->name))
		return kvmb_explain(-EBADMSG, ret_error,
				    "%s.name: allowed is a text without '/' and control characters",
				    path);
	if (!uuid_valid(g->uuid))
		return kvmb_explain(-EBADMSG, ret_error,
				    "%s.uuid: allowed is a UUID in lower case, e.g. "
				    "12345678-90ab-cdef-1234-567890abcdef", path);
	if (!is_job(g->job_why))
		return kvmb_explain(-EBADMSG, ret_error,
				    "%s.job_why: allowed is none, migrating, saving or snapshot",
				    path);
	if (g->ages.told_ns > s->now_ns)
		return kvmb_explain(-EBADMSG, ret_error,
				    "%s.ages.told_ns: allowed is up to now_ns", path);
	if (g->facts_ns > s->now_ns)
		return kvmb_explain(-EBADMSG, ret_error, "%s.facts_ns: allowed is up to now_ns",
				    path);
	return 0;
}

static int load_ages(const struct kvmb_json *guest, struct kvmb_ages *ret, const char *path,
		     char **ret_error)
{
	const struct kvmb_json *ages = kvmb_json_get(guest, "ages");
	char below[48];
	int r;

	if (!ages)
		return 0;
	kvmb_str_format(below, sizeof(below), "%s.ages", path);
	r = kvmb_json_load(ages, KVMB_JSON_TABLE(ages_fields), ret, below, ret_error);
	return r < 0 ? r : kvmb_json_check_keys(ages, KVMB_JSON_TABLE(ages_fields), NULL, below,
						ret_error);
}

static int load_guest(const struct kvmb_json *j, size_t i, struct kvmb_sample *s, char **ret_error)
{
	static const char *const also[] = { "ages", "store", "metadata", "metadata_error",
					    "far_unread_bytes", NULL };
	struct kvmb_guest_sample *g = &s->guests[i];
	char path[32];
	int r;

	kvmb_str_format(path, sizeof(path), "guests[%zu]", i);
	r = kvmb_json_load(j, KVMB_JSON_TABLE(guest_fields), g, path, ret_error);
	if (r >= 0)
		r = kvmb_json_load(j, KVMB_JSON_TABLE(unread_fields), g, path, ret_error);
	if (r >= 0)
		r = kvmb_json_check_keys(j, KVMB_JSON_TABLE(guest_fields), also, path,
					 ret_error);
	if (r >= 0)
		r = load_ages(j, &g->ages, path, ret_error);
	if (r >= 0)
		r = kvmb_store_from_json(j, &g->store, path, ret_error);
	if (r >= 0)
		r = kvmb_metadata_from_json(j, g, path, ret_error);
	return r < 0 ? r : check_guest(g, s, path, ret_error);
}

static int load_guests(const struct kvmb_json *o, struct kvmb_sample *head,
		       struct kvmb_sample **ret, char **ret_error)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL;
	const struct kvmb_json *guests;
	int r = kvmb_json_get_array(o, "guests", KVMB_GUESTS_MAX, &guests, ret_error);

	if (r >= 0)
		r = kvmb_sample_new(kvmb_json_length(guests), &s);
	if (r < 0)
		return r;
	head->guests = s->guests;
	head->n_guests = s->n_guests;
	*s = *head;
	for (size_t i = 0; r >= 0 && i < s->n_guests; i++)
		r = load_guest(kvmb_json_at(guests, i), i, s, ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

/* Two guests of one name or UUID would share one state. */
static int check_unique(const struct kvmb_sample *s, char **ret_error)
{
	_cleanup_free_ const char **uuids = reallocarray(NULL, s->n_guests + 1, sizeof(*uuids));

	if (!uuids)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_guests; i++) {
		uuids[i] = s->guests[i].uuid;
		if (i && streq(s->guests[i - 1].name, s->guests[i].name))
			return kvmb_explain(-EBADMSG, ret_error,
					    "guests: two are named '%s', allowed is one",
					    s->guests[i].name);
	}
	qsort(uuids, s->n_guests, sizeof(*uuids), kvmb_compare_strings);
	for (size_t i = 1; i < s->n_guests; i++)
		if (streq(uuids[i - 1], uuids[i]))
			return kvmb_explain(-EBADMSG, ret_error,
					    "guests: two have the UUID %s, allowed is one",
					    uuids[i]);
	return 0;
}

int kvmb_sample_from_object(const struct kvmb_json *o, struct kvmb_sample **ret, char **ret_error)
{
	static const char *const also[] = { "guests", "stores", NULL };
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL;
	struct kvmb_sample head = { 0 };
	int r = kvmb_json_load(o, KVMB_JSON_TABLE(sample_fields), &head, "", ret_error);

	if (r >= 0)
		r = kvmb_json_check_keys(o, KVMB_JSON_TABLE(sample_fields), also, "",
					 ret_error);
	if (r >= 0)
		r = kvmb_host_store_from_json(o, &head.host.store, ret_error);
	if (r >= 0)
		r = check_host(&head.host, ret_error);
	if (r >= 0)
		r = load_guests(o, &head, &s, ret_error);
	if (r < 0)
		return r;
	kvmb_sample_sort(s);
	r = check_unique(s, ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

int kvmb_sample_from_json(const char *text, struct kvmb_sample **ret, char **ret_error)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_parse(text, &o, ret_error);

	return r < 0 ? r : kvmb_sample_from_object(o, ret, ret_error);
}

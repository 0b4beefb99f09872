// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The exact form of the state, for recordings: every member, times as they are. A member that is
 * missing here makes a replay differ, which tests/unit/test-record.c looks for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/json.h"
#include "model/policy.h"
#include "model/state-internal.h"

#define RATE struct kvmb_rate
#define COUNTERS struct kvmb_state_counters
#define GUEST struct kvmb_state_guest
#define STATE struct kvmb_state
#define COLD struct kvmb_state_cold
#define TREND struct kvmb_trend
#define ADVICE struct kvmb_state_advice
#define OWN_USE struct kvmb_own_use
#define SWAP struct kvmb_swap_guard
#define KSM struct kvmb_state_ksm

static const struct kvmb_json_field rate_fields[] = {
	KVMB_JSON_U64(RATE, slot),
	KVMB_JSON_U64S(RATE, sums),
};

static const struct kvmb_json_field counters_fields[] = {
	KVMB_JSON_BOOL(COUNTERS, host_valid),
	KVMB_JSON_U64(COUNTERS, host_since_ns),
	KVMB_JSON_U64(COUNTERS, refaults),
	KVMB_JSON_BOOL_OPT(COUNTERS, store_valid), /* not in older recordings */
	KVMB_JSON_U64(COUNTERS, guest_ns),
	KVMB_JSON_U64_NULL(COUNTERS, swap_in_bytes),
	KVMB_JSON_U64_NULL(COUNTERS, major_faults),
};

static const struct kvmb_json_field cold_fields[] = {
	KVMB_JSON_ENUM(COLD, source, &kvmb_aging_tokens),
	KVMB_JSON_U64(COLD, since_ns),
	KVMB_JSON_U64(COLD, told_ns),
	KVMB_JSON_U64(COLD, minute_ns),
	KVMB_JSON_U64S(COLD, promoted_bytes),
	KVMB_JSON_BOOL(COLD, judged),
	KVMB_JSON_U64S(COLD, back_pages),
	KVMB_JSON_U32_RANGE(COLD, floor_bucket, 0, KVMB_AGE_BUCKETS),
	KVMB_JSON_U64(COLD, floor_ns),
};

/* The minutes of the above, which are bytes. */
struct minutes_record {
	char cold_minutes[KVMB_COLD_MINUTES + 1];
};

static const struct kvmb_json_field minutes_fields[] = {
	KVMB_JSON_STRING(struct minutes_record, cold_minutes),
};

#define NO_EFFECT(name, kind, opt)                                                                 \
	{ .key = name "_no_effect", .type = KVMB_JSON_TYPE_U32, .optional = (opt),                 \
	  .offset = offsetof(GUEST, n_no_effect[KVMB_ACTION_##kind]), .size = sizeof(uint32_t),    \
	  .max = UINT32_MAX }

/* Kinds of action in the first recordings, the other ones came later. */
#define KINDS_LEAST KVMB_ACTION_HIGH

static const struct kvmb_json_field guest_fields[] = {
	KVMB_JSON_STRING(GUEST, uuid),
	KVMB_JSON_STRING(GUEST, name),
	KVMB_JSON_I32(GUEST, pid, 0, INT32_MAX),
	KVMB_JSON_U64(GUEST, seen_ns),
	KVMB_JSON_U64(GUEST, target_bytes),
	KVMB_JSON_U64(GUEST, before_bytes),
	KVMB_JSON_U64(GUEST, seen_balloon_bytes),
	KVMB_JSON_U64(GUEST, report_ns),
	KVMB_JSON_U64(GUEST, report_balloon_bytes),
	KVMB_JSON_U64(GUEST, request_bytes),
	KVMB_JSON_U64(GUEST, request_until_ns),
	KVMB_JSON_ENUM(GUEST, pending_kind, &kvmb_action_kind_tokens),
	KVMB_JSON_ENUM_OPT(GUEST, pending_backend, &kvmb_backend_tokens), /* likewise */
	KVMB_JSON_U64(GUEST, pending_bytes),
	KVMB_JSON_PERMYRIAD(GUEST, step_permyriad),
	KVMB_JSON_U64(GUEST, reclaim_after_ns),
	KVMB_JSON_U64(GUEST, balloon_after_ns),
	KVMB_JSON_U64_OPT(GUEST, high_after_ns),
	KVMB_JSON_U32(GUEST, balloon_pause_sec),
	KVMB_JSON_U32(GUEST, n_barren),
	KVMB_JSON_U64(GUEST, barren_until_ns),
	/* not in older recordings */
	KVMB_JSON_U32_OPT(GUEST, stuck_pause_sec, 0, UINT32_MAX),
	KVMB_JSON_U64_OPT(GUEST, stuck_until_ns),
	KVMB_JSON_U64_OPT(GUEST, unreported_ns),
	KVMB_JSON_U64_OPT(GUEST, unreported_bytes),
	KVMB_JSON_OBJECT(GUEST, taken, rate_fields),
	KVMB_JSON_OBJECT(GUEST, refaults, rate_fields),
	KVMB_JSON_OBJECT(GUEST, counters, counters_fields),
	KVMB_JSON_OBJECT(GUEST, cold, cold_fields),
	KVMB_JSON_U64(GUEST, taken_bytes),
	KVMB_JSON_U64(GUEST, given_bytes),
	KVMB_JSON_I64(GUEST, net_bytes),
	KVMB_JSON_U64(GUEST, n_actions),
	NO_EFFECT("balloon", BALLOON, false),
	NO_EFFECT("deflate", DEFLATE, false),
	NO_EFFECT("reclaim", RECLAIM, false),
	NO_EFFECT("pageout", PAGEOUT, false),
	NO_EFFECT("high", HIGH, true),
	KVMB_JSON_U64S_LEAST(GUEST, retry_ns, KINDS_LEAST),
};
_Static_assert(KVMB_ACTION_KINDS == 5, "each kind has a counter of what had no effect");

static const struct kvmb_json_field trend_fields[] = {
	KVMB_JSON_U64_MAX(TREND, n, KVMB_TREND_POINTS),
	KVMB_JSON_U64S(TREND, at_ns),
	KVMB_JSON_U64S(TREND, available_bytes),
};

static const struct kvmb_json_field own_use_fields[] = {
	KVMB_JSON_U64(OWN_USE, slot),
	KVMB_JSON_U64S(OWN_USE, least_bytes),
	KVMB_JSON_U64(OWN_USE, last_bytes),
};

static const struct kvmb_json_field advice_fields[] = {
	KVMB_JSON_U64(ADVICE, hour),
	KVMB_JSON_U64S(ADVICE, use_permyriad),
	KVMB_JSON_U64S(ADVICE, held_permyriad),
	KVMB_JSON_U64(ADVICE, n_guests),
	KVMB_JSON_U64(ADVICE, promised_bytes),
	KVMB_JSON_U64(ADVICE, room_bytes),
	KVMB_JSON_U64(ADVICE, swap_bytes),
	KVMB_JSON_PERMYRIAD(ADVICE, known_permyriad),
	KVMB_JSON_PERMYRIAD(ADVICE, alike_permyriad),
	KVMB_JSON_PERMYRIAD(ADVICE, calm_permyriad),
};

static const struct kvmb_json_field swap_fields[] = {
	KVMB_JSON_BOOL(SWAP, seen),
	KVMB_JSON_U64(SWAP, at_ns),
	KVMB_JSON_U64(SWAP, out_pages),
	KVMB_JSON_U64_OPT(SWAP, reads_ns), /* not in older recordings */
	KVMB_JSON_U64(SWAP, reads),
	KVMB_JSON_U64(SWAP, read_usec),
	KVMB_JSON_OBJECT(SWAP, written, rate_fields),
	KVMB_JSON_U64(SWAP, latency_usec),
	KVMB_JSON_U64(SWAP, latency_ns),
};

static const struct kvmb_json_field ksm_fields[] = {
	KVMB_JSON_ENUM(KSM, state, &kvmb_ksm_state_tokens),
	KVMB_JSON_BOOL(KSM, taken),
	KVMB_JSON_BOOL(KSM, stopping),
	KVMB_JSON_BOOL(KSM, proving),
	KVMB_JSON_BOOL(KSM, yielded),
	KVMB_JSON_U32(KSM, before_pages_to_scan),
	KVMB_JSON_U32(KSM, before_sleep_msec),
	KVMB_JSON_U32(KSM, pages_to_scan),
	KVMB_JSON_U32(KSM, pause_sec),
	KVMB_JSON_U64(KSM, ordered_ns),
	KVMB_JSON_U64(KSM, retry_ns),
	KVMB_JSON_U64(KSM, look_ns),
	KVMB_JSON_U64(KSM, saved_bytes),
	KVMB_JSON_U64(KSM, cpu_usec),
	KVMB_JSON_U64(KSM, scans),
};

static const struct kvmb_json_field host_fields[] = {
	KVMB_JSON_BOOL(STATE, fresh),
	KVMB_JSON_BOOL(STATE, pressed),
	KVMB_JSON_BOOL(STATE, swap_short),
	KVMB_JSON_BOOL(STATE, falling),
	KVMB_JSON_OBJECT_OPT(STATE, advice, advice_fields),
	KVMB_JSON_OBJECT_OPT(STATE, ksm, ksm_fields),
	KVMB_JSON_BOOL_OPT(STATE, reserving),
	KVMB_JSON_U32_OPT(STATE, last_reservation, 0, UINT32_MAX),
	KVMB_JSON_BOOL_OPT(STATE, alarm),
	KVMB_JSON_U64_OPT(STATE, alarm_turns_ns),
	KVMB_JSON_OBJECT(STATE, given, rate_fields),
	KVMB_JSON_OBJECT(STATE, trend, trend_fields),
	KVMB_JSON_OBJECT(STATE, own_use, own_use_fields),
	KVMB_JSON_OBJECT_OPT(STATE, swap, swap_fields), /* not in older recordings */
	KVMB_JSON_ENUM(STATE, level, &kvmb_level_tokens),
	KVMB_JSON_ENUM(STATE, base_level, &kvmb_level_tokens),
	KVMB_JSON_U64(STATE, last_ns),
	KVMB_JSON_U64(STATE, relaxed_ns),
	KVMB_JSON_U64_OPT(STATE, hard_ns),
	KVMB_JSON_OBJECT(STATE, taken, rate_fields),
	KVMB_JSON_U64(STATE, taken_bytes),
	KVMB_JSON_U64(STATE, given_bytes),
	KVMB_JSON_I64(STATE, net_bytes),
};

static int guest_to_exact(const struct kvmb_state_guest *g, struct kvmb_json *array)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL, *policy = NULL;
	struct minutes_record minutes;
	int r = kvmb_json_new_object(&o);

	kvmb_cold_minutes_to_text(&g->cold, minutes.cold_minutes);
	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(guest_fields), g);
	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(minutes_fields), &minutes);
	if (r >= 0)
		r = kvmb_policy_to_json(&g->runtime, &policy);
	if (r >= 0)
		r = kvmb_json_set(o, "policy", TAKE_PTR(policy));
	return r < 0 ? r : kvmb_json_append(array, TAKE_PTR(o));
}

int kvmb_state_to_exact(const struct kvmb_state *s, struct kvmb_json **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL, *guests = NULL;
	int r = kvmb_json_new_object(&o);

	if (r >= 0)
		r = kvmb_json_store(o, KVMB_JSON_TABLE(host_fields), s);
	if (r >= 0)
		r = kvmb_json_new_array(&guests);
	for (size_t i = 0; r >= 0 && i < s->n_guests; i++)
		r = guest_to_exact(&s->guests[i], guests);
	if (r >= 0)
		r = kvmb_json_set(o, "guests", TAKE_PTR(guests));
	if (r >= 0)
		r = kvmb_reservations_to_json(s, 0, o);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(o);
	return 0;
}

static int minutes_from_exact(const struct kvmb_json *o, struct kvmb_state_guest *ret,
			      const char *path, char **ret_error)
{
	struct minutes_record minutes;
	int r = kvmb_json_load(o, KVMB_JSON_TABLE(minutes_fields), &minutes, path, ret_error);

	if (r < 0)
		return r;
	r = kvmb_cold_minutes_from_text(minutes.cold_minutes, &ret->cold);
	return r < 0 ? kvmb_explain(r, ret_error, "%s.cold_minutes: not of 'A' to 'P'", path) : 0;
}

static int guest_from_exact(const struct kvmb_json *o, size_t i, struct kvmb_state_guest *ret,
			    char **ret_error)
{
	const struct kvmb_json *policy = kvmb_json_get(o, "policy");
	char path[32];
	int r;

	kvmb_str_format(path, sizeof(path), "guests[%zu]", i);
	r = kvmb_json_load(o, KVMB_JSON_TABLE(guest_fields), ret, path, ret_error);
	if (r < 0)
		return r;
	/* not "any": it is an index */
	if (ret->pending_kind >= KVMB_ACTION_KINDS)
		return kvmb_explain(-EBADMSG, ret_error, "%s.pending_kind: not an action", path);
	r = minutes_from_exact(o, ret, path, ret_error);
	if (r < 0)
		return r;
	if (!policy)
		return kvmb_explain(-EBADMSG, ret_error, "%s.policy: missing", path);
	r = kvmb_policy_from_json(policy, path, &ret->runtime, ret_error);
	for (size_t f = 0; r >= 0 && f < KVMB_FIELDS; f++)
		ret->runtime.source[f] = KVMB_POLICY_RUNTIME;
	return r;
}

static int guests_from_exact(const struct kvmb_json *o, struct kvmb_state *s, char **ret_error)
{
	const struct kvmb_json *array;
	int r = kvmb_json_get_array(o, "guests", KVMB_GUESTS_MAX, &array, ret_error);

	if (r < 0)
		return r;
	s->n_guests = kvmb_json_length(array);
	s->guests = calloc(s->n_guests + 1, sizeof(*s->guests));
	if (!s->guests)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < s->n_guests; i++)
		r = guest_from_exact(kvmb_json_at(array, i), i, &s->guests[i], ret_error);
	if (r < 0)
		return r;
	r = kvmb_state_order(s);
	return r < 0 ? kvmb_explain(r, ret_error, "guests: two have the same UUID") : 0;
}

int kvmb_state_from_exact(const struct kvmb_json *o, struct kvmb_state **ret, char **ret_error)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *s = NULL;
	int r = kvmb_state_new(&s);

	if (r >= 0)
		r = kvmb_json_load(o, KVMB_JSON_TABLE(host_fields), s, "", ret_error);
	if (r >= 0)
		r = guests_from_exact(o, s, ret_error);
	if (r >= 0)
		r = kvmb_reservations_from_json(o, s, ret_error);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

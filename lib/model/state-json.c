// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * JSON form of the state: what must outlive a restart of the agent, times as what is left of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/json.h"
#include "model/policy.h"
#include "model/state-internal.h"

struct hours_record {
	uint64_t use_permyriad[KVMB_ADVICE_HOURS];
	uint64_t held_permyriad[KVMB_ADVICE_HOURS];
};

static const struct kvmb_json_field hours_fields[] = {
	KVMB_JSON_U64S(struct hours_record, use_permyriad),
	KVMB_JSON_U64S(struct hours_record, held_permyriad),
};

/* What is to be put back, and the pause; gain is judged afresh after a restart. */
struct ksm_record {
	bool taken;
	uint32_t before_pages_to_scan;
	uint32_t before_sleep_msec;
	uint32_t pages_to_scan;
	uint32_t pause_sec;
	uint64_t retry_left_ns;
};

/* Far more than a pause lasts, and small enough that sums of times cannot overflow. */
#define LEFT_MAX_NS (UINT64_C(24) * 60 * NSEC_PER_MINUTE)

static const struct kvmb_json_field ksm_fields[] = {
	KVMB_JSON_BOOL(struct ksm_record, taken),
	KVMB_JSON_U32(struct ksm_record, before_pages_to_scan),
	KVMB_JSON_U32(struct ksm_record, before_sleep_msec),
	KVMB_JSON_U32(struct ksm_record, pages_to_scan),
	KVMB_JSON_U32_RANGE(struct ksm_record, pause_sec, 0, 3600),
	KVMB_JSON_U64_MAX(struct ksm_record, retry_left_ns, LEFT_MAX_NS),
};

struct host_record {
	enum kvmb_level level;
	enum kvmb_level base_level;
	bool pressed;
	bool swap_short;
	uint32_t last_reservation;
	struct hours_record advice_hours;
	struct ksm_record ksm;
	uint64_t taken_minute_bytes;
	uint64_t taken_bytes;
	uint64_t given_bytes;
	int64_t net_bytes;
};

static const struct kvmb_json_field host_fields[] = {
	KVMB_JSON_ENUM(struct host_record, level, &kvmb_level_tokens),
	KVMB_JSON_ENUM(struct host_record, base_level, &kvmb_level_tokens),
	KVMB_JSON_BOOL(struct host_record, pressed),
	KVMB_JSON_BOOL_OPT(struct host_record, swap_short),
	KVMB_JSON_U32_OPT(struct host_record, last_reservation, 0, UINT32_MAX),
	KVMB_JSON_OBJECT_OPT(struct host_record, advice_hours, hours_fields),
	KVMB_JSON_OBJECT_OPT(struct host_record, ksm, ksm_fields),
	KVMB_JSON_U64_OPT(struct host_record, taken_minute_bytes),
	KVMB_JSON_U64_OPT(struct host_record, taken_bytes),
	KVMB_JSON_U64_OPT(struct host_record, given_bytes),
	KVMB_JSON_I64_OPT(struct host_record, net_bytes),
};

struct guest_record {
	char uuid[KVMB_UUID_SIZE];
	char name[KVMB_NAME_SIZE];
	int32_t pid;
	uint32_t step_permyriad;
	uint32_t balloon_pause_sec;
	uint32_t stuck_pause_sec;
	uint64_t stuck_left_ns;
	uint64_t target_bytes;
	uint64_t before_bytes;
	uint64_t request_bytes;
	uint64_t request_left_ns;
	uint64_t reclaim_left_ns;
	uint64_t balloon_left_ns;
	uint64_t high_left_ns;
	uint64_t taken_minute_bytes;
	uint64_t taken_bytes;
	uint64_t given_bytes;
	int64_t net_bytes;
	uint64_t n_actions;
	uint32_t balloon_no_effect;
	uint32_t deflate_no_effect;
	uint32_t reclaim_no_effect;
	uint32_t pageout_no_effect;
	uint32_t high_no_effect;
	uint32_t cold_floor;
	char cold_minutes[KVMB_COLD_MINUTES + 1]; /* a letter each, oldest first: bucket 0 is '@' */
};

#define BUCKET_LETTER '@'

#define ROW_MAX 1000000
#define LEFT(m) { KVMB_JSON_FIELD_(struct guest_record, m, U64, 0, LEFT_MAX_NS), .optional = true }

static const struct kvmb_json_field guest_fields[] = {
	KVMB_JSON_STRING(struct guest_record, uuid),
	KVMB_JSON_STRING(struct guest_record, name),
	KVMB_JSON_I32_OPT(struct guest_record, pid, 0, INT32_MAX),
	KVMB_JSON_U32_OPT(struct guest_record, step_permyriad, 0, PERMYRIAD),
	KVMB_JSON_U32_OPT(struct guest_record, balloon_pause_sec, 0, 3600),
	KVMB_JSON_U32_OPT(struct guest_record, stuck_pause_sec, 0, 3600),
	LEFT(stuck_left_ns),
	KVMB_JSON_U64_OPT(struct guest_record, target_bytes),
	KVMB_JSON_U64_OPT(struct guest_record, before_bytes),
	KVMB_JSON_U64_OPT(struct guest_record, request_bytes),
	LEFT(request_left_ns),
	LEFT(reclaim_left_ns),
	LEFT(balloon_left_ns),
	LEFT(high_left_ns),
	KVMB_JSON_U64_OPT(struct guest_record, taken_minute_bytes),
	KVMB_JSON_U64_OPT(struct guest_record, taken_bytes),
	KVMB_JSON_U64_OPT(struct guest_record, given_bytes),
	KVMB_JSON_I64_OPT(struct guest_record, net_bytes),
	KVMB_JSON_U64_OPT(struct guest_record, n_actions),
	KVMB_JSON_U32_OPT(struct guest_record, balloon_no_effect, 0, ROW_MAX),
	KVMB_JSON_U32_OPT(struct guest_record, deflate_no_effect, 0, ROW_MAX),
	KVMB_JSON_U32_OPT(struct guest_record, reclaim_no_effect, 0, ROW_MAX),
	KVMB_JSON_U32_OPT(struct guest_record, pageout_no_effect, 0, ROW_MAX),
	KVMB_JSON_U32_OPT(struct guest_record, high_no_effect, 0, ROW_MAX),
	KVMB_JSON_U32_OPT(struct guest_record, cold_floor, 0, KVMB_AGE_BUCKETS),
	KVMB_JSON_STRING_OPT(struct guest_record, cold_minutes),
};

static uint64_t left_ns(const struct kvmb_state *s, uint64_t until_ns)
{
	return u64_min(u64_sub_sat(until_ns, s->last_ns), LEFT_MAX_NS);
}

void kvmb_cold_minutes_to_text(const struct kvmb_state_cold *c, char *text)
{
	for (size_t i = 0; i < c->n_minutes; i++)
		text[i] = (char)(BUCKET_LETTER + c->minutes[i]);
	text[c->n_minutes] = '\0';
}

int kvmb_cold_minutes_from_text(const char *text, struct kvmb_state_cold *ret)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= BUCKET_LETTER || text[i] > BUCKET_LETTER + KVMB_AGE_BUCKETS)
			return -EBADMSG;
	for (size_t i = 0; i < n; i++)
		ret->minutes[i] = (uint8_t)(text[i] - BUCKET_LETTER);
	ret->n_minutes = (uint32_t)n;
	return 0;
}

static void record_from_guest(const struct kvmb_state *s, const struct kvmb_state_guest *g,
			      struct guest_record *ret)
{
	*ret = (struct guest_record){
		.pid = g->pid,
		.step_permyriad = g->step_permyriad,
		.balloon_pause_sec = g->balloon_pause_sec,
		.stuck_pause_sec = g->stuck_pause_sec,
		.stuck_left_ns = left_ns(s, g->stuck_until_ns),
		.target_bytes = g->target_bytes,
		.before_bytes = g->before_bytes,
		.request_bytes = g->request_bytes,
		.request_left_ns = left_ns(s, g->request_until_ns),
		.reclaim_left_ns = left_ns(s, g->reclaim_after_ns),
		.balloon_left_ns = left_ns(s, g->balloon_after_ns),
		.high_left_ns = left_ns(s, g->high_after_ns),
		.taken_minute_bytes = kvmb_rate_sum(&g->taken, s->last_ns),
		.taken_bytes = g->taken_bytes,
		.given_bytes = g->given_bytes,
		.net_bytes = g->net_bytes,
		.n_actions = g->n_actions,
		.balloon_no_effect = g->n_no_effect[KVMB_ACTION_BALLOON],
		.deflate_no_effect = g->n_no_effect[KVMB_ACTION_DEFLATE],
		.reclaim_no_effect = g->n_no_effect[KVMB_ACTION_RECLAIM],
		.pageout_no_effect = g->n_no_effect[KVMB_ACTION_PAGEOUT],
		.high_no_effect = g->n_no_effect[KVMB_ACTION_HIGH],
		.cold_floor = g->cold.floor_bucket,
	};
	kvmb_cold_minutes_to_text(&g->cold, ret->cold_minutes);
	memcpy(ret->uuid, g->uuid, sizeof(ret->uuid));
	memcpy(ret->name, g->name, sizeof(ret->name));
}

/* What was learnt of the guest outlives a restart; its ages do not. */
static int cold_from_record(const struct guest_record *in, struct kvmb_state_cold *ret)
{
	ret->floor_bucket = in->cold_floor;
	return kvmb_cold_minutes_from_text(in->cold_minutes, ret);
}

static void guest_from_record(const struct guest_record *in, struct kvmb_state_guest *ret)
{
	*ret = (struct kvmb_state_guest){
		.pid = in->pid,
		.step_permyriad = in->step_permyriad,
		.balloon_pause_sec = in->balloon_pause_sec,
		.stuck_pause_sec = in->stuck_pause_sec,
		.stuck_until_ns = in->stuck_left_ns,
		.target_bytes = in->target_bytes,
		.before_bytes = in->before_bytes,
		.request_bytes = in->request_bytes,
		.request_until_ns = in->request_left_ns,
		.reclaim_after_ns = in->reclaim_left_ns,
		.balloon_after_ns = in->balloon_left_ns,
		.high_after_ns = in->high_left_ns,
		.taken_bytes = in->taken_bytes,
		.given_bytes = in->given_bytes,
		.net_bytes = in->net_bytes,
		.n_actions = in->n_actions,
	};
	memcpy(ret->uuid, in->uuid, sizeof(ret->uuid));
	memcpy(ret->name, in->name, sizeof(ret->name));
	kvmb_rate_add(&ret->taken, 0, in->taken_minute_bytes);
	ret->n_no_effect[KVMB_ACTION_BALLOON] = in->balloon_no_effect;
	ret->n_no_effect[KVMB_ACTION_DEFLATE] = in->deflate_no_effect;
	ret->n_no_effect[KVMB_ACTION_RECLAIM] = in->reclaim_no_effect;
	ret->n_no_effect[KVMB_ACTION_PAGEOUT] = in->pageout_no_effect;
	ret->n_no_effect[KVMB_ACTION_HIGH] = in->high_no_effect;
}

static int guest_to_json(const struct kvmb_state *s, const struct kvmb_state_guest *g,
			 struct kvmb_json *array)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *object = NULL, *policy = NULL;
	struct guest_record record;
	int r = kvmb_json_new_object(&object);

	if (r < 0)
		return r;
	record_from_guest(s, g, &record);
	r = kvmb_json_store(object, KVMB_JSON_TABLE(guest_fields), &record);
	if (r < 0)
		return r;
	if (g->runtime.set) {
		r = kvmb_policy_to_json(&g->runtime, &policy);
		if (r >= 0)
			r = kvmb_json_set(object, "policy", TAKE_PTR(policy));
		if (r < 0)
			return r;
	}
	return kvmb_json_append(array, TAKE_PTR(object));
}

static void record_from_ksm(const struct kvmb_state *s, struct ksm_record *ret)
{
	*ret = (struct ksm_record){
		.taken = s->ksm.taken,
		.before_pages_to_scan = s->ksm.before_pages_to_scan,
		.before_sleep_msec = s->ksm.before_sleep_msec,
		.pages_to_scan = s->ksm.pages_to_scan,
		.pause_sec = s->ksm.pause_sec,
		.retry_left_ns = left_ns(s, s->ksm.retry_ns),
	};
}

static void ksm_from_record(const struct ksm_record *in, struct kvmb_state_ksm *ret)
{
	*ret = (struct kvmb_state_ksm){
		.taken = in->taken,
		.proving = in->taken,
		.before_pages_to_scan = in->before_pages_to_scan,
		.before_sleep_msec = in->before_sleep_msec,
		.pages_to_scan = in->pages_to_scan,
		.pause_sec = in->pause_sec,
		.retry_ns = in->retry_left_ns,
	};
}

static int host_to_json(const struct kvmb_state *s, struct kvmb_json *object)
{
	struct host_record record = {
		.level = s->level,
		.base_level = s->base_level,
		.pressed = s->pressed,
		.swap_short = s->swap_short,
		.last_reservation = s->last_reservation,
		.taken_minute_bytes = kvmb_rate_sum(&s->taken, s->last_ns),
		.taken_bytes = s->taken_bytes,
		.given_bytes = s->given_bytes,
		.net_bytes = s->net_bytes,
	};

	record_from_ksm(s, &record.ksm);
	memcpy(record.advice_hours.use_permyriad, s->advice.use_permyriad,
	       sizeof(record.advice_hours.use_permyriad));
	memcpy(record.advice_hours.held_permyriad, s->advice.held_permyriad,
	       sizeof(record.advice_hours.held_permyriad));
	return kvmb_json_store(object, KVMB_JSON_TABLE(host_fields), &record);
}

int kvmb_state_to_json(const struct kvmb_state *s, char **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *object = NULL, *guests = NULL;
	int r = kvmb_json_new_object(&object);

	if (r >= 0)
		r = kvmb_json_new_array(&guests);
	if (r >= 0)
		r = host_to_json(s, object);
	for (size_t i = 0; r >= 0 && i < s->n_guests; i++)
		r = guest_to_json(s, &s->guests[i], guests);
	if (r >= 0)
		r = kvmb_json_set(object, "guests", TAKE_PTR(guests));
	if (r >= 0)
		r = kvmb_reservations_to_json(s, s->last_ns, object);
	return r < 0 ? r : kvmb_json_print(object, ret);
}

static int guest_from_json(const struct kvmb_json *object, struct kvmb_state_guest *ret)
{
	struct guest_record record = { .step_permyriad = PERMYRIAD };
	const struct kvmb_json *policy;
	int r = kvmb_json_load(object, KVMB_JSON_TABLE(guest_fields), &record, "guests",
			       NULL);

	if (r < 0)
		return r;
	guest_from_record(&record, ret);
	r = cold_from_record(&record, &ret->cold);
	if (r < 0)
		return r;
	policy = kvmb_json_get(object, "policy");
	if (!policy)
		return 0;
	r = kvmb_policy_from_json(policy, "policy", &ret->runtime, NULL);
	for (size_t i = 0; r >= 0 && i < KVMB_FIELDS; i++)
		ret->runtime.source[i] = KVMB_POLICY_RUNTIME;
	return r;
}

static int compare_uuid(const void *a, const void *b)
{
	const struct kvmb_state_guest *x = a, *y = b;

	return strcmp(x->uuid, y->uuid);
}

int kvmb_state_order(struct kvmb_state *s)
{
	qsort(s->guests, s->n_guests, sizeof(*s->guests), compare_uuid);
	for (size_t i = 1; i < s->n_guests; i++)
		if (streq(s->guests[i - 1].uuid, s->guests[i].uuid))
			return -EBADMSG;
	return 0;
}

static int guests_from_json(const struct kvmb_json *object, struct kvmb_state *s)
{
	const struct kvmb_json *array;
	size_t n;
	int r = kvmb_json_get_array(object, "guests", KVMB_GUESTS_MAX, &array, NULL);

	if (r < 0)
		return r;
	n = kvmb_json_length(array);
	s->guests = calloc(n + 1, sizeof(*s->guests));
	if (!s->guests)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = guest_from_json(kvmb_json_at(array, i), &s->guests[i]);
		if (r < 0)
			return r;
	}
	s->n_guests = n;
	return kvmb_state_order(s);
}

int kvmb_state_from_json(const char *text, struct kvmb_state **ret)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *object = NULL;
	_cleanup_(kvmb_state_freep) struct kvmb_state *s = NULL;
	struct host_record host = { 0 };
	int r = kvmb_json_parse(text, &object, NULL);

	if (r >= 0)
		r = kvmb_json_load(object, KVMB_JSON_TABLE(host_fields), &host, "", NULL);
	if (r >= 0)
		r = kvmb_state_new(&s);
	if (r >= 0)
		r = guests_from_json(object, s);
	if (r >= 0)
		r = kvmb_reservations_from_json(object, s, NULL);
	if (r < 0)
		return r;
	s->level = host.level;
	s->base_level = host.base_level;
	s->pressed = host.pressed;
	s->swap_short = host.swap_short;
	s->last_reservation = host.last_reservation;
	ksm_from_record(&host.ksm, &s->ksm);
	memcpy(s->advice.use_permyriad, host.advice_hours.use_permyriad,
	       sizeof(s->advice.use_permyriad));
	memcpy(s->advice.held_permyriad, host.advice_hours.held_permyriad,
	       sizeof(s->advice.held_permyriad));
	kvmb_rate_add(&s->taken, 0, host.taken_minute_bytes);
	s->taken_bytes = host.taken_bytes;
	s->given_bytes = host.given_bytes;
	s->net_bytes = host.net_bytes;
	*ret = TAKE_PTR(s);
	return 0;
}

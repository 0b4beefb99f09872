// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reservations in the state: they come and end by request, and outlive a restart of the agent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/json.h"
#include "model/state-internal.h"

#define R struct kvmb_reservation

static const struct kvmb_json_field fields[] = {
	KVMB_JSON_U32_RANGE(R, id, 1, UINT32_MAX),
	KVMB_JSON_ENUM(R, state, &kvmb_reservation_state_tokens),
	KVMB_JSON_STRING(R, name),
	KVMB_JSON_STRING(R, uuid),
	KVMB_JSON_I32(R, pid, 0, INT32_MAX),
	KVMB_JSON_U64(R, bytes),
	KVMB_JSON_U64(R, held_bytes),
	KVMB_JSON_U64(R, base_bytes),
	KVMB_JSON_U64(R, until_ns),
};

bool kvmb_reservation_open(const struct kvmb_reservation *r)
{
	return r->state == KVMB_RESERVATION_PENDING || r->state == KVMB_RESERVATION_READY;
}

/* An open one that is for the guest of that name; none is for "". */
static bool is_for(const struct kvmb_reservation *r, const char *name)
{
	return kvmb_reservation_open(r) && *name && streq(r->name, name);
}

uint64_t kvmb_state_reserved(const struct kvmb_state *s, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_reservations; i++) {
		const struct kvmb_reservation *r = &s->reservations[i];

		if (kvmb_reservation_open(r) && !is_for(r, name))
			sum = u64_add_sat(sum, r->held_bytes);
	}
	return sum;
}

/* Who starts a guest again does not want the room twice. */
static void replace(struct kvmb_state *s, const char *name)
{
	for (size_t i = 0; i < s->n_reservations; i++)
		if (is_for(&s->reservations[i], name))
			s->reservations[i].state = KVMB_RESERVATION_RELEASED;
}

/*
 * Whose place a new one gets where there are as many as may be: of one that has ended, which was
 * told when it did, or else of the one that it replaces. n_reservations: nobody's.
 */
static size_t makes_way(const struct kvmb_state *s, const char *name)
{
	size_t own = s->n_reservations;

	for (size_t i = 0; i < s->n_reservations; i++) {
		if (!kvmb_reservation_open(&s->reservations[i]))
			return i;
		if (is_for(&s->reservations[i], name))
			own = i;
	}
	return own;
}

static void drop(struct kvmb_state *s, size_t i)
{
	s->n_reservations--;
	memmove(&s->reservations[i], &s->reservations[i + 1],
		(s->n_reservations - i) * sizeof(*s->reservations));
}

/* Room for one more. */
static int make_place(struct kvmb_state *s, const char *name)
{
	struct kvmb_reservation *grown;
	size_t i;

	if (s->n_reservations >= KVMB_RESERVATIONS_MAX) {
		i = makes_way(s, name);
		if (i == s->n_reservations)
			return -ENOSPC;
		drop(s, i);
		return 0;
	}
	grown = realloc(s->reservations, (s->n_reservations + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->reservations = grown;
	return 0;
}

int kvmb_state_reserve(struct kvmb_state *s, const struct kvmb_reservation *wanted,
		       uint32_t *ret_id)
{
	struct kvmb_reservation *r;
	int err = make_place(s, wanted->name);

	if (err < 0)
		return err;
	replace(s, wanted->name);
	/* Not 0, should there ever have been so many. */
	s->last_reservation = s->last_reservation == UINT32_MAX ? 1 : s->last_reservation + 1;
	r = &s->reservations[s->n_reservations++];
	*r = (struct kvmb_reservation){
		.id = s->last_reservation,
		.bytes = wanted->bytes,
		.held_bytes = wanted->bytes,
		.until_ns = wanted->until_ns,
	};
	memcpy(r->name, wanted->name, sizeof(r->name));
	*ret_id = r->id;
	return 0;
}

int kvmb_state_unreserve(struct kvmb_state *s, uint32_t id)
{
	for (size_t i = 0; i < s->n_reservations; i++) {
		struct kvmb_reservation *r = &s->reservations[i];

		if (r->id != id || !kvmb_reservation_open(r))
			continue;
		r->state = KVMB_RESERVATION_RELEASED;
		return 0;
	}
	return -ENOENT;
}

int kvmb_reservations_to_json(const struct kvmb_state *s, uint64_t from_ns, struct kvmb_json *o)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *array = NULL;
	int r = kvmb_json_new_array(&array);

	for (size_t i = 0; r >= 0 && i < s->n_reservations; i++) {
		struct kvmb_reservation left = s->reservations[i];

		left.until_ns = u64_sub_sat(left.until_ns, from_ns);
		r = kvmb_json_append_struct(array, KVMB_JSON_TABLE(fields), &left);
	}
	return r < 0 ? r : kvmb_json_set(o, "reservations", TAKE_PTR(array));
}

static int one_from_json(const struct kvmb_json *array, size_t i, struct kvmb_reservation *ret,
			 char **ret_error)
{
	char path[32];
	int r;

	kvmb_str_format(path, sizeof(path), "reservations[%zu]", i);
	r = kvmb_json_load(kvmb_json_at(array, i), KVMB_JSON_TABLE(fields), ret, path, ret_error);
	if (r < 0)
		return r;
	if (ret->held_bytes > ret->bytes)
		return kvmb_explain(-EBADMSG, ret_error, "%s.held_bytes: more than bytes", path);
	return 0;
}

int kvmb_reservations_from_json(const struct kvmb_json *o, struct kvmb_state *s, char **ret_error)
{
	const struct kvmb_json *array;
	size_t n;
	int r;

	/* States and recordings of before there were any have none. */
	if (!kvmb_json_has(o, "reservations"))
		return 0;
	r = kvmb_json_get_array(o, "reservations", KVMB_RESERVATIONS_MAX, &array, ret_error);
	if (r < 0)
		return r;
	n = kvmb_json_length(array);
	s->reservations = calloc(n + 1, sizeof(*s->reservations));
	if (!s->reservations)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = one_from_json(array, i, &s->reservations[i], ret_error);
	s->n_reservations = n;
	return r;
}

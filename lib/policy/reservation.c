// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 1: what is reserved for guests that are about to come, or to grow. */
#include "policy/reservation.h"

#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "model/exclude.h"
#include "policy/guarantee.h"

/* A guest never takes the very last page of what it was promised. */
#define USED_UP_BYTES MIB

/* Not known, or started anew: then it is another process. */
static bool has_come(const struct kvmb_state *s, const struct kvmb_guest_sample *g)
{
	const struct kvmb_state_guest *known = kvmb_state_find(s, g->uuid);

	return !known || (known->pid && g->pid && known->pid != g->pid);
}

/* The oldest that waits for a guest: of that name, "" for any. */
static struct kvmb_reservation *waiting(const struct kvmb_state *s, const char *name)
{
	for (size_t i = 0; i < s->n_reservations; i++) {
		struct kvmb_reservation *r = &s->reservations[i];

		if (kvmb_reservation_open(r) && !*r->uuid && streq(r->name, name))
			return r;
	}
	return NULL;
}

static bool any_waits(const struct kvmb_state *s)
{
	for (size_t i = 0; i < s->n_reservations; i++)
		if (kvmb_reservation_open(&s->reservations[i]) && !*s->reservations[i].uuid)
			return true;
	return false;
}

void kvmb_reservations_meet(struct kvmb_state *s, const struct kvmb_sample *sample)
{
	if (!sample->guests_valid || !any_waits(s))
		return;
	for (size_t i = 0; i < sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &sample->guests[i];
		struct kvmb_reservation *r = waiting(s, g->name);
		bool come = has_come(s, g);

		if (!r && come)
			r = waiting(s, "");
		if (!r)
			continue;
		memcpy(r->uuid, g->uuid, sizeof(r->uuid));
		r->pid = g->pid;
		r->base_bytes = come ? 0 : kvmb_guest_resident(g);
	}
}

static const struct kvmb_guest_sample *user_of(const struct kvmb_reservation *r,
					       const struct kvmb_sample *sample)
{
	for (size_t i = 0; i < sample->n_guests; i++)
		if (streq(sample->guests[i].uuid, r->uuid))
			return &sample->guests[i];
	return NULL;
}

/*
 * What the guest gives up again, by our doing or its own, is not held for it once more.
 * Return: what it took since the last tick.
 */
static uint64_t use(struct kvmb_reservation *r, const struct kvmb_guest_sample *g)
{
	uint64_t grown, before = r->held_bytes;

	if (r->pid && g->pid && r->pid != g->pid)
		r->base_bytes = 0;
	if (g->pid)
		r->pid = g->pid;
	grown = u64_sub_sat(kvmb_guest_resident(g), r->base_bytes);
	r->held_bytes = u64_min(r->held_bytes, u64_sub_sat(r->bytes, grown));
	if (r->held_bytes < USED_UP_BYTES)
		r->state = KVMB_RESERVATION_USED;
	return before - r->held_bytes;
}

/*
 * One that took nothing may be what libvirt still told of a guest that is being started again: the
 * room is for the one to come.
 */
static void lose_user(struct kvmb_reservation *r)
{
	if (r->held_bytes < r->bytes) {
		r->state = KVMB_RESERVATION_RELEASED;
		return;
	}
	memset(r->uuid, 0, sizeof(r->uuid));
	r->pid = 0;
	r->base_bytes = 0;
}

static uint64_t go_on(struct kvmb_reservation *r, const struct kvmb_sample *sample)
{
	const struct kvmb_guest_sample *g;

	if (sample->now_ns >= r->until_ns) {
		r->state = KVMB_RESERVATION_EXPIRED;
		return 0;
	}
	if (!*r->uuid || !sample->guests_valid)
		return 0;
	g = user_of(r, sample);
	if (g)
		return use(r, g);
	lose_user(r);
	return 0;
}

static void drop_ended(struct kvmb_state *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_reservations; i++)
		if (kvmb_reservation_open(&s->reservations[i]))
			s->reservations[n++] = s->reservations[i];
	s->n_reservations = n;
}

bool kvmb_reservations_await(const struct kvmb_state *s, const char *uuid)
{
	for (size_t i = 0; i < s->n_reservations; i++)
		if (kvmb_reservation_open(&s->reservations[i]) &&
		    streq(s->reservations[i].uuid, uuid))
			return true;
	return false;
}

uint64_t kvmb_reservations_update(const struct kvmb_host_config *c,
				  const struct kvmb_sample *sample, struct kvmb_state *s,
				  uint64_t *ret_used_bytes)
{
	uint64_t total = sample->host.total_bytes, held = 0, used = 0;
	uint64_t kept = permyriad_of(total, c->elevated_available_permyriad);
	uint64_t margin = permyriad_of(total, c->hysteresis_permyriad);

	drop_ended(s);
	for (size_t i = 0; i < s->n_reservations; i++) {
		struct kvmb_reservation *r = &s->reservations[i];
		uint64_t bound;

		used = u64_add_sat(used, go_on(r, sample));
		if (!kvmb_reservation_open(r))
			continue;
		held = u64_add_sat(held, r->held_bytes);
		bound = r->state == KVMB_RESERVATION_READY ? u64_sub_sat(kept, margin) : kept;
		r->state = sample->host.available_bytes >= u64_add_sat(bound, held) ?
				   KVMB_RESERVATION_READY :
				   KVMB_RESERVATION_PENDING;
	}
	*ret_used_bytes = used;
	return held;
}

uint64_t kvmb_reservations_most(const struct kvmb_config *c, const struct kvmb_sample *sample,
				const struct kvmb_state *s, const char *name)
{
	uint64_t total = sample->host.total_bytes;
	uint64_t kept = u64_add_sat(permyriad_of(total, c->host.elevated_available_permyriad),
				    kvmb_state_reserved(s, name));

	return u64_sub_sat(total, u64_add_sat(kept, kvmb_guaranteed(c, sample, s)));
}

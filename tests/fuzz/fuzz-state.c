/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States, which come from a file: either refused, or the same after one more round and of use.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "fuzz.h"
#include "model/state.h"

static void check_cold(const struct kvmb_state_cold *c)
{
	REQUIRE(c->source == KVMB_AGING_NONE && !c->minute_ns && !c->judged);
	REQUIRE(c->n_minutes <= KVMB_COLD_MINUTES && c->floor_bucket <= KVMB_AGE_BUCKETS);
	for (size_t i = 0; i < c->n_minutes; i++)
		REQUIRE(c->minutes[i] >= 1 && c->minutes[i] <= KVMB_AGE_BUCKETS);
}

static void check_reservations(const struct kvmb_state *s)
{
	REQUIRE(s->n_reservations <= KVMB_RESERVATIONS_MAX);
	for (size_t i = 0; i < s->n_reservations; i++) {
		const struct kvmb_reservation *r = &s->reservations[i];

		REQUIRE(r->id && r->state < KVMB_RESERVATION_STATES);
		REQUIRE(r->held_bytes <= r->bytes);
		REQUIRE(memchr(r->name, '\0', sizeof(r->name)));
		REQUIRE(memchr(r->uuid, '\0', sizeof(r->uuid)));
	}
}

static void check_state(const struct kvmb_state *s)
{
	REQUIRE(s->level <= KVMB_LEVEL_EMERGENCY && s->base_level <= KVMB_LEVEL_EMERGENCY);
	REQUIRE(s->n_guests <= KVMB_GUESTS_MAX);
	check_reservations(s);
	for (size_t i = 0; i < s->n_guests; i++) {
		const struct kvmb_state_guest *g = &s->guests[i];

		REQUIRE(i == 0 || strcmp(s->guests[i - 1].uuid, g->uuid) < 0);
		REQUIRE(memchr(g->name, '\0', sizeof(g->name)));
		REQUIRE(g->step_permyriad <= PERMYRIAD);
		REQUIRE(!(g->runtime.set & 1U << KVMB_FIELD_MODE) ||
			g->runtime.mode <= KVMB_MODE_PROACTIVE);
		REQUIRE(!(g->runtime.set & 1U << KVMB_FIELD_SHARES) ||
			(g->runtime.shares >= KVMB_SHARES_MIN &&
			 g->runtime.shares <= KVMB_SHARES_MAX));
		check_cold(&g->cold);
		REQUIRE(kvmb_state_find(s, g->uuid) == g);
	}
}

static void check_round_trip(const struct kvmb_state *s)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *back = NULL;
	_cleanup_free_ char *first = NULL, *second = NULL;

	REQUIRE(kvmb_state_to_json(s, &first) == 0);
	REQUIRE(kvmb_state_from_json(first, &back) == 0);
	REQUIRE(kvmb_state_to_json(back, &second) == 0);
	REQUIRE(streq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_(kvmb_state_freep) struct kvmb_state *s = NULL;
	int r;

	if (!text)
		return 0;
	r = kvmb_state_from_json(text, &s);
	REQUIRE(r == 0 || r == -EBADMSG);
	REQUIRE(!s == (r < 0));
	if (!s)
		return 0;
	check_state(s);
	check_round_trip(s);
	return 0;
}

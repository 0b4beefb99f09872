// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is reserved for a guest: who uses it, when it is there, when it ends. */
#include "policy/reservation.h"

#include <errno.h>

#include "model/json.h"
#include "model/state-internal.h"
#include "policy-world.h"

#define TOTAL (10000 * MIB) /* 15 % are 1500 MiB, a hysteresis is 200 */

static uint32_t reserve(struct world *w, const char *name, uint64_t bytes)
{
	struct kvmb_reservation wanted = { .bytes = bytes,
					   .until_ns = w->sample->now_ns + 60 * SEC };
	uint32_t id = 0;

	(void)snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	assert_int_equal(kvmb_state_reserve(w->state, &wanted, &id), 0);
	return id;
}

/* NULL: it is no longer in the list. */
static struct kvmb_reservation *find(struct world *w, uint32_t id)
{
	for (size_t i = 0; i < w->state->n_reservations; i++)
		if (w->state->reservations[i].id == id)
			return &w->state->reservations[i];
	return NULL;
}

/* A world of n guests, of which only the first are there yet, and one tick of it. */
static void begin(struct world *w, size_t n, size_t n_there, uint64_t available_bytes)
{
	world_init(w, n);
	w->sample->host.total_bytes = TOTAL;
	w->sample->host.available_bytes = available_bytes;
	w->sample->n_guests = n_there;
	world_decide(w);
}

static void tick(struct world *w)
{
	world_pass(w, 2 * SEC);
	world_decide(w);
}

/* vmN comes, with so much resident. */
static struct kvmb_guest_sample *come(struct world *w, uint64_t resident_bytes)
{
	struct kvmb_guest_sample *g = &w->sample->guests[w->sample->n_guests++];

	g->resident_bytes = g->rss_bytes = resident_bytes;
	return g;
}

static const struct room_row {
	const char *name;
	uint64_t available_mib, reserved_mib;
	bool before; /* room was being made */
	enum kvmb_level level;
	uint64_t need_mib, spare_mib;
} room_rows[] = {
	{ "without a reservation all above is to spare", 3000, 0, false, KVMB_LEVEL_RELAXED,
	  0, 1100 },
	{ "the example of docs/POLICY.md: a relaxed host makes room", 3000, 2000, false,
	  KVMB_LEVEL_ELEVATED, 700, 0 },
	{ "where there is room none is made", 3500, 2000, false, KVMB_LEVEL_RELAXED, 0, 0 },
	{ "once it is made, a bit more is", 3699, 2000, true, KVMB_LEVEL_ELEVATED, 1, 0 },
	{ "and then it is enough", 3700, 2000, true, KVMB_LEVEL_RELAXED, 0, 0 },
	{ "what is reserved is not to spare", 5000, 2000, false, KVMB_LEVEL_RELAXED, 0, 1100 },
	{ "a host that is short wants it as well", 700, 2000, false, KVMB_LEVEL_HARD, 3000, 0 },
	{ "however much it is, no host is hard for it", 3000, 8000, false,
	  KVMB_LEVEL_ELEVATED, 6700, 0 },
};

static void room_row_holds(void **data)
{
	const struct room_row *row = *data;
	struct world w;

	begin(&w, 1, 0, 5000 * MIB);
	w.sample->host.available_bytes = row->available_mib * MIB;
	memset(&w.state->trend, 0, sizeof(w.state->trend));
	w.state->reserving = row->before;
	if (row->reserved_mib)
		(void)reserve(&w, "", row->reserved_mib * MIB);
	tick(&w);
	assert_int_equal(w.plan->level, row->level);
	assert_int_equal(w.plan->need_bytes / MIB, row->need_mib);
	assert_int_equal(w.plan->spare_bytes / MIB, row->spare_mib);
	assert_int_equal(w.state->reserving, row->need_mib && row->reserved_mib);
	world_done(&w);
}

static void guests_make_room(void **unused)
{
	struct world w;

	begin(&w, 3, 2, 3000 * MIB);
	world_guest(&w, 0)->resident_bytes = world_guest(&w, 1)->resident_bytes = 1000 * MIB;
	tick(&w);
	assert_int_equal(w.plan->n_actions, 0);
	(void)reserve(&w, "", 2000 * MIB);
	tick(&w);
	for (size_t i = 0; i < 2; i++) {
		assert_non_null(world_action(&w, i));
		assert_int_equal(world_action(&w, i)->kind, KVMB_ACTION_BALLOON);
	}
	world_done(&w);
}

static void a_guest_in_need_has_its_balloon_back(void **unused)
{
	struct kvmb_guest_sample *g;
	struct world w;

	begin(&w, 2, 1, 3000 * MIB);
	g = world_guest(&w, 0);
	world_state(&w, 0)->target_bytes = g->balloon_bytes = 512 * MIB;
	world_state(&w, 0)->before_bytes = 1024 * MIB;
	g->unused_bytes = g->usable_bytes = 4 * MIB;
	(void)reserve(&w, "", 2000 * MIB);
	tick(&w);
	assert_non_null(world_action(&w, 0));
	assert_int_equal(world_action(&w, 0)->kind, KVMB_ACTION_DEFLATE);
	world_done(&w);
}

static void it_is_ready_when_it_is_there(void **unused)
{
	struct world w;
	uint32_t first, second;

	begin(&w, 1, 0, 3499 * MIB);
	first = reserve(&w, "a", 2000 * MIB);
	second = reserve(&w, "b", 100 * MIB);
	tick(&w);
	assert_int_equal(find(&w, first)->state, KVMB_RESERVATION_PENDING);
	assert_int_equal(find(&w, second)->state, KVMB_RESERVATION_PENDING);
	w.sample->host.available_bytes = 3500 * MIB; /* 1500 + 2000 */
	tick(&w);
	assert_int_equal(find(&w, first)->state, KVMB_RESERVATION_READY);
	assert_int_equal(find(&w, second)->state, KVMB_RESERVATION_PENDING); /* behind the older */
	w.sample->host.available_bytes = 3600 * MIB;
	tick(&w);
	assert_int_equal(find(&w, second)->state, KVMB_RESERVATION_READY);
	w.sample->host.available_bytes = 3300 * MIB; /* a hysteresis less: still there */
	tick(&w);
	assert_int_equal(find(&w, first)->state, KVMB_RESERVATION_READY);
	assert_int_equal(find(&w, second)->state, KVMB_RESERVATION_PENDING);
	w.sample->host.available_bytes = 3299 * MIB;
	tick(&w);
	assert_int_equal(find(&w, first)->state, KVMB_RESERVATION_PENDING);
	world_done(&w);
}

static void it_ends_with_its_time(void **unused)
{
	struct world w;
	uint32_t id;

	begin(&w, 1, 0, 5000 * MIB);
	id = reserve(&w, "a", 2000 * MIB);
	world_pass(&w, 60 * SEC - 1);
	world_decide(&w);
	assert_int_equal(find(&w, id)->state, KVMB_RESERVATION_READY);
	assert_int_equal(kvmb_state_reserved(w.state, ""), 2000 * MIB);
	world_pass(&w, 1);
	world_decide(&w);
	assert_int_equal(find(&w, id)->state, KVMB_RESERVATION_EXPIRED);
	assert_int_equal(kvmb_state_reserved(w.state, ""), 0);
	assert_int_equal(w.plan->spare_bytes, 3100 * MIB);
	tick(&w);
	assert_null(find(&w, id));
	world_done(&w);
}

static void its_guest_uses_it(void **unused)
{
	struct kvmb_guest_sample *g;
	struct world w;
	uint32_t id;

	begin(&w, 3, 2, 8000 * MIB);
	id = reserve(&w, "vm2", 1000 * MIB);
	world_guest(&w, 0)->resident_bytes = 5000 * MIB; /* another one */
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 1000 * MIB);
	g = come(&w, 300 * MIB);
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 700 * MIB);
	g->resident_bytes = 200 * MIB; /* what it gives up is not held again */
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 700 * MIB);
	w.sample->guests_valid = false; /* nothing is known just now */
	g->resident_bytes = 1000 * MIB;
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 700 * MIB);
	w.sample->guests_valid = true;
	g->resident_bytes = 1000 * MIB - MIB;
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, MIB);
	g->resident_bytes++;
	tick(&w);
	assert_int_equal(find(&w, id)->state, KVMB_RESERVATION_USED);
	tick(&w);
	assert_null(find(&w, id));
	world_done(&w);
}

static void the_next_one_uses_it(void **unused)
{
	struct world w;
	uint32_t first, second, named;

	begin(&w, 4, 1, 8000 * MIB);
	first = reserve(&w, "", 1000 * MIB);
	second = reserve(&w, "", 1000 * MIB);
	named = reserve(&w, "vm1", 1000 * MIB);
	tick(&w);
	assert_int_equal(find(&w, first)->held_bytes, 1000 * MIB); /* vm0 was there */
	(void)come(&w, 100 * MIB); /* vm1 has its own */
	tick(&w);
	assert_int_equal(find(&w, named)->held_bytes, 900 * MIB);
	assert_int_equal(find(&w, first)->held_bytes, 1000 * MIB);
	(void)come(&w, 300 * MIB);
	tick(&w);
	assert_int_equal(find(&w, first)->held_bytes, 700 * MIB);
	assert_int_equal(find(&w, second)->held_bytes, 1000 * MIB);
	(void)come(&w, 400 * MIB);
	tick(&w);
	assert_int_equal(find(&w, first)->held_bytes, 700 * MIB);
	assert_int_equal(find(&w, second)->held_bytes, 600 * MIB);
	world_done(&w);
}

static void one_that_runs_uses_it_as_it_grows(void **unused)
{
	struct kvmb_guest_sample *g;
	struct world w;
	uint32_t id;

	begin(&w, 2, 1, 8000 * MIB);
	id = reserve(&w, "vm0", 500 * MIB);
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 500 * MIB);
	g = world_guest(&w, 0);
	g->resident_bytes = 800 * MIB;
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 400 * MIB);
	g->pid++; /* started anew: all it holds it has taken since */
	g->resident_bytes = 250 * MIB;
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 250 * MIB);
	world_done(&w);
}

static void started_again_is_come(void **unused)
{
	struct world w;
	uint32_t id;

	begin(&w, 2, 1, 8000 * MIB);
	id = reserve(&w, "", 500 * MIB);
	world_guest(&w, 0)->pid++;
	world_guest(&w, 0)->resident_bytes = 100 * MIB;
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 400 * MIB);
	w.sample->n_guests = 0; /* and is gone again */
	tick(&w);
	assert_int_equal(find(&w, id)->state, KVMB_RESERVATION_RELEASED);
	world_done(&w);
}

/* libvirt still tells of the guest that ended, then of none, then of the one that was started. */
static void a_restart_does_not_lose_it(void **unused)
{
	struct kvmb_guest_sample *g;
	struct world w;
	uint32_t id;

	begin(&w, 2, 2, 8000 * MIB);
	id = reserve(&w, "vm1", 500 * MIB);
	tick(&w);
	assert_string_equal(find(&w, id)->uuid, world_guest(&w, 1)->uuid);
	w.sample->n_guests = 1;
	tick(&w);
	assert_non_null(find(&w, id));
	assert_true(kvmb_reservation_open(find(&w, id)));
	assert_string_equal(find(&w, id)->uuid, "");
	g = come(&w, 200 * MIB);
	g->pid++;
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 300 * MIB);
	w.sample->n_guests = 1; /* it took some, and has gone */
	tick(&w);
	assert_int_equal(find(&w, id)->state, KVMB_RESERVATION_RELEASED);
	world_done(&w);
}

/* vm1 has come and taken 500 of 2000 MiB; 1700 it holds free, 1200 of them never touched. */
static const struct spared_row {
	const char *name;
	uint64_t available_mib, swap_mib, cold_mib;
	bool has_balloon, reserved, proactive;
	enum kvmb_action_kind kind; /* of what is taken of it; KVMB_ACTION_KINDS: nothing */
	enum kvmb_why why;
} spared_rows[] = {
	{ "a guest holds free what the host misses", 2900, 0, 0, true, false, false,
	  KVMB_ACTION_BALLOON, KVMB_WHY_NONE },
	{ "where room is held for it, that is not taken", 2900, 0, 0, true, true, false,
	  KVMB_ACTION_KINDS, KVMB_WHY_RESERVED },
	{ "without reservation it is reclaimed from", 1200, 2048, 0, false, false, false,
	  KVMB_ACTION_RECLAIM, KVMB_WHY_NONE },
	{ "where room is held for it, it is not", 1200, 2048, 0, false, true, false,
	  KVMB_ACTION_KINDS, KVMB_WHY_RESERVED },
	{ "but what is cold goes", 1200, 2048, 100, false, true, false, KVMB_ACTION_PAGEOUT,
	  KVMB_WHY_NONE },
	{ "a host that is hard up asks it as any other", 700, 2048, 0, true, true, false,
	  KVMB_ACTION_BALLOON, KVMB_WHY_NONE },
	{ "proactively a guest gives what it holds free", 6000, 0, 0, true, false, true,
	  KVMB_ACTION_BALLOON, KVMB_WHY_NONE },
	{ "where room is held for it, it does not", 6000, 0, 0, true, true, true,
	  KVMB_ACTION_KINDS, KVMB_WHY_NONE },
};

static void come_and_grow(struct world *w, const struct spared_row *row)
{
	struct kvmb_guest_sample *g = come(w, 500 * MIB);

	g->maximum_bytes = g->balloon_bytes = 2048 * MIB;
	g->guest_total_bytes = 2000 * MIB;
	g->unused_bytes = g->usable_bytes = 1700 * MIB;
	g->has_balloon = row->has_balloon;
	w->sample->host.swap_total_bytes = w->sample->host.swap_free_bytes = row->swap_mib * MIB;
	w->sample->host.available_bytes = row->available_mib * MIB;
	memset(&w->state->trend, 0, sizeof(w->state->trend));
	if (row->proactive) {
		w->config->defaults.set = 1U << KVMB_FIELD_MODE;
		w->config->defaults.mode = w->config->host.mode = KVMB_MODE_PROACTIVE;
	}
	if (row->cold_mib)
		g->ages = (struct kvmb_ages){
			.source = KVMB_AGING_MODULE,
			.told_ns = w->sample->now_ns + 20 * SEC,
			.cold_bytes = { 400 * MIB, [15] = row->cold_mib * MIB },
		};
}

static void spared_row_holds(void **data)
{
	const struct spared_row *row = *data;
	const struct kvmb_action *a;
	struct world w;

	begin(&w, 2, 1, 5000 * MIB);
	world_guest(&w, 0)->has_balloon = world_guest(&w, 0)->cgroup_valid = false;
	(void)reserve(&w, row->reserved ? "vm1" : "another", 2000 * MIB);
	tick(&w);
	come_and_grow(&w, row);
	for (size_t i = 0; i < 10; i++) { /* its statistics and ages are waited for */
		w.config->host.guest_rate_bytes = UINT64_MAX;
		tick(&w);
		if (world_action(&w, 1))
			break;
	}
	a = world_action(&w, 1);
	assert_int_equal(a ? a->kind : KVMB_ACTION_KINDS, row->kind);
	if (row->why != KVMB_WHY_NONE)
		assert_int_equal(world_refusal(&w, 1, KVMB_ACTION_BALLOON), row->why);
	world_done(&w);
}

/* vm1 takes 250 MiB a tick, of 3800 available: 1800 stay, and 1500 is where the host is short. */
static void grow(bool reserved, size_t *ret_falling)
{
	struct kvmb_guest_sample *g;
	struct world w;

	begin(&w, 2, 1, 3800 * MIB);
	for (size_t i = 0; i < 12; i++)
		tick(&w);
	if (reserved)
		(void)reserve(&w, "vm1", 2000 * MIB);
	tick(&w);
	assert_false(w.state->falling); /* that it was asked for is no fall either */
	g = come(&w, 0);
	*ret_falling = 0;
	for (size_t i = 0; i < 8; i++) {
		g->resident_bytes += 250 * MIB;
		w.sample->host.available_bytes -= 250 * MIB;
		tick(&w);
		*ret_falling += w.state->falling;
	}
	world_done(&w);
}

static void what_was_reserved_is_no_fall(void **unused)
{
	size_t falling;

	grow(false, &falling);
	assert_true(falling > 2);
	grow(true, &falling);
	assert_int_equal(falling, 0);
}

static void requests(void **unused)
{
	struct kvmb_reservation wanted = { .bytes = MIB };
	struct world w;
	uint32_t first, second, id;

	begin(&w, 1, 0, 8000 * MIB);
	first = reserve(&w, "a", 500 * MIB);
	second = reserve(&w, "a", 300 * MIB);
	assert_int_equal(find(&w, first)->state, KVMB_RESERVATION_RELEASED);
	assert_int_equal(kvmb_state_reserved(w.state, ""), 300 * MIB);
	assert_int_equal(kvmb_state_reserved(w.state, "a"), 0);
	assert_int_equal(kvmb_state_unreserve(w.state, first), -ENOENT);
	assert_int_equal(kvmb_state_unreserve(w.state, second), 0);
	assert_int_equal(kvmb_state_unreserve(w.state, second), -ENOENT);
	assert_int_equal(kvmb_state_unreserve(w.state, 0), -ENOENT);
	while (w.state->n_reservations < KVMB_RESERVATIONS_MAX)
		(void)reserve(&w, "", MIB);
	assert_int_equal(kvmb_state_reserve(w.state, &wanted, &id), 0); /* two have ended */
	assert_null(find(&w, first));
	assert_int_equal(kvmb_state_reserve(w.state, &wanted, &id), 0);
	assert_null(find(&w, second));
	assert_int_equal(kvmb_state_reserve(w.state, &wanted, &id), -ENOSPC);
	assert_int_equal(w.state->n_reservations, KVMB_RESERVATIONS_MAX);
	w.state->last_reservation = UINT32_MAX;
	assert_int_equal(kvmb_state_unreserve(w.state, id), 0);
	assert_int_equal(reserve(&w, "", UINT64_MAX), 1);
	assert_int_equal(kvmb_state_reserved(w.state, ""), UINT64_MAX);
	world_done(&w);
}

/* As many as may be, and one of them is asked for again. */
static void one_of_many_is_renewed(void **unused)
{
	struct kvmb_reservation wanted = { .bytes = MIB };
	char name[16];
	struct world w;
	uint32_t id, before = 0;

	begin(&w, 1, 0, 8000 * MIB);
	for (size_t i = 0; i < KVMB_RESERVATIONS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "a%zu", i);
		id = reserve(&w, name, MIB);
		before = i == 7 ? id : before;
	}
	assert_int_equal(w.state->n_reservations, 256);
	assert_int_equal(kvmb_state_reserve(w.state, &wanted, &id), -ENOSPC);
	assert_int_equal(kvmb_state_reserved(w.state, ""), 256 * MIB);
	id = reserve(&w, "a7", 3 * MIB);
	assert_null(find(&w, before));
	assert_int_equal(find(&w, id)->bytes, 3 * MIB);
	assert_int_equal(kvmb_state_reserved(w.state, ""), 258 * MIB);
	tick(&w);
	assert_int_equal(w.state->n_reservations, 256);
	world_done(&w);
}

/* Of 10000 MiB: 1500 are kept, 400 are guaranteed to each guest, 1000 are reserved. */
static void the_most_that_can_be_had(void **unused)
{
	struct world w;

	begin(&w, 3, 2, 8000 * MIB);
	w.config->defaults.set = 1U << KVMB_FIELD_GUARANTEE;
	w.config->defaults.guarantee_bytes = 400 * MIB;
	(void)reserve(&w, "a", 1000 * MIB);
	assert_int_equal(kvmb_reservations_most(w.config, w.sample, w.state, "b"), 6700 * MIB);
	assert_int_equal(kvmb_reservations_most(w.config, w.sample, w.state, "a"), 7700 * MIB);
	world_state(&w, 0)->runtime.set = 1U << KVMB_FIELD_GUARANTEE;
	world_state(&w, 0)->runtime.guarantee_bytes = UINT64_MAX; /* no more than it has */
	assert_int_equal(kvmb_reservations_most(w.config, w.sample, w.state, "a"), 7076 * MIB);
	world_guest(&w, 0)->maximum_bytes = UINT64_MAX;
	assert_int_equal(kvmb_reservations_most(w.config, w.sample, w.state, "a"), 0);
	world_done(&w);
}

static void it_outlives_a_restart(void **unused)
{
	struct world w;
	uint32_t id;

	begin(&w, 2, 1, 5000 * MIB);
	id = reserve(&w, "vm1", 1000 * MIB);
	world_pass(&w, 20 * SEC);
	world_decide(&w);
	world_restart(&w, 5 * SEC);
	world_decide(&w);
	assert_int_equal(find(&w, id)->state, KVMB_RESERVATION_READY);
	assert_int_equal(find(&w, id)->until_ns, 45 * SEC);
	(void)come(&w, 400 * MIB);
	tick(&w);
	assert_int_equal(find(&w, id)->held_bytes, 600 * MIB);
	assert_int_equal(reserve(&w, "", MIB), id + 1);
	find(&w, id)->until_ns = UINT64_MAX; /* no file makes it longer than an hour */
	w.state->fresh = true;
	world_decide(&w);
	assert_int_equal(find(&w, id)->until_ns, w.sample->now_ns + 3600 * SEC);
	world_done(&w);
}

static void it_is_recorded_to_the_letter(void **unused)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	struct kvmb_reservation before;
	struct world w;
	uint32_t id;

	begin(&w, 2, 1, 5000 * MIB);
	id = reserve(&w, "vm1", 1000 * MIB);
	w.state->reserving = true;
	(void)come(&w, 400 * MIB);
	tick(&w);
	w.state->reserving = true;
	before = *find(&w, id);
	assert_int_equal(kvmb_state_to_exact(w.state, &o), 0);
	w.state = kvmb_state_free(w.state);
	assert_int_equal(kvmb_state_from_exact(o, &w.state, NULL), 0);
	assert_memory_equal(find(&w, id), &before, sizeof(before));
	assert_true(w.state->reserving);
	assert_int_equal(w.state->last_reservation, id);
	world_done(&w);
}

#define KEPT(members)                                                                              \
	"{\"level\":\"relaxed\",\"base_level\":\"relaxed\",\"pressed\":false,\"guests\":[],"       \
	"\"reservations\":[{" members "}]}"
#define ONE(id, state, bytes, held)                                                                \
	"\"id\":" id ",\"state\":\"" state "\",\"name\":\"a\",\"uuid\":\"\",\"pid\":0,"            \
	"\"bytes\":" bytes ",\"held_bytes\":" held ",\"base_bytes\":0,\"until_ns\":5"

static const struct text_row {
	const char *name, *text;
	int want;
} text_rows[] = {
	{ "a reservation is read", KEPT(ONE("1", "ready", "8", "8")), 0 },
	{ "one without an id is not", KEPT(ONE("0", "ready", "8", "8")), -EBADMSG },
	{ "nor one in no state", KEPT(ONE("1", "great", "8", "8")), -EBADMSG },
	{ "nor one that holds more than it asked for", KEPT(ONE("1", "ready", "8", "9")),
	  -EBADMSG },
	{ "nor half of one", KEPT("\"id\":1"), -EBADMSG },
};

static void text_row_holds(void **data)
{
	const struct text_row *row = *data;
	struct kvmb_state *s = NULL;

	assert_int_equal(kvmb_state_from_json(row->text, &s), row->want);
	assert_int_equal(s ? s->n_reservations : 0, row->want ? 0 : 1);
	(void)kvmb_state_free(s);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, room_rows, room_row_holds);
	TESTS_ADD(&t, "guests of a relaxed host make room", guests_make_room);
	TESTS_ADD(&t, "a guest in need has its balloon back, reserved or not",
		  a_guest_in_need_has_its_balloon_back);
	TESTS_ADD(&t, "it is ready when it is there, the oldest first",
		  it_is_ready_when_it_is_there);
	TESTS_ADD(&t, "it ends with its time, and is dropped a tick later",
		  it_ends_with_its_time);
	TESTS_ADD(&t, "its guest uses it as it grows", its_guest_uses_it);
	TESTS_ADD(&t, "without a name the next one that comes does", the_next_one_uses_it);
	TESTS_ADD(&t, "one that runs uses it by what it grows", one_that_runs_uses_it_as_it_grows);
	TESTS_ADD(&t, "one that is started again has come, and may go", started_again_is_come);
	TESTS_ADD(&t, "one that is being started again does not lose it",
		  a_restart_does_not_lose_it);
	TESTS_ADD_TABLE(&t, spared_rows, spared_row_holds);
	TESTS_ADD(&t, "what a guest takes of its reservation is no fall",
		  what_was_reserved_is_no_fall);
	TESTS_ADD(&t, "a request replaces, ends, and is one too many", requests);
	TESTS_ADD(&t, "of as many as may be one is asked for again", one_of_many_is_renewed);
	TESTS_ADD(&t, "no more than guarantees leave can be had", the_most_that_can_be_had);
	TESTS_ADD(&t, "it outlives a restart, its time as what is left", it_outlives_a_restart);
	TESTS_ADD(&t, "it is recorded to the letter", it_is_recorded_to_the_letter);
	TESTS_ADD_TABLE(&t, text_rows, text_row_holds);
	return tests_run("reservation", &t);
}

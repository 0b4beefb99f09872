// SPDX-License-Identifier: GPL-2.0-or-later
/* The state: rates, guests that come and go, time after a restart, JSON form. */
#include <errno.h>

#include "policy-world.h"

#define UUID "00000000-0000-4000-8000-00000000000"

/* ---- Rates ------------------------------------------------------------------------------- */

static const struct rate_row {
	const char *name;
	uint64_t at_sec[3], amount[3];
	uint64_t asked_at_sec, want;
} rate_rows[] = {
	{ "an empty rate is nothing", { 0 }, { 0 }, 1000, 0 },
	{ "what is added counts at once", { 1000 }, { 7 }, 1000, 7 },
	{ "amounts add up within a minute", { 1000, 1001, 1059 }, { 1, 2, 4 }, 1059, 7 },
	{ "after 60 seconds an amount still counts", { 1000 }, { 7 }, 1060, 7 },
	{ "after 65 seconds it does not", { 1000 }, { 7 }, 1065, 0 },
	{ "only what is too old is dropped", { 1000, 1030, 1065 }, { 1, 2, 4 }, 1065, 6 },
	{ "after a long time nothing is left", { 1000, 1001, 1002 }, { 1, 2, 4 }, 100000, 0 },
	{ "a jump over the whole ring clears it", { 1000, 9000 }, { 1, 2 }, 9000, 2 },
	{ "time zero is a time like any other", { 0, 1 }, { 1, 2 }, 5, 3 },
	{ "an amount from before the newest slot counts with that",
	  { 1000, 990 },
	  { 1, 2 },
	  1000,
	  3 },
};

static void test_rate(void **data)
{
	const struct rate_row *row = *data;
	struct kvmb_rate rate = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(row->amount); i++)
		if (row->amount[i])
			kvmb_rate_add(&rate, row->at_sec[i] * SEC, row->amount[i]);
	assert_int_equal(kvmb_rate_sum(&rate, row->asked_at_sec * SEC), row->want);
}

/* Against a plain list: never less than the last 60 s, never more than the last 65 s. */
static void test_rate_random(void **data)
{
	struct kvmb_rate rate = { 0 };
	uint64_t times[2000], now_ns = 0, seed = 7;

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t least = 0, most = 0, sum;

		seed = seed * UINT64_C(6364136223846793005) + 1;
		now_ns += (seed >> 33) % (9 * SEC);
		times[i] = now_ns;
		kvmb_rate_add(&rate, now_ns, 1);
		for (size_t k = 0; k <= i; k++) {
			least += now_ns - times[k] <= 60 * SEC;
			most += now_ns - times[k] < 65 * SEC;
		}
		sum = kvmb_rate_sum(&rate, now_ns);
		assert_true(sum >= least);
		assert_true(sum <= most);
	}
}

/* ---- Guests ------------------------------------------------------------------------------ */

static void advance(struct world *w)
{
	assert_int_equal(kvmb_state_advance(w->state, w->sample), 0);
}

static void test_ordered(void **data)
{
	const char *const order[] = { UUID "3", UUID "1", UUID "2", UUID "1" };
	struct kvmb_state_guest *g;
	struct kvmb_state *s = NULL;

	(void)data;
	assert_int_equal(kvmb_state_new(&s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_int_equal(kvmb_state_guest(s, order[i], "x", &g), 0);
	assert_int_equal(s->n_guests, 3);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(kvmb_state_find(s, order[i])->uuid, order[i]);
	assert_null(kvmb_state_find(s, UUID "4"));
	assert_int_equal(
		kvmb_state_guest(s, "not-a-uuid-because-it-is-far-too-long-for-one", "x", &g),
		-ENAMETOOLONG);
	kvmb_state_free(s);
}

static void test_come_and_go(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 3);
	advance(&w);
	assert_int_equal(w.state->n_guests, 3);
	world_state(&w, 0)->taken_bytes = 5;
	world_state(&w, 1)->runtime.set = 1U << KVMB_FIELD_MODE;
	/* vm0 and vm1 go; after ten minutes only what the operator had set is remembered. */
	w.sample->n_guests = 1;
	world_set_guest(&w.sample->guests[0], 2, 0);
	world_pass(&w, 599 * SEC);
	advance(&w);
	assert_int_equal(w.state->n_guests, 3);
	assert_int_equal(
		kvmb_state_find(w.state, "00000000-0000-4000-8000-000000000000")->taken_bytes, 5);
	world_pass(&w, SEC);
	advance(&w);
	assert_int_equal(w.state->n_guests, 2);
	assert_null(kvmb_state_find(w.state, "00000000-0000-4000-8000-000000000000"));
	world_done(&w);
}

static void test_saved(void **data)
{
	const char *uuid = "00000000-0000-4000-8000-000000000000";
	struct world w;

	(void)data;
	world_init(&w, 2);
	advance(&w);
	world_state(&w, 0)->target_bytes = 512 * MIB;
	world_state(&w, 0)->before_bytes = 1024 * MIB;
	w.sample->n_guests = 1;
	world_set_guest(&w.sample->guests[0], 1, 0);
	world_pass(&w, 24 * 3600 * SEC - 1);
	advance(&w);
	assert_int_equal(kvmb_state_find(w.state, uuid)->before_bytes, 1024 * MIB);
	world_pass(&w, 1);
	advance(&w);
	assert_null(kvmb_state_find(w.state, uuid));
	world_done(&w);
}

static void test_libvirt_away(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 2);
	advance(&w);
	w.sample->guests_valid = false;
	w.sample->n_guests = 0;
	world_pass(&w, 3600 * SEC);
	advance(&w);
	assert_int_equal(w.state->n_guests, 2);
	w.sample->guests_valid = true;
	w.sample->n_guests = 2;
	world_pass(&w, SEC);
	advance(&w);
	assert_int_equal(w.state->n_guests, 2);
	world_done(&w);
}

static void test_back_in_time(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	advance(&w);
	w.sample->now_ns--;
	assert_int_equal(kvmb_state_advance(w.state, w.sample), -EINVAL);
	world_done(&w);
}

static void test_started_anew(void **data)
{
	struct kvmb_state_guest *g;
	struct world w;

	(void)data;
	world_init(&w, 1);
	advance(&w);
	g = world_state(&w, 0);
	g->target_bytes = 512 * MIB;
	g->before_bytes = 1024 * MIB;
	g->step_permyriad = 700;
	g->n_no_effect[KVMB_ACTION_BALLOON] = 9;
	g->taken_bytes = 77;
	g->cold.n_minutes = g->cold.floor_bucket = 8;
	g->runtime.set = 1U << KVMB_FIELD_MODE;
	world_guest(&w, 0)->pid++;
	world_pass(&w, SEC);
	advance(&w);
	g = world_state(&w, 0);
	assert_int_equal(g->target_bytes, 0);
	assert_int_equal(g->step_permyriad, PERMYRIAD);
	assert_int_equal(kvmb_state_degraded(g), KVMB_WHY_NONE);
	assert_int_equal(g->taken_bytes, 77);
	assert_int_equal(g->cold.n_minutes + g->cold.floor_bucket, 0);
	assert_int_equal(g->runtime.set, 1U << KVMB_FIELD_MODE);
	world_done(&w);
}

static const struct anew_row {
	const char *name;
	uint64_t balloon_mib, target_mib, before_mib;
	bool ours;
} anew_rows[] = {
	{ "a guest that was restored with its balloon out is still ours", 512, 512, 1024, true },
	{ "also one whose give-back was under way", 600, 1024, 1024, true },
	{ "one that boots begins anew", 1024, 512, 1024, false },
	{ "also with less than it had before", 700, 512, 1024, false },
	{ "a balloon that was never ours does not become it", 512, 0, 0, false },
};

static void test_balloon_anew(void **data)
{
	const struct anew_row *row = *data;
	struct world w;

	world_init(&w, 1);
	advance(&w);
	world_state(&w, 0)->target_bytes = row->target_mib * MIB;
	world_state(&w, 0)->before_bytes = row->before_mib * MIB;
	world_guest(&w, 0)->balloon_bytes = row->balloon_mib * MIB;
	world_guest(&w, 0)->pid++;
	world_pass(&w, SEC);
	advance(&w);
	assert_int_equal(world_state(&w, 0)->target_bytes, row->ours ? row->target_mib * MIB : 0);
	assert_int_equal(world_state(&w, 0)->before_bytes, row->ours ? row->before_mib * MIB : 0);
	world_done(&w);
}

static const struct ours_row {
	const char *name;
	uint64_t balloon_mib, target_mib;
	bool in_flight, ours;
} ours_rows[] = {
	{ "a balloon that is out is ours", 512, 512, false, true },
	{ "one that is wholly given back is not", 1024, 1024, false, false },
	{ "one on its way back still is", 900, 1024, false, true },
	{ "one whose last order still runs is", 1024, 1024, true, true },
	{ "an order that nobody followed is", 1024, 512, false, true },
};

static void test_ours(void **data)
{
	const struct ours_row *row = *data;
	struct world w;

	world_init(&w, 1);
	world_state(&w, 0)->target_bytes = row->target_mib * MIB;
	world_state(&w, 0)->before_bytes = 1024 * MIB;
	world_guest(&w, 0)->balloon_bytes = row->balloon_mib * MIB;
	world_guest(&w, 0)->in_flight = row->in_flight;
	advance(&w);
	assert_int_equal(world_state(&w, 0)->target_bytes, row->ours ? row->target_mib * MIB : 0);
	world_done(&w);
}

static void test_moved(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	advance(&w);
	assert_int_equal(kvmb_state_moved(world_state(&w, 0), world_guest(&w, 0)), 0);
	/* The balloon grows by 64 MiB, the report is still the old one. */
	world_pass(&w, 2 * SEC);
	world_guest(&w, 0)->balloon_bytes -= 64 * MIB;
	world_guest(&w, 0)->stats_age_usec = 2 * USEC_PER_SEC;
	advance(&w);
	assert_int_equal(kvmb_state_moved(world_state(&w, 0), world_guest(&w, 0)), 64 * MIB);
	/* It grows again and there is a new report, from before or after that. */
	world_pass(&w, 2 * SEC);
	world_guest(&w, 0)->balloon_bytes -= 32 * MIB;
	world_guest(&w, 0)->stats_age_usec = 0;
	advance(&w);
	assert_int_equal(kvmb_state_moved(world_state(&w, 0), world_guest(&w, 0)), 32 * MIB);
	world_pass(&w, 2 * SEC);
	advance(&w);
	assert_int_equal(kvmb_state_moved(world_state(&w, 0), world_guest(&w, 0)), 0);
	world_done(&w);
}

static void test_same_uuid_twice(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 2);
	memcpy(world_guest(&w, 1)->uuid, world_guest(&w, 0)->uuid, KVMB_UUID_SIZE);
	advance(&w);
	assert_int_equal(w.state->n_guests, 1);
	world_pass(&w, SEC);
	advance(&w);
	assert_int_equal(w.state->n_guests, 1);
	world_done(&w);
}

static void test_runtime_overlays(void **data)
{
	const struct kvmb_policy first = { .set = 1U << KVMB_FIELD_SHARES, .shares = 5 };
	const struct kvmb_policy second = { .set = 1U << KVMB_FIELD_MODE, .mode = KVMB_MODE_OFF };
	const struct kvmb_policy *p;
	struct kvmb_state *s = NULL;

	(void)data;
	assert_int_equal(kvmb_state_new(&s), 0);
	assert_int_equal(kvmb_state_set_runtime(s, UUID "1", "vm", &first), 0);
	assert_int_equal(kvmb_state_set_runtime(s, UUID "1", "vm", &second), 0);
	p = &kvmb_state_find(s, UUID "1")->runtime;
	assert_int_equal(p->set, first.set | second.set);
	assert_int_equal(p->shares, 5);
	assert_int_equal(p->mode, KVMB_MODE_OFF);
	kvmb_state_free(s);
}

static void test_copy(void **data)
{
	struct kvmb_state *copy = NULL;
	struct world w;

	(void)data;
	world_init(&w, 3);
	advance(&w);
	assert_int_equal(kvmb_state_copy(w.state, &copy), 0);
	world_state(&w, 0)->taken_bytes = 1;
	assert_int_equal(copy->guests[0].taken_bytes, 0);
	assert_int_equal(copy->n_guests, 3);
	kvmb_state_free(copy);
	world_done(&w);
}

/* ---- JSON -------------------------------------------------------------------------------- */

/* A state in which every member that is kept has a value of its own. */
static void fill(struct world *w)
{
	struct kvmb_state *s;
	struct kvmb_state_guest *g;

	advance(w);
	s = w->state;
	s->level = KVMB_LEVEL_HARD;
	s->base_level = KVMB_LEVEL_ELEVATED;
	s->pressed = s->swap_short = s->falling = true;
	s->trend = (struct kvmb_trend){ .n = 1, .at_ns = { 1 } };
	s->own_use = (struct kvmb_own_use){ .slot = 1, .least_bytes = { 1 } };
	s->taken_bytes = 11;
	s->given_bytes = 12;
	s->net_bytes = -13;
	kvmb_rate_add(&s->taken, s->last_ns, 14);
	kvmb_rate_add(&s->given, s->last_ns, 15);
	g = world_state(w, 1);
	g->target_bytes = 21;
	g->before_bytes = 22;
	g->request_bytes = 23;
	g->request_until_ns = s->last_ns + 24;
	g->step_permyriad = 25;
	g->reclaim_after_ns = s->last_ns + 26;
	g->balloon_after_ns = s->last_ns + 27;
	g->high_after_ns = s->last_ns + 35;
	g->balloon_pause_sec = 28;
	kvmb_rate_add(&g->taken, s->last_ns, 29);
	g->taken_bytes = 30;
	g->given_bytes = 31;
	g->net_bytes = -32;
	g->n_actions = 33;
	for (uint32_t i = 0; i < KVMB_ACTION_KINDS; i++)
		g->n_no_effect[i] = 34 + i;
	g->cold = (struct kvmb_state_cold){
		.source = KVMB_AGING_MODULE,
		.since_ns = 5,
		.minute_ns = 6,
		.judged = true,
		.n_minutes = KVMB_COLD_MINUTES,
		.floor_bucket = 9,
		.floor_ns = 7,
	};
	for (uint32_t i = 0; i < KVMB_COLD_MINUTES; i++)
		g->cold.minutes[i] = (uint8_t)(1 + i % KVMB_AGE_BUCKETS);
	g->runtime = (struct kvmb_policy){
		.set = 1U << KVMB_FIELD_GUARANTEE | 1U << KVMB_FIELD_MODE,
		.guarantee_bytes = 40,
		.mode = KVMB_MODE_PROACTIVE,
	};
}

static void assert_guest_kept(const struct kvmb_state_guest *g, uint64_t now_ns)
{
	assert_int_equal(g->target_bytes, 21);
	assert_int_equal(g->before_bytes, 22);
	assert_int_equal(g->request_bytes, 23);
	assert_int_equal(g->request_until_ns, now_ns + 24);
	assert_int_equal(g->step_permyriad, 25);
	assert_int_equal(g->reclaim_after_ns, now_ns + 26);
	assert_int_equal(g->balloon_after_ns, now_ns + 27);
	assert_int_equal(g->high_after_ns, now_ns + 35);
	assert_int_equal(g->balloon_pause_sec, 28);
	assert_int_equal(kvmb_rate_sum(&g->taken, now_ns), 29);
	assert_int_equal(g->taken_bytes, 30);
	assert_int_equal(g->given_bytes, 31);
	assert_int_equal(g->net_bytes, -32);
	assert_int_equal(g->n_actions, 33);
	for (uint32_t i = 0; i < KVMB_ACTION_KINDS; i++)
		assert_int_equal(g->n_no_effect[i], 34 + i);
	/* What was learnt of its minutes, not the ages themselves: these begin anew. */
	assert_int_equal(g->cold.n_minutes, KVMB_COLD_MINUTES);
	for (uint32_t i = 0; i < KVMB_COLD_MINUTES; i++)
		assert_int_equal(g->cold.minutes[i], 1 + i % KVMB_AGE_BUCKETS);
	assert_int_equal(g->cold.floor_bucket, 9);
	assert_int_equal(g->cold.floor_ns, now_ns);
	assert_int_equal(g->cold.source, KVMB_AGING_NONE);
	assert_false(g->cold.judged);
	assert_int_equal(g->runtime.set, 1U << KVMB_FIELD_GUARANTEE | 1U << KVMB_FIELD_MODE);
	assert_int_equal(g->runtime.guarantee_bytes, 40);
	assert_int_equal(g->runtime.mode, KVMB_MODE_PROACTIVE);
}

static void test_round_trip(void **data)
{
	_cleanup_free_ char *text = NULL;
	struct kvmb_state *read = NULL;
	struct world w;

	(void)data;
	world_init(&w, 3);
	fill(&w);
	assert_int_equal(kvmb_state_to_json(w.state, &text), 0);
	assert_int_equal(kvmb_state_from_json(text, &read), 0);
	kvmb_state_free(w.state);
	w.state = read;
	/* The machine was booted anew: its clock is far behind the one of the state. */
	w.sample->now_ns = 3 * SEC;
	advance(&w);
	assert_int_equal(w.state->level, KVMB_LEVEL_HARD);
	assert_int_equal(w.state->base_level, KVMB_LEVEL_ELEVATED);
	assert_true(w.state->pressed);
	assert_true(w.state->swap_short);
	/* What is seen again in no time is not kept. */
	assert_false(w.state->falling);
	assert_int_equal(w.state->trend.n, 0);
	assert_int_equal(kvmb_rate_sum(&w.state->given, 3 * SEC), 0);
	assert_int_equal(w.state->own_use.least_bytes[0], 0);
	assert_int_equal(w.state->taken_bytes, 11);
	assert_int_equal(w.state->given_bytes, 12);
	assert_int_equal(w.state->net_bytes, -13);
	assert_int_equal(kvmb_rate_sum(&w.state->taken, 3 * SEC), 14);
	assert_int_equal(w.state->n_guests, 3);
	assert_guest_kept(world_state(&w, 1), 3 * SEC);
	world_done(&w);
}

static void test_same_text(void **data)
{
	_cleanup_free_ char *first = NULL, *second = NULL;
	struct kvmb_state *read = NULL;
	struct world w;

	(void)data;
	world_init(&w, 3);
	fill(&w);
	assert_int_equal(kvmb_state_to_json(w.state, &first), 0);
	assert_int_equal(kvmb_state_from_json(first, &read), 0);
	assert_int_equal(kvmb_state_to_json(read, &second), 0);
	assert_string_equal(first, second);
	kvmb_state_free(read);
	world_done(&w);
}

#define HOST "\"level\":\"relaxed\",\"base_level\":\"relaxed\",\"pressed\":false"
#define FORTY "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define GUEST "\"uuid\":\"u\",\"name\":\"n\""

static const struct json_row {
	const char *name;
	const char *text;
	int want;
} json_rows[] = {
	{ "the least state is read", "{" HOST ",\"guests\":[]}", 0 },
	{ "the least guest is read", "{" HOST ",\"guests\":[{" GUEST "}]}", 0 },
	{ "unknown members are ignored", "{" HOST ",\"new\":1,\"guests\":[{" GUEST ",\"new\":{}}]}",
	  0 },
	{ "a text that is no JSON is a fault", "{", -EBADMSG },
	{ "an empty text is a fault", "", -EBADMSG },
	{ "a list is a fault", "[]", -EBADMSG },
	{ "missing guests are a fault", "{" HOST "}", -EBADMSG },
	{ "an unknown level is a fault",
	  "{\"level\":\"x\",\"base_level\":\"hard\",\"pressed\":false,\"guests\":[]}", -EBADMSG },
	{ "swap that is short is said by a word of logic, not by a number",
	  "{" HOST ",\"swap_short\":1,\"guests\":[]}", -EBADMSG },
	{ "a guest without a UUID is a fault", "{" HOST ",\"guests\":[{\"name\":\"n\"}]}",
	  -EBADMSG },
	{ "a guest that is a number is a fault", "{" HOST ",\"guests\":[1]}", -EBADMSG },
	{ "a guest twice is a fault", "{" HOST ",\"guests\":[{" GUEST "},{" GUEST "}]}", -EBADMSG },
	{ "a negative size is a fault", "{" HOST ",\"guests\":[{" GUEST ",\"target_bytes\":-1}]}",
	  -EBADMSG },
	{ "a step of more than a whole is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"step_permyriad\":10001}]}", -EBADMSG },
	{ "a pause of more than a day is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"reclaim_left_ns\":86400000000001}]}", -EBADMSG },
	{ "a UUID that is too long is a fault",
	  "{" HOST
	  ",\"guests\":[{\"uuid\":\"0123456789012345678901234567890123456\",\"name\":\"n\"}]}",
	  -EBADMSG },
	{ "minutes of the least and of no bucket are read",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_minutes\":\"AP\",\"cold_floor\":16}]}", 0 },
	{ "a minute below the least bucket is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_minutes\":\"A@\"}]}", -EBADMSG },
	{ "a minute above all buckets is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_minutes\":\"Q\"}]}", -EBADMSG },
	{ "a minute that is no letter is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_minutes\":\"\u00e9\"}]}", -EBADMSG },
	{ "more minutes than are remembered are a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_minutes\":\"" FORTY FORTY FORTY "A\"}]}",
	  -EBADMSG },
	{ "as many are not",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_minutes\":\"" FORTY FORTY FORTY "\"}]}", 0 },
	{ "a floor above all buckets is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"cold_floor\":17}]}", -EBADMSG },
	{ "a policy that is none is a fault",
	  "{" HOST ",\"guests\":[{" GUEST ",\"policy\":{\"shares\":0}}]}", -EBADMSG },
};

static void test_json(void **data)
{
	const struct json_row *row = *data;
	struct kvmb_state *s = NULL;

	assert_int_equal(kvmb_state_from_json(row->text, &s), row->want);
	assert_int_equal(s != NULL, row->want == 0);
	kvmb_state_free(s);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, rate_rows, test_rate);
	TESTS_ADD(&t, "over 2000 random times a rate holds between 60 and 65 seconds",
		  test_rate_random);
	TESTS_ADD(&t, "guests are kept once each, and found", test_ordered);
	TESTS_ADD(&t,
		  "a guest away for ten minutes is forgotten, unless the operator set something",
		  test_come_and_go);
	TESTS_ADD(&t, "one whose balloon was out may have been saved: it is remembered for a day",
		  test_saved);
	TESTS_ADD(&t, "nobody is forgotten while libvirt is away", test_libvirt_away);
	TESTS_ADD(&t, "a sample that goes back in time is refused", test_back_in_time);
	TESTS_ADD(&t, "a guest that was started anew keeps what was set, not what was measured",
		  test_started_anew);
	TESTS_ADD_TABLE(&t, anew_rows, test_balloon_anew);
	TESTS_ADD_TABLE(&t, ours_rows, test_ours);
	TESTS_ADD(&t, "what the balloon moved since the last report is known", test_moved);
	TESTS_ADD(&t, "two guests of one UUID are one", test_same_uuid_twice);
	TESTS_ADD(&t, "what is set at run time is laid over what was", test_runtime_overlays);
	TESTS_ADD(&t, "a copy is its own", test_copy);
	TESTS_ADD(&t, "what must outlive a restart does, also over a reboot", test_round_trip);
	TESTS_ADD(&t, "reading and writing again gives the same text", test_same_text);
	TESTS_ADD_TABLE(&t, json_rows, test_json);
	return tests_run("state", &t);
}

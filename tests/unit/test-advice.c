// SPDX-License-Identifier: GPL-2.0-or-later
/* How much a host could promise, by what its guests use; and when nobody can tell. */
#include "policy/advice.h"

#include "model/json.h"
#include "policy-world.h"

#define UNKNOWN UINT32_MAX
#define HOUR (3600 * SEC)

/* Of 2000 MiB promised each, 8000 MiB of room and 4000 of swap; ages by the module. */
static struct kvmb_advice_guest guest(uint64_t held_mib, uint64_t working_mib)
{
	return (struct kvmb_advice_guest){
		.promised_bytes = 2000 * MIB,
		.held_bytes = held_mib * MIB,
		.working_bytes = working_mib * MIB,
		.known_permyriad = PERMYRIAD,
	};
}

static void learn(struct kvmb_state_advice *s, uint64_t now_ns,
		  const struct kvmb_advice_guest *guests, size_t n)
{
	const struct kvmb_advice_look look = {
		.now_ns = now_ns,
		.room_bytes = 8000 * MIB,
		.swap_bytes = 4000 * MIB,
		.guests = guests,
		.n_guests = n,
	};

	kvmb_advice_update(&look, s);
}

#define HALF { 2000 * MIB, 1000 * MIB, 1000 * MIB, 10000 }

static const struct advice_row {
	const char *name;
	size_t n; /* of the guests below */
	struct kvmb_advice_guest guests[4];
	uint32_t ratio, advised, confidence;
	enum kvmb_advice_basis basis;
} advice_rows[] = {
	{ "four that use half may have twice the room", 4,
	  { HALF, HALF, HALF, HALF },
	  10000, 20000, 332, KVMB_ADVICE_WORKING_SET }, /* 1/24 of a day, 4/5 */
	{ "what they touch has to fit into memory and swap", 1,
	  { { 2000 * MIB, 1600 * MIB, 800 * MIB, 10000 } }, 2500, 18750, 208, KVMB_ADVICE_SWAP },
	{ "one that uses all leaves nothing to promise", 1,
	  { { 2000 * MIB, 2000 * MIB, 2000 * MIB, 10000 } }, 2500, 10000, 208,
	  KVMB_ADVICE_WORKING_SET },
	{ "one that uses more, as QEMU does, even less", 1,
	  { { 2000 * MIB, 2500 * MIB, 2500 * MIB, 10000 } }, 2500, 8000, 208,
	  KVMB_ADVICE_WORKING_SET },
	{ "one bigger than the host", 1,
	  { { 16000 * MIB, 8000 * MIB, 4000 * MIB, 10000 } }, 20000, 30000, 208,
	  KVMB_ADVICE_SWAP },
	{ "no more than ten times is advised, however little is in use", 1,
	  { { 2000 * MIB, 0, 0, 10000 } }, 2500, 100000, 208, KVMB_ADVICE_WORKING_SET },
	{ "sampled ages are worth less", 1, { { 2000 * MIB, 1000 * MIB, 1000 * MIB, 7000 } },
	  2500, 20000, 145, KVMB_ADVICE_WORKING_SET },
	{ "one at its refault target, one above: half as sure", 2,
	  { HALF,
	    { 2000 * MIB, 1000 * MIB, 1000 * MIB, 10000, true } },
	  5000, 20000, 138, KVMB_ADVICE_WORKING_SET },
	{ "guests that differ make it less sure", 2,
	  { { 2000 * MIB, 500 * MIB, 0, 10000 }, { 2000 * MIB, 2000 * MIB, 2000 * MIB, 10000 } },
	  5000, 20000, 231, KVMB_ADVICE_WORKING_SET },
	{ "ages of half of what is promised are enough", 2,
	  { { 2000 * MIB, 1000 * MIB, 0, 10000 }, { 2000 * MIB, 2000 * MIB, 2000 * MIB, 0 } },
	  5000, 20000, 115, KVMB_ADVICE_WORKING_SET },
	{ "of less they are not", 2,
	  { { 2000 * MIB, 1000 * MIB, 0, 10000 }, { 2001 * MIB, 2000 * MIB, 2000 * MIB, 0 } },
	  5001, UNKNOWN, UNKNOWN, KVMB_ADVICE_NO_AGES },
	{ "without guests nothing is known", 0, { { 0 } }, UNKNOWN, UNKNOWN, UNKNOWN,
	  KVMB_ADVICE_NO_GUESTS },
	{ "nor by guests that are promised nothing", 1, { { 0, 0, 0, 10000 } }, UNKNOWN, UNKNOWN,
	  UNKNOWN, KVMB_ADVICE_NO_GUESTS },
	{ "impossible sizes do no harm", 2,
	  { { UINT64_MAX, UINT64_MAX, UINT64_MAX, 10000, true },
	    { UINT64_MAX, UINT64_MAX, UINT64_MAX, 10000, true } },
	  UINT32_MAX - 1, 10000, 0, KVMB_ADVICE_WORKING_SET },
};

static void advice_row_holds(void **data)
{
	const struct advice_row *row = *data;
	struct kvmb_state_advice s = { 0 };
	struct kvmb_advice a;

	learn(&s, 100 * HOUR, row->guests, row->n);
	kvmb_advice(&s, &a);
	assert_int_equal(a.basis, row->basis);
	assert_int_equal(a.ratio_permyriad, row->ratio);
	assert_int_equal(a.advised_permyriad, row->advised);
	assert_int_equal(a.confidence_permyriad, row->confidence);
}

/* In one of twelve hours they used half, else 40 %; they touch 80 %. */
static void the_example(void **unused)
{
	struct kvmb_advice_guest guests[4];
	struct kvmb_state_advice s = { 0 };
	struct kvmb_advice a;

	for (uint64_t h = 0; h < 12; h++) {
		for (size_t i = 0; i < 4; i++)
			guests[i] = guest(1600, h == 3 ? 1000 : 800);
		learn(&s, (100 + h) * HOUR, guests, 4);
	}
	kvmb_advice(&s, &a);
	assert_int_equal(a.ratio_permyriad, 10000);
	assert_int_equal(a.advised_permyriad, 18750);
	assert_int_equal(a.confidence_permyriad, 4000);
	assert_int_equal(a.basis, KVMB_ADVICE_SWAP);
}

static uint32_t advised(const struct kvmb_state_advice *s)
{
	struct kvmb_advice a;

	kvmb_advice(s, &a);
	return a.advised_permyriad;
}

static void the_worst_hour_of_a_day_counts(void **unused)
{
	const struct kvmb_advice_guest busy = guest(1250, 1250), idle = guest(1000, 500);
	struct kvmb_state_advice s = { 0 };

	learn(&s, 100 * HOUR, &busy, 1);
	learn(&s, 100 * HOUR + SEC, &idle, 1);
	assert_int_equal(advised(&s), 16000);
	learn(&s, 123 * HOUR, &idle, 1);
	assert_int_equal(advised(&s), 16000);
	learn(&s, 124 * HOUR, &idle, 1); /* a day later it is forgotten */
	assert_int_equal(advised(&s), 30000); /* by memory and swap */
	learn(&s, 90 * HOUR, &busy, 1); /* a clock that jumps back: begin anew */
	assert_int_equal(advised(&s), 16000);
	assert_int_equal(s.use_permyriad[1], 0);
}

static void without_ages_now_it_is_silent_but_remembers(void **unused)
{
	struct kvmb_advice_guest g = guest(1000, 1000);
	struct kvmb_state_advice s = { 0 };

	learn(&s, 100 * HOUR, &g, 1);
	g.known_permyriad = 0;
	g.working_bytes = 2000 * MIB;
	learn(&s, 101 * HOUR, &g, 1);
	assert_int_equal(advised(&s), UNKNOWN);
	g = guest(1000, 500);
	learn(&s, 102 * HOUR, &g, 1);
	assert_int_equal(advised(&s), 20000);
	s.room_bytes = 0;
	assert_int_equal(advised(&s), UNKNOWN);
}

/* ---- In a decision ----------------------------------------------------------------------- */

/* 700 MiB are resident of 1024; 300 of them idle for 160 s, 100 for 1280 s. */
static void see_ages(struct world *w)
{
	for (size_t i = 0; i < w->sample->n_guests; i++) {
		struct kvmb_ages *a = &world_guest(w, i)->ages;

		a->source = KVMB_AGING_MODULE;
		a->told_ns = w->sample->now_ns;
		a->cold_bytes[6] = 200 * MIB;
		a->cold_bytes[9] = 100 * MIB;
	}
}

static void guests_are_weighed(void **unused)
{
	struct kvmb_advice a;
	struct world w;

	world_init(&w, 2);
	w.sample->host.available_bytes = 2048 * MIB;
	for (size_t i = 0; i < 2; i++)
		world_guest(&w, i)->swap_bytes = 24 * MIB;
	see_ages(&w);
	world_decide(&w);
	kvmb_advice(&w.state->advice, &a);
	assert_int_equal(a.basis, KVMB_ADVICE_NO_AGES); /* not for long enough */
	/* 4096 - 15 % - (4096 - 2048 - 1400) = 2833 MiB of room, 2048 are promised */
	assert_int_equal(a.ratio_permyriad, 7227);
	for (size_t i = 0; i < 120; i++) {
		world_pass(&w, 15 * SEC);
		see_ages(&w);
		world_decide(&w);
	}
	kvmb_advice(&w.state->advice, &a);
	assert_int_equal(w.state->advice.use_permyriad[0], 3906);  /* 400 of 1024 */
	assert_int_equal(w.state->advice.held_permyriad[0], 7070); /* 724 of 1024 */
	assert_int_equal(a.advised_permyriad, 23343); /* (2833 + 1843) / 2833 / 0.7070 */
	assert_int_equal(a.basis, KVMB_ADVICE_SWAP);
	world_restart(&w, 5 * SEC);
	see_ages(&w);
	world_decide(&w);
	assert_int_equal(w.state->advice.use_permyriad[0], 3906);
	assert_int_equal(w.state->advice.held_permyriad[0], 7070);
	world_done(&w);
}

static void one_above_its_target_uses_all_it_has(void **unused)
{
	struct kvmb_advice_guest g;
	struct world w;

	world_init(&w, 1);
	see_ages(&w);
	world_guest(&w, 0)->swap_bytes = 24 * MIB;
	kvmb_advice_guest(world_guest(&w, 0), 160 * USEC_PER_SEC, false, &g);
	assert_int_equal(g.working_bytes, 400 * MIB);
	assert_int_equal(g.known_permyriad, 10000);
	kvmb_advice_guest(world_guest(&w, 0), UINT64_MAX, false, &g);
	assert_int_equal(g.working_bytes, 700 * MIB);
	kvmb_advice_guest(world_guest(&w, 0), 160 * USEC_PER_SEC, true, &g);
	assert_int_equal(g.working_bytes, 724 * MIB);
	world_guest(&w, 0)->swap_bytes = KVMB_UNKNOWN;
	world_guest(&w, 0)->ages.source = KVMB_AGING_DAMON;
	kvmb_advice_guest(world_guest(&w, 0), 0, true, &g);
	assert_int_equal(g.held_bytes, 700 * MIB);
	assert_int_equal(g.known_permyriad, 7000);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, advice_rows, advice_row_holds);
	TESTS_ADD(&t, "the example of docs/POLICY.md", the_example);
	TESTS_ADD(&t, "the worst hour of a day counts", the_worst_hour_of_a_day_counts);
	TESTS_ADD(&t, "without ages it is silent, and remembers",
		  without_ages_now_it_is_silent_but_remembers);
	TESTS_ADD(&t, "guests are weighed by their own cold age, and it outlives a restart",
		  guests_are_weighed);
	TESTS_ADD(&t, "one above its refault target uses all it has",
		  one_above_its_target_uses_all_it_has);
	return tests_run("advice", &t);
}

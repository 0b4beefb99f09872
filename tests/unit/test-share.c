// SPDX-License-Identifier: GPL-2.0-or-later
/* Who gives how much: exact sums in tables, and the laws of sharing over random claims. */
#include "policy/share.h"
#include "policy-world.h"

#define CLAIMS 4

#define LOW KVMB_PRIORITY_LOW
#define NORMAL KVMB_PRIORITY_NORMAL
#define HIGH KVMB_PRIORITY_HIGH

static const struct share_row {
	const char *name;
	uint64_t need, unit;
	struct kvmb_claim claims[CLAIMS]; /* priority, shares, have, cap, later, idle */
	uint64_t want[CLAIMS];
	bool patient;
} share_rows[] = {
	{ "alike guests give alike", 400, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 1000, 1000 },
	    { NORMAL, 1, 1000, 1000 } }, { 100, 100, 100, 100 } },
	{ "the one who holds most gives first", 300, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 500, 500 } }, { 300, 0 } },
	{ "until nobody holds more per share than the next", 700, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 500, 500 } }, { 600, 100 } },
	{ "twice the shares keep twice as much", 600, 1,
	  { { NORMAL, 1, 600, 600 }, { NORMAL, 2, 600, 600 } }, { 400, 200 } },
	{ "a cap is kept, others make up for it", 300, 1,
	  { { NORMAL, 1, 1000, 50 }, { NORMAL, 1, 1000, 1000 } }, { 50, 250 } },
	{ "who is at the guarantee has nothing to give", 300, 1,
	  { { NORMAL, 1, 0, 1000 }, { NORMAL, 1, 1000, 1000 } }, { 0, 300 } },
	{ "the low class gives all before the normal one gives any", 700, 1,
	  { { NORMAL, 1, 1000, 1000 }, { LOW, 1000, 500, 500 } }, { 200, 500 } },
	{ "the high class comes last", 1600, 1,
	  { { HIGH, 1, 1000, 1000 }, { NORMAL, 1, 1000, 1000 }, { LOW, 1, 500, 500 } },
	  { 100, 1000, 500 } },
	{ "all give all where it is not enough", 5000, 1,
	  { { HIGH, 1, 1000, 1000 }, { NORMAL, 1, 1000, 700 }, { LOW, 1, 500, 500 } },
	  { 1000, 700, 500 } },
	{ "a small need is one whole unit from one guest", 1, 4,
	  { { NORMAL, 1, 100, 100 }, { NORMAL, 1, 100, 100 } }, { 4, 0 } },
	{ "everything is asked in whole units", 10, 4,
	  { { NORMAL, 1, 103, 103 }, { NORMAL, 1, 103, 103 } }, { 8, 4 } },
	{ "less than a unit is not asked for", 100, 4,
	  { { NORMAL, 1, 3, 3 }, { NORMAL, 1, 50, 7 } }, { 0, 4 } },
	{ "with patience a class is spared what a lower one gives later", 700, 1,
	  { { NORMAL, 1, 1000, 1000, 1000 }, { LOW, 1, 900, 64, 900 } }, { 0, 64 }, true },
	{ "with patience it is asked for what is missing then", 700, 1,
	  { { NORMAL, 1, 1000, 1000, 1000 }, { LOW, 1, 500, 64, 500 } }, { 200, 64 }, true },
	{ "without patience it is asked at once", 700, 1,
	  { { NORMAL, 1, 1000, 1000, 1000 }, { LOW, 1, 900, 64, 900 } }, { 636, 64 }, false },
	{ "patience is nothing to guests of one class", 700, 1,
	  { { NORMAL, 1, 1000, 64, 1000 }, { NORMAL, 1, 900, 64, 900 } }, { 64, 64 }, true },
	{ "who holds it idle gives before who uses it", 600, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 1000, 1000, 0, 1000 } }, { 0, 600 } },
	{ "until it keeps a quarter of what the other keeps in use", 1000, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 1000, 1000, 0, 1000 } }, { 200, 800 } },
	{ "with three times the shares it is asked later, as the tax is four times", 100, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 3, 1000, 1000, 0, 1000 } }, { 0, 100 } },
	{ "with five times the shares the busy one is first", 100, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 5, 1000, 1000, 0, 1000 } }, { 100, 0 } },
	{ "the example of docs/POLICY.md", 768 * MIB, 4 * MIB,
	  { { NORMAL, 1000, 900 * MIB, 804 * MIB, 0, 804 * MIB },
	    { NORMAL, 2000, 900 * MIB, 420 * MIB, 0, 420 * MIB } }, { 628 * MIB, 140 * MIB } },
	{ "by shares alone it would be another", 768 * MIB, 4 * MIB,
	  { { NORMAL, 1000, 900 * MIB, 804 * MIB }, { NORMAL, 2000, 900 * MIB, 420 * MIB } },
	  { 556 * MIB, 212 * MIB } },
	{ "who is idle at the guarantee has nothing to give all the same", 300, 1,
	  { { NORMAL, 1, 0, 1000, 0, 1000 }, { NORMAL, 1, 1000, 1000 } }, { 0, 300 } },
	{ "an idle guest of a higher class still comes last", 700, 1,
	  { { NORMAL, 1, 1000, 1000, 0, 1000 }, { LOW, 1, 900, 900 } }, { 0, 700 } },
	{ "idle beyond what it holds is all that it holds", 600, 1,
	  { { NORMAL, 1, 1000, 1000 }, { NORMAL, 1, 1000, 1000, 0, UINT64_MAX } }, { 0, 600 } },
	{ "no need, no giving", 0, 1, { { NORMAL, 1, 1000, 1000 } }, { 0 } },
	{ "the largest numbers there are do not overflow", UINT64_MAX, 1,
	  { { NORMAL, 1000000, UINT64_MAX, 1000 }, { NORMAL, 1, UINT64_MAX, 1000 } },
	  { 1000, 1000 } },
	{ "nor where all is idle", UINT64_MAX - 10, 1,
	  { { NORMAL, 1, UINT64_MAX, UINT64_MAX, 0, UINT64_MAX } }, { UINT64_MAX - 10 } },
};

static void test_share(void **data)
{
	const struct share_row *row = *data;
	struct kvmb_claim claims[CLAIMS];
	uint64_t sum = 0, want = 0;

	memcpy(claims, row->claims, sizeof(claims));
	for (size_t i = 0; i < CLAIMS; i++)
		if (!claims[i].shares)
			claims[i].shares = 1;
	sum = kvmb_share(claims, CLAIMS, row->need, row->unit, row->patient);
	for (size_t i = 0; i < CLAIMS; i++) {
		assert_int_equal(claims[i].give_bytes, row->want[i]);
		want += row->want[i];
	}
	assert_int_equal(sum, want);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 24;
}

static uint64_t make_claims(struct kvmb_claim *claims, size_t n, uint64_t unit, uint64_t *seed)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++) {
		claims[i] = (struct kvmb_claim){
			.priority = (enum kvmb_priority)(next_random(seed) % 3),
			.shares = (uint32_t)(1 + next_random(seed) % 3000),
			.have_bytes = next_random(seed) % 100000,
			.cap_bytes = next_random(seed) % 50000,
			.idle_bytes = next_random(seed) % 120000,
		};
		all += align_down(u64_min(claims[i].have_bytes, claims[i].cap_bytes), unit);
	}
	return all;
}

/* Nobody of a class gives while a lower class has something left. */
static void assert_classes(const struct kvmb_claim *claims, size_t n, uint64_t unit)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (claims[i].priority < claims[k].priority && claims[k].give_bytes)
				assert_int_equal(claims[i].give_bytes,
						 align_down(u64_min(claims[i].have_bytes,
								    claims[i].cap_bytes),
							    unit));
}

/* What it costs to keep @bytes, those in use first: an idle one 1, one in use 1/4. */
static uint64_t cost_of(const struct kvmb_claim *c, uint64_t bytes)
{
	uint64_t used = u64_sub_sat(c->have_bytes, c->idle_bytes);

	return u64_max((bytes + 3) / 4, u64_sub_sat(bytes, used - used / 4));
}

/*
 * Whoever gives keeps at least what costs as much per share (within a unit) as with anybody of its
 * class that could have given more.
 */
static void assert_level(const struct kvmb_claim *claims, size_t n, uint64_t unit)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			const struct kvmb_claim *giver = &claims[i], *other = &claims[k];
			uint64_t room = u64_min(other->have_bytes, other->cap_bytes) -
					other->give_bytes;
			uint64_t giver_line, other_line;

			if (giver->priority != other->priority || !giver->give_bytes || room < unit)
				continue;
			giver_line = cost_of(giver, giver->have_bytes - giver->give_bytes + unit) /
				     giver->shares;
			other_line = cost_of(other, u64_sub_sat(other->have_bytes -
								other->give_bytes, unit)) /
				     other->shares;
			assert_true(giver_line + 1 >= other_line);
		}
}

static void test_random(void **data)
{
	const uint64_t units[] = { 1, 7, 4096 };
	struct kvmb_claim claims[20];
	uint64_t seed = 20240611;

	(void)data;
	for (size_t round = 0; round < 3000; round++) {
		uint64_t unit = units[round % ARRAY_SIZE(units)], need, got, sum = 0;
		size_t n = 1 + next_random(&seed) % ARRAY_SIZE(claims);
		uint64_t all = make_claims(claims, n, unit, &seed);

		need = next_random(&seed) % (all * 5 / 4 + 2);
		got = kvmb_share(claims, n, need, unit, false);
		for (size_t i = 0; i < n; i++) {
			assert_true(claims[i].give_bytes <= claims[i].have_bytes);
			assert_true(claims[i].give_bytes <= claims[i].cap_bytes);
			assert_int_equal(claims[i].give_bytes % unit, 0);
			sum += claims[i].give_bytes;
		}
		assert_int_equal(sum, got);
		assert_int_equal(got, u64_min(all, align_down(need + unit - 1, unit)));
		assert_classes(claims, n, unit);
		assert_level(claims, n, unit);
	}
}

/* Idle memory is never an advantage, and the same claims give the same. */
static void test_idler(void **data)
{
	struct kvmb_claim claims[20], again[20];
	uint64_t seed = 20251128;

	(void)data;
	for (size_t round = 0; round < 2000; round++) {
		size_t n = 1 + next_random(&seed) % ARRAY_SIZE(claims), who;
		uint64_t all = make_claims(claims, n, 1, &seed), need;

		need = next_random(&seed) % (all + 2);
		who = next_random(&seed) % n;
		memcpy(again, claims, sizeof(again));
		(void)kvmb_share(claims, n, need, 1, false);
		(void)kvmb_share(again, n, need, 1, false);
		assert_memory_equal(claims, again, n * sizeof(*claims));
		again[who].idle_bytes += next_random(&seed) % 10000;
		(void)kvmb_share(again, n, need, 1, false);
		/* By a line at most, for the last bytes go by order, not by need. */
		assert_true(again[who].give_bytes + (uint64_t)KVMB_IDLE_COST * claims[who].shares >=
			    claims[who].give_bytes);
	}
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, share_rows, test_share);
	TESTS_ADD(
		&t,
		"over 3000 random rounds sums are exact, caps kept, classes in order, lines level",
		test_random);
	TESTS_ADD(&t, "over 2000 random rounds who idles more gives no less, twice the same",
		  test_idler);
	return tests_run("share", &t);
}

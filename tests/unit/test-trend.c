// SPDX-License-Identifier: GPL-2.0-or-later
/* The trend of available memory: what is a fall, how fast it is, and what is only noise. */
#include "policy/trend.h"
#include "policy-world.h"

#define POINTS 14
#define NOISE (200 * MIB)
#define END { UINT64_MAX, 0 }

static const struct trend_row {
	const char *name;
	struct {
		uint64_t at_ms, available_mib;
	} points[POINTS];
	uint64_t fall_mib; /* a second */
	uint64_t ahead_mib;
} trend_rows[] = {
	{ "the example of docs/POLICY.md: a steady fall is its slope, and 10 s of it are ahead",
	  { { 0, 3000 }, { 2000, 2800 }, { 4000, 2600 }, { 6000, 2400 }, END }, 100, 1400 },
	{ "one that takes all within 10 s ends at nothing",
	  { { 0, 4000 }, { 2000, 2500 }, { 4000, 1000 }, END }, 750, 0 },
	{ "one step is not yet a trend", { { 0, 4000 }, { 2000, 2000 }, END }, 0, 2000 },
	{ "a step after calm is taken for less than it was",
	  { { 0, 3000 }, { 2000, 3000 }, { 4000, 3000 }, { 6000, 1400 }, END }, 240, 0 },
	{ "a fall that has ended is none",
	  { { 0, 4000 }, { 2000, 3000 }, { 4000, 2000 }, { 6000, 2000 }, END }, 0, 2000 },
	{ "one that slows down counts as slow as it is now",
	  { { 0, 4000 }, { 2000, 3000 }, { 4000, 2000 }, { 6000, 1980 }, END }, 10, 1880 },
	{ "a rise is no fall", { { 0, 1000 }, { 2000, 2000 }, { 4000, 3000 }, END }, 0, 3000 },
	{ "a drop within the noise is none, however steady",
	  { { 0, 4000 }, { 2000, 3934 }, { 4000, 3868 }, { 6000, 3801 }, END }, 0, 3801 },
	{ "a drop as large as the noise is one",
	  { { 0, 4000 }, { 2000, 3900 }, { 4000, 3800 }, END }, 50, 3300 },
	{ "up and down by less than the noise is none",
	  { { 0, 4000 }, { 2000, 3850 }, { 4000, 4020 }, { 6000, 3840 }, { 8000, 4030 },
	    { 10000, 3850 }, END }, 0, 3850 },
	{ "points within less than 4 s are too few",
	  { { 0, 4000 }, { 1000, 3500 }, { 2000, 3000 }, { 3999, 2000 }, END }, 0, 2000 },
	{ "a burst of ticks counts as its last one",
	  { { 0, 4000 }, { 2000, 3800 }, { 2010, 100 }, { 2500, 3750 }, { 4000, 3600 }, END },
	  100, 2600 },
	{ "a tick at the same time replaces the one before",
	  { { 0, 4000 }, { 2000, 3800 }, { 4000, 100 }, { 4000, 3600 }, END }, 100, 2600 },
	{ "what is older than 20 s is forgotten",
	  { { 0, 1000 }, { 20001, 4000 }, { 22001, 3800 }, { 24001, 3600 }, END }, 100, 2600 },
	{ "after a jump of the clock nothing is known",
	  { { 0, 4000 }, { 2000, 3800 }, { 4000, 3600 }, { 1000000000, 100 }, END }, 0, 100 },
	{ "of many points the last eight count",
	  { { 0, 9000 }, { 1000, 8000 }, { 2000, 7000 }, { 3000, 6000 }, { 4000, 4700 },
	    { 5000, 4600 }, { 6000, 4500 }, { 7000, 4400 }, { 8000, 4300 }, { 9000, 4200 },
	    { 10000, 4100 }, { 11000, 4000 }, END }, 100, 3000 },
	{ "the largest numbers there are do not overflow",
	  { { 0, INT64_MAX >> 20 }, { 2000, INT64_MAX >> 21 }, { 4000, 0 }, END },
	  (INT64_MAX >> 20) / 4, 0 },
};

static void test_trend(void **data)
{
	const struct trend_row *row = *data;
	struct kvmb_trend t = { 0 };

	for (size_t i = 0; row->points[i].at_ms != UINT64_MAX; i++)
		kvmb_trend_see(&t, 7 * SEC + row->points[i].at_ms * (SEC / 1000),
			       row->points[i].available_mib * MIB);
	assert_int_equal(kvmb_trend_fall(&t, NOISE) / MIB, row->fall_mib);
	assert_int_equal(kvmb_trend_ahead(&t, NOISE) / MIB, row->ahead_mib);
}

static void test_empty(void **data)
{
	const struct kvmb_trend t = { 0 };

	(void)data;
	assert_int_equal(kvmb_trend_fall(&t, NOISE), 0);
	assert_int_equal(kvmb_trend_ahead(&t, NOISE), UINT64_MAX);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, trend_rows, test_trend);
	TESTS_ADD(&t, "before the first look nothing is ahead", test_empty);
	return tests_run("trend", &t);
}

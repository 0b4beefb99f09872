// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what idle time on memory is cold. The guest of the world: 700 MiB resident, so that by the
 * target of 0.2 % a minute it may read back 358 pages. ColdAge is 120 s, which ages show as 160 s.
 */
#include "policy/cold-age.h"
#include "policy-world.h"

#define PAGE 4096
#define TICK (10 * SEC)
#define WARM_UP_SEC (120 + 5 * 60)
#define NOTHING_COLD UINT64_MAX

struct scene {
	struct kvmb_config *config;
	struct kvmb_policy policy;
	struct kvmb_guest_sample g;
	struct kvmb_state_cold s;
	uint64_t now_ns;
	bool over_target;
};

static void scene_init(struct scene *x)
{
	*x = (struct scene){ .now_ns = 1000 * SEC };
	assert_int_equal(kvmb_config_new(&x->config), 0);
	kvmb_config_policy(x->config, "vm0", NULL, NULL, &x->policy);
	world_set_guest(&x->g, 0, x->now_ns);
	x->g.ages.source = KVMB_AGING_MODULE;
}

static void scene_done(struct scene *x)
{
	kvmb_config_free(x->config);
}

static struct kvmb_cold_look look(const struct scene *x)
{
	return (struct kvmb_cold_look){
		.config = &x->config->host,
		.policy = &x->policy,
		.guest = &x->g,
		.now_ns = x->now_ns,
		.over_target = x->over_target,
	};
}

static struct kvmb_cold_age asked(const struct scene *x)
{
	const struct kvmb_cold_look l = look(x);
	struct kvmb_cold_age a;

	kvmb_cold_age(&l, &x->s, &a);
	return a;
}

static uint64_t idle_sec(const struct scene *x)
{
	uint64_t idle_usec = asked(x).idle_usec;

	return idle_usec == UINT64_MAX ? NOTHING_COLD : idle_usec / USEC_PER_SEC;
}

static void tick(struct scene *x)
{
	const struct kvmb_cold_look l = look(x);

	x->g.ages.told_ns = x->now_ns;
	kvmb_cold_age_update(&l, &x->s);
}

static void pass(struct scene *x, uint64_t ns)
{
	for (uint64_t gone_ns = 0; gone_ns < ns; gone_ns += TICK) {
		x->now_ns += TICK;
		tick(x);
	}
}

static void promote(struct scene *x, size_t bucket, uint64_t pages)
{
	x->g.ages.promoted_bytes[bucket] += pages * PAGE;
}

/* Up to the beginning of the first minute that is judged. */
static void settle(struct scene *x)
{
	tick(x);
	pass(x, 120 * SEC);
}

static void minute(struct scene *x, size_t bucket, uint64_t pages)
{
	promote(x, bucket, pages);
	pass(x, 60 * SEC);
}

/* ---- One minute -------------------------------------------------------------------------- */

static const struct minute_row {
	const char *name;
	uint64_t pages[KVMB_AGE_BUCKETS]; /* touched again after an idle time of that bucket */
	uint64_t want_sec;
	uint64_t back_pages; /* at that age */
} minute_rows[] = {
	{ "where nothing comes back ColdAge is what holds", { 0 }, 120, 0 },
	/* docs/COLD-AGE.md has these numbers. */
	{ "cold is the least age from which no more comes back than is allowed",
	  { [6] = 500, [7] = 250, [8] = 100 }, 320, 350 },
	{ "exactly what is allowed may come back", { [6] = 358 }, 120, 358 },
	{ "a page more may not", { [6] = 359 }, 320, 0 },
	{ "what was not yet cold may come back as it likes", { [0] = 100000, [5] = 100000 }, 120,
	  0 },
	{ "all older memory counts", { [9] = 200, [12] = 159 }, 2560, 159 },
	{ "where the oldest memory comes back nothing is cold",
	  { [KVMB_AGE_BUCKETS - 1] = 359 }, NOTHING_COLD, 0 },
};

static void test_minute(void **data)
{
	const struct minute_row *row = *data;
	struct scene x;

	scene_init(&x);
	settle(&x);
	for (size_t i = 0; i < KVMB_AGE_BUCKETS; i++)
		promote(&x, i, row->pages[i]);
	pass(&x, 50 * SEC);
	assert_false(asked(&x).judged);
	assert_int_equal(idle_sec(&x), 120);
	pass(&x, 10 * SEC);
	assert_true(asked(&x).judged);
	assert_int_equal(idle_sec(&x), row->want_sec);
	assert_int_equal(asked(&x).back_pages, row->back_pages);
	assert_int_equal(asked(&x).allowed_pages, 358);
	assert_int_equal(asked(&x).basis, row->want_sec == 120 ? KVMB_COLD_CONFIGURED :
								  KVMB_COLD_MINUTES_PAST);
	scene_done(&x);
}

static void test_rate(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	settle(&x);
	/* The source did not answer for a while. */
	promote(&x, 6, 716);
	x.now_ns += 110 * SEC;
	pass(&x, 10 * SEC);
	assert_int_equal(asked(&x).back_pages, 358);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

static void test_long_period(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.config->host.aging_usec = 5 * USEC_PER_MINUTE;
	settle(&x);
	/* One pass finds what was touched in five minutes. */
	minute(&x, 6, 5 * 358);
	assert_int_equal(x.s.n_minutes, 0);
	pass(&x, 240 * SEC);
	assert_int_equal(x.s.n_minutes, 1);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

static void test_blind(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	tick(&x);
	/* So soon nothing can have been idle for ColdAge: that none came back means nothing. */
	pass(&x, 170 * SEC);
	assert_int_equal(x.s.n_minutes, 0);
	pass(&x, 10 * SEC);
	assert_int_equal(x.s.n_minutes, 1);
	/* Less than ColdAge would have been good enough: that is kept for another ColdAge. */
	assert_int_equal(x.s.minutes[0], 1);
	minute(&x, 1, 359);
	assert_int_equal(x.s.minutes[1], 2);
	scene_done(&x);
}

/* ---- Many minutes ------------------------------------------------------------------------ */

static const struct percentile_row {
	const char *name;
	uint32_t n, n_bad; /* of n minutes so many, the earliest, asked for 1280 s */
	uint8_t last;      /* what the last one asked for, if not for 160 s */
	uint64_t want_sec;
	enum kvmb_cold_basis basis;
} percentile_rows[] = {
	{ "the worst of a few minutes is what counts", 10, 1, 0, 1280, KVMB_COLD_MINUTES_PAST },
	{ "one of 49 is more than 2 %", 49, 1, 0, 1280, KVMB_COLD_MINUTES_PAST },
	{ "one of 50 is not", 50, 1, 0, 120, KVMB_COLD_CONFIGURED },
	{ "two of 120 are let pass", 120, 2, 0, 120, KVMB_COLD_CONFIGURED },
	{ "three are not", 120, 3, 0, 1280, KVMB_COLD_MINUTES_PAST },
	{ "the last minute alone counts at once", 120, 0, 8, 640, KVMB_COLD_LAST_MINUTE },
	{ "a last minute that asks for less does not", 120, 3, 8, 1280, KVMB_COLD_MINUTES_PAST },
	{ "minutes that ask for less than ColdAge do not lower it", 120, 0, 1, 120,
	  KVMB_COLD_CONFIGURED },
};

static void test_percentile(void **data)
{
	const struct percentile_row *row = *data;
	struct scene x;

	scene_init(&x);
	x.s.source = KVMB_AGING_MODULE;
	x.s.n_minutes = row->n;
	memset(x.s.minutes, 6, sizeof(x.s.minutes));
	memset(x.s.minutes, 9, row->n_bad);
	if (row->last)
		x.s.minutes[row->n - 1] = row->last;
	assert_int_equal(idle_sec(&x), row->want_sec);
	assert_int_equal(asked(&x).basis, row->basis);
	assert_int_equal(asked(&x).n_minutes, row->n);
	scene_done(&x);
}

static void test_spike(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	settle(&x);
	for (size_t i = 0; i < 60; i++)
		minute(&x, 6, 10);
	assert_int_equal(idle_sec(&x), 120);
	minute(&x, 8, 359);
	assert_int_equal(idle_sec(&x), 1280);
	assert_int_equal(asked(&x).basis, KVMB_COLD_LAST_MINUTE);
	minute(&x, 6, 10);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

static void test_bounded(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	settle(&x);
	minute(&x, 9, 359);
	for (size_t i = 1; i < KVMB_COLD_MINUTES; i++)
		minute(&x, 7, 359);
	assert_int_equal(x.s.n_minutes, KVMB_COLD_MINUTES);
	assert_int_equal(x.s.minutes[0], 10);
	minute(&x, 8, 359);
	assert_int_equal(x.s.n_minutes, KVMB_COLD_MINUTES);
	assert_int_equal(x.s.minutes[0], 8);
	assert_int_equal(x.s.minutes[KVMB_COLD_MINUTES - 1], 9);
	scene_done(&x);
}

/* ---- Warm-up, and histograms that cannot be --------------------------------------------- */

static void resume(struct scene *x)
{
	x->g.state = KVMB_GUEST_PAUSED;
	pass(x, 10 * SEC);
	x->g.state = KVMB_GUEST_RUNNING;
}

static void counters_back(struct scene *x)
{
	promote(x, 3, 5);
	pass(x, 60 * SEC);
	x->g.ages.promoted_bytes[3] -= PAGE;
}

static void clock_back(struct scene *x)
{
	x->s.told_ns = x->now_ns + 30 * SEC;
}

static void long_away(struct scene *x)
{
	x->now_ns += 300 * SEC;
}

static void other_source(struct scene *x)
{
	x->g.ages.source = KVMB_AGING_DAMON;
}

static void no_source(struct scene *x)
{
	x->g.ages.source = KVMB_AGING_NONE;
	pass(x, 10 * SEC);
	x->g.ages.source = KVMB_AGING_MODULE;
}

/* All of the guest, more often than every five seconds. */
static void more_than_there_is(struct scene *x)
{
	while (x->now_ns - x->s.minute_ns < 50 * SEC)
		pass(x, 10 * SEC);
	promote(x, 6, 2 * 1024 * MIB / PAGE * 13 + 1);
}

static void counter_at_its_end(struct scene *x)
{
	while (x->now_ns - x->s.minute_ns < 50 * SEC)
		pass(x, 10 * SEC);
	x->g.ages.promoted_bytes[6] = x->g.ages.promoted_bytes[7] = INT64_MAX;
}

static const struct warm_row {
	const char *name;
	void (*bend)(struct scene *x);
} warm_rows[] = {
	{ "a resume begins the warm-up anew", resume },
	{ "counters that go backwards do", counters_back },
	{ "a clock that jumps back does", clock_back },
	{ "ages that were away for five minutes do", long_away },
	{ "another source does", other_source },
	{ "ages that are not told for a moment do", no_source },
	{ "more promotions than there can be do, and tell nothing", more_than_there_is },
	{ "counters of any size do, and tell nothing", counter_at_its_end },
};

static void test_warm_up(void **data)
{
	const struct warm_row *row = *data;
	struct scene x;
	uint32_t n;

	scene_init(&x);
	settle(&x);
	assert_int_equal(asked(&x).warm_up_usec, (WARM_UP_SEC - 120) * USEC_PER_SEC);
	pass(&x, 290 * SEC);
	assert_int_equal(asked(&x).warm_up_usec, 10 * USEC_PER_SEC);
	pass(&x, 10 * SEC);
	assert_int_equal(asked(&x).warm_up_usec, 0);
	row->bend(&x);
	assert_int_equal(asked(&x).warm_up_usec > 0, x.s.source == KVMB_AGING_NONE);
	n = x.s.n_minutes;
	pass(&x, 10 * SEC);
	assert_int_equal(asked(&x).warm_up_usec, WARM_UP_SEC * USEC_PER_SEC);
	assert_false(asked(&x).judged);
	/* What was learnt stays, and nothing was learnt. */
	assert_int_equal(x.s.n_minutes, n);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

static void test_first_look(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	assert_int_equal(asked(&x).warm_up_usec, WARM_UP_SEC * USEC_PER_SEC);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

/* ---- What it really suffered ------------------------------------------------------------- */

static void test_refaults(void **data)
{
	enum kvmb_aging source = *(const enum kvmb_aging *)*data;
	struct scene x;

	scene_init(&x);
	x.g.ages.source = source;
	tick(&x);
	x.over_target = true;
	pass(&x, 10 * SEC);
	assert_int_equal(idle_sec(&x), 320);
	assert_int_equal(asked(&x).basis, KVMB_COLD_REFAULTS);
	/* The same refaults are seen for a minute: they count once. */
	pass(&x, 60 * SEC);
	assert_int_equal(idle_sec(&x), 320);
	pass(&x, 10 * SEC);
	assert_int_equal(idle_sec(&x), 640);
	x.over_target = false;
	pass(&x, 590 * SEC);
	assert_int_equal(idle_sec(&x), 640);
	pass(&x, 10 * SEC);
	assert_int_equal(idle_sec(&x), 320);
	pass(&x, 600 * SEC);
	assert_int_equal(idle_sec(&x), 120);
	assert_int_equal(x.s.floor_bucket, 0);
	scene_done(&x);
}

static void test_highest(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	tick(&x);
	x.over_target = true;
	pass(&x, 3600 * SEC);
	/* By AgingInterval=15s nothing is seen as older than 2560 s. */
	assert_int_equal(idle_sec(&x), 5120);
	x.over_target = false;
	pass(&x, 5 * 600 * SEC);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

static void test_outranks(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	settle(&x);
	minute(&x, 6, 359);
	assert_int_equal(idle_sec(&x), 320);
	x.over_target = true;
	pass(&x, 10 * SEC);
	assert_int_equal(idle_sec(&x), 640);
	assert_int_equal(asked(&x).basis, KVMB_COLD_REFAULTS);
	scene_done(&x);
}

static void test_other_source_ignores_promotions(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	settle(&x);
	minute(&x, 8, 359);
	assert_int_equal(idle_sec(&x), 1280);
	x.g.ages.source = KVMB_AGING_DAMON;
	pass(&x, 300 * SEC);
	assert_int_equal(idle_sec(&x), 120);
	assert_int_equal(asked(&x).basis, KVMB_COLD_CONFIGURED);
	/* Nor do its minutes, in which nothing seems to come back. */
	assert_int_equal(x.s.n_minutes, 1);
	x.g.ages.source = KVMB_AGING_MGLRU;
	x.over_target = true;
	pass(&x, 10 * SEC);
	assert_int_equal(idle_sec(&x), 120);
	scene_done(&x);
}

int main(void)
{
	static const enum kvmb_aging module = KVMB_AGING_MODULE, damon = KVMB_AGING_DAMON;
	static struct tests t;

	TESTS_ADD_TABLE(&t, minute_rows, test_minute);
	TESTS_ADD(&t, "a longer minute is judged by its rate", test_rate);
	TESTS_ADD(&t, "a minute is no shorter than the period of aging", test_long_period);
	TESTS_ADD(&t, "no minute is judged before anything can have been cold", test_blind);
	TESTS_ADD_TABLE(&t, percentile_rows, test_percentile);
	TESTS_ADD(&t, "a spike is followed at once, and forgotten if it was one", test_spike);
	TESTS_ADD(&t, "two hours are remembered, the oldest minute goes first", test_bounded);
	TESTS_ADD(&t, "a guest never seen has all of its warm-up before it", test_first_look);
	TESTS_ADD_TABLE(&t, warm_rows, test_warm_up);
	tests_add(&t, "refaults double the age at once, quiet halves it slowly", test_refaults,
		  &module);
	tests_add(&t, "they do where nobody tells what came back, too", test_refaults, &damon);
	TESTS_ADD(&t, "refaults raise it no higher than ages go", test_highest);
	TESTS_ADD(&t, "what the guest suffered outranks what was predicted", test_outranks);
	TESTS_ADD(&t, "promotions count only from the source that knows them",
		  test_other_source_ignores_promotions);
	return tests_run("cold-age", &t);
}

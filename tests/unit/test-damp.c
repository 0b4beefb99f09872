// SPDX-License-Identifier: GPL-2.0-or-later
/* Back-off by what a guest feels. The guest of the world: 700 MiB resident, head-room 72 MiB. */
#include "policy/damp.h"
#include "policy-world.h"

struct scene {
	struct kvmb_config *config;
	struct kvmb_policy policy;
	struct kvmb_guest_sample g;
	struct kvmb_estimate e;
	struct kvmb_state_guest s;
	struct kvmb_feel feel;
	uint64_t now_ns;
	enum kvmb_level level;
};

static void scene_init(struct scene *x)
{
	*x = (struct scene){ .now_ns = 1000 * SEC, .s.step_permyriad = PERMYRIAD };
	assert_int_equal(kvmb_config_new(&x->config), 0);
	kvmb_config_policy(x->config, "vm0", NULL, NULL, &x->policy);
	world_set_guest(&x->g, 0, x->now_ns);
}

static void tick(struct scene *x, uint64_t elapsed_ns)
{
	struct kvmb_damp d = {
		.config = &x->config->host,
		.policy = &x->policy,
		.guest = &x->g,
		.estimate = &x->e,
		.level = x->level,
		.elapsed_ns = elapsed_ns,
	};

	d.now_ns = x->now_ns += elapsed_ns;
	kvmb_estimate_guest(&x->config->host, &x->policy, &x->g, 0, &x->e);
	kvmb_damp_update(&d, &x->s, &x->feel);
}

static void scene_done(struct scene *x)
{
	kvmb_config_free(x->config);
}

static const struct feel_row {
	const char *name;
	uint32_t some;
	bool triggered, no_psi, stale;
	uint64_t usable_mib; /* 0 stands for 400 */
	uint64_t swap_in_mib, major_faults; /* in the last two seconds */
	bool scope, inside;
} feel_rows[] = {
	{ "a quiet guest feels nothing" },
	{ "PSI of its scope at the bound is pressure", .some = 1000, .scope = true },
	{ "PSI of its scope below the bound is none", .some = 999 },
	{ "a trigger is pressure whatever avg10 says", .triggered = true, .scope = true },
	{ "PSI that is not valid counts for nothing", .some = 9000, .no_psi = true },
	{ "less usable than half the head-room is pressure inside", .usable_mib = 36,
	  .inside = true },
	{ "half the head-room usable is none", .usable_mib = 37 },
	{ "a guest that swaps in with little usable is short", .usable_mib = 140, .swap_in_mib = 2,
	  .inside = true },
	{ "a guest that swaps in a little is not", .usable_mib = 140, .swap_in_mib = 1 },
	{ "a guest that swaps in with plenty usable is not", .usable_mib = 146,
	  .swap_in_mib = 2000 },
	{ "many major faults with little usable are pressure", .usable_mib = 140,
	  .major_faults = 200, .inside = true },
	{ "some major faults are none", .usable_mib = 140, .major_faults = 199 },
	{ "many major faults with plenty usable are new programs", .major_faults = 20000 },
	{ "what stale statistics say is not believed", .usable_mib = 1, .stale = true },
};

static void test_feel(void **data)
{
	const struct feel_row *row = *data;
	struct scene x;

	scene_init(&x);
	x.g.psi.some_avg10_permyriad = row->some;
	x.g.psi_valid = !row->no_psi;
	x.g.triggered = row->triggered;
	x.g.stats_why = row->stale ? KVMB_WHY_STATS_STALE : KVMB_WHY_NONE;
	tick(&x, 0);
	x.g.usable_bytes = (row->usable_mib ? row->usable_mib : 400) * MIB;
	x.g.swap_in_bytes = row->swap_in_mib * MIB;
	x.g.major_faults = row->major_faults;
	tick(&x, 2 * SEC);
	assert_int_equal(x.feel.scope_pressure, row->scope);
	assert_int_equal(x.feel.inside_pressure, row->inside);
	scene_done(&x);
}

/* 700 MiB are 179200 pages, 0.2 % of those 358. */
static const struct refault_row {
	const char *name;
	uint64_t pages;
	bool first, no_cgroup, over;
} refault_rows[] = {
	{ "refaults within the target are fine", 358 },
	{ "refaults above the target are felt", 359, .over = true },
	{ "what was counted before the first look is not held against it", 100000, .first = true },
	{ "without a cgroup there are no refaults", 100000, .no_cgroup = true },
};

static void test_refaults(void **data)
{
	const struct refault_row *row = *data;
	struct scene x;

	scene_init(&x);
	x.g.cgroup_valid = !row->no_cgroup;
	if (!row->first)
		tick(&x, 0);
	x.g.refault_anon = row->pages / 2;
	x.g.refault_file = row->pages - row->pages / 2;
	tick(&x, 2 * SEC);
	assert_int_equal(x.feel.over_target, row->over);
	scene_done(&x);
}

static void test_refaults_pass(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	tick(&x, 0);
	x.g.refault_anon = 1000;
	tick(&x, SEC);
	assert_int_equal(x.feel.refaults_per_min, 1000);
	tick(&x, 59 * SEC);
	assert_true(x.feel.over_target);
	tick(&x, 6 * SEC);
	assert_int_equal(x.feel.refaults_per_min, 0);
	assert_false(x.feel.over_target);
	scene_done(&x);
}

static void test_stalls_without_refaults(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.level = KVMB_LEVEL_HARD;
	x.g.triggered = true;
	tick(&x, 0);
	tick(&x, 9 * SEC);
	assert_true(x.feel.scope_pressure);
	tick(&x, SEC);
	assert_false(x.feel.scope_pressure);
	x.g.refault_anon = 359;
	tick(&x, SEC);
	assert_true(x.feel.scope_pressure);
	x.g.refault_anon = 0;
	tick(&x, 65 * SEC);
	assert_false(x.feel.scope_pressure);
	x.level = KVMB_LEVEL_ELEVATED;
	tick(&x, SEC);
	assert_true(x.feel.scope_pressure);
	scene_done(&x);
}

static void test_small_guest(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.g.resident_bytes = MIB;
	tick(&x, 0);
	x.g.refault_anon = 64;
	tick(&x, SEC);
	assert_false(x.feel.over_target);
	x.g.refault_anon = 65;
	tick(&x, SEC);
	assert_true(x.feel.over_target);
	scene_done(&x);
}

static void test_halved(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.g.psi.some_avg10_permyriad = 5000;
	tick(&x, 2 * SEC);
	assert_int_equal(x.s.step_permyriad, 5000);
	assert_int_equal(x.s.reclaim_after_ns, x.now_ns + 10 * SEC);
	tick(&x, 9 * SEC);
	assert_int_equal(x.s.step_permyriad, 5000);
	tick(&x, SEC);
	assert_int_equal(x.s.step_permyriad, 2500);
	for (size_t i = 0; i < 10; i++)
		tick(&x, 10 * SEC);
	assert_int_equal(x.s.step_permyriad, 625);
	scene_done(&x);
}

static void test_grows(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.s.step_permyriad = 5000;
	tick(&x, 2 * SEC);
	assert_int_equal(x.s.step_permyriad, 6000);
	tick(&x, 8 * SEC);
	assert_int_equal(x.s.step_permyriad, 10000);
	tick(&x, 100 * SEC);
	assert_int_equal(x.s.step_permyriad, 10000);
	scene_done(&x);
}

static void test_no_growth_in_pause(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.g.triggered = true;
	tick(&x, SEC);
	x.g.triggered = false;
	tick(&x, 9 * SEC);
	assert_int_equal(x.s.step_permyriad, 5000);
	tick(&x, SEC);
	assert_int_equal(x.s.step_permyriad, 5500);
	scene_done(&x);
}

static void test_balloon_pause(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	x.g.usable_bytes = MIB;
	tick(&x, 0);
	assert_int_equal(x.s.balloon_after_ns, x.now_ns + 30 * SEC);
	tick(&x, 29 * SEC);
	assert_int_equal(x.s.balloon_pause_sec, 30);
	tick(&x, SEC);
	assert_int_equal(x.s.balloon_after_ns, x.now_ns + 60 * SEC);
	for (size_t i = 0; i < 10; i++)
		tick(&x, 600 * SEC);
	assert_int_equal(x.s.balloon_pause_sec, 600);
	x.g.usable_bytes = 400 * MIB;
	tick(&x, 1200 * SEC);
	assert_int_equal(x.s.balloon_pause_sec, 600);
	tick(&x, SEC);
	assert_int_equal(x.s.balloon_pause_sec, 0);
	scene_done(&x);
}

static void test_same_report(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	tick(&x, 0);
	x.g.usable_bytes = 140 * MIB;
	x.g.major_faults = 250;
	tick(&x, 2 * SEC);
	assert_true(x.feel.inside_pressure);
	/* A tick later the same report is looked at again: those faults are not new. */
	x.g.stats_age_usec = 100000;
	tick(&x, SEC / 10);
	assert_false(x.feel.inside_pressure);
	scene_done(&x);
}

static void test_slow_reports(void **data)
{
	struct scene x;

	(void)data;
	scene_init(&x);
	tick(&x, 0);
	x.g.stats_age_usec = 2000000;
	for (size_t i = 0; i < 4; i++) {
		tick(&x, 2 * SEC);
		x.g.stats_age_usec += 2000000;
	}
	/* 250 faults since the last report ten seconds ago are 25 a second. */
	x.g.usable_bytes = 140 * MIB;
	x.g.major_faults = 250;
	x.g.stats_age_usec = 0;
	tick(&x, 2 * SEC);
	assert_false(x.feel.inside_pressure);
	scene_done(&x);
}

static const struct step_row {
	const char *name;
	enum kvmb_level level;
	uint32_t permyriad;
	uint64_t want_mib;
} step_rows[] = {
	{ "a quiet guest is asked a full step", KVMB_LEVEL_ELEVATED, 10000, 64 },
	{ "after refaults it is asked half of it", KVMB_LEVEL_HARD, 5000, 32 },
	{ "and a sixteenth at least", KVMB_LEVEL_RELAXED, 625, 4 },
	{ "in an emergency refaults slow nothing down", KVMB_LEVEL_EMERGENCY, 625, 64 },
};

static void test_step(void **data)
{
	const struct step_row *row = *data;
	struct scene x;

	scene_init(&x);
	x.s.step_permyriad = row->permyriad;
	assert_int_equal(kvmb_damp_step(&x.config->host, &x.s, row->level), row->want_mib * MIB);
	scene_done(&x);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, feel_rows, test_feel);
	TESTS_ADD_TABLE(&t, refault_rows, test_refaults);
	TESTS_ADD(&t, "refaults count for about a minute", test_refaults_pass);
	TESTS_ADD(&t, "while the host is hard up, stalls without refaults do not count",
		  test_stalls_without_refaults);
	TESTS_ADD(&t, "a tiny guest may refault 64 pages a minute", test_small_guest);
	TESTS_ADD(&t, "the step is halved once in ten seconds, down to a sixteenth", test_halved);
	TESTS_ADD(&t, "the step grows back by a twentieth a second", test_grows);
	TESTS_ADD(&t, "the step does not grow while the pause lasts", test_no_growth_in_pause);
	TESTS_ADD(&t, "each time memory runs short inside, the balloon waits twice as long",
		  test_balloon_pause);
	TESTS_ADD(&t, "one report is counted once", test_same_report);
	TESTS_ADD(&t, "slow reports are divided by their own time", test_slow_reports);
	TESTS_ADD_TABLE(&t, step_rows, test_step);
	return tests_run("damp", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Placement, a fleet worked out by hand, and what must hold of any fleet. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/util.h"
#include "sim/generate.h"
#include "sim/report.h"
#include "sim/simulate.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static struct simulation simulation(struct kvmb_config **config)
{
	assert_int_equal(kvmb_config_new(config), 0);
	return (struct simulation){
		.config = *config,
		.host_memory_bytes = 64 * GIB,
		.host_swap_bytes = 16 * GIB,
		.n_ratios = 1,
		.ratios_percent = { 150 },
	};
}

struct scripted {
	struct feed feed;
	const uint64_t (*gib)[3]; /* of each machine, by step; UINT64_MAX is off */
	size_t n, at;
	struct feed_vm vms[3];
};

static int scripted_next(struct feed *f, struct feed_step *ret, char **ret_error)
{
	struct scripted *s = (struct scripted *)f;

	if (s->at == s->n)
		return 0;
	for (size_t i = 0; i < 3; i++)
		s->vms[i].used_bytes = s->gib[s->at][i] == FEED_ABSENT ? FEED_ABSENT :
									 s->gib[s->at][i] * GIB;
	*ret = (struct feed_step){ s->at++ * 300, 300, s->vms, 3 };
	return 1;
}

static const struct feed_ops scripted_ops = { scripted_next, NULL };

static struct fleet_report play(const struct simulation *s, const uint64_t (*gib)[3], size_t n)
{
	struct scripted script = {
		.feed.ops = &scripted_ops,
		.gib = gib,
		.n = n,
		.vms = { { "a", 32 * GIB, 0 }, { "b", 32 * GIB, 0 }, { "c", 32 * GIB, 0 } },
	};
	struct fleet_report r;
	char *error = NULL;

	assert_int_equal(simulate(s, &script.feed, &r, &error), 0);
	assert_null(error);
	return r;
}

/*
 * One host of 64 GiB, of which 1 GiB is its own, and three machines of 32 GiB, for each of which
 * QEMU takes 64 MiB; nobody acts but the kernel. In GiB:
 *
 *	use     resident    above 63    swap
 *	3 * 16  48.1875     -           0
 *	3 * 24  72.1875     9.1875      9.1875 of what is used: all three are hurt
 *	3 * 24  the same: 9.1875 come back, and go again
 *	3 * 30  90.1875     27.1875     9.1875 come back; 16 go, and that is not enough
 *	3 * 30, the third off: 16 less a third come back, 60.125 fit
 */
static void test_by_hand(void **data)
{
	static const uint64_t gib[][3] = {
		{ 16, 16, 16 }, { 24, 24, 24 }, { 24, 24, 24 }, { 30, 30, 30 },
		{ 30, 30, FEED_ABSENT },
	};
	const uint64_t over = 9 * GIB + 192 * MIB;
	struct kvmb_config *config;
	struct simulation s = simulation(&config);
	struct fleet_report r;

	config->host.mode = KVMB_MODE_OFF;
	r = play(&s, gib, ARRAY_SIZE(gib));
	assert_int_equal(r.n_hosts, 1);
	assert_int_equal(r.totals.n_vm_steps, 14);
	assert_int_equal(r.totals.n_steps, 5);
	assert_int_equal(r.totals.n_violations, 9);
	assert_int_equal(r.totals.n_oom_steps, 1);
	assert_int_equal(r.totals.kernel_bytes, 2 * over + 16 * GIB);
	assert_true(r.totals.refault_bytes >= 2 * over + 16 * GIB / 3 * 2 - 8 &&
		    r.totals.refault_bytes <= 2 * over + 16 * GIB / 3 * 2 + 8);
	assert_int_equal(r.totals.balloon_bytes + r.totals.swapped_bytes, 0);
	assert_int_equal(r.totals.vm_seconds, 14 * 300);
	kvmb_config_free(config);
}

/*
 * What the first does not use any more is taken, by balloon and by page-out, as the third comes to
 * need it. Nobody acting, 66 GiB would be resident in the end.
 */
static void test_policy(void **data)
{
	static const uint64_t gib[][3] = {
		{ 28, 14, 14 }, { 8, 14, 14 }, { 8, 14, 16 }, { 8, 14, 18 }, { 8, 14, 20 },
		{ 8, 14, 22 },  { 8, 14, 24 },
	};
	struct kvmb_config *config;
	struct simulation s = simulation(&config);
	struct fleet_report r = play(&s, gib, ARRAY_SIZE(gib));

	assert_int_equal(r.totals.n_violations, 0);
	assert_int_equal(r.totals.kernel_bytes, 0);
	assert_true(r.totals.balloon_bytes > 0 && r.totals.swapped_bytes > 0);
	config->host.mode = KVMB_MODE_OFF;
	r = play(&s, gib, ARRAY_SIZE(gib));
	assert_true(r.totals.kernel_bytes > 0);
	kvmb_config_free(config);
}

static void run(const struct simulation *s, enum pattern pattern, uint64_t seed,
		struct fleet_report *reports)
{
	const struct generate_params p = { 200, 4, 300, seed, pattern };
	_cleanup_(feed_freep) struct feed *feed = NULL;
	char *error = NULL;

	assert_int_equal(feed_generate(&p, &feed), 0);
	assert_int_equal(simulate(s, feed, reports, &error), 0);
}

/* A host at which nothing is at stake would get empty plans: both ways are the same in the end. */
static void test_every_host(void **data)
{
	struct kvmb_config *config;
	struct simulation s = simulation(&config);
	struct fleet_report few[4], every[4];

	s.n_ratios = 4;
	memcpy(s.ratios_percent, (uint32_t[]){ 125, 150, 175, 225 }, 4 * sizeof(uint32_t));
	for (enum pattern p = PATTERN_DIURNAL; p < PATTERNS; p++) {
		s.every_host = false;
		run(&s, p, 7, few);
		s.every_host = true;
		run(&s, p, 7, every);
		for (size_t i = 0; i < 4; i++) {
			assert_true(few[i].totals.n_decided <= every[i].totals.n_decided);
			few[i].totals.n_decided = every[i].totals.n_decided;
			few[i].worst.n_decided = every[i].worst.n_decided;
			assert_memory_equal(&few[i].totals, &every[i].totals,
					    sizeof(few[i].totals));
			assert_memory_equal(&few[i].worst, &every[i].worst, sizeof(few[i].worst));
			assert_int_equal(few[i].worst_host, every[i].worst_host);
		}
	}
	/* It is for a reason that not every host is asked. */
	s.every_host = false;
	run(&s, PATTERN_DIURNAL, 7, few);
	assert_true(few[0].totals.n_decided < every[0].totals.n_decided / 2);
	kvmb_config_free(config);
}

/*
 * By its limit the first would give memory at once, had it any to spare: what is free does for the
 * headroom of 5 %, but not for more. When it has, its host has been calm for long: half of its
 * memory is available, and no balloon has moved.
 */
static uint64_t ballooned_by_limit(const struct simulation *s)
{
	static const uint64_t gib[][3] = {
		{ 31, FEED_ABSENT, FEED_ABSENT }, { 30, FEED_ABSENT, FEED_ABSENT },
		{ 30, FEED_ABSENT, FEED_ABSENT }, { 30, FEED_ABSENT, FEED_ABSENT },
		{ 30, FEED_ABSENT, FEED_ABSENT }, { 30, FEED_ABSENT, FEED_ABSENT },
		{ 30, FEED_ABSENT, FEED_ABSENT }, { 30, FEED_ABSENT, FEED_ABSENT },
		{ 30, FEED_ABSENT, FEED_ABSENT }, { 20, FEED_ABSENT, FEED_ABSENT },
	};

	return play(s, gib, ARRAY_SIZE(gib)).totals.balloon_bytes;
}

static void test_limit(void **data)
{
	struct kvmb_config_guest a = {
		.name = "a",
		.policy = { .set = 1U << KVMB_FIELD_LIMIT, .limit_bytes = 8 * GIB },
	};
	struct kvmb_config *config;
	struct simulation s = simulation(&config);

	config->host.guest_headroom_permyriad = 500;
	assert_int_equal(ballooned_by_limit(&s), 0);
	config->defaults.limit_bytes = 8 * GIB;
	config->defaults.set = 1U << KVMB_FIELD_LIMIT;
	assert_true(ballooned_by_limit(&s) > 0);
	config->defaults.limit_bytes = UINT64_MAX;
	config->defaults.set = 0;
	config->guests = &a;
	config->n_guests = 1;
	assert_true(ballooned_by_limit(&s) > 0);
	config->guests = NULL;
	config->n_guests = 0;
	kvmb_config_free(config);
}

static void test_monotonic(void **data)
{
	struct kvmb_config *config;
	struct simulation s = simulation(&config);
	struct fleet_report r[5];

	s.n_ratios = 5;
	memcpy(s.ratios_percent, (uint32_t[]){ 100, 150, 200, 300, 400 }, 5 * sizeof(uint32_t));
	run(&s, PATTERN_MIXED, 3, r);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(r[i].n_vms, 200);
		assert_int_equal(r[i].totals.n_vm_steps, 200 * 4 * 288);
		assert_int_equal(r[i].totals.n_steps, r[i].n_hosts * 4 * 288);
		assert_true(i == 0 || r[i].n_hosts < r[i - 1].n_hosts);
		assert_true(i == 0 || r[i].totals.n_violations >= r[i - 1].totals.n_violations);
	}
	assert_int_equal(r[0].totals.n_violations, 0);
	assert_true(r[4].totals.n_oom_steps > 0);
	kvmb_config_free(config);
}

/* 96 GiB a host. First-fit: each goes to the first host with room for it. */
static void test_first_fit(void **data)
{
	const struct feed_vm vms[] = {
		{ "a", 60 * GIB, 0 }, { "b", 40 * GIB, 0 }, { "c", 36 * GIB, 0 },
		{ "d", 56 * GIB, 0 }, { "e", 1 * GIB, 0 },
	};
	const struct feed_step step = { 0, 300, vms, ARRAY_SIZE(vms) };
	const uint64_t want[] = { 96 * GIB, 96 * GIB, 1 * GIB };
	struct kvmb_config *config;
	struct fleet f = { .params = { NULL, 64 * GIB, 0, false }, .ratio_percent = 150 };
	size_t vm;

	assert_int_equal(kvmb_config_new(&config), 0);
	f.params.config = config;
	assert_int_equal(fleet_step(&f, &step, &vm), 0);
	assert_int_equal(f.n_hosts, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(f.hosts[i].provisioned_bytes, want[i]);
	fleet_clear(&f);
	kvmb_config_free(config);
}

static void test_too_large(void **data)
{
	static const uint64_t gib[][3] = { { 1, 1, 1 } };
	struct scripted script = {
		.feed.ops = &scripted_ops, .gib = gib, .n = 1,
		.vms = { { "a", 32 * GIB, 0 }, { "huge", 97 * GIB, 0 }, { "c", 32 * GIB, 0 } },
	};
	struct kvmb_config *config;
	struct simulation s = simulation(&config);
	_cleanup_free_ char *error = NULL;
	struct fleet_report r;

	assert_int_equal(simulate(&s, &script.feed, &r, &error), -E2BIG);
	assert_string_equal(error, "huge is larger than a host takes at a ratio of 1.50");
	kvmb_config_free(config);
}

static uint64_t hash_of(uint64_t seed, enum pattern pattern)
{
	const struct generate_params p = { 120, 9, 900, seed, pattern };
	_cleanup_(feed_freep) struct feed *feed = NULL;
	struct feed_step step;
	uint64_t h = 0, n = 0;
	char *error = NULL;

	assert_int_equal(feed_generate(&p, &feed), 0);
	for (; feed->ops->next(feed, &step, &error) > 0; n++) {
		assert_int_equal(step.time_sec, n * 900);
		for (size_t i = 0; i < step.n_vms; i++) {
			assert_true(step.vms[i].used_bytes > 0);
			assert_true(step.vms[i].used_bytes < step.vms[i].provisioned_bytes);
			h = (h ^ step.vms[i].used_bytes) * UINT64_C(0x100000001b3);
		}
	}
	assert_int_equal(n, 9 * 96);
	return h;
}

static void test_generator(void **data)
{
	for (enum pattern p = PATTERN_DIURNAL; p < PATTERNS; p++) {
		assert_true(hash_of(5, p) == hash_of(5, p));
		assert_true(hash_of(5, p) != hash_of(6, p));
		for (enum pattern q = PATTERN_DIURNAL; q < p; q++)
			assert_true(hash_of(5, p) != hash_of(5, q));
	}
}

static void test_ppm(void **data)
{
	assert_int_equal(report_ppm(0, 0), 0);
	assert_int_equal(report_ppm(1, 3), 333333);
	assert_int_equal(report_ppm(2, 3), 666667);
	assert_int_equal(report_ppm(UINT64_MAX, UINT64_MAX), 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "three machines come out as worked out by hand", test_by_hand },
		{ "the policy takes what one leaves before another needs it", test_policy },
		{ "hosts at which nothing is at stake need no decision", test_every_host },
		{ "but where a machine has a limit all hosts are asked", test_limit },
		{ "a higher ratio takes fewer hosts and hurts no less", test_monotonic },
		{ "machines are placed first-fit", test_first_fit },
		{ "a machine larger than a host is named", test_too_large },
		{ "the same seed makes the same trace", test_generator },
		{ "parts in a million are rounded and do not overflow", test_ppm },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

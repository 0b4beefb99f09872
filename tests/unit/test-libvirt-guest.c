// SPDX-License-Identifier: GPL-2.0-or-later
/* One guest of libvirt's: its records as a table, and its statistics switched on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/guest.h"
#include "source/libvirt-guest.h"
#include "source/libvirt-period.h"
#include "tree.h"

#define TEST_URI "test:///default"
#define NOW_SEC 1700000000

/* ---- Records ------------------------------------------------------------------------------ */

struct params {
	virTypedParameterPtr list;
	int n;
	int max;
};

static void add(struct params *p, const char *name, unsigned long long value)
{
	assert_int_equal(virTypedParamsAddULLong(&p->list, &p->n, &p->max, name, value), 0);
}

static void add_state(struct params *p, int state)
{
	assert_int_equal(virTypedParamsAddInt(&p->list, &p->n, &p->max, "state.state", state), 0);
}

static void add_reason(struct params *p, int reason)
{
	assert_int_equal(virTypedParamsAddInt(&p->list, &p->n, &p->max, "state.reason", reason), 0);
}

static bool fill(struct params *p, struct kvmb_guest_sample *g)
{
	kvmb_guest_init(g);
	return kvmb_libvirt_guest_fill_params(p->list, p->n, NOW_SEC, g);
}

static void test_figures_of_a_record(void **state)
{
	struct kvmb_guest_sample g;
	struct params p = { 0 };

	add_state(&p, VIR_DOMAIN_RUNNING);
	add(&p, "balloon.maximum", 2048);
	add(&p, "balloon.current", 1024);
	add(&p, "balloon.rss", 900);
	add(&p, "balloon.available", 1000);
	add(&p, "balloon.unused", 300);
	add(&p, "balloon.usable", 400);
	add(&p, "balloon.disk_caches", 50);
	add(&p, "balloon.swap_in", 5);
	add(&p, "balloon.swap_out", 6);
	add(&p, "balloon.major_fault", 7);
	add(&p, "balloon.last-update", NOW_SEC - 3);
	assert_true(fill(&p, &g));
	assert_int_equal(g.state, KVMB_GUEST_RUNNING);
	assert_int_equal(g.maximum_bytes, 2048 * KIB);
	assert_int_equal(g.balloon_bytes, 1024 * KIB);
	assert_int_equal(g.rss_bytes, 900 * KIB);
	assert_int_equal(g.guest_total_bytes, 1000 * KIB);
	assert_int_equal(g.unused_bytes, 300 * KIB);
	assert_int_equal(g.usable_bytes, 400 * KIB);
	assert_int_equal(g.caches_bytes, 50 * KIB);
	assert_int_equal(g.swap_in_bytes, 5 * KIB);
	assert_int_equal(g.swap_out_bytes, 6 * KIB);
	assert_int_equal(g.major_faults, 7);
	assert_int_equal(g.stats_age_usec, 3 * USEC_PER_SEC);
	virTypedParamsFree(p.list, p.n);
}

static void test_what_a_guest_does_not_tell_is_unknown(void **state)
{
	struct kvmb_guest_sample g;
	struct params p = { 0 };

	add_state(&p, VIR_DOMAIN_PAUSED);
	add(&p, "balloon.maximum", 2048);
	add(&p, "balloon.current", 2048);
	assert_false(fill(&p, &g)); /* no rss: QEMU was not asked */
	assert_int_equal(g.state, KVMB_GUEST_PAUSED);
	assert_true(g.unused_bytes == KVMB_UNKNOWN);
	assert_true(g.usable_bytes == KVMB_UNKNOWN);
	assert_true(g.guest_total_bytes == KVMB_UNKNOWN);
	assert_true(g.stats_age_usec == KVMB_UNKNOWN);
	virTypedParamsFree(p.list, p.n);
}

static void test_lies_stay_figures(void **state)
{
	struct kvmb_guest_sample g;
	struct params p = { 0 };

	add(&p, "balloon.maximum", 2048);
	add(&p, "balloon.available", 2048);
	add(&p, "balloon.unused", UINT64_MAX);
	add(&p, "balloon.usable", UINT64_MAX / 1024);
	add(&p, "balloon.disk_caches", UINT64_C(1) << 54); /* times 1024 is 0 in 64 bits */
	add(&p, "balloon.last-update", NOW_SEC);
	(void)fill(&p, &g);
	/* not wrapped into something small, and not KVMB_UNKNOWN: it was told */
	assert_true(g.unused_bytes == INT64_MAX);
	assert_true(g.usable_bytes == INT64_MAX);
	assert_true(g.caches_bytes == INT64_MAX);
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	assert_int_equal(g.stats_why, KVMB_WHY_STATS_IMPOSSIBLE);
	virTypedParamsFree(p.list, p.n);
}

static void test_age_of_statistics(void **state)
{
	static const struct {
		unsigned long long stamp;
		uint64_t age_usec;
	} cases[] = {
		{ 0, KVMB_UNKNOWN }, /* never */
		{ NOW_SEC, 0 },
		{ NOW_SEC + 1, 0 }, /* both clocks cut their seconds */
		{ NOW_SEC + 3600, KVMB_UNKNOWN }, /* from the future */
		{ UINT64_MAX, KVMB_UNKNOWN },
		{ NOW_SEC - 3600, 3600 * USEC_PER_SEC },
		{ 1, (NOW_SEC - 1) * USEC_PER_SEC },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_guest_sample g;
		struct params p = { 0 };

		add(&p, "balloon.last-update", cases[i].stamp);
		(void)fill(&p, &g);
		if (g.stats_age_usec != cases[i].age_usec)
			fail_msg("stamp %llu", cases[i].stamp);
		virTypedParamsFree(p.list, p.n);
	}
}

static void test_states(void **state)
{
	static const struct {
		int state;
		enum kvmb_guest_state want;
	} cases[] = {
		{ VIR_DOMAIN_RUNNING, KVMB_GUEST_RUNNING },
		{ VIR_DOMAIN_BLOCKED, KVMB_GUEST_RUNNING },
		{ VIR_DOMAIN_PAUSED, KVMB_GUEST_PAUSED },
		{ VIR_DOMAIN_SHUTDOWN, KVMB_GUEST_SHUTDOWN },
		{ VIR_DOMAIN_CRASHED, KVMB_GUEST_SHUTDOWN },
		{ VIR_DOMAIN_PMSUSPENDED, KVMB_GUEST_OTHER },
		{ 4711, KVMB_GUEST_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_guest_sample g;
		struct params p = { 0 };

		add_state(&p, cases[i].state);
		(void)fill(&p, &g);
		assert_int_equal(g.state, cases[i].want);
		virTypedParamsFree(p.list, p.n);
	}
}

/* libvirt tells no job of a guest that comes in, and most of its balloon not either. */
static void test_post_copy_is_told_by_the_reason_of_the_state(void **state)
{
	static const struct {
		int state, reason;
		enum kvmb_why want;
	} cases[] = {
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, KVMB_WHY_MIGRATING },
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED, KVMB_WHY_MIGRATING },
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, KVMB_WHY_NONE },
		{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, KVMB_WHY_NONE },
		/* a number of paused guests that means something else */
		{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_RUNNING_POSTCOPY, KVMB_WHY_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_guest_sample g;
		struct params p = { 0 };

		add_state(&p, cases[i].state);
		add_reason(&p, cases[i].reason);
		(void)fill(&p, &g);
		assert_string_equal(kvmb_why_to_string(g.job_why),
				    kvmb_why_to_string(cases[i].want));
		virTypedParamsFree(p.list, p.n);
	}
}

/* ---- Runs of a domain: what is kept from one snapshot to the next ---------------------------- */

static virDomainPtr test_domain(virConnectPtr *ret_conn)
{
	virConnectPtr conn = virConnectOpen(TEST_URI);
	virDomainPtr domain;

	assert_non_null(conn);
	domain = virDomainLookupByName(conn, "test");
	assert_non_null(domain);
	*ret_conn = conn;
	return domain;
}

static void test_a_busy_guest_keeps_its_old_figures(void **state)
{
	struct kvmb_libvirt_times first = { .begin_ns = 1000, .realtime_sec = NOW_SEC };
	struct kvmb_libvirt_times second = { .begin_ns = 5000, .realtime_sec = NOW_SEC + 4 };
	struct kvmb_libvirt_guest old, now, third;
	struct params full = { 0 }, busy = { 0 };
	virDomainStatsRecord record;
	virConnectPtr conn;
	virDomainPtr domain = test_domain(&conn);

	add_state(&full, VIR_DOMAIN_RUNNING);
	add(&full, "balloon.maximum", 2048);
	add(&full, "balloon.current", 1024);
	add(&full, "balloon.rss", 900);
	add(&full, "balloon.unused", 300);
	record = (virDomainStatsRecord){ .dom = domain, .params = full.list, .nparams = full.n };
	assert_int_equal(kvmb_libvirt_guest_fill(&record, NULL, &first, &old), 0);
	assert_int_equal(old.sample.facts_ns, 1000);
	old.sample.pid = 42;
	kvmb_str_copy(old.sample.cgroup, sizeof(old.sample.cgroup), "scope");

	add_state(&busy, VIR_DOMAIN_PAUSED);
	add(&busy, "balloon.maximum", 2048);
	add(&busy, "balloon.current", 1024);
	record = (virDomainStatsRecord){ .dom = domain, .params = busy.list, .nparams = busy.n };
	assert_int_equal(kvmb_libvirt_guest_fill(&record, &old, &second, &now), 0);
	assert_int_equal(now.sample.facts_ns, 1000);
	assert_int_equal(now.sample.unused_bytes, 300 * KIB);
	assert_int_equal(now.sample.state, KVMB_GUEST_PAUSED);
	assert_int_equal(now.sample.pid, 42);
	assert_string_equal(now.sample.cgroup, "scope");

	/* another run of the same domain: nothing of the last one holds */
	old.id++;
	assert_int_equal(kvmb_libvirt_guest_fill(&record, &old, &second, &third), 0);
	assert_int_equal(third.sample.facts_ns, 5000);
	assert_true(third.sample.unused_bytes == KVMB_UNKNOWN);
	assert_int_equal(third.sample.pid, 0);
	assert_string_equal(third.sample.cgroup, "");
	virTypedParamsFree(full.list, full.n);
	virTypedParamsFree(busy.list, busy.n);
	virDomainFree(domain);
	virConnectClose(conn);
}

static enum kvmb_why job_of(virDomainPtr domain, int reason, struct kvmb_libvirt_guest *old)
{
	struct kvmb_libvirt_times times = { .begin_ns = 1000, .realtime_sec = NOW_SEC };
	struct kvmb_libvirt_guest now;
	struct params p = { 0 };
	virDomainStatsRecord record;

	add_state(&p, VIR_DOMAIN_RUNNING);
	add_reason(&p, reason);
	record = (virDomainStatsRecord){ .dom = domain, .params = p.list, .nparams = p.n };
	assert_int_equal(kvmb_libvirt_guest_fill(&record, old, &times, &now), 0);
	*old = now;
	virTypedParamsFree(p.list, p.n);
	return now.sample.job_why;
}

static void test_the_reason_of_the_state_outranks_the_last_job(void **state)
{
	virConnectPtr conn;
	virDomainPtr domain = test_domain(&conn);
	struct kvmb_libvirt_guest g = { .id = (int)virDomainGetID(domain), .asked = true };

	assert_int_equal(job_of(domain, VIR_DOMAIN_RUNNING_BOOTED, &g), KVMB_WHY_NONE);
	g.job_why = KVMB_WHY_SNAPSHOT;
	assert_int_equal(job_of(domain, VIR_DOMAIN_RUNNING_BOOTED, &g), KVMB_WHY_SNAPSHOT);
	assert_int_equal(job_of(domain, VIR_DOMAIN_RUNNING_POSTCOPY, &g), KVMB_WHY_MIGRATING);
	g.job_why = KVMB_WHY_NONE;
	assert_int_equal(job_of(domain, VIR_DOMAIN_RUNNING_POSTCOPY, &g), KVMB_WHY_MIGRATING);
	assert_int_equal(job_of(domain, VIR_DOMAIN_RUNNING_MIGRATED, &g), KVMB_WHY_NONE);
	virDomainFree(domain);
	virConnectClose(conn);
}

/* ---- Switching statistics on ---------------------------------------------------------------- */

static atomic_bool period_fails;
static atomic_uint period_calls;

int __wrap_virDomainSetMemoryStatsPeriod(virDomainPtr domain, int period, unsigned int flags);
int __wrap_virDomainSetMemoryStatsPeriod(virDomainPtr domain, int period, unsigned int flags)
{
	atomic_fetch_add(&period_calls, 1);
	return atomic_load(&period_fails) ? -1 : 0;
}

struct period {
	virConnectPtr conn;
	virDomainPtr domain;
	struct kvmb_worker *worker;
	struct kvmb_libvirt_guest guest; /* without statistics */
};

static void period_begin(struct period *p)
{
	virConnectPtr conn;

	*p = (struct period){ .domain = test_domain(&conn) };
	p->conn = conn;
	kvmb_guest_init(&p->guest.sample);
	p->guest.sample.state = KVMB_GUEST_RUNNING;
	assert_int_equal(virDomainGetUUIDString(p->domain, p->guest.sample.uuid), 0);
	assert_int_equal(kvmb_worker_new("period", &p->worker), 0);
	atomic_store(&period_calls, 0);
	atomic_store(&period_fails, false);
}

static void period_end(struct period *p)
{
	assert_null(kvmb_worker_free(p->worker, UINT64_MAX, NULL));
	virDomainFree(p->domain);
	virConnectClose(p->conn);
}

/* One turn of the source. Return: whether libvirt was called. */
static bool period_turn(struct period *p, uint64_t now_sec)
{
	unsigned int before = atomic_load(&period_calls);
	uint64_t now_ns = now_sec * NSEC_PER_SEC;

	kvmb_libvirt_period_ask(p->worker, p->domain, USEC_PER_SEC, now_ns, &p->guest);
	WAIT_FOR((kvmb_libvirt_period_take(p->worker, now_ns, &p->guest, 1),
		  !p->guest.period_in_flight));
	return atomic_load(&period_calls) != before;
}

static void test_statistics_are_asked_for_after_a_long_job(void **state)
{
	struct period p;
	uint64_t now_sec = 1000;

	period_begin(&p);
	atomic_store(&period_fails, true);
	for (int i = 0; i < 20; i++, now_sec += 600)
		assert_true(period_turn(&p, now_sec));
	atomic_store(&period_fails, false);
	assert_true(period_turn(&p, now_sec));
	assert_false(kvmb_libvirt_period_asked(&p.guest, (now_sec + 10) * NSEC_PER_SEC));
	/* done: only statistics that stay away would have it done again, and not for ever */
	for (int i = 0; i < 2; i++)
		assert_true(period_turn(&p, now_sec += 10));
	assert_false(kvmb_libvirt_period_asked(&p.guest, now_sec * NSEC_PER_SEC));
	assert_false(period_turn(&p, now_sec + 100000));
	/* three times, and ten seconds for an answer */
	assert_true(kvmb_libvirt_period_asked(&p.guest, (now_sec + 10) * NSEC_PER_SEC));
	period_end(&p);
}

static void test_failed_tries_come_at_a_growing_gap(void **state)
{
	static const uint64_t gaps_sec[] = { 20, 40, 80, 160, 320, 600, 600, 600 };
	struct period p;
	uint64_t now_sec = 1000;

	period_begin(&p);
	atomic_store(&period_fails, true);
	assert_true(period_turn(&p, now_sec));
	for (size_t i = 0; i < ARRAY_SIZE(gaps_sec); i++) {
		assert_false(period_turn(&p, now_sec + gaps_sec[i] - 1));
		now_sec += gaps_sec[i];
		assert_true(period_turn(&p, now_sec));
	}
	period_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_of_a_record),
		cmocka_unit_test(test_what_a_guest_does_not_tell_is_unknown),
		cmocka_unit_test(test_lies_stay_figures),
		cmocka_unit_test(test_age_of_statistics),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_post_copy_is_told_by_the_reason_of_the_state),
		cmocka_unit_test(test_a_busy_guest_keeps_its_old_figures),
		cmocka_unit_test(test_the_reason_of_the_state_outranks_the_last_job),
		cmocka_unit_test(test_statistics_are_asked_for_after_a_long_job),
		cmocka_unit_test(test_failed_tries_come_at_a_growing_gap),
	};

	if (virInitialize() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("libvirt-guest", tests, NULL, NULL);
}

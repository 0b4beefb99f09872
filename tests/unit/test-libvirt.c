// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The libvirt source: records as a table, the thread against libvirt's own test driver, and
 * daemons that are absent or hang.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/guest.h"
#include "source/libvirt-guest.h"
#include "source/libvirt-period.h"
#include "source/libvirt.h"
#include "tree.h"
#include "wrap/virt.h"

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

/* ---- The thread --------------------------------------------------------------------------- */

struct source {
	struct kvmb_virt *virt;
	struct kvmb_libvirt *lv;
	struct kvmb_guest_sample *guests;
	size_t n;
	struct kvmb_libvirt_status status;
};

static void source_begin(struct source *s, const char *uri, uint64_t interval_usec)
{
	*s = (struct source){ 0 };
	assert_int_equal(kvmb_virt_new(uri, &s->virt), 0);
	assert_int_equal(kvmb_libvirt_new(s->virt, NULL, interval_usec, &s->lv), 0);
}

static void source_take(struct source *s)
{
	free(s->guests);
	s->guests = NULL;
	assert_int_equal(kvmb_libvirt_take(s->lv, &s->guests, &s->n, &s->status), 0);
}

static struct kvmb_guest_sample *source_find(struct source *s, const char *name)
{
	source_take(s);
	for (size_t i = 0; i < s->n; i++)
		if (streq(s->guests[i].name, name))
			return &s->guests[i];
	return NULL;
}

static bool source_complete(struct source *s)
{
	source_take(s);
	return s->status.complete;
}

static void source_end(struct source *s)
{
	assert_null(kvmb_libvirt_free(s->lv));
	assert_null(kvmb_virt_unref(s->virt));
	free(s->guests);
}

static void test_a_snapshot_of_the_test_driver(void **state)
{
	struct source s;
	struct pollfd p = { .events = POLLIN };
	struct kvmb_guest_sample *g;

	source_begin(&s, TEST_URI, 100000);
	p.fd = kvmb_libvirt_fd(s.lv);
	assert_int_equal(poll(&p, 1, WAIT_DEADLINE_MS), 1);
	WAIT_FOR(source_complete(&s));
	assert_true(s.status.connected);
	assert_string_equal(s.status.error, "");
	assert_int_equal(s.status.n_connects, 1);
	assert_int_equal(s.status.n_skipped, 0);
	assert_true(s.status.taken_ns > 0);
	g = source_find(&s, "test");
	if (!g)
		fail_msg("the guest is missing");
	assert_true(g->uuid[KVMB_UUID_SIZE - 2] != '\0' && g->uuid[KVMB_UUID_SIZE - 1] == '\0');
	assert_int_equal(g->state, KVMB_GUEST_RUNNING);
	assert_int_equal(g->maximum_bytes, 8388608 * KIB);
	assert_true(g->balloon_bytes > 0);
	assert_true(g->has_balloon);
	assert_int_equal(g->pid, 0);
	assert_string_equal(g->cgroup, "");
	assert_true(g->unused_bytes == KVMB_UNKNOWN);
	assert_true(g->facts_ns > 0 && g->facts_ns <= now_ms() * 1000000 + 1000000);
	assert_false(g->cgroup_valid);
	source_end(&s);
}

static void test_snapshots_come_by_themselves(void **state)
{
	struct source s;
	uint64_t first;

	source_begin(&s, TEST_URI, 100000);
	WAIT_FOR(source_complete(&s));
	first = s.status.taken_ns;
	WAIT_FOR(source_complete(&s) && s.status.taken_ns > first + 400 * 1000000);
	source_end(&s);
}

static void test_a_kick_does_not_wait_for_the_interval(void **state)
{
	struct source s;
	uint64_t first;

	source_begin(&s, TEST_URI, 3600 * USEC_PER_SEC);
	WAIT_FOR(source_complete(&s));
	first = s.status.taken_ns;
	kvmb_libvirt_kick(s.lv);
	WAIT_FOR(source_complete(&s) && s.status.taken_ns > first);
	/* and so does a shorter interval */
	first = s.status.taken_ns;
	kvmb_libvirt_set_interval(s.lv, 300000);
	WAIT_FOR(source_complete(&s) && s.status.taken_ns > first);
	source_end(&s);
}

/*
 * The test driver's domains belong to the process, whichever connection one looks through; they are
 * forgotten with the last connection, so a source must be connected before this.
 */
static void define(const char *name, bool start)
{
	_cleanup_free_ char *xml = NULL;
	virConnectPtr conn = virConnectOpen(TEST_URI);
	virDomainPtr domain;

	assert_non_null(conn);
	assert_int_equal(kvmb_asprintf(&xml, "<domain type='test'><name>%s</name>"
				       "<memory>65536</memory><os><type>hvm</type></os></domain>",
				       name), 0);
	domain = virDomainDefineXML(conn, xml);
	assert_non_null(domain);
	if (start)
		assert_int_equal(virDomainCreate(domain), 0);
	virDomainFree(domain);
	virConnectClose(conn);
}

static void undefine(const char *name)
{
	virConnectPtr conn = virConnectOpen(TEST_URI);
	virDomainPtr domain = virDomainLookupByName(conn, name);

	assert_non_null(domain);
	(void)virDomainDestroy(domain);
	(void)virDomainUndefine(domain);
	virDomainFree(domain);
	virConnectClose(conn);
}

static void test_events_tell_of_starts_and_stops(void **state)
{
	struct source s;

	/* An hour between snapshots: what is seen is seen on account of events. */
	source_begin(&s, TEST_URI, 3600 * USEC_PER_SEC);
	WAIT_FOR(source_complete(&s));
	define("sleeper", false);
	define("zulu", true);
	WAIT_FOR(source_find(&s, "zulu"));
	define("alpha", true);
	WAIT_FOR(source_find(&s, "alpha"));
	assert_null(source_find(&s, "sleeper")); /* not running */
	for (size_t i = 1; i < s.n; i++)
		assert_true(strcmp(s.guests[i - 1].name, s.guests[i].name) < 0);
	undefine("zulu");
	WAIT_FOR(!source_find(&s, "zulu"));
	assert_non_null(source_find(&s, "alpha"));
	undefine("alpha");
	undefine("sleeper");
	source_end(&s);
}

static void test_names_that_cannot_be_managed_are_counted(void **state)
{
	struct source s;
	char name[KVMB_NAME_SIZE + 20];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	source_begin(&s, TEST_URI, 3600 * USEC_PER_SEC);
	WAIT_FOR(source_complete(&s));
	assert_int_equal(s.status.n_skipped, 0);
	define(name, true);
	WAIT_FOR(source_complete(&s) && s.status.n_skipped == 1);
	assert_int_equal(s.n, 1);
	undefine(name);
	WAIT_FOR(source_complete(&s) && s.status.n_skipped == 0);
	source_end(&s);
}

static void test_statistics_age_while_nobody_asks(void **state)
{
	struct source s;
	struct kvmb_guest_sample *g;

	source_begin(&s, TEST_URI, 3600 * USEC_PER_SEC);
	WAIT_FOR(source_complete(&s));
	g = source_find(&s, "test");
	if (!g)
		fail_msg("the guest is missing");
	assert_true(g->stats_age_usec == KVMB_UNKNOWN); /* and does not wrap around */
	source_end(&s);
}

/* ---- A libvirt that refuses ----------------------------------------------------------------- */

/* As libvirt with a rule against it does: the connection is fine, the answer is no. */
static atomic_bool refuses;

int __real_virConnectGetAllDomainStats(virConnectPtr conn, unsigned int stats,
				       virDomainStatsRecordPtr **ret, unsigned int flags);
int __wrap_virConnectGetAllDomainStats(virConnectPtr conn, unsigned int stats,
				       virDomainStatsRecordPtr **ret, unsigned int flags);
int __wrap_virConnectGetAllDomainStats(virConnectPtr conn, unsigned int stats,
				       virDomainStatsRecordPtr **ret, unsigned int flags)
{
	if (!atomic_load(&refuses))
		return __real_virConnectGetAllDomainStats(conn, stats, ret, flags);
	(void)!virDomainLookupByName(conn, "no such domain"); /* some error of libvirt's */
	return -1;
}

static void test_a_refusal_on_a_live_connection_is_told(void **state)
{
	struct source s;

	source_begin(&s, TEST_URI, 100000);
	WAIT_FOR(source_complete(&s));
	atomic_store(&refuses, true);
	WAIT_FOR(!source_complete(&s));
	assert_true(s.status.connected);
	assert_non_null(strstr(s.status.error, "Domain not found"));
	assert_int_equal(s.n, 1); /* the last snapshot stays */
	atomic_store(&refuses, false);
	WAIT_FOR(source_complete(&s));
	assert_string_equal(s.status.error, "");
	assert_int_equal(s.status.n_connects, 1);
	source_end(&s);
}

static void test_a_refusal_wakes_the_caller(void **state)
{
	struct pollfd p = { .events = POLLIN };
	struct source s;

	source_begin(&s, TEST_URI, 3600 * USEC_PER_SEC);
	WAIT_FOR(source_complete(&s));
	p.fd = kvmb_libvirt_fd(s.lv);
	assert_int_equal(poll(&p, 1, 0), 0);
	atomic_store(&refuses, true);
	kvmb_libvirt_kick(s.lv);
	assert_int_equal(poll(&p, 1, WAIT_DEADLINE_MS), 1);
	atomic_store(&refuses, false);
	source_end(&s);
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

static void test_statistics_are_switched_on_after_a_job_that_outlasts_many_tries(void **state)
{
	struct period p;
	uint64_t now_sec = 1000;

	period_begin(&p);
	atomic_store(&period_fails, true);
	for (int i = 0; i < 20; i++, now_sec += 600)
		assert_true(period_turn(&p, now_sec));
	atomic_store(&period_fails, false);
	assert_true(period_turn(&p, now_sec));
	/* done: only statistics that stay away would have it done again, and not for ever */
	for (int i = 0; i < 2; i++)
		assert_true(period_turn(&p, now_sec += 10));
	assert_false(period_turn(&p, now_sec + 100000));
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

/* ---- Daemons that are not well -------------------------------------------------------------- */

static void test_an_absent_daemon_is_no_reason_to_fail(void **state)
{
	struct source s;

	source_begin(&s, "qemu+unix:///system?socket=/nonexistent/libvirt-sock", 100000);
	WAIT_FOR((source_take(&s), strstr(s.status.error, "/nonexistent/libvirt-sock")));
	assert_false(s.status.connected);
	assert_false(s.status.complete);
	assert_int_equal(s.n, 0);
	assert_int_equal(s.status.n_connects, 0);
	assert_null(kvmb_virt_get(s.virt));
	source_end(&s);
}

/* A socket that somebody listens on who never says anything, as a stopped libvirtd does. */
static int deaf_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(kvmb_str_copy(a.sun_path, sizeof(a.sun_path), path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void test_a_hung_daemon_holds_up_nobody(void **state)
{
	_cleanup_free_ char *uri = NULL, *path = NULL;
	char *tree = tree_new();
	uint64_t begin_ms;
	struct source s;
	int fd, peer;

	assert_int_equal(kvmb_asprintf(&path, "%s/sock", tree), 0);
	assert_int_equal(kvmb_asprintf(&uri, "qemu+unix:///system?socket=%s", path), 0);
	fd = deaf_socket(path);
	source_begin(&s, uri, 100000);
	peer = accept(fd, NULL, NULL); /* now the thread waits for an answer */
	assert_true(peer >= 0);
	begin_ms = now_ms();
	source_take(&s);
	kvmb_libvirt_kick(s.lv);
	assert_true(now_ms() - begin_ms < 1000);
	assert_false(s.status.connected);
	/* it is said, too, once that has lasted for some seconds */
	WAIT_FOR((source_take(&s), strstr(s.status.error, "has not answered")));
	begin_ms = now_ms();
	source_end(&s);
	assert_true(now_ms() - begin_ms < 5000);
	/* the thread that was left behind ends, too, and frees what it holds */
	close(peer);
	close(fd);
	tree_free(tree);
}

static void test_libvirt_does_not_print(void **state)
{
	int pipe_fds[2], stderr_fd = dup(STDERR_FILENO), flags = 0;
	struct pollfd p = { .events = POLLIN };
	struct source s;

	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
	source_begin(&s, "qemu+unix:///system?socket=/nonexistent/libvirt-sock", 100000);
	while (flags < 3000 && (source_take(&s), !strstr(s.status.error, "nonexistent"))) {
		pause_ms(10);
		flags++;
	}
	source_end(&s);
	assert_true(dup2(stderr_fd, STDERR_FILENO) >= 0);
	p.fd = pipe_fds[0];
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_true(flags < 3000);
	close(stderr_fd);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void test_errors_become_errno(void **state)
{
	virConnectPtr conn = virConnectOpen(TEST_URI);
	char text[64] = "";

	assert_null(virDomainLookupByName(conn, "no such domain"));
	assert_int_equal(kvmb_virt_error(text, sizeof(text)), -ENOENT);
	assert_non_null(strstr(text, "Domain not found"));
	assert_null(virDomainLookupByUUIDString(conn, "not a uuid"));
	assert_int_equal(kvmb_virt_error(NULL, 0), -EINVAL);
	virConnectClose(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_of_a_record),
		cmocka_unit_test(test_what_a_guest_does_not_tell_is_unknown),
		cmocka_unit_test(test_lies_stay_figures),
		cmocka_unit_test(test_age_of_statistics),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_a_snapshot_of_the_test_driver),
		cmocka_unit_test(test_a_busy_guest_keeps_its_old_figures),
		cmocka_unit_test(test_snapshots_come_by_themselves),
		cmocka_unit_test(test_a_kick_does_not_wait_for_the_interval),
		cmocka_unit_test(test_events_tell_of_starts_and_stops),
		cmocka_unit_test(test_names_that_cannot_be_managed_are_counted),
		cmocka_unit_test(test_statistics_age_while_nobody_asks),
		cmocka_unit_test(test_a_refusal_on_a_live_connection_is_told),
		cmocka_unit_test(test_a_refusal_wakes_the_caller),
		cmocka_unit_test(test_statistics_are_switched_on_after_a_job_that_outlasts_many_tries),
		cmocka_unit_test(test_failed_tries_come_at_a_growing_gap),
		cmocka_unit_test(test_an_absent_daemon_is_no_reason_to_fail),
		cmocka_unit_test(test_a_hung_daemon_holds_up_nobody),
		cmocka_unit_test(test_libvirt_does_not_print),
		cmocka_unit_test(test_errors_become_errno),
	};

	/* The tables come before the first source, which would do this. */
	if (virInitialize() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("libvirt", tests, NULL, NULL);
}

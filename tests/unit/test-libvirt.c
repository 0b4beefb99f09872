// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The libvirt source: its thread against libvirt's own test driver, and daemons that refuse, are
 * absent or hang.
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
#include "source/libvirt.h"
#include "tree.h"
#include "wrap/virt.h"

#define TEST_URI "test:///default"

/* ---- The thread --------------------------------------------------------------------------- */

/* The test driver has no statistics to switch on; that it is asked to is all that counts here. */
static atomic_uint n_periods;

struct source {
	struct kvmb_virt *virt;
	struct kvmb_libvirt *lv;
	struct kvmb_guest_sample *guests;
	size_t n;
	struct kvmb_libvirt_status status;
};

static void source_open(struct source *s, const char *uri, uint64_t interval_usec, bool look_only)
{
	*s = (struct source){ 0 };
	atomic_store(&n_periods, 0);
	assert_int_equal(kvmb_virt_new(uri, &s->virt), 0);
	assert_int_equal(kvmb_libvirt_new(s->virt, NULL, interval_usec, look_only, &s->lv), 0);
}

static void source_begin(struct source *s, const char *uri, uint64_t interval_usec)
{
	source_open(s, uri, interval_usec, false);
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

int __wrap_virDomainSetMemoryStatsPeriod(virDomainPtr domain, int period, unsigned int flags);
int __wrap_virDomainSetMemoryStatsPeriod(virDomainPtr domain, int period, unsigned int flags)
{
	atomic_fetch_add(&n_periods, 1);
	return 0;
}

static void test_statistics_are_switched_on(void **state)
{
	struct source s;

	source_begin(&s, TEST_URI, 10000);
	WAIT_FOR(atomic_load(&n_periods) > 0);
	source_end(&s);
}

static void test_a_look_switches_nothing_on(void **state)
{
	uint64_t last_ns = 0;
	struct source s;

	source_open(&s, TEST_URI, 10000, true);
	for (unsigned int i = 0; i < 4; i++, last_ns = s.status.taken_ns)
		WAIT_FOR(source_complete(&s) && s.status.taken_ns > last_ns);
	source_end(&s);
	assert_int_equal(atomic_load(&n_periods), 0);
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
				       "<memory>65536</memory><memoryBacking><locked/>"
				       "</memoryBacking><os><type>hvm</type></os></domain>",
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
	assert_true(source_find(&s, "alpha")->backing.locked); /* its definition was read */
	assert_false(source_find(&s, "test")->backing.locked);
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
/* As it does while a hook of a guest's start runs: who wants all guests waits for that one. */
static atomic_bool holds_one;
static atomic_uint n_lists;

static int refuse(virConnectPtr conn)
{
	(void)!virDomainLookupByName(conn, "no such domain"); /* some error of libvirt's */
	return -1;
}

int __real_virConnectGetAllDomainStats(virConnectPtr conn, unsigned int stats,
				       virDomainStatsRecordPtr **ret, unsigned int flags);
int __wrap_virConnectGetAllDomainStats(virConnectPtr conn, unsigned int stats,
				       virDomainStatsRecordPtr **ret, unsigned int flags);
int __wrap_virConnectGetAllDomainStats(virConnectPtr conn, unsigned int stats,
				       virDomainStatsRecordPtr **ret, unsigned int flags)
{
	atomic_fetch_add(&n_lists, 1);
	while (atomic_load(&holds_one))
		(void)usleep(1000);
	return atomic_load(&refuses) ? refuse(conn) :
				       __real_virConnectGetAllDomainStats(conn, stats, ret, flags);
}

int __real_virDomainListGetStats(virDomainPtr *domains, unsigned int stats,
				 virDomainStatsRecordPtr **ret, unsigned int flags);
int __wrap_virDomainListGetStats(virDomainPtr *domains, unsigned int stats,
				 virDomainStatsRecordPtr **ret, unsigned int flags);
int __wrap_virDomainListGetStats(virDomainPtr *domains, unsigned int stats,
				 virDomainStatsRecordPtr **ret, unsigned int flags)
{
	return atomic_load(&refuses) ? refuse(virDomainGetConnect(domains[0])) :
				       __real_virDomainListGetStats(domains, stats, ret, flags);
}

static bool is_newer(struct source *s, uint64_t than_ns)
{
	source_take(s);
	return s->status.complete && s->status.taken_ns > than_ns;
}

static void test_a_guest_that_libvirt_holds_does_not_hold_up_the_others(void **state)
{
	struct source s;
	unsigned int lists;

	source_begin(&s, TEST_URI, 100000);
	WAIT_FOR(source_complete(&s));
	lists = atomic_load(&n_lists);
	atomic_store(&holds_one, true);
	for (int i = 0; i < 3; i++) {
		uint64_t last_ns = s.status.taken_ns;

		WAIT_FOR(is_newer(&s, last_ns));
		assert_int_equal(s.n, 1);
	}
	assert_int_equal(atomic_load(&n_lists), lists);
	atomic_store(&holds_one, false);
	source_end(&s);
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
		cmocka_unit_test(test_a_snapshot_of_the_test_driver),
		cmocka_unit_test(test_statistics_are_switched_on),
		cmocka_unit_test(test_a_look_switches_nothing_on),
		cmocka_unit_test(test_snapshots_come_by_themselves),
		cmocka_unit_test(test_a_kick_does_not_wait_for_the_interval),
		cmocka_unit_test(test_events_tell_of_starts_and_stops),
		cmocka_unit_test(test_names_that_cannot_be_managed_are_counted),
		cmocka_unit_test(test_statistics_age_while_nobody_asks),
		cmocka_unit_test(test_a_guest_that_libvirt_holds_does_not_hold_up_the_others),
		cmocka_unit_test(test_a_refusal_on_a_live_connection_is_told),
		cmocka_unit_test(test_a_refusal_wakes_the_caller),
		cmocka_unit_test(test_an_absent_daemon_is_no_reason_to_fail),
		cmocka_unit_test(test_a_hung_daemon_holds_up_nobody),
		cmocka_unit_test(test_libvirt_does_not_print),
		cmocka_unit_test(test_errors_become_errno),
	};

	if (virInitialize() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("libvirt", tests, NULL, NULL);
}

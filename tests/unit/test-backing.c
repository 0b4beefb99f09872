// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest's memory is: definitions, processes, and when they are read; what libvirt is at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "base/worker.h"
#include "source/domain-xml.h"
#include "source/libvirt-backing.h"
#include "source/libvirt-job.h"
#include "source/process-memory.h"
#include "tree.h"
#include "wrap/xml.h"

#define UUID "00000000-0000-4000-8000-000000000001"
#define DOMAIN(inner) "<domain type='kvm'>" inner "</domain>"
#define DEVICE(inner) DOMAIN("<devices><disk type='file'/>" inner "<serial type='pty'/></devices>")
#define MEMORY(inner) DOMAIN("<memoryBacking>" inner "</memoryBacking>")

/* ---- Definitions ---------------------------------------------------------------------------- */

static bool same(const struct kvmb_backing *a, const struct kvmb_backing *b)
{
	return a->passthrough == b->passthrough && a->encrypted == b->encrypted &&
	       a->locked == b->locked && a->hugetlb == b->hugetlb && a->shared == b->shared &&
	       a->reports_free == b->reports_free && a->locked_bytes == b->locked_bytes &&
	       a->hugetlb_bytes == b->hugetlb_bytes;
}

static void test_definitions(void **state)
{
	static const struct {
		const char *text;
		struct kvmb_backing want;
	} cases[] = {
		{ DOMAIN(""), { 0 } },
		{ DEVICE("<hostdev mode='subsystem' type='pci'/>"), { .passthrough = true } },
		{ DEVICE("<hostdev mode='subsystem' type='mdev'/>"), { .passthrough = true } },
		{ DEVICE("<hostdev mode='subsystem' type='usb'/>"), { 0 } },
		{ DEVICE("<hostdev mode='subsystem' type='scsi'/>"), { 0 } },
		{ DEVICE("<interface type='hostdev'/>"), { .passthrough = true } },
		{ DEVICE("<interface type='vdpa'/>"), { .passthrough = true } },
		{ DEVICE("<interface type='network'/>"), { 0 } },
		{ DEVICE("<interface type='vhostuser'/>"), { .shared = true } },
		{ DEVICE("<disk type='nvme'/>"), { .passthrough = true } },
		{ DEVICE("<disk type='vhostvdpa'/>"), { .passthrough = true } },
		{ DEVICE("<disk type='vhostuser'/>"), { .shared = true } },
		{ DEVICE("<filesystem><driver type='virtiofs'/></filesystem>"),
		  { .shared = true } },
		{ DEVICE("<filesystem><driver type='path'/></filesystem>"), { 0 } },
		{ DEVICE("<filesystem type='virtiofs'/>"), { 0 } },
		{ DEVICE("<video><driver name='vhostuser'/></video>"), { .shared = true } },
		{ MEMORY("<locked/>"), { .locked = true } },
		{ MEMORY("<hugepages><page size='1'/></hugepages>"), { .hugetlb = true } },
		{ MEMORY("<source type='memfd'/><access mode='shared'/>"), { 0 } },
		{ MEMORY("<source type='file'/><access mode='shared'/>"), { .shared = true } },
		{ MEMORY("<source type='anonymous'/><access mode='shared'/>"), { .shared = true } },
		{ MEMORY("<access mode='shared'/>"), { .shared = true } },
		{ MEMORY("<access mode='private'/>"), { 0 } },
		{ MEMORY("<source type='file'/><access mode='private'/>"), { 0 } },
		{ DOMAIN("<cpu><numa><cell/><cell memAccess='shared'/></numa></cpu>"),
		  { .shared = true } },
		{ DOMAIN("<memoryBacking><source type='memfd'/></memoryBacking><cpu><numa>"
			 "<cell memAccess='shared'/></numa></cpu>"), { 0 } },
		{ DOMAIN("<memoryBacking><source type='file'/></memoryBacking><cpu><numa><cell/>"
			 "<cell memAccess='shared'/></numa></cpu>"), { .shared = true } },
		{ DOMAIN("<memoryBacking><source type='file'/></memoryBacking><cpu><numa><cell/>"
			 "</numa></cpu>"), { 0 } },
		{ DOMAIN("<launchSecurity type='sev-snp'/>"), { .encrypted = true } },
		{ DOMAIN("<launchSecurity type='tdx'/>"), { .encrypted = true } },
		/* not where libvirt has them */
		{ DOMAIN("<hostdev type='pci'/><metadata><locked/><launchSecurity/></metadata>"),
		  { 0 } },
		{ DEVICE("<disk type='file'><hostdev type='pci'/></disk>"), { 0 } },
		{ DEVICE("<memballoon model='virtio' freePageReporting='on'/>"),
		  { .reports_free = true } },
		{ DEVICE("<memballoon model='virtio' freePageReporting='off'/>"), { 0 } },
		{ DEVICE("<memballoon model='virtio'/>"), { 0 } },
		{ DEVICE("<disk type='file' freePageReporting='on'/>"), { 0 } },
		{ DEVICE("<hostdev type='pci&amp;'/>"), { 0 } },
		{ DEVICE("<hostdev type='p&#99;i'/>"), { .passthrough = true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_backing b = { true, true, true, true, true, false, true, 0, 0 };
		struct kvmb_metadata m;

		assert_int_equal(kvmb_parse_domain(cases[i].text, &b, &m), 0);
		if (!same(&b, &cases[i].want))
			fail_msg("%s", cases[i].text);
	}
}

#define BOMB "<!DOCTYPE domain [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"

static void test_hostile_definitions(void **state)
{
	static const char *const cases[] = {
		"", " ", "no XML", "<domain>", "<domain/><domain/>", "<network/>",
		DEVICE("<hostdev type='pci'>"),
		BOMB DOMAIN("<name>&b;</name>"),
		BOMB "<domain name='&b;'/>",
		"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>" DOMAIN(""),
		"<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" DOMAIN("&x;"),
		"<!DOCTYPE domain>" DOMAIN(""),
		DOMAIN("&undefined;"),
		DOMAIN("\xff\xfe"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_backing b = { .locked = true, .locked_bytes = 42 };
		struct kvmb_metadata m;

		if (kvmb_parse_domain(cases[i], &b, &m) != -EBADMSG)
			fail_msg("taken: %s", cases[i]);
		assert_true(b.locked && b.locked_bytes == 42);
	}
}

static void test_size_and_depth_are_bounded(void **state)
{
	size_t size = KVMB_XML_SIZE_MAX + 2;
	_cleanup_free_ char *text = calloc(1, size);
	struct kvmb_backing b = { 0 };
	struct kvmb_metadata m;
	char *end;

	assert_non_null(text);
	memset(text, ' ', size - 1);
	assert_int_equal(kvmb_parse_domain(text, &b, &m), -E2BIG);
	text[size - 2] = '\0';
	memcpy(text, "<domain/>", 9);
	assert_int_equal(kvmb_parse_domain(text, &b, &m), 0);
	end = stpcpy(text, "<domain>");
	for (size_t i = 0; i < 1000; i++)
		end = stpcpy(end, "<a>");
	for (size_t i = 0; i < 1000; i++)
		end = stpcpy(end, "</a>");
	(void)stpcpy(end, "</domain>");
	assert_int_equal(kvmb_parse_domain(text, &b, &m), -EBADMSG);
}

/* @n times @piece between two texts, with a number where it has a #. */
static int parse_many(const char *before, const char *piece, unsigned int n, const char *after)
{
	_cleanup_free_ char *text = malloc(40 * (size_t)n + 200);
	struct kvmb_backing b = { 0 };
	struct kvmb_metadata m;
	char *end;

	assert_non_null(text);
	end = stpcpy(text, before);
	for (unsigned int i = 0; i < n; i++)
		end += sprintf(end, "%.*s%u%s", (int)strcspn(piece, "#"), piece, i,
			       strchr(piece, '#') + 1);
	(void)stpcpy(end, after);
	return kvmb_parse_domain(text, &b, &m);
}

/* What libxml2 would need seconds for. */
static void test_attributes_and_namespaces_are_bounded(void **state)
{
	static const struct {
		const char *before, *piece, *after;
		unsigned int n;
		int want;
	} rows[] = {
		{ "<domain><metadata><x", " a#='>'", "/></metadata></domain>", 256, 0 },
		{ "<domain><metadata><x", " a#='>'", "/></metadata></domain>", 257, -E2BIG },
		{ "<domain><metadata><x b=\"'\"", " a# = \"'\"", "/></metadata></domain>", 256,
		  -E2BIG },
		{ "<domain><!-- <x", " a#='/>'", "/> --></domain>", 257, -E2BIG },
		{ "<domain><!-- it's -->", "<x a='#'/>", "</domain>", 2000, 0 },
		{ "<domain><x><![CDATA[", " a#='' =", "]]></x></domain>", 2000, 0 },
		{ "<domain>", "<y xmlns:x#='u'/>", "</domain>", 256, 0 },
		{ "<domain>", "<y xmlns:x#='u'/>", "</domain>", 257, -E2BIG },
		{ "<domain>", "<x# xmlns='u'/>", "</domain>", 257, -E2BIG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = parse_many(rows[i].before, rows[i].piece, rows[i].n, rows[i].after);

		if (r != rows[i].want)
			fail_msg("row %zu: %d", i, r);
	}
}

/* ---- Processes ------------------------------------------------------------------------------- */

static void test_processes(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint64_t locked_bytes, hugetlb_bytes;
	} cases[] = {
		{ "Name:\tqemu\nVmLck:\t       0 kB\nVmPin:\t       0 kB\n", 0, 0, 0 },
		{ "VmLck:\t    1024 kB\nVmPin:\t      16 kB\nHugetlbPages:\t    2048 kB\n", 0,
		  1040 * KIB, 2048 * KIB },
		{ "VmLck:\t    1024 kB\n", 0, 1024 * KIB, 0 },
		{ "VmLck:\t18014398509481983 kB\nVmPin:\t18014398509481983 kB\n", 0, INT64_MAX, 0 },
		{ "Name:\tkworker\nState:\tI (idle)\n", -EBADMSG, 7, 7 },
		{ "", -EBADMSG, 7, 7 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvmb_backing b = { .locked_bytes = 7, .hugetlb_bytes = 7 };

		assert_int_equal(kvmb_parse_process_status(cases[i].text, &b), cases[i].want);
		if (b.locked_bytes != cases[i].locked_bytes ||
		    b.hugetlb_bytes != cases[i].hugetlb_bytes)
			fail_msg("%s", cases[i].text);
	}
}

static void test_own_process_has_figures(void **state)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;
	struct kvmb_backing b = { .locked_bytes = UINT64_MAX };

	assert_int_equal(kvmb_root_open(NULL, &root), 0);
	assert_int_equal(kvmb_process_memory_read(&root, getpid(), &b), 0);
	assert_true(b.locked_bytes < GIB);
	assert_int_equal(kvmb_process_memory_read(&root, INT32_MAX, &b), -ESRCH);
}

/* ---- When they are read --------------------------------------------------------------------- */

static const char *definition; /* NULL: libvirt fails */
static unsigned int n_reads;

char *__wrap_virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags);
char *__wrap_virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
	n_reads++;
	return definition ? strdup(definition) : NULL;
}

/* One turn of the source. Return: how often libvirt was asked. */
static unsigned int turn(const struct kvmb_root *root, uint64_t sec, struct kvmb_libvirt_guest *g)
{
	unsigned int before = n_reads;

	g->sample.backing = (struct kvmb_backing){ 0 }; /* a new sample */
	kvmb_libvirt_backing_update(root, NULL, sec * NSEC_PER_SEC, g);
	return n_reads - before;
}

static void test_a_definition_is_read_once(void **state)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;
	struct kvmb_libvirt_guest g = { 0 };
	char *tree = tree_new();

	tree_write(tree, "proc/42/status", "VmLck:\t 64 kB\n");
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	definition = NULL;
	assert_int_equal(turn(&root, 100, &g), 1);
	assert_int_equal(turn(&root, 109, &g), 0);
	assert_true(g.sample.backing.unread);
	definition = MEMORY("<locked/>");
	assert_int_equal(turn(&root, 110, &g), 1);
	assert_true(g.sample.backing.locked && !g.sample.backing.unread);
	assert_int_equal(turn(&root, 100000, &g), 0);
	assert_true(g.sample.backing.locked && !g.sample.backing.locked_bytes);

	g.sample.pid = 42;
	(void)turn(&root, 100001, &g);
	assert_int_equal(g.sample.backing.locked_bytes, 64 * KIB);
	tree_write(tree, "proc/42/status", "VmLck:\t 128 kB\n");
	(void)turn(&root, 100005, &g);
	assert_int_equal(g.sample.backing.locked_bytes, 64 * KIB);
	(void)turn(&root, 100006, &g);
	assert_int_equal(g.sample.backing.locked_bytes, 128 * KIB);

	/* as an event has it; what the kernel tells is kept */
	definition = MEMORY("");
	g.definition_due_ns = 0;
	assert_int_equal(turn(&root, 100007, &g), 1);
	assert_true(!g.sample.backing.locked && g.sample.backing.locked_bytes == 128 * KIB);

	/* what was known is not forgotten, but it may be no longer right */
	definition = MEMORY("<hugepages/>");
	g.definition_due_ns = 0;
	assert_int_equal(turn(&root, 100008, &g), 1);
	definition = "<domain>";
	g.definition_due_ns = 0;
	assert_int_equal(turn(&root, 100009, &g), 1);
	assert_true(g.sample.backing.hugetlb && g.sample.backing.unread);
	tree_free(tree);
}

/* ---- Jobs ----------------------------------------------------------------------------------- */

static int job_type, job_operation; /* type below 0: libvirt fails */

int __wrap_virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params,
				int *n, unsigned int flags);
int __wrap_virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params,
				int *n, unsigned int flags)
{
	int max = 0;

	if (job_type < 0)
		return -1;
	*type = job_type;
	return virTypedParamsAddInt(params, n, &max, VIR_DOMAIN_JOB_OPERATION, job_operation);
}

int __wrap_virDomainRef(virDomainPtr domain);
int __wrap_virDomainRef(virDomainPtr domain)
{
	return 0;
}

int __wrap_virDomainFree(virDomainPtr domain);
int __wrap_virDomainFree(virDomainPtr domain)
{
	return 0;
}

/* Return: whether libvirt was asked. */
static bool job_turn(struct kvmb_worker *w, uint64_t now_ns, struct kvmb_libvirt_guest *g)
{
	struct kvmb_job_batch *b = kvmb_libvirt_job_begin(1);

	assert_non_null(b);
	kvmb_libvirt_job_add(b, NULL, now_ns, g);
	if (!kvmb_libvirt_job_submit(w, b))
		return false;
	WAIT_FOR(kvmb_libvirt_job_take(w, g, 1));
	return true;
}

static void test_jobs(void **state)
{
	static const struct {
		int type, operation;
		enum kvmb_why want;
	} cases[] = {
		{ VIR_DOMAIN_JOB_UNBOUNDED, VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
		  KVMB_WHY_MIGRATING },
		{ -1, 0, KVMB_WHY_MIGRATING }, /* not told: as it was */
		{ VIR_DOMAIN_JOB_COMPLETED, VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT, KVMB_WHY_NONE },
		{ -1, 0, KVMB_WHY_NONE }, /* as of one that comes in: its state tells that */
		{ VIR_DOMAIN_JOB_NONE, 0, KVMB_WHY_NONE },
		{ VIR_DOMAIN_JOB_BOUNDED, VIR_DOMAIN_JOB_OPERATION_SAVE, KVMB_WHY_SAVING },
		{ VIR_DOMAIN_JOB_BOUNDED, VIR_DOMAIN_JOB_OPERATION_DUMP, KVMB_WHY_SAVING },
		{ VIR_DOMAIN_JOB_BOUNDED, VIR_DOMAIN_JOB_OPERATION_RESTORE, KVMB_WHY_SAVING },
		{ VIR_DOMAIN_JOB_UNBOUNDED, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT, KVMB_WHY_SNAPSHOT },
		{ VIR_DOMAIN_JOB_UNBOUNDED, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT,
		  KVMB_WHY_SNAPSHOT },
		{ VIR_DOMAIN_JOB_UNBOUNDED, VIR_DOMAIN_JOB_OPERATION_BACKUP, KVMB_WHY_NONE },
		{ VIR_DOMAIN_JOB_UNBOUNDED, 4711, KVMB_WHY_NONE },
	};
	struct kvmb_libvirt_guest g = { .id = 1, .asked = true, .sample.uuid = UUID };
	struct kvmb_worker *w = NULL;
	uint64_t now_ns = NSEC_PER_SEC;

	assert_int_equal(kvmb_worker_new("jobs", &w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++, now_ns += 2 * NSEC_PER_SEC) {
		job_type = cases[i].type;
		job_operation = cases[i].operation;
		g.sample.facts_ns = now_ns;
		assert_true(job_turn(w, now_ns, &g));
		assert_string_equal(kvmb_why_to_string(g.job_why),
				    kvmb_why_to_string(cases[i].want));
	}
	assert_null(kvmb_worker_free(w, UINT64_MAX, NULL));
}

static void test_who_is_asked_for_jobs(void **state)
{
	struct kvmb_libvirt_guest g = { .id = 1, .sample.uuid = UUID, .sample.facts_ns = 5 };
	struct kvmb_job_batch *many = kvmb_libvirt_job_begin(1000);
	struct kvmb_worker *w = NULL;

	job_type = VIR_DOMAIN_JOB_NONE;
	assert_int_equal(kvmb_worker_new("jobs", &w), 0);
	assert_false(job_turn(w, 5, &g)); /* a driver that asks no QEMU */
	g.asked = true;
	assert_false(job_turn(w, 6, &g)); /* not answered this time */
	assert_true(job_turn(w, 5, &g));
	g.sample.facts_ns = 6;
	assert_false(job_turn(w, 6, &g)); /* asked just now */
	g.sample.facts_ns = 5 + 2 * NSEC_PER_SEC;
	kvmb_libvirt_job_add(many, NULL, g.sample.facts_ns, &g);
	assert_true(kvmb_libvirt_job_submit(w, many));
	WAIT_FOR(kvmb_libvirt_job_take(w, &g, 1));
	assert_true(g.job_due_ns == g.sample.facts_ns + 10 * NSEC_PER_SEC);
	/* without memory for a batch nothing is asked */
	kvmb_libvirt_job_add(NULL, NULL, UINT64_MAX, &g);
	assert_false(kvmb_libvirt_job_submit(w, NULL));
	assert_null(kvmb_worker_free(w, UINT64_MAX, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_hostile_definitions),
		cmocka_unit_test(test_size_and_depth_are_bounded),
		cmocka_unit_test(test_attributes_and_namespaces_are_bounded),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_own_process_has_figures),
		cmocka_unit_test(test_a_definition_is_read_once),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_who_is_asked_for_jobs),
	};

	if (virInitialize() < 0)
		return 1;
	return cmocka_run_group_tests_name("backing", tests, NULL, NULL);
}

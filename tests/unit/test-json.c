/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON forms: both ways, golden files, and what is refused with which text.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "model/guest.h"
#include "model/json.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/sample.h"

struct inner {
	uint32_t part;
};

struct thing {
	char name[8];
	uint64_t size_bytes;
	uint64_t age_usec;
	int64_t net_bytes;
	int32_t pid;
	bool flag;
	enum kvmb_mode mode;
	struct inner inner;
};

static const struct kvmb_json_field inner_fields[] = {
	KVMB_JSON_PERMYRIAD(struct inner, part),
};

static const struct kvmb_json_field thing_fields[] = {
	KVMB_JSON_STRING(struct thing, name),
	KVMB_JSON_U64(struct thing, size_bytes),
	KVMB_JSON_U64_NULL_OPT(struct thing, age_usec),
	KVMB_JSON_I64(struct thing, net_bytes),
	KVMB_JSON_I32_OPT(struct thing, pid, 0, 100),
	KVMB_JSON_BOOL(struct thing, flag),
	KVMB_JSON_ENUM(struct thing, mode, &kvmb_mode_tokens),
	KVMB_JSON_OBJECT(struct thing, inner, inner_fields),
};

#define GOOD_HEAD "{\"name\":\"n\",\"size_bytes\":1,\"net_bytes\":-2,\"flag\":true,"
#define GOOD GOOD_HEAD "\"mode\":\"off\",\"inner\":{\"part\":3}}"

static char *print_thing(const struct thing *t)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	char *text = NULL;

	assert_int_equal(kvmb_json_new_object(&o), 0);
	assert_int_equal(kvmb_json_store(o, KVMB_JSON_TABLE(thing_fields), t), 0);
	assert_int_equal(kvmb_json_print(o, &text), 0);
	return text;
}

static int read_thing(const char *text, struct thing *t, char **ret_error)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	int r = kvmb_json_parse(text, &o, ret_error);

	if (r >= 0)
		r = kvmb_json_load(o, KVMB_JSON_TABLE(thing_fields), t, "", ret_error);
	if (r >= 0)
		r = kvmb_json_check_keys(o, KVMB_JSON_TABLE(thing_fields), NULL, "", ret_error);
	return r;
}

static void every_type_comes_back(void **state)
{
	const struct thing t = {
		.name = "gr\xc3\xbc\xc3\x9f",
		.size_bytes = INT64_MAX,
		.age_usec = KVMB_UNKNOWN,
		.net_bytes = INT64_MIN,
		.pid = 100,
		.flag = true,
		.mode = KVMB_MODE_PROACTIVE,
		.inner.part = 10000,
	};
	_cleanup_free_ char *text = print_thing(&t), *error = NULL;
	struct thing back = { .size_bytes = 1 };

	assert_int_equal(read_thing(text, &back, &error), 0);
	assert_string_equal(back.name, t.name);
	assert_true(back.size_bytes == t.size_bytes && back.age_usec == t.age_usec);
	assert_true(back.net_bytes == t.net_bytes && back.pid == t.pid && back.flag);
	assert_int_equal(back.mode, t.mode);
	assert_int_equal(back.inner.part, t.inner.part);
}

static void what_json_cannot_say_does_not_spoil_it(void **state)
{
	struct thing t = { .size_bytes = UINT64_MAX - 1, .age_usec = (uint64_t)INT64_MAX + 1 };
	_cleanup_free_ char *text = NULL, *error = NULL;
	struct thing back = { .pid = 7 };

	memcpy(t.name, "a\xff\xc3(b", 6);
	text = print_thing(&t);
	assert_int_equal(read_thing(text, &back, &error), 0);
	assert_string_equal(back.name, "a?" "?(b");
	assert_true(back.size_bytes == INT64_MAX);
	assert_true(back.age_usec == KVMB_UNKNOWN);
}

static void absent_members_keep_their_value(void **state)
{
	struct thing t = { .pid = 42, .age_usec = 43 };

	assert_int_equal(read_thing(GOOD, &t, NULL), 0);
	assert_int_equal(t.pid, 42);
	assert_int_equal(t.age_usec, 43);
	assert_int_equal(t.net_bytes, -2);
}

struct bad_case {
	const char *text;
	const char *error;
};

static void faults_name_the_member(void **state)
{
	static const struct bad_case cases[] = {
		{ "[]", "not a JSON object" },
		{ "{\"name\":1}", "name: allowed is a text of up to 7 bytes" },
		{ "{\"name\":\"12345678\"}", "name: allowed is a text of up to 7 bytes" },
		{ "{}", "name: missing" },
		{ "{\"name\":\"n\",\"size_bytes\":-1}",
		  "size_bytes: allowed is a whole number from 0 to 9223372036854775807" },
		{ "{\"name\":\"n\",\"size_bytes\":1.0}",
		  "size_bytes: allowed is a whole number from 0 to 9223372036854775807" },
		{ "{\"name\":\"n\",\"size_bytes\":null}",
		  "size_bytes: allowed is a whole number from 0 to 9223372036854775807" },
		{ "{\"name\":\"n\",\"size_bytes\":\"1\"}",
		  "size_bytes: allowed is a whole number from 0 to 9223372036854775807" },
		{ "{\"name\":\"n\",\"size_bytes\":1,\"age_usec\":true}",
		  "age_usec: allowed is a whole number from 0 to 9223372036854775807 or null" },
		{ "{\"name\":\"n\",\"size_bytes\":1,\"net_bytes\":1,\"pid\":101}",
		  "pid: allowed is a whole number from 0 to 100" },
		{ "{\"name\":\"n\",\"size_bytes\":1,\"net_bytes\":1,\"flag\":1}",
		  "flag: allowed is true or false" },
		{ GOOD_HEAD "\"mode\":\"on\"}",
		  "mode: allowed is off, observe, pressure, proactive" },
		{ GOOD_HEAD "\"mode\":1}", "mode: allowed is off, observe, pressure, proactive" },
		{ GOOD_HEAD "\"mode\":\"off\",\"inner\":[]}", "inner: allowed is an object" },
		{ GOOD_HEAD "\"mode\":\"off\",\"inner\":{}}", "inner.part: missing" },
		{ GOOD_HEAD "\"mode\":\"off\",\"inner\":{\"part\":10001}}",
		  "inner.part: allowed is a whole number from 0 to 10000" },
		{ GOOD_HEAD "\"mode\":\"off\",\"inner\":{\"part\":1,\"x\\u001b\":1}}",
		  "inner.x?: there is no such member" },
		{ GOOD_HEAD "\"mode\":\"off\",\"inner\":{\"part\":1},\"sise\":1}",
		  "sise: there is no such member" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_free_ char *error = NULL;
		struct thing t = { .pid = 0 };
		int r = read_thing(cases[i].text, &t, &error);

		if (r != -EBADMSG || !error || !streq(error, cases[i].error))
			fail_msg("case %zu: %d\n  got:  %s\n  want: %s", i, r,
				 error ? error : "no text", cases[i].error);
	}
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "{", "nonsense", GOOD "}", "{\"name\":NaN}", "{\"name\":Infinity}",
		"{\"a\":01}",
		"{\"a\":99999999999999999999}", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}",
		"{\"a\":\"\xff\"}", "{\"a\":-}", "{'a':1}",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_free_ char *error = NULL;
		struct kvmb_json *o = NULL;

		if (kvmb_json_parse(cases[i], &o, &error) != -EBADMSG || o || !error)
			fail_msg("accepted: %s", cases[i]);
		assert_non_null(strstr(error, "line 1: not valid JSON"));
	}
}

static void deep_nesting_is_refused(void **state)
{
	_cleanup_free_ char *text = malloc(200001);
	struct kvmb_json *o = NULL;

	memset(text, '[', 200000);
	text[200000] = '\0';
	assert_int_equal(kvmb_json_parse(text, &o, NULL), -EBADMSG);
}

/* ---- Samples ---- */

static char *read_data(const char *name)
{
	_cleanup_free_ char *path = NULL;
	const char *top = getenv("top_srcdir");
	char *text = NULL;

	assert_int_equal(kvmb_asprintf(&path, "%s/tests/data/%s", top ? top : ".", name), 0);
	if (kvmb_read_alloc_at(AT_FDCWD, path, 1 << 24, &text, NULL) < 0)
		fail_msg("%s cannot be read", path);
	return text;
}

static void fill_guest(struct kvmb_guest_sample *g, const char *name, const char *uuid)
{
	kvmb_guest_init(g);
	assert_int_equal(kvmb_str_copy(g->name, sizeof(g->name), name), 0);
	assert_int_equal(kvmb_str_copy(g->uuid, sizeof(g->uuid), uuid), 0);
	assert_int_equal(kvmb_str_copy(g->cgroup, sizeof(g->cgroup),
				       "machine.slice/machine-qemu\\x2d1\\x2ddb.scope"), 0);
	g->pid = 4711;
	g->state = KVMB_GUEST_RUNNING;
	g->has_balloon = g->psi_valid = g->cgroup_valid = true;
	g->stats_why = KVMB_WHY_NONE;
	g->facts_ns = 99000000000;
	g->maximum_bytes = 1024 * MIB;
	g->balloon_bytes = 768 * MIB;
	g->rss_bytes = 800 * MIB;
	g->resident_bytes = 810 * MIB;
	g->swap_bytes = 3 * MIB;
	g->refault_anon = 11;
	g->refault_file = 12;
	g->psi = (struct kvmb_psi){ 1, 2, 3, 4, 5, 6 };
	g->guest_total_bytes = 740 * MIB;
	g->unused_bytes = 200 * MIB;
	g->usable_bytes = 300 * MIB;
	g->caches_bytes = 120 * MIB;
	g->swap_in_bytes = 13;
	g->swap_out_bytes = 14;
	g->major_faults = 15;
	g->stats_age_usec = 1500000;
}

static struct kvmb_sample *golden_sample(void)
{
	struct kvmb_sample *s = NULL;

	assert_int_equal(kvmb_sample_new(2, &s), 0);
	s->now_ns = 100000000000;
	s->realtime_usec = 1700000000000000;
	s->guests_valid = true;
	s->host = (struct kvmb_host_sample){
		.total_bytes = 16 * GIB,
		.available_bytes = 4 * GIB,
		.free_bytes = GIB,
		.shmem_bytes = 5 * MIB,
		.swap_total_bytes = 8 * GIB,
		.swap_free_bytes = 7 * GIB,
		.swap_ram_bytes = 300 * MIB,
		.swap_in_pages = 21,
		.swap_out_pages = 22,
		.refault_anon = 23,
		.refault_file = 24,
		.oom_kills = 1,
		.swap_reads = 25,
		.swap_read_usec = 26,
		.psi = { 100, 200, 30, 40, 5000, 600 },
		.psi_valid = true,
		.ksm = { true, true, 1, 100, 20, 3, 4 * MIB, 5000 },
	};
	fill_guest(&s->guests[0], "db", "12345678-90ab-cdef-1234-567890abcdef");
	fill_guest(&s->guests[1], "web", "00000000-0000-0000-0000-000000000001");
	s->guests[1].usable_bytes = s->guests[1].caches_bytes = KVMB_UNKNOWN;
	s->guests[1].in_flight = s->guests[1].triggered = true;
	s->guests[1].oom_kills = 2;
	s->guests[1].stats_asked = true;
	s->guests[1].job_why = KVMB_WHY_MIGRATING;
	s->guests[1].backing =
		(struct kvmb_backing){ true, false, true, false, true, true, true, 41, 42 };
	s->guests[1].ages = (struct kvmb_ages){
		.source = KVMB_AGING_MODULE,
		.told_ns = 99000000000,
		.cold_bytes = { 100, [KVMB_AGE_BUCKETS - 1] = 200 },
		.promoted_bytes = { 0, 300 },
	};
	return s;
}

static void a_sample_is_written_as_ever(void **state)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = golden_sample();
	_cleanup_free_ char *text = NULL, *golden = read_data("sample-golden.json");

	assert_int_equal(kvmb_sample_to_json(s, &text), 0);
	assert_string_equal(text, golden);
}

static void a_sample_comes_back(void **state)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL, *want = golden_sample();
	_cleanup_free_ char *text = NULL, *golden = read_data("sample-golden.json"), *error = NULL;

	if (kvmb_sample_from_json(golden, &s, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(s->n_guests, 2);
	assert_int_equal(s->guests[0].psi.full_total_usec, 6);
	assert_true(s->guests[1].usable_bytes == KVMB_UNKNOWN);
	assert_true(s->guests[1].maximum_bytes == want->guests[1].maximum_bytes);
	assert_int_equal(kvmb_sample_to_json(s, &text), 0);
	assert_string_equal(text, golden);
}

static void a_small_sample_is_enough_and_sorted(void **state)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL;
	_cleanup_free_ char *text = read_data("sample-small.json"), *error = NULL;

	if (kvmb_sample_from_json(text, &s, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(s->n_guests, 3);
	assert_string_equal(s->guests[0].name, "a");
	assert_string_equal(s->guests[2].name, "c");
	assert_int_equal(s->guests[0].stats_why, KVMB_WHY_STATS_MISSING);
	assert_true(s->guests[0].unused_bytes == KVMB_UNKNOWN);
	assert_ptr_equal(kvmb_sample_find_name(s, "b"), &s->guests[1]);
	assert_null(kvmb_sample_find_name(s, "bb"));
}

/* The golden sample with one text replaced by another must be refused with that text. */
static void refuse_changed(const char *golden, const char *from, const char *to, const char *want)
{
	_cleanup_free_ char *text = NULL, *error = NULL;
	const char *at = strstr(golden, from);
	struct kvmb_sample *s = NULL;
	int r;

	assert_non_null(at);
	assert_int_equal(kvmb_asprintf(&text, "%.*s%s%s", (int)(at - golden), golden, to,
				       at + strlen(from)), 0);
	r = kvmb_sample_from_json(text, &s, &error);
	if (r != -EBADMSG || s || !error || !streq(error, want))
		fail_msg("%s\n  got:  %s\n  want: %s", to, error ? error : "accepted", want);
}

static void bad_facts_of_memory_are_refused_by_path(void **state)
{
	_cleanup_free_ char *golden = read_data("sample-golden.json");

	refuse_changed(golden, "\"job_why\": \"migrating\"", "\"job_why\": \"paused\"",
		       "guests[1].job_why: allowed is none, migrating, saving or snapshot");
	refuse_changed(golden, "\"passthrough\"", "\"passthru\"",
		       "guests[0].backing.passthru: there is no such member");
	refuse_changed(golden, "\"locked\": false", "\"locked\": 0",
		       "guests[0].backing.locked: allowed is true or false");
}

static void bad_samples_are_refused_by_path(void **state)
{
	static const struct {
		const char *from, *to, *error;
	} cases[] = {
		{ "\"source\": \"module\"", "\"source\": \"tea leaves\"",
		  "guests[1].ages.source: allowed is none, mglru, damon, module" },
		{ "\"told_ns\": 99000000000", "\"told_ns\": 100000000001",
		  "guests[1].ages.told_ns: allowed is up to now_ns" },
		{ "\"cold_bytes\": [", "\"cold_bytes\": [ 1,",
		  "guests[1].ages.cold_bytes: allowed is an array of 16 numbers" },
		{ "\"cold_bytes\": [\n          100", "\"cold_bytes\": [\n          -1",
		  "guests[1].ages.cold_bytes: allowed is a whole number from 0 to "
		  "9223372036854775807" },
		{ "\"promoted_bytes\"", "\"demoted_bytes\"",
		  "guests[1].ages.promoted_bytes: missing" },
		{ "\"ages\": {", "\"ages\": { \"x\": 1,",
		  "guests[1].ages.x: there is no such member" },
		{ "\"total_bytes\": 17179869184", "\"total_bytes\": 0",
		  "host.total_bytes: allowed is more than 0" },
		{ "\"available_bytes\": 4294967296", "\"available_bytes\": 17179869185",
		  "host.available_bytes: allowed is up to host.total_bytes" },
		{ "\"free_bytes\": 1073741824", "\"free_bytes\": 17179869185",
		  "host.free_bytes: allowed is up to host.total_bytes" },
		{ "\"swap_free_bytes\": 7516192768", "\"swap_free_bytes\": 8589934593",
		  "host.swap_free_bytes: allowed is up to host.swap_total_bytes" },
		{ "\"some_avg10_permyriad\": 100,", "\"some_avg10_permyriad\": 10001,",
		  "host.psi.some_avg10_permyriad: allowed is a whole number from 0 to 10000" },
		{ "\"pid\": 4711", "\"pid\": -1",
		  "guests[0].pid: allowed is a whole number from 0 to 2147483647" },
		{ "\"state\": \"running\"", "\"state\": \"dead\"",
		  "guests[0].state: allowed is running, paused, shutdown, other" },
		{ "\"name\": \"db\"", "\"name\": \"d/b\"",
		  "guests[0].name: allowed is a text without '/' and control characters" },
		{ "\"name\": \"db\"", "\"name\": \"\"",
		  "guests[0].name: allowed is a text without '/' and control characters" },
		{ "\"name\": \"db\"", "\"name\": \"web\"",
		  "guests: two are named 'web', allowed is one" },
		{ "12345678-90ab-cdef-1234-567890abcdef", "00000000-0000-0000-0000-000000000001",
		  "guests: two have the UUID 00000000-0000-0000-0000-000000000001, allowed is "
		  "one" },
		{ "12345678-90ab-cdef-1234-567890abcdef", "12345678-90AB-cdef-1234-567890abcdef",
		  "guests[0].uuid: allowed is a UUID in lower case, e.g. "
		  "12345678-90ab-cdef-1234-567890abcdef" },
		{ "\"facts_ns\": 99000000000", "\"facts_ns\": 100000000001",
		  "guests[0].facts_ns: allowed is up to now_ns" },
		{ "\"unused_bytes\": 209715200", "\"unused_bytes\": 1e9",
		  "guests[0].unused_bytes: allowed is a whole number from 0 to "
		  "9223372036854775807 or null" },
		{ "\"caches_bytes\"", "\"cache_bytes\"",
		  "guests[0].cache_bytes: there is no such member" },
		{ "\"host\"", "\"hots\"", "host: missing" },
		{ "\"guests\"", "\"gests\"", "gests: there is no such member" },
		{ "\"now_ns\": 100000000000", "\"now_ns\": \"now\"",
		  "now_ns: allowed is a whole number from 0 to 9223372036854775807" },
	};
	_cleanup_free_ char *golden = read_data("sample-golden.json");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse_changed(golden, cases[i].from, cases[i].to, cases[i].error);
}

static void too_many_guests_are_refused(void **state)
{
	_cleanup_free_ char *text = NULL, *error = NULL, *list = malloc(KVMB_GUESTS_MAX * 2 + 2);
	struct kvmb_sample *s = NULL;
	size_t len = 0;

	for (size_t i = 0; i <= KVMB_GUESTS_MAX; i++)
		len += (size_t)sprintf(list + len, i ? ",0" : "0");
	assert_int_equal(kvmb_asprintf(&text, "{\"now_ns\":1,\"guests_valid\":true,\"host\":{"
				       "\"total_bytes\":1,\"available_bytes\":1,\"free_bytes\":1,"
				       "\"swap_total_bytes\":0,\"swap_free_bytes\":0},"
				       "\"guests\":[%s]}", list), 0);
	assert_int_equal(kvmb_sample_from_json(text, &s, &error), -EBADMSG);
	assert_string_equal(error, "guests: allowed is an array of up to 16384 items");
}

static void hostile_figures_are_written_as_unknown(void **state)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = golden_sample(), *back = NULL;
	_cleanup_free_ char *text = NULL;

	s->guests[0].major_faults = UINT64_MAX - 1;
	s->guests[0].unused_bytes = UINT64_C(1) << 63;
	s->guests[0].swap_bytes = KVMB_UNKNOWN;
	assert_int_equal(kvmb_sample_to_json(s, &text), 0);
	assert_int_equal(kvmb_sample_from_json(text, &back, NULL), 0);
	assert_true(back->guests[0].major_faults == KVMB_UNKNOWN);
	assert_true(back->guests[0].unused_bytes == KVMB_UNKNOWN);
	assert_true(back->guests[0].swap_bytes == KVMB_UNKNOWN);
}

/* ---- Plans and policies ---- */

static void a_plan_is_written_as_ever(void **state)
{
	static const struct kvmb_range ranges[] = { { 0x7f0000000000, 2 * MIB }, { 4096, 4096 } };
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *p = NULL;
	_cleanup_free_ char *text = NULL, *golden = read_data("plan-golden.json");
	struct kvmb_action a = {
		.id = 7,
		.kind = KVMB_ACTION_BALLOON,
		.rule = KVMB_RULE_GUEST_FREE,
		.name = "db",
		.uuid = "12345678-90ab-cdef-1234-567890abcdef",
		.pid = 4711,
		.asked_bytes = 64 * MIB,
		.target_bytes = 704 * MIB,
		.facts = { .facts_ns = 1, .usable_bytes = KVMB_UNKNOWN, .level = KVMB_LEVEL_HARD,
			   .valid_until_ns = 11, .floor_bytes = MIB,
			   .guest_limit_permyriad = 1000 },
		.reason = "64M of 200M free inside",
	};

	assert_int_equal(kvmb_plan_new(&p), 0);
	p->now_ns = 5;
	p->level = KVMB_LEVEL_HARD;
	p->need_bytes = GIB;
	assert_int_equal(kvmb_plan_add(p, &a), 0);
	a.kind = KVMB_ACTION_PAGEOUT;
	a.ranges = ranges;
	a.n_ranges = 2;
	assert_int_equal(kvmb_plan_add(p, &a), 0);
	assert_int_equal(kvmb_plan_refuse(p, "web", KVMB_ACTION_KINDS, KVMB_WHY_PAUSED, 0), 0);
	p->ksm = (struct kvmb_ksm_order){ true, true, 200, 20, KVMB_WHY_MODE_OBSERVE, "it pays" };
	assert_int_equal(kvmb_plan_to_json(p, &text), 0);
	assert_string_equal(text, golden);
}

static void policies_keep_only_what_is_set(void **state)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL, *bad = NULL;
	_cleanup_free_ char *text = NULL, *error = NULL;
	struct kvmb_policy p, back;

	kvmb_policy_builtin(&p);
	assert_int_equal(kvmb_policy_set(&p, "Limit", "max", NULL), 0);
	assert_int_equal(kvmb_policy_set(&p, "Mode", "observe", NULL), 0);
	assert_int_equal(kvmb_policy_to_json(&p, &o), 0);
	assert_int_equal(kvmb_json_print(o, &text), 0);
	assert_string_equal(text, "{\n  \"limit_bytes\": null,\n  \"mode\": \"observe\"\n}\n");
	assert_int_equal(kvmb_policy_from_json(o, "runtime", &back, NULL), 0);
	assert_int_equal(back.set, p.set);
	assert_true(back.limit_bytes == UINT64_MAX);
	assert_int_equal(back.mode, KVMB_MODE_OBSERVE);
	assert_int_equal(kvmb_json_parse("{\"shares\":0}", &bad, NULL), 0);
	assert_int_equal(kvmb_policy_from_json(bad, "runtime", &back, &error), -EBADMSG);
	assert_string_equal(error, "runtime.shares: allowed is a whole number from 1 to 1000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back),
		cmocka_unit_test(what_json_cannot_say_does_not_spoil_it),
		cmocka_unit_test(absent_members_keep_their_value),
		cmocka_unit_test(faults_name_the_member),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_sample_is_written_as_ever),
		cmocka_unit_test(a_sample_comes_back),
		cmocka_unit_test(a_small_sample_is_enough_and_sorted),
		cmocka_unit_test(bad_facts_of_memory_are_refused_by_path),
		cmocka_unit_test(bad_samples_are_refused_by_path),
		cmocka_unit_test(too_many_guests_are_refused),
		cmocka_unit_test(hostile_figures_are_written_as_unknown),
		cmocka_unit_test(a_plan_is_written_as_ever),
		cmocka_unit_test(policies_keep_only_what_is_set),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the values of a guest's policy come from: classes by pattern, metadata, sections, run time.
 */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/glob.h"
#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"
#include "config-same.h"
#include "model/policy.h"
#include "model/sample.h"

static int parse(const char *text, struct kvmb_config **ret, char **ret_error)
{
	_cleanup_(kvmb_config_loader_done) struct kvmb_config_loader l;
	int r;

	kvmb_config_loader_init(&l);
	r = kvmb_config_parse(&l, "x.conf", text, strlen(text), ret_error);
	return r < 0 ? r : kvmb_config_finish(&l, ret, ret_error);
}

static struct kvmb_config *good(const char *text)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *c = NULL;

	if (parse(text, &c, &error) < 0)
		fail_msg("%s: %s", text, error ? error : "no text");
	return c;
}

static const struct {
	const char *pattern, *text;
	bool want;
} matches[] = {
	{ "web", "web", true },
	{ "web", "web-1", false },
	{ "web-*", "web-1", true },
	{ "web-*", "web-", true },
	{ "web-*", "web", false },
	{ "*", "", true },
	{ "*-db", "a-b-db", true },
	{ "*-db", "a-b-dbx", false },
	{ "a*b*c", "aXbYbZc", true },
	{ "a*b*c", "aXcYb", false },
	{ "db-?", "db-7", true },
	{ "db-?", "db-", false },
	{ "db-??", "db-7", false },
	{ "?", "ö", true },
	{ "[ä-ü]*", "öl", true },
	{ "[0-9]", "5", true },
	{ "[0-9]", "x", false },
	{ "[!0-9]", "x", true },
	{ "[^0-9]", "7", false },
	{ "[]x]", "]", true },
	{ "[!]x]", "]", false },
	{ "[a-]", "-", true },
	{ "[\\]]", "]", true },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "Web", "web", false },
	{ "a", "", false },
};

static void patterns_match_whole_names(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
		if (kvmb_glob_match(matches[i].pattern, matches[i].text) != matches[i].want)
			fail_msg("%s on %s is not %d", matches[i].pattern, matches[i].text,
				 matches[i].want);
}

/* Random texts of few letters meet in many ways. */
static void fill(char *text, size_t size, const char *letters, unsigned int *seed)
{
	size_t len = (size_t)rand_r(seed) % size;

	for (size_t i = 0; i < len; i++)
		text[i] = letters[(size_t)rand_r(seed) % strlen(letters)];
	text[len] = '\0';
}

static void patterns_without_fault_mean_what_the_shell_means(void **state)
{
	unsigned int seed = 1, n = 0;
	char pattern[9], text[7];

	for (unsigned int i = 0; i < 300000; i++) {
		bool ours, theirs;

		fill(pattern, sizeof(pattern), "ab*?[]!\\-", &seed);
		fill(text, sizeof(text), "ab-]", &seed);
		if (kvmb_glob_fault(pattern))
			continue;
		n++;
		ours = kvmb_glob_match(pattern, text);
		theirs = fnmatch(pattern, text, 0) == 0;
		if (ours != theirs)
			fail_msg("'%s' on '%s': %d, fnmatch %d", pattern, text, ours, theirs);
	}
	assert_true(n > 100000);
}

static void many_stars_do_not_take_for_ever(void **state)
{
	char pattern[KVMB_NAME_SIZE], text[KVMB_NAME_SIZE];

	for (size_t i = 0; i < sizeof(pattern) - 1; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + sizeof(pattern) - 2, "b", 2);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned int i = 0; i < 100; i++)
		assert_false(kvmb_glob_match(pattern, text));
}

static const struct {
	const char *text, *error;
} refused[] = {
	{ "[Class ]\n", "x.conf:1: bad pattern, allowed are 1 to 255 bytes without '/' and "
			"control characters" },
	{ "\n[Class a/*]\n", "x.conf:2: bad pattern, allowed are 1 to 255 bytes without '/' and "
			     "control characters" },
	{ "[Class a[b]\n", "x.conf:1: a '[' without its ']', allowed is a set such as [a-z], "
			   "or \\[" },
	{ "[Class [z-a]]\n", "x.conf:1: a range ends before it begins, allowed is one such as "
			     "[a-z]" },
	{ "[Class [[:digit:]]]\n", "x.conf:1: names of sets such as [:digit:] are not known, "
				   "allowed is [0-9]" },
	{ "[Class a\\]\n", "x.conf:1: a '\\' at the end, allowed is \\\\" },
	{ "[Class a]\nShares=0\n", "x.conf:2: Shares=0 is not valid, allowed is a whole number "
				   "from 1 to 1000000" },
	{ "[Class a]\nStep=1M\n", "x.conf:2: unknown key 'Step', allowed are Guarantee, Limit, "
				  "Shares, Priority, RefaultTarget, Mode, Backend" },
	{ "[Class a]\nGuarantee=2G\nLimit=1G\n", "x.conf:3: class a: Guarantee=2G is above "
						 "Limit=1G, allowed is up to the limit" },
	{ "[Class a]\nGuarantee=2G\n[Defaults]\nLimit=1G\n",
	  "x.conf:4: class a: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
	{ "[Guest web-1]\nGuarantee=2G\n[Class web-*]\nLimit=1G\n",
	  "x.conf:4: guest web-1: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
};

static void faults_are_told_with_their_line(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		_cleanup_free_ char *error = NULL;
		struct kvmb_config *c = NULL;
		int r = parse(refused[i].text, &c, &error);

		if (r != -EBADMSG || c || !error || !streq(error, refused[i].error))
			fail_msg("%s: %d\n  got:  %s\n  want: %s", refused[i].text, r,
				 error ? error : "no text", refused[i].error);
	}
}

static void more_classes_than_allowed_are_refused(void **state)
{
	_cleanup_free_ char *text = NULL, *error = NULL;
	struct kvmb_config *c = NULL;

	for (unsigned int i = 0; i <= KVMB_CLASSES_MAX; i++)
		assert_int_equal(kvmb_str_append(&text, "[Class c%u]\n", i), 0);
	assert_int_equal(parse(text, &c, &error), -EBADMSG);
	assert_string_equal(error, "x.conf:257: too many classes, allowed are 256 sections");
}

static struct kvmb_policy made(const char *key, const char *value)
{
	struct kvmb_policy p = { 0 };

	if (key)
		assert_int_equal(kvmb_policy_set(&p, key, value, NULL), 0);
	return p;
}

static void each_source_is_stronger_than_the_one_before(void **state)
{
	static const char *const texts[] = {
		"", "[Defaults]\nShares=2\n", "[Class w*]\nShares=3\n", "",
		"[Guest web]\nShares=5\n",
	};
	_cleanup_free_ char *text = NULL;
	struct kvmb_policy metadata = { 0 }, runtime = { 0 }, p;

	for (unsigned int source = 0; source <= KVMB_POLICY_RUNTIME; source++) {
		_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;

		if (source < ARRAY_SIZE(texts))
			assert_int_equal(kvmb_str_append(&text, "%s", texts[source]), 0);
		if (source == KVMB_POLICY_METADATA)
			metadata = made("Shares", "4");
		if (source == KVMB_POLICY_RUNTIME)
			runtime = made("Shares", "6");
		c = good(text);
		kvmb_config_policy(c, "web", &metadata, &runtime, &p);
		assert_int_equal(p.source[KVMB_FIELD_SHARES], source);
		assert_int_equal(p.shares, source ? source + 1 : 1000);
		assert_int_equal(p.source[KVMB_FIELD_MODE], KVMB_POLICY_BUILTIN);
	}
}

static void of_classes_the_later_one_is_stronger_value_by_value(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Class *-web]\nShares=1\nMode=off\n[Class [ab]-*]\nShares=2\nPriority=low\n"
		     "[Class nobody]\nShares=3\n[Class *-web]\nPriority=high\n");
	const char *classes[KVMB_FIELDS];
	struct kvmb_policy p;

	assert_int_equal(c->n_classes, 4);
	kvmb_config_policy(c, "a-web", NULL, NULL, &p);
	assert_int_equal(p.shares, 2);
	assert_int_equal(p.mode, KVMB_MODE_OFF);
	assert_int_equal(p.priority, KVMB_PRIORITY_HIGH);
	kvmb_config_classes(c, "a-web", &p, classes);
	assert_string_equal(classes[KVMB_FIELD_SHARES], "[ab]-*");
	assert_string_equal(classes[KVMB_FIELD_MODE], "*-web");
	assert_string_equal(classes[KVMB_FIELD_PRIORITY], "*-web");
	assert_null(classes[KVMB_FIELD_LIMIT]);
	kvmb_config_policy(c, "c-db", NULL, NULL, &p);
	assert_int_equal(p.set, 0);
	assert_int_equal(p.shares, 1000);
}

static void a_stronger_source_hides_the_class(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Class w*]\nShares=1\n[Guest web]\nShares=2\n");
	const char *classes[KVMB_FIELDS];
	struct kvmb_policy p;

	kvmb_config_policy(c, "web", NULL, NULL, &p);
	kvmb_config_classes(c, "web", &p, classes);
	assert_null(classes[KVMB_FIELD_SHARES]);
}

static void a_class_that_contradicts_the_one_before_does_not_count(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Class a*]\nLimit=1G\n[Class *b]\nGuarantee=2G\nShares=7\n");
	_cleanup_free_ char *text = NULL;
	const char *classes[KVMB_FIELDS];
	struct kvmb_policy p;

	kvmb_config_policy(c, "ab", NULL, NULL, &p);
	assert_int_equal(p.limit_bytes, GIB);
	assert_int_equal(p.guarantee_bytes, 0);
	assert_int_equal(p.shares, 1000);
	kvmb_config_classes(c, "ab", &p, classes);
	assert_null(classes[KVMB_FIELD_SHARES]);
	assert_int_equal(kvmb_config_policy_fault(c, "ab", NULL, NULL, &text),
			 KVMB_UNCOUNTED_CLASS);
	assert_string_equal(text, "Guarantee=2G is above Limit=1G, allowed is up to the limit, "
				  "so [Class *b] does not count");
	kvmb_config_policy(c, "b", NULL, NULL, &p);
	assert_int_equal(p.guarantee_bytes, 2 * GIB);
	assert_int_equal(kvmb_config_policy_fault(c, "b", NULL, NULL, NULL), 0);
}

static const struct {
	const char *text;
	const char *key, *value;         /* of the metadata */
	const char *run_key, *run_value; /* set at run time, or NULL */
	bool counts;
} contradictions[] = {
	{ "[Defaults]\nLimit=1G\n", "Guarantee", "512M", NULL, NULL, true },
	{ "[Defaults]\nLimit=1G\n", "Guarantee", "2G", NULL, NULL, false },
	{ "[Class w*]\nLimit=1G\n", "Guarantee", "2G", NULL, NULL, false },
	{ "[Guest web]\nGuarantee=2G\n", "Limit", "1G", NULL, NULL, false },
	{ "", "Limit", "1G", "Guarantee", "2G", false },
	{ "[Guest web]\nGuarantee=1G\n", "Guarantee", "2G", "Limit", "1G", true },
};

static void metadata_that_contradict_anything_do_not_count(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++) {
		_cleanup_(kvmb_config_freep) struct kvmb_config *c = good(contradictions[i].text);
		struct kvmb_policy metadata =
			made(contradictions[i].key, contradictions[i].value);
		struct kvmb_policy runtime =
			made(contradictions[i].run_key, contradictions[i].run_value);
		struct kvmb_policy p;
		int r;

		assert_int_equal(kvmb_policy_set(&metadata, "Shares", "9", NULL), 0);
		kvmb_config_policy(c, "web", &metadata, &runtime, &p);
		r = kvmb_config_policy_fault(c, "web", &metadata, &runtime, NULL);
		if ((p.shares == 9) != contradictions[i].counts ||
		    (r == 0) != contradictions[i].counts)
			fail_msg("case %zu: shares %u, fault %d", i, p.shares, r);
		assert_true(p.guarantee_bytes <= p.limit_bytes);
	}
}

static void metadata_can_be_switched_off(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Host]\nMetadata=no\n[Guest web]\nGuarantee=2G\n");
	struct kvmb_policy metadata = made("Mode", "off"), p;

	kvmb_config_policy(c, "web", &metadata, NULL, &p);
	assert_int_equal(p.mode, KVMB_MODE_PRESSURE);
	assert_int_equal(p.source[KVMB_FIELD_MODE], KVMB_POLICY_BUILTIN);
	metadata = made("Limit", "1G"); /* would contradict, if it counted */
	assert_int_equal(kvmb_config_policy_fault(c, "web", &metadata, NULL, NULL), 0);
	c->host.metadata = true;
	assert_int_equal(kvmb_config_policy_fault(c, "web", &metadata, NULL, NULL),
			 KVMB_UNCOUNTED_METADATA);
}

/* As after a reload: what was set at run time was right when it was set. */
static const struct {
	const char *text;
	const char *metadata[2]; /* key, value */
	const char *runtime[2];
	int fault;
	uint64_t guarantee_mib, limit_mib;
	uint32_t shares; /* 3 of the class, 4 of the metadata, 5 set at run time */
	const char *why;
} reloads[] = {
	{ "[Class w*]\nGuarantee=400M\nShares=3\n", { NULL }, { "Limit", "256M" },
	  KVMB_UNCOUNTED_CLASS, 0, 256, 1000,
	  "Guarantee=400M is above Limit=256M, allowed is up to the limit, so [Class w*] does "
	  "not count" },
	{ "[Class w*]\nLimit=256M\nShares=3\n", { "Shares", "4" }, { "Guarantee", "400M" },
	  KVMB_UNCOUNTED_CLASS, 400, UINT64_MAX, 4,
	  "Guarantee=400M is above Limit=256M, allowed is up to the limit, so [Class w*] does "
	  "not count" },
	{ "[Class w*]\nShares=3\n[Class *b]\nLimit=256M\nShares=6\n",
	  { NULL }, { "Guarantee", "400M" },
	  KVMB_UNCOUNTED_CLASS, 400, UINT64_MAX, 3,
	  "Guarantee=400M is above Limit=256M, allowed is up to the limit, so [Class *b] does "
	  "not count" },
	{ "[Class w*]\nGuarantee=400M\nShares=3\n", { "Guarantee", "500M" }, { "Limit", "256M" },
	  KVMB_UNCOUNTED_CLASS | KVMB_UNCOUNTED_METADATA, 0, 256, 1000,
	  "the metadata do not count: Guarantee=500M is above Limit=256M, allowed is up to the "
	  "limit" },
	{ "[Defaults]\nGuarantee=400M\n[Class w*]\nShares=3\n", { NULL }, { "Limit", "256M" },
	  KVMB_UNCOUNTED_RUNTIME, 400, UINT64_MAX, 3,
	  "the values set at run time do not count: Guarantee=400M is above Limit=256M, allowed "
	  "is up to the limit" },
	{ "[Guest web]\nGuarantee=400M\n", { "Limit", "300M" }, { "Limit", "256M" },
	  KVMB_UNCOUNTED_METADATA | KVMB_UNCOUNTED_RUNTIME, 400, UINT64_MAX, 1000,
	  "the values set at run time do not count: Guarantee=400M is above Limit=256M, allowed "
	  "is up to the limit" },
	{ "[Guest web]\nGuarantee=400M\n", { "Shares", "4" }, { "Limit", "256M" },
	  KVMB_UNCOUNTED_RUNTIME, 400, UINT64_MAX, 4,
	  "the values set at run time do not count: Guarantee=400M is above Limit=256M, allowed "
	  "is up to the limit" },
	{ "[Class w*]\nGuarantee=400M\nShares=3\n", { "Shares", "4" }, { "Limit", "400M" },
	  0, 400, 400, 4, NULL },
};

static void nothing_in_force_contradicts_itself(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(reloads); i++) {
		_cleanup_(kvmb_config_freep) struct kvmb_config *c = good(reloads[i].text);
		struct kvmb_policy metadata = made(reloads[i].metadata[0], reloads[i].metadata[1]);
		struct kvmb_policy runtime = made(reloads[i].runtime[0], reloads[i].runtime[1]);
		uint64_t limit = reloads[i].limit_mib;
		_cleanup_free_ char *why = NULL;
		const char *classes[KVMB_FIELDS];
		struct kvmb_policy p;
		int fault = kvmb_config_policy_fault(c, "web", &metadata, &runtime, &why);

		kvmb_config_policy(c, "web", &metadata, &runtime, &p);
		if (fault != reloads[i].fault || p.shares != reloads[i].shares ||
		    p.guarantee_bytes != reloads[i].guarantee_mib * MIB ||
		    p.limit_bytes != (limit == UINT64_MAX ? limit : limit * MIB) ||
		    (why ? !reloads[i].why || !streq(why, reloads[i].why) : !!reloads[i].why))
			fail_msg("case %zu: fault %d, shares %u, %s", i, fault, p.shares,
				 why ? why : "no text");
		kvmb_config_classes(c, "web", &p, classes);
		for (unsigned int f = 0; f < KVMB_FIELDS; f++)
			assert_true(!classes[f] == (p.source[f] != KVMB_POLICY_CLASS));
		if (p.shares == 3) /* not of one that does not count */
			assert_string_equal(classes[KVMB_FIELD_SHARES], "w*");
	}
}

/* PolicyError has room for 255 bytes. */
static void the_reason_comes_before_a_long_pattern(void **state)
{
	char pattern[KVMB_NAME_SIZE] = "w", shown[KVMB_TEXT_SIZE];
	_cleanup_free_ char *text = NULL, *why = NULL;
	struct kvmb_config *c;

	memset(pattern + 1, '*', 250);
	assert_int_equal(kvmb_asprintf(&text, "[Class w*]\nLimit=1G\n[Class %s]\nGuarantee=2G\n",
				       pattern), 0);
	c = good(text);
	assert_int_equal(kvmb_config_policy_fault(c, "web", NULL, NULL, &why),
			 KVMB_UNCOUNTED_CLASS);
	kvmb_str_format(shown, sizeof(shown), "%s", why);
	assert_non_null(strstr(shown, "Guarantee=2G is above Limit=1G"));
	assert_non_null(strstr(shown, "so [Class w***"));
	(void)kvmb_config_free(c);
}

static void classes_go_to_json_and_back(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Class w*]\nShares=3\n[Class [a-c]]\nLimit=1G\nMode=off\n"), *back = NULL;
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;

	assert_int_equal(kvmb_config_to_object(c, &o), 0);
	assert_int_equal(kvmb_config_from_object(o, &back, NULL), 0);
	assert_int_equal(back->n_classes, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(back->classes[i].pattern, c->classes[i].pattern);
		assert_int_equal(back->classes[i].policy.set, c->classes[i].policy.set);
		assert_same_policy(&back->classes[i].policy, &c->classes[i].policy);
	}
}

static void a_bad_pattern_in_json_is_refused(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = good("[Class w*]\n"), *back = NULL;
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	_cleanup_free_ char *error = NULL;

	memcpy(c->classes[0].pattern, "w[", 3);
	assert_int_equal(kvmb_config_to_object(c, &o), 0);
	assert_int_equal(kvmb_config_from_object(o, &back, &error), -EBADMSG);
	assert_non_null(strstr(error, "classes[0].pattern: "));
}

static void a_copy_has_its_own_classes(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = good("[Class w*]\nShares=3\n");
	struct kvmb_config *copy = NULL;
	struct kvmb_policy p;

	assert_int_equal(kvmb_config_copy(c, &copy), 0);
	assert_ptr_not_equal(copy->classes, c->classes);
	kvmb_config_policy(copy, "web", NULL, NULL, &p);
	assert_int_equal(p.shares, 3);
	(void)kvmb_config_free(copy);
}

static void metadata_go_to_json_and_back(void **state)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL, *back = NULL;
	_cleanup_free_ char *text = NULL, *error = NULL;

	assert_int_equal(kvmb_sample_new(2, &s), 0);
	s->host.total_bytes = GIB;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(s->guests[i].name, KVMB_NAME_SIZE, "vm%zu", i);
		(void)snprintf(s->guests[i].uuid, KVMB_UUID_SIZE,
			       "00000000-0000-4000-8000-00000000000%zu", i);
	}
	s->guests[0].metadata = made("Guarantee", "512M");
	assert_int_equal(kvmb_policy_set(&s->guests[0].metadata, "Mode", "off", NULL), 0);
	(void)snprintf(s->guests[1].metadata_error, KVMB_TEXT_SIZE, "because");
	assert_int_equal(kvmb_sample_to_json(s, &text), 0);
	assert_int_equal(kvmb_sample_from_json(text, &back, &error), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_true(kvmb_policy_agrees(&back->guests[i].metadata, &s->guests[i].metadata,
					       UINT32_MAX));
		assert_string_equal(back->guests[i].metadata_error, s->guests[i].metadata_error);
	}
}

static const struct {
	const char *member, *error;
} bad_json[] = {
	{ "\"metadata\": { \"shares\": 0 }", "guests[0].metadata.shares" },
	{ "\"metadata\": { \"share\": 5 }", "guests[0].metadata" },
	{ "\"metadata\": 5", "guests[0].metadata" },
	{ "\"metadata_error\": 5", "guests[0].metadata_error" },
};

static void bad_metadata_in_json_are_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_json); i++) {
		_cleanup_free_ char *text = NULL, *error = NULL;
		struct kvmb_sample *s = NULL;

		assert_int_equal(kvmb_asprintf(&text,
			"{ \"now_ns\": 0, \"guests_valid\": true, \"host\": { \"total_bytes\": 1, "
			"\"available_bytes\": 0, \"free_bytes\": 0, \"swap_total_bytes\": 0, "
			"\"swap_free_bytes\": 0 }, \"guests\": [ { \"name\": \"a\", \"uuid\": "
			"\"00000000-0000-4000-8000-000000000000\", \"state\": \"running\", "
			"\"has_balloon\": true, \"facts_ns\": 0, \"maximum_bytes\": 0, "
			"\"balloon_bytes\": 0, %s } ] }", bad_json[i].member), 0);
		assert_int_equal(kvmb_sample_from_json(text, &s, &error), -EBADMSG);
		if (!error || !strstr(error, bad_json[i].error))
			fail_msg("%s: %s", bad_json[i].member, error ? error : "no text");
	}
}

static void values_are_taken_away_one_by_one(void **state)
{
	struct kvmb_policy p = made("Shares", "7"), other = made("Shares", "7");

	assert_int_equal(kvmb_policy_set(&p, "Limit", "1G", NULL), 0);
	assert_true(kvmb_policy_agrees(&p, &other, 1U << KVMB_FIELD_SHARES));
	assert_false(kvmb_policy_agrees(&p, &other, UINT32_MAX));
	kvmb_policy_unset(&p, 1U << KVMB_FIELD_LIMIT);
	assert_int_equal(p.set, 1U << KVMB_FIELD_SHARES);
	assert_true(p.limit_bytes == UINT64_MAX);
	assert_true(kvmb_policy_agrees(&p, &other, UINT32_MAX));
	other.shares = 8;
	assert_false(kvmb_policy_agrees(&p, &other, UINT32_MAX));
	assert_true(kvmb_policy_agrees(&p, &other, 1U << KVMB_FIELD_MODE));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_whole_names),
		cmocka_unit_test(patterns_without_fault_mean_what_the_shell_means),
		cmocka_unit_test(many_stars_do_not_take_for_ever),
		cmocka_unit_test(faults_are_told_with_their_line),
		cmocka_unit_test(more_classes_than_allowed_are_refused),
		cmocka_unit_test(each_source_is_stronger_than_the_one_before),
		cmocka_unit_test(of_classes_the_later_one_is_stronger_value_by_value),
		cmocka_unit_test(a_stronger_source_hides_the_class),
		cmocka_unit_test(a_class_that_contradicts_the_one_before_does_not_count),
		cmocka_unit_test(metadata_that_contradict_anything_do_not_count),
		cmocka_unit_test(metadata_can_be_switched_off),
		cmocka_unit_test(nothing_in_force_contradicts_itself),
		cmocka_unit_test(the_reason_comes_before_a_long_pattern),
		cmocka_unit_test(classes_go_to_json_and_back),
		cmocka_unit_test(a_bad_pattern_in_json_is_refused),
		cmocka_unit_test(a_copy_has_its_own_classes),
		cmocka_unit_test(metadata_go_to_json_and_back),
		cmocka_unit_test(bad_metadata_in_json_are_refused),
		cmocka_unit_test(values_are_taken_away_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration texts: what each key takes, and what each fault is answered with.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"
#include "config-same.h"
#include "model/policy.h"

static int parse(const char *text, size_t len, struct kvmb_config **ret, char **ret_error)
{
	_cleanup_(kvmb_config_loader_done) struct kvmb_config_loader l;
	int r;

	kvmb_config_loader_init(&l);
	r = kvmb_config_parse(&l, "x.conf", text, len, ret_error);
	return r < 0 ? r : kvmb_config_finish(&l, ret, ret_error);
}

static struct kvmb_config *good(const char *text)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *c = NULL;

	if (parse(text, strlen(text), &c, &error) < 0)
		fail_msg("%s: %s", text, error ? error : "no text");
	return c;
}

struct bad_case {
	const char *text;
	const char *error;
};

static void refuse_all(const struct bad_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *error = NULL;
		struct kvmb_config *c = NULL;
		int r = parse(cases[i].text, strlen(cases[i].text), &c, &error);

		if (r != -EBADMSG || c || !error || !streq(error, cases[i].error))
			fail_msg("case %zu: %d\n  got:  %s\n  want: %s", i, r,
				 error ? error : "no text", cases[i].error);
	}
}

static void each_host_key_sets_its_member(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Host]\nMode=observe\nInterval=1s\nElevatedAvailable=30%\nHardAvailable=20%\n"
		     "EmergencyAvailable=10%\nHysteresis=3%\nPressureSome=11%\nPressureFull=2.5%\n"
		     "GuestPressureSome=12%\nTriggerStall=50ms\nTriggerWindow=2s\nSwapReserve=13%\n"
		     "Step=32M\nGuestRate=512M\nHostRate=2G\nGuestHeadroom=16M\n"
		     "GuestHeadroomRatio=14%\nStale=20s\nAgingInterval=0\nColdAge=3min\n"
		     "SwapWriteLimit=8M\nSwapLatencyLimit=50ms\nKSM=auto\n"
		     "Metadata=no\n");
	const struct kvmb_host_config want = {
		.mode = KVMB_MODE_OBSERVE,
		.ksm_auto = true,
		.interval_usec = USEC_PER_SEC,
		.elevated_available_permyriad = 3000,
		.hard_available_permyriad = 2000,
		.emergency_available_permyriad = 1000,
		.hysteresis_permyriad = 300,
		.pressure_some_permyriad = 1100,
		.pressure_full_permyriad = 250,
		.guest_pressure_some_permyriad = 1200,
		.trigger_stall_usec = 50 * USEC_PER_MSEC,
		.trigger_window_usec = 2 * USEC_PER_SEC,
		.swap_reserve_permyriad = 1300,
		.step_bytes = 32 * MIB,
		.guest_rate_bytes = 512 * MIB,
		.host_rate_bytes = 2 * GIB,
		.guest_headroom_bytes = 16 * MIB,
		.guest_headroom_permyriad = 1400,
		.stale_usec = 20 * USEC_PER_SEC,
		.aging_usec = 0,
		.cold_usec = 3 * USEC_PER_MINUTE,
		.swap_write_bytes = 8 * MIB,
		.swap_latency_usec = 50 * USEC_PER_MSEC,
	};

	assert_same_host(&c->host, &want);
}

static void guests_inherit_and_sources_are_told(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Guest web]\nGuarantee=512M\nMode=proactive\n"
		     "[Defaults]\nShares=500\nGuarantee=64M\n"
		     "[Guest db]\nPriority=high\nLimit=4G\n");
	struct kvmb_policy runtime, p;

	assert_int_equal(c->n_guests, 2);
	assert_string_equal(c->guests[0].name, "db");
	assert_int_equal(c->guests[0].line, 7);
	assert_string_equal(c->guests[0].file, "x.conf");
	kvmb_policy_builtin(&runtime);
	assert_int_equal(kvmb_policy_set(&runtime, "Mode", "off", NULL), 0);
	kvmb_config_policy(c, "web", NULL, &runtime, &p);
	assert_int_equal(p.guarantee_bytes, 512 * MIB);
	assert_int_equal(p.shares, 500);
	assert_int_equal(p.mode, KVMB_MODE_OFF);
	assert_int_equal(p.limit_bytes, UINT64_MAX);
	assert_int_equal(p.source[KVMB_FIELD_GUARANTEE], KVMB_POLICY_GUEST);
	assert_int_equal(p.source[KVMB_FIELD_SHARES], KVMB_POLICY_CONFIG);
	assert_int_equal(p.source[KVMB_FIELD_MODE], KVMB_POLICY_RUNTIME);
	assert_int_equal(p.source[KVMB_FIELD_LIMIT], KVMB_POLICY_BUILTIN);
	kvmb_config_policy(c, "unknown", NULL, NULL, &p);
	assert_int_equal(p.guarantee_bytes, 64 * MIB);
	assert_int_equal(p.mode, KVMB_MODE_PRESSURE);
	kvmb_config_policy(c, "db", NULL, NULL, &p);
	assert_int_equal(p.priority, KVMB_PRIORITY_HIGH);
	assert_int_equal(p.limit_bytes, 4 * GIB);
}

static void the_last_of_equal_keys_wins(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c =
		good("[Host]\nStep=4M\nStep=2M\n[Guest a]\nShares=1\nGuarantee=1M\n[Guest b]\n"
		     "[Guest a]\nShares=2\n[Host]\nStep=3M\n");

	assert_int_equal(c->host.step_bytes, 3 * MIB);
	assert_int_equal(c->n_guests, 2);
	assert_int_equal(c->guests[0].policy.shares, 2);
	assert_int_equal(c->guests[0].policy.guarantee_bytes, MIB);
	assert_int_equal(c->guests[0].line, 4);
}

static void blanks_comments_and_long_names_are_fine(void **state)
{
	char name[KVMB_NAME_SIZE], text[4096];
	struct kvmb_config *c;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	kvmb_str_format(text, sizeof(text),
			"\xef\xbb\xbf; first\r\n  [Guest   %s  ]  # tail\r\n\n\t# %0500d\n"
			"\t Shares = 7 ; seven\r\n   Priority=low", name, 1);
	c = good(text);
	assert_int_equal(c->n_guests, 1);
	assert_string_equal(c->guests[0].name, name);
	assert_int_equal(c->guests[0].policy.shares, 7);
	assert_int_equal(c->guests[0].policy.priority, KVMB_PRIORITY_LOW);
	kvmb_config_free(c);
	c = good("\xef\xbb\xbf[Guest a]\n"); /* a byte order mark */
	assert_int_equal(c->n_guests, 1);
	kvmb_config_free(c);
}

#define SIZE_ALLOWED "bytes, or a number with K, M, G or T (powers of 1024), e.g. 512M"
#define HOST_SIZE_ALLOWED "2M to 1T, as bytes or a number with K, M, G or T (powers of 1024)"
#define SECTIONS_ALLOWED "allowed are [Host], [Defaults], [Class PATTERN] and [Guest NAME]"
#define RATIO_ALLOWED "allowed is 0% to 100%, in steps of 0.01%"

static const struct bad_case bad_lines[] = {
	{ "[Hosts]\n", "x.conf:1: unknown section [Hosts], " SECTIONS_ALLOWED },
	{ "[Host]\n\n[Guest]\n", "x.conf:3: unknown section [Guest], " SECTIONS_ALLOWED },
	{ "Step=2M\n", "x.conf:1: Step stands before any section, " SECTIONS_ALLOWED },
	{ "[Host]\nSpeed=1\n", "x.conf:2: unknown key 'Speed' in [Host], allowed are those "
			       "in kvm-balloond.conf(5)" },
	{ "[Host]\nstep=1M\n", "x.conf:2: unknown key 'step' in [Host], allowed are those "
			       "in kvm-balloond.conf(5)" },
	{ "[Defaults]\nStep=2M\n",
	  "x.conf:2: unknown key 'Step', allowed are Guarantee, Limit, Shares, Priority, "
	  "RefaultTarget, Mode, Backend" },
	{ "[Host]\nStep=1Q\n",
	  "x.conf:2: Step=1Q is not valid, allowed is " HOST_SIZE_ALLOWED },
	{ "[Host]\nStep=\n",
	  "x.conf:2: Step= is not valid, allowed is " HOST_SIZE_ALLOWED },
	{ "[Host]\nStep=1M\n",
	  "x.conf:2: Step=1M is not valid, allowed is " HOST_SIZE_ALLOWED },
	{ "[Host]\nHardAvailable=8\n",
	  "x.conf:2: HardAvailable=8 is not valid, " RATIO_ALLOWED },
	{ "[Host]\nHysteresis=101%\n",
	  "x.conf:2: Hysteresis=101% is not valid, " RATIO_ALLOWED },
	{ "[Host]\nInterval=1d\n",
	  "x.conf:2: Interval=1d is not valid, allowed is 100ms to 1min" },
	{ "[Host]\nInterval=99ms\n",
	  "x.conf:2: Interval=99ms is not valid, allowed is 100ms to 1min" },
	{ "[Host]\nColdAge=81921s\n", "x.conf:2: ColdAge=81921s is not valid, allowed is 1s to "
				       "81920s, at least AgingInterval" },
	{ "[Host]\nMetadata=off\n",
	  "x.conf:2: Metadata=off is not valid, allowed is yes, no" },
	{ "[Host]\nKSM=on\n", "x.conf:2: KSM=on is not valid, allowed is off, auto" },
	{ "[Host]\nMode=on\n",
	  "x.conf:2: Mode=on is not valid, allowed is off, observe, pressure, proactive" },
	{ "[Defaults]\nShares=0\n",
	  "x.conf:2: Shares=0 is not valid, allowed is a whole number from 1 to 1000000" },
	{ "[Defaults]\nShares=1000001\n",
	  "x.conf:2: Shares=1000001 is not valid, allowed is a whole number from 1 to "
	  "1000000" },
	{ "[Guest a]\nGuarantee=-1\n",
	  "x.conf:2: Guarantee=-1 is not valid, allowed is " SIZE_ALLOWED },
	{ "[Guest a]\nGuarantee=max\n",
	  "x.conf:2: Guarantee=max is not valid, allowed is " SIZE_ALLOWED },
	{ "[Guest a]\nLimit=0\n",
	  "x.conf:2: Limit=0 is not valid, allowed is max, or more than 0 " SIZE_ALLOWED },
	{ "[Guest a]\nPriority=highest\n",
	  "x.conf:2: Priority=highest is not valid, allowed is low, normal, high" },
	{ "[Guest a]\nRefaultTarget=0.2\n",
	  "x.conf:2: RefaultTarget=0.2 is not valid, allowed is 0% to 100%, in steps of "
	  "0.0001%, e.g. 0.2%" },
	{ "[Host\nStep=2M\n", "x.conf:1: broken section line, allowed is [Name]" },
	{ "[Host] Step=2M\n", "x.conf:1: broken section line, allowed is [Name]" },
	{ "[Host]\nStep\n", "x.conf:2: neither a comment, a section nor an assignment, "
			    "allowed is Key=value" },
	{ "[Host]\nStep: 1M\n", "x.conf:2: neither a comment, a section nor an "
				"assignment, allowed is Key=value" },
	{ "[Host]\nStep: 1M ;=\n", "x.conf:2: neither a comment, a section nor an "
				   "assignment, allowed is Key=value" },
	{ "[Host]\nStep ;=1M\n[Oops]\n", "x.conf:2: neither a comment, a section nor an "
					 "assignment, allowed is Key=value" },
	{ "[Host]\nStep\n[Oops]\n", "x.conf:2: neither a comment, a section nor an "
				    "assignment, allowed is Key=value" },
	{ "[Guest a/b]\n", "x.conf:1: bad guest name, allowed are 1 to 255 bytes without "
			   "'/' and control characters" },
	{ "[Guest   ]\n", "x.conf:1: bad guest name, allowed are 1 to 255 bytes without "
			  "'/' and control characters" },
	{ "[Host]\n# \xff\n", "x.conf:2: not UTF-8, which is what is allowed" },
};

static void faults_of_a_line_name_it_and_what_is_allowed(void **state)
{
	refuse_all(bad_lines, ARRAY_SIZE(bad_lines));
}

#define NEVER_COLD                                                                                 \
	"ColdAge is above what ages reach with this AgingInterval, so nothing would ever be "      \
	"cold; allowed is up to "

static void faults_of_the_whole_name_the_later_line(void **state)
{
	static const struct bad_case cases[] = {
		{ "[Guest a]\nGuarantee=2G\nLimit=1G\n",
		  "x.conf:3: guest a: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
		{ "[Guest a]\nLimit=1G\nGuarantee=2G\n",
		  "x.conf:3: guest a: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
		{ "[Guest a]\nGuarantee=2G\n[Defaults]\nLimit=1G\n",
		  "x.conf:4: guest a: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
		{ "[Guest a]\nGuarantee=2G\n[Guest b]\n[Guest a]\nLimit=1G\n[Host]\nStep=2M\n",
		  "x.conf:5: guest a: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
		{ "[Defaults]\nLimit=1G\nGuarantee=2G\n[Guest a]\nLimit=3G\n",
		  "x.conf:3: Guarantee=2G is above Limit=1G, allowed is up to the limit" },
		{ "[Host]\nHardAvailable=15%\n",
		  "x.conf:2: HardAvailable is not below ElevatedAvailable, allowed is "
		  "EmergencyAvailable < HardAvailable < ElevatedAvailable" },
		{ "[Host]\nElevatedAvailable=20%\nHardAvailable=4%\nStep=2M\n",
		  "x.conf:3: EmergencyAvailable is not below HardAvailable, allowed is "
		  "EmergencyAvailable < HardAvailable < ElevatedAvailable" },
		{ "[Host]\nElevatedAvailable=99%\n",
		  "x.conf:2: ElevatedAvailable and Hysteresis are above 100% together, so the "
		  "level would never be left; allowed is up to 100%" },
		{ "[Host]\nTriggerStall=1s\n",
		  "x.conf:2: TriggerStall is not below TriggerWindow, which is allowed" },
		{ "[Host]\nInterval=6s\n",
		  "x.conf:2: Stale is below twice Interval, so facts would always be too old; "
		  "allowed is at least twice Interval" },
		{ "[Host]\nColdAge=14s\n",
		  "x.conf:2: ColdAge is below AgingInterval, so nothing could be told from cold "
		  "memory; allowed is at least AgingInterval" },
		{ "[Host]\nColdAge=2561s\n", "x.conf:2: " NEVER_COLD "2560s" },
		{ "[Host]\nAgingInterval=1s\nColdAge=161s\n", "x.conf:3: " NEVER_COLD "160s" },
		{ "[Host]\nColdAge=3min\nStep=2M\nAgingInterval=1s\n",
		  "x.conf:4: " NEVER_COLD "160s" },
	};

	refuse_all(cases, ARRAY_SIZE(cases));
}

static void cold_ages_that_memory_can_reach_are_fine(void **state)
{
	static const char *const texts[] = {
		"[Host]\nColdAge=2560s\n",
		"[Host]\nAgingInterval=1s\nColdAge=160s\n",
		"[Host]\nAgingInterval=328s\nColdAge=81920s\n",
		"[Host]\nAgingInterval=1h\nColdAge=81920s\n",
		"[Host]\nAgingInterval=0\nColdAge=81920s\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		kvmb_config_free(good(texts[i]));
}

static void long_lines_are_refused_not_cut(void **state)
{
	for (size_t len = 150; len < 450; len++) {
		_cleanup_free_ char *error = NULL;
		char text[1024];
		struct kvmb_config *c = NULL;
		int r;

		/* a value that would be valid where inih cuts it */
		kvmb_str_format(text, sizeof(text), "[Defaults]\nShares=%0*d\n", (int)len, 7);
		r = parse(text, strlen(text), &c, &error);
		if (r == 0) {
			assert_int_equal(c->defaults.shares, 7);
			assert_true(len < 195);
			kvmb_config_free(c);
			continue;
		}
		assert_int_equal(r, -EBADMSG);
		assert_true(len > 185);
		assert_string_equal(error, "x.conf:2: line is too long, allowed are about 190 "
					   "characters");
	}
}

static void long_names_are_refused_not_cut(void **state)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *c = NULL;
	char text[512];

	kvmb_str_format(text, sizeof(text), "[Guest %0256d]\n", 1);
	assert_int_equal(parse(text, strlen(text), &c, &error), -EBADMSG);
	assert_string_equal(error, "x.conf:1: bad guest name, allowed are 1 to 255 bytes without "
				   "'/' and control characters");
}

static void nul_bytes_are_refused_with_their_line(void **state)
{
	static const char text[] = "[Host]\nStep=2M\0\nStep=2M\n";
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *c = NULL;

	assert_int_equal(parse(text, sizeof(text) - 1, &c, &error), -EBADMSG);
	assert_string_equal(error, "x.conf:2: a NUL byte, allowed is text");
}

static void copies_are_independent(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *copy = NULL,
		*c = good("[Guest a]\n[Guest b]\nShares=9\n");

	assert_int_equal(kvmb_config_copy(c, &copy), 0);
	c->guests[1].policy.shares = 1;
	assert_int_equal(copy->n_guests, 2);
	assert_int_equal(copy->guests[1].policy.shares, 9);
}

static void many_guests_load_in_order(void **state)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;
	_cleanup_free_ char *text = malloc(20000 * 40), *error = NULL;
	size_t len = 0;

	/* each twice, downwards */
	for (int i = 19999; i >= 0; i--)
		len += (size_t)sprintf(text + len, "[Guest %05d]\nShares=%d\n", i / 2, i + 1);
	assert_int_equal(parse(text, len, &c, &error), 0);
	assert_int_equal(c->n_guests, 10000);
	for (size_t i = 0; i < c->n_guests; i++)
		assert_int_equal(c->guests[i].policy.shares, 2 * i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_host_key_sets_its_member),
		cmocka_unit_test(guests_inherit_and_sources_are_told),
		cmocka_unit_test(the_last_of_equal_keys_wins),
		cmocka_unit_test(blanks_comments_and_long_names_are_fine),
		cmocka_unit_test(faults_of_a_line_name_it_and_what_is_allowed),
		cmocka_unit_test(faults_of_the_whole_name_the_later_line),
		cmocka_unit_test(cold_ages_that_memory_can_reach_are_fine),
		cmocka_unit_test(long_lines_are_refused_not_cut),
		cmocka_unit_test(long_names_are_refused_not_cut),
		cmocka_unit_test(nul_bytes_are_refused_with_their_line),
		cmocka_unit_test(copies_are_independent),
		cmocka_unit_test(many_guests_load_in_order),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

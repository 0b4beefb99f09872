/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in a domain's metadata: what is taken, why the rest is not, and that the schema says
 * the same.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"
#include "model/policy.h"
#include "source/metadata-xml.h"
#include "wrap/xml.h"

#define NS " xmlns:b='" KVMB_METADATA_URI "'"
#define POLICY(attributes) "<b:policy" NS " " attributes "/>"
#define LONG_63 "0000000000000000000000000000000000000000000000000000000000000001"
#define KEYS "allowed are Guarantee, Limit, Shares, Priority, RefaultTarget, Mode, Backend"
#define SIZE "allowed is bytes, or a number with K, M, G or T (powers of 1024), e.g. 512M"

/* What the schema says of the same, and where it cannot agree. */
enum schema { SAME, LARGE, NOT_ASKED };

static const struct {
	const char *inner; /* of <metadata> */
	const char *error; /* NULL: taken */
	uint32_t set;
	enum schema schema;
} cases[] = {
	{ "", NULL, 0, NOT_ASKED },
	{ "<x xmlns='urn:other' Mode='off'/>", NULL, 0, NOT_ASKED },
	{ "<policy Mode='wrong'/>", NULL, 0, NOT_ASKED },
	{ POLICY(""), NULL, 0, SAME },
	{ POLICY("Guarantee='512M'"), NULL, 1, SAME },
	{ POLICY("Guarantee='0'"), NULL, 1, SAME },
	{ POLICY("Guarantee='1.5G' Limit='2G'"), NULL, 3, SAME },
	{ POLICY("Limit='max'"), NULL, 2, SAME },
	{ POLICY("Limit='0.5K'"), NULL, 2, SAME },
	{ POLICY("Limit='1.0G'"), NULL, 2, SAME },
	{ POLICY("Shares='1'"), NULL, 4, SAME },
	{ POLICY("Shares='0001000000'"), NULL, 4, SAME },
	{ POLICY("Shares='999999'"), NULL, 4, SAME },
	{ POLICY("Priority='low'"), NULL, 8, SAME },
	{ POLICY("Priority='normal'"), NULL, 8, SAME },
	{ POLICY("Priority='high'"), NULL, 8, SAME },
	{ POLICY("RefaultTarget='0.2%'"), NULL, 16, SAME },
	{ POLICY("RefaultTarget='100%'"), NULL, 16, SAME },
	{ POLICY("RefaultTarget='12.34560%'"), NULL, 16, SAME },
	{ POLICY("Mode='off'"), NULL, 32, SAME },
	{ POLICY("Mode='observe'"), NULL, 32, SAME },
	{ POLICY("Mode='pressure'"), NULL, 32, SAME },
	{ POLICY("Mode='proactive' Guarantee='1M' Shares='5'"), NULL, 37, SAME },
	{ POLICY("Backend='auto'"), NULL, 64, SAME },
	{ POLICY("Backend='swap'"), NULL, 64, SAME },
	{ POLICY("Backend='far' Mode='off'"), NULL, 96, SAME },
	{ "<policy xmlns='" KVMB_METADATA_URI "' Shares='7'/>", NULL, 4, SAME },
	{ "<x xmlns='urn:other'/>" POLICY("Shares='7'") "<y/>", NULL, 4, NOT_ASKED },
	{ "<b:policy" NS " Shares='7'> <!-- why --> </b:policy>", NULL, 4, SAME },
	{ POLICY("Shares='&#55;'"), NULL, 4, SAME },

	{ POLICY("Shares='0'"), "Shares=0 is not valid, allowed is a whole number from 1 to "
				"1000000", 0, SAME },
	{ POLICY("Shares='1000001'"), "Shares=1000001 is not valid, allowed is a whole number from "
				      "1 to 1000000", 0, SAME },
	{ POLICY("Shares=''"), "Shares= is not valid, allowed is a whole number from 1 to 1000000",
	  0, SAME },
	{ POLICY("Shares=' 7'"), "Shares= 7 is not valid, allowed is a whole number from 1 to "
				 "1000000", 0, SAME },
	{ POLICY("Guarantee='lots'"), "Guarantee=lots is not valid, " SIZE, 0, SAME },
	{ POLICY("Guarantee='-1'"), "Guarantee=-1 is not valid, " SIZE, 0, SAME },
	{ POLICY("Guarantee='1.5'"), "Guarantee=1.5 is not valid, " SIZE, 0, SAME },
	{ POLICY("Guarantee='max'"), "Guarantee=max is not valid, " SIZE, 0, SAME },
	{ POLICY("Guarantee='99999999T'"), "Guarantee=99999999T is not valid, " SIZE, 0, LARGE },
	{ POLICY("Limit='0'"), "Limit=0 is not valid, allowed is max, or more than 0 bytes, or a "
			       "number with K, M, G or T (powers of 1024), e.g. 512M", 0, SAME },
	{ POLICY("Limit='0.0M'"), "Limit=0.0M is not valid, allowed is max, or more than 0 bytes, "
				  "or a number with K, M, G or T (powers of 1024), e.g. 512M", 0,
	  SAME },
	{ POLICY("RefaultTarget='0.2'"), "RefaultTarget=0.2 is not valid, allowed is 0% to 100%, "
					 "in steps of 0.0001%, e.g. 0.2%", 0, SAME },
	{ POLICY("RefaultTarget='100.1%'"), "RefaultTarget=100.1% is not valid, allowed is 0% to "
					    "100%, in steps of 0.0001%, e.g. 0.2%", 0, SAME },
	{ POLICY("Priority='High'"), "Priority=High is not valid, allowed is low, normal, high", 0,
	  SAME },
	{ POLICY("Mode='auto'"), "Mode=auto is not valid, allowed is off, observe, pressure, "
				 "proactive", 0, SAME },
	{ POLICY("Backend='zram'"), "Backend=zram is not valid, allowed is auto, swap, far", 0,
	  SAME },
	{ POLICY("Colour='red'"), "unknown key 'Colour', " KEYS, 0, SAME },
	{ POLICY("guarantee='1G'"), "unknown key 'guarantee', " KEYS, 0, SAME },
	{ POLICY("Step='1G'"), "unknown key 'Step', " KEYS, 0, SAME },
	{ POLICY("Shares='7' Mode='x'"), "Mode=x is not valid, allowed is off, observe, pressure, "
					 "proactive", 0, SAME },
	{ POLICY("Guarantee='2G' Limit='1G'"), "Guarantee=2G is above Limit=1G, allowed is up to "
					       "the limit", 0, LARGE },
	{ POLICY("b:Shares='7'"), "an attribute of another namespace, allowed are those without "
				  "one", 0, SAME },
	{ POLICY("xml:lang='en'"), "an attribute of another namespace, allowed are those without "
				   "one", 0, SAME },
	{ POLICY("Shares='0" LONG_63 "'"), "Shares: allowed are up to 63 printable ASCII "
					   "characters", 0, LARGE },
	{ POLICY("Mode='off&#10;'"), "Mode: allowed are up to 63 printable ASCII characters", 0,
	  SAME },
	{ POLICY("Mode='&#155;2J'"), "Mode: allowed are up to 63 printable ASCII characters", 0,
	  SAME },
	{ POLICY("M\xc3\xb6"
		 "de='off'"),
	  "the name of an attribute is not one of the keys, allowed are those in "
	  "kvm-balloond.conf(5)", 0, SAME },
	{ "<b:policy" NS ">512M</b:policy>", "something stands in the element policy, allowed are "
					     "attributes", 0, SAME },
	{ "<b:policy" NS "><b:Shares>7</b:Shares></b:policy>", "something stands in the element "
							       "policy, allowed are attributes", 0,
	  SAME },
	{ "<b:policies" NS "/>", "an unknown element of the agent's namespace, allowed is "
				 "policy", 0, SAME },
	{ POLICY("Shares='7'") POLICY("Shares='7'"),
	  "two elements of the agent's namespace, allowed is one", 0, NOT_ASKED },
	{ POLICY("Shares='7'") "<x/><b:other" NS "/>",
	  "two elements of the agent's namespace, allowed is one", 0, NOT_ASKED },
};

static void read_inner(const char *inner, struct kvmb_metadata *ret)
{
	_cleanup_(kvmb_xml_freep) struct kvmb_xml *x = NULL;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(kvmb_asprintf(&text, "<domain><name>a</name><metadata>%s</metadata>"
				       "</domain>", inner), 0);
	if (kvmb_xml_parse(text, &x) < 0)
		fail_msg("no XML: %s", inner);
	kvmb_metadata_read(kvmb_xml_root(x), ret);
}

static void what_is_right_is_taken_and_the_rest_has_a_reason(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *want = cases[i].error ? cases[i].error : "";
		struct kvmb_metadata m = { .error = "old" };

		read_inner(cases[i].inner, &m);
		if (!streq(m.error, want) || m.policy.set != cases[i].set)
			fail_msg("%s\n  got:  %#x %s\n  want: %#x %s", cases[i].inner,
				 m.policy.set, m.error, cases[i].set, want);
	}
}

static void the_values_are_those_that_are_written(void **state)
{
	struct kvmb_metadata m;

	read_inner(POLICY("Guarantee='512M' Limit='2G' Shares='7' Priority='high' "
			  "RefaultTarget='0.5%' Mode='proactive'"), &m);
	assert_int_equal(m.policy.guarantee_bytes, 512 * MIB);
	assert_int_equal(m.policy.limit_bytes, 2 * GIB);
	assert_int_equal(m.policy.shares, 7);
	assert_int_equal(m.policy.priority, KVMB_PRIORITY_HIGH);
	assert_int_equal(m.policy.refault_target_ppm, 5000);
	assert_int_equal(m.policy.mode, KVMB_MODE_PROACTIVE);
}

static void silent(void *ctx, const char *format, ...)
{
}

static bool schema_takes(xmlRelaxNGPtr schema, const char *text)
{
	xmlRelaxNGValidCtxtPtr v = xmlRelaxNGNewValidCtxt(schema);
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
	int r;

	assert_non_null(v);
	assert_non_null(doc);
	xmlRelaxNGSetValidErrors(v, silent, silent, NULL);
	r = xmlRelaxNGValidateDoc(v, doc);
	assert_true(r >= 0);
	xmlFreeDoc(doc);
	xmlRelaxNGFreeValidCtxt(v);
	return r == 0;
}

static xmlRelaxNGPtr load_schema(void)
{
	const char *top = getenv("top_srcdir");
	_cleanup_free_ char *path = NULL;
	xmlRelaxNGParserCtxtPtr p;
	xmlRelaxNGPtr schema;

	assert_int_equal(kvmb_asprintf(&path, "%s/data/kvm-balloond-policy.rng", top ? top : "."),
			 0);
	p = xmlRelaxNGNewParserCtxt(path);
	assert_non_null(p);
	schema = xmlRelaxNGParse(p);
	xmlRelaxNGFreeParserCtxt(p);
	assert_non_null(schema);
	return schema;
}

static void the_schema_agrees(void **state)
{
	xmlRelaxNGPtr schema = load_schema();
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool want = !cases[i].error || cases[i].schema == LARGE;

		if (cases[i].schema == NOT_ASKED)
			continue;
		n++;
		if (schema_takes(schema, cases[i].inner) != want)
			fail_msg("the schema %s: %s", want ? "refuses" : "takes", cases[i].inner);
	}
	assert_true(n > 40);
	xmlRelaxNGFree(schema);
}

static const char *const written[] = {
	"<policy/>",
	"<policy Guarantee=\"512M\"/>",
	("<policy Guarantee=\"1000\" Limit=\"3G\" Shares=\"7\" Priority=\"low\" "
	 "RefaultTarget=\"0.2000%\" Mode=\"off\" Backend=\"far\"/>"),
	"<policy Limit=\"max\" RefaultTarget=\"100.0000%\"/>",
};

/* libvirt puts the namespace in. */
static void what_is_written_is_read_again(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		_cleanup_free_ char *inner = NULL, *text = NULL;
		struct kvmb_metadata m;

		assert_int_equal(kvmb_asprintf(&inner, "<policy xmlns='%s'%s", KVMB_METADATA_URI,
					       written[i] + strlen("<policy")), 0);
		read_inner(inner, &m);
		assert_string_equal(m.error, "");
		assert_int_equal(kvmb_metadata_format(&m.policy, &text), 0);
		assert_string_equal(text, written[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_is_taken_and_the_rest_has_a_reason),
		cmocka_unit_test(the_values_are_those_that_are_written),
		cmocka_unit_test(the_schema_agrees),
		cmocka_unit_test(what_is_written_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

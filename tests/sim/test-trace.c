// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a trace. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/util.h"
#include "sim/trace.h"
#include "sim/vm.h"

#define NAME_255                                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"8901234567890123456789012345678901234567890123456789012345678901234567890123456789012345" \
	"6789012345678901234567890123456789012345678901234567890123456789012345678901234"

struct good {
	const char *name, *text;
	int want;
	struct trace_line line;
};

static const struct good goods[] = {
	{ "a line has four fields", "300,web,4096,1024", 1, { 300, "web", 3, 4096, 1024 } },
	{ "all of it may be used", "0,a b,1,1", 1, { 0, "a b", 3, 1, 1 } },
	{ "none of it may be used", "0,a,1,0", 1, { 0, "a", 1, 1, 0 } },
	{ "a name may have 255 bytes", "1," NAME_255 ",2,1", 1, { 1, NAME_255, 255, 2, 1 } },
	{ "times have a bound", "8589934592,a,1,1", 1, { UINT64_C(1) << 33, "a", 1, 1, 1 } },
	{ "sizes have one, too", "0,a,70368744177664,0", 1,
	  { 0, "a", 1, UINT64_C(1) << 46, 0 } },
	{ "the header says nothing", "time,vm,provisioned,used", 0, { 0 } },
	{ "a comment says nothing", "# 1,a,1,1", 0, { 0 } },
	{ "an empty line says nothing", "", 0, { 0 } },
};

struct bad {
	const char *name, *text, *why;
};

static const struct bad bads[] = {
	{ "a time is a number", "x,a,1,1", "first" },
	{ "a time is not missing", ",a,1,1", "first" },
	{ "a time is not negative", "-1,a,1,1", "first" },
	{ "a time is not too large", "8589934593,a,1,1", "first" },
	{ "a time does not wrap", "18446744073709551617,a,1,1", "first" },
	{ "a line of one field is none", "1", "first" },
	{ "a name is not missing", "1,,1,1", "second" },
	{ "a name has no quotes", "1,\"a\",1,1", "second" },
	{ "a name has no control characters", "1,a\tb,1,1", "second" },
	{ "a name is not too long", "1,x" NAME_255 ",1,1", "second" },
	{ "a line does not end with the name", "1,a", "second" },
	{ "nothing provisioned is no machine", "1,a,0,0", "third" },
	{ "a size is not too large", "1,a,70368744177665,1", "third" },
	{ "a size has no unit", "1,a,4G,1", "third" },
	{ "what is used is not missing", "1,a,1,", "fourth" },
	{ "a line has no fifth field", "1,a,1,1,1", "fourth" },
	{ "a number has no blanks", "1,a,2, 1", "fourth" },
	{ "no more is used than is provisioned", "1,a,1,2", "more is used" },
};

static void test_good(void **data)
{
	const struct good *row = *data;
	struct trace_line l = { 0 };
	const char *why = NULL;

	assert_int_equal(trace_parse(row->text, &l, &why), row->want);
	assert_null(why);
	assert_int_equal(l.time_sec, row->line.time_sec);
	assert_int_equal(l.provisioned_bytes, row->line.provisioned_bytes);
	assert_int_equal(l.used_bytes, row->line.used_bytes);
	assert_int_equal(l.name_length, row->line.name_length);
	if (l.name_length)
		assert_memory_equal(l.name, row->line.name, l.name_length);
}

static void test_bad(void **data)
{
	const struct bad *row = *data;
	struct trace_line l = { .time_sec = 77 };
	const char *why = NULL;

	assert_int_equal(trace_parse(row->text, &l, &why), -EBADMSG);
	assert_non_null(strstr(why, row->why));
	assert_int_equal(l.time_sec, 77);
}

static void test_buckets(void **data)
{
	for (uint64_t sec = 0; sec < 200000; sec++) {
		unsigned int i = vm_age_bucket(sec);

		assert_true(sec * 1000000 >= kvmb_age_bucket_usec(i));
		assert_true(i + 1 == KVMB_AGE_BUCKETS ||
			    sec * 1000000 < kvmb_age_bucket_usec(i + 1));
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(goods) + ARRAY_SIZE(bads) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(goods); i++)
		tests[n++] = (struct CMUnitTest){ goods[i].name, test_good, NULL, NULL,
						  (void *)&goods[i] };
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++)
		tests[n++] = (struct CMUnitTest){ bads[i].name, test_bad, NULL, NULL,
						  (void *)&bads[i] };
	tests[n++] = (struct CMUnitTest){ "ages go into the library's buckets", test_buckets, NULL,
					  NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

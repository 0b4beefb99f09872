/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/base: arithmetic that saturates, strings, files, parsers.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"
#include "put-file.h"

#define UNTOUCHED UINT64_C(0x5aa55aa55aa55aa5)

static void arithmetic_saturates(void **state)
{
	assert_int_equal(u64_sub_sat(5, 7), 0);
	assert_int_equal(u64_sub_sat(7, 5), 2);
	assert_int_equal(u64_add_sat(UINT64_MAX - 1, 1), UINT64_MAX);
	assert_int_equal(u64_add_sat(UINT64_MAX - 1, 2), UINT64_MAX);
	assert_int_equal(u64_add_sat(2, 3), 5);
	assert_int_equal(u64_mul_sat(UINT64_MAX / 2, 3), UINT64_MAX);
	assert_int_equal(u64_clamp(5, 7, 9), 7);
	assert_int_equal(u64_clamp(11, 7, 9), 9);
	assert_int_equal(align_down(1023, 100), 1000);
	assert_int_equal(align_down(7, 0), 7);
	assert_true(u64_diff(3, 5) == -2);
	assert_true(u64_diff(UINT64_MAX, 0) == INT64_MAX);
	assert_true(u64_diff(0, UINT64_MAX) == -INT64_MAX);
}

static void products_are_made_in_128_bits(void **state)
{
	assert_int_equal(u64_mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
	assert_int_equal(u64_mul_div(UINT64_MAX, 3, 4), UINT64_MAX / 4 * 3 + 2);
	assert_int_equal(u64_mul_div(10, 1, 0), UINT64_MAX);
	assert_int_equal(permyriad_of(UINT64_MAX, 10000), UINT64_MAX);
	assert_int_equal(permyriad_of(16 * GIB, 1500), 2576980377);
}

static void copies_are_whole_or_not_at_all(void **state)
{
	char buf[6] = "old";

	assert_int_equal(kvmb_str_copy(buf, sizeof(buf), "123456"), -ENAMETOOLONG);
	assert_string_equal(buf, "old");
	assert_int_equal(kvmb_str_copy(buf, sizeof(buf), "12345"), 0);
	assert_string_equal(buf, "12345");
	assert_int_equal(kvmb_str_copy_n(buf, sizeof(buf), "abcdef", 2), 0);
	assert_string_equal(buf, "ab");
	assert_null(kvmb_str_skip("Guesthouse", "Guest "));
	assert_string_equal(kvmb_str_skip("Guest a", "Guest "), "a");
}

static void utf8_is_told_from_other_bytes(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "", true },
		{ "plain", true },
		{ "gr\xc3\xbc\xc3\x9f", true },
		{ "\xe2\x82\xac", true },
		{ "\xf0\x9f\x90\xa7", true },
		{ "\xc3", false },             /* cut */
		{ "\xe2\x82", false },         /* cut */
		{ "\xbc", false },             /* tail alone */
		{ "\xc0\xaf", false },         /* overlong */
		{ "\xe0\x80\xaf", false },     /* overlong */
		{ "\xf0\x80\x80\xaf", false }, /* overlong */
		{ "\xed\xa0\x80", false },     /* surrogate */
		{ "\xf4\x90\x80\x80", false }, /* above U+10FFFF */
		{ "\xff", false },
		{ "a\xc3(", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (kvmb_utf8_valid(cases[i].text, strlen(cases[i].text)) != cases[i].valid)
			fail_msg("case %zu: %s", i, cases[i].text);
}

static void formatting_cuts_at_whole_characters(void **state)
{
	char buf[6];

	kvmb_str_format(buf, sizeof(buf), "%s", "abcd\xe2\x82\xac");
	assert_string_equal(buf, "abcd");
	kvmb_str_format(buf, sizeof(buf), "%s", "ab\xe2\x82\xac");
	assert_string_equal(buf, "ab\xe2\x82\xac");
	kvmb_str_format(buf, sizeof(buf), "%s", "abc\xc3\xbc\xc3\xbc");
	assert_string_equal(buf, "abc\xc3\xbc");
	kvmb_str_format(buf, sizeof(buf), "%s", "abcdefgh");
	assert_string_equal(buf, "abcde");
}

static void texts_and_arrays_grow(void **state)
{
	_cleanup_free_ char *text = NULL, *error = NULL;
	_cleanup_free_ uint64_t *numbers = NULL;

	assert_int_equal(kvmb_str_append(&text, "%d", 1), 0);
	assert_int_equal(kvmb_str_append(&text, ", %d", 2), 0);
	assert_string_equal(text, "1, 2");
	assert_int_equal(kvmb_explain(-EPERM, &error, "no %s", "way"), -EPERM);
	assert_string_equal(error, "no way");
	assert_int_equal(kvmb_explain(-EPERM, NULL, "unheard"), -EPERM);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(kvmb_grow(&numbers, i, sizeof(*numbers)), 0);
		numbers[i] = i;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	assert_int_equal(kvmb_grow(&numbers, (size_t)1 << 62, sizeof(*numbers)), -ENOMEM);
	assert_int_equal(numbers[999], 999);
}

struct number_case {
	const char *text;
	int result;
	uint64_t value;
};

static void check_number(int (*parse)(const char *, uint64_t *), const struct number_case *c)
{
	uint64_t v = UNTOUCHED;
	int r = parse(c->text, &v);

	if (r != c->result || v != (r < 0 ? UNTOUCHED : c->value))
		fail_msg("\"%s\": %d, %llu", c->text, r, (unsigned long long)v);
}

#define CHECK_NUMBERS(parse, cases)                                                                \
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)                                             \
	check_number(parse, &(cases)[i])

static void integers_are_parsed_strictly(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
	};

	CHECK_NUMBERS(kvmb_parse_u64, cases);
}

static void sizes_have_binary_suffixes(void **state)
{
	static const struct number_case cases[] = {
		{ "4096", 0, 4096 },
		{ "512M", 0, 512 * MIB },
		{ "1.5G", 0, 3 * GIB / 2 },
		{ "0.5K", 0, 512 },
		{ "2T", 0, 2 * (GIB << 10) },
		{ "0", 0, 0 },
		{ "0G", 0, 0 },
		{ "8191.999999999P", -EINVAL, 0 },
		{ "8388607T", 0, (uint64_t)8388607 << 40 },
		{ "8388608T", -ERANGE, 0 },           /* 2^63 */
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "18446744073709551615", -ERANGE, 0 }, /* would be KVMB_UNKNOWN */
		{ "99999999999999999999T", -ERANGE, 0 },
		{ "1.5", -EINVAL, 0 }, /* half a byte */
		{ "1.", -EINVAL, 0 },
		{ ".5G", -EINVAL, 0 },
		{ "1..5G", -EINVAL, 0 },
		{ "1.5.5G", -EINVAL, 0 },
		{ "512m", -EINVAL, 0 },
		{ "512 M", -EINVAL, 0 },
		{ "512MB", -EINVAL, 0 },
		{ "-512M", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	CHECK_NUMBERS(kvmb_parse_bytes, cases);
}

static void times_have_units(void **state)
{
	static const struct number_case cases[] = {
		{ "2s", 0, 2000000 },
		{ "2", 0, 2000000 },
		{ "0.5", 0, 500000 },
		{ "100ms", 0, 100000 },
		{ "1min", 0, 60000000 },
		{ "1h", 0, 3600000000 },
		{ "250us", 0, 250 },
		{ "1min 30s", 0, 90000000 },
		{ " 1min  500ms ", 0, 60500000 },
		{ "1.5min", 0, 90000000 },
		{ "1min 30", -EINVAL, 0 }, /* 30 of what? */
		{ "30 s", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ " ", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "99999999999999999h", -ERANGE, 0 },
		{ "18446744073709551615us 1us", -ERANGE, 0 },
	};

	CHECK_NUMBERS(kvmb_parse_usec, cases);
}

static int permyriad(const char *text, uint64_t *ret)
{
	uint32_t v;
	int r = kvmb_parse_permyriad(text, &v);

	if (r >= 0)
		*ret = v;
	return r;
}

static int ppm(const char *text, uint64_t *ret)
{
	uint32_t v;
	int r = kvmb_parse_ppm(text, &v);

	if (r >= 0)
		*ret = v;
	return r;
}

static void ratios_need_the_percent_sign(void **state)
{
	static const struct number_case permyriads[] = {
		{ "15%", 0, 1500 },    { "12.5%", 0, 1250 },    { "0.25%", 0, 25 },
		{ "0%", 0, 0 },        { "100%", 0, 10000 },    { "12.500%", 0, 1250 },
		{ "100.01%", -ERANGE, 0 }, { "0.001%", -EINVAL, 0 }, { "15", -EINVAL, 0 },
		{ "%", -EINVAL, 0 },   { "", -EINVAL, 0 },      { "-5%", -EINVAL, 0 },
		{ "5 %", -EINVAL, 0 }, { "5%%", -EINVAL, 0 },   { ".5%", -EINVAL, 0 },
		{ "99999999999999999999%", -ERANGE, 0 },
	};
	static const struct number_case ppms[] = {
		{ "0.2%", 0, 2000 },
		{ "0.0001%", 0, 1 },
		{ "100%", 0, 1000000 },
		{ "0.00001%", -EINVAL, 0 },
		{ "101%", -ERANGE, 0 },
	};

	CHECK_NUMBERS(permyriad, permyriads);
	CHECK_NUMBERS(ppm, ppms);
}

static void decimals_become_fixed_point(void **state)
{
	uint64_t v = UNTOUCHED;

	assert_int_equal(kvmb_parse_decimal("12.34", 5, 2, &v), 0);
	assert_int_equal(v, 1234);
	assert_int_equal(kvmb_parse_decimal("12.349", 6, 2, &v), 0);
	assert_int_equal(v, 1234);
	assert_int_equal(kvmb_parse_decimal("12", 2, 2, &v), 0);
	assert_int_equal(v, 1200);
	v = UNTOUCHED;
	assert_int_equal(kvmb_parse_decimal("12.", 3, 2, &v), -EINVAL);
	assert_int_equal(kvmb_parse_decimal("nan", 3, 2, &v), -EINVAL);
	assert_int_equal(kvmb_parse_decimal("184467440737095516.16", 21, 2, &v), -ERANGE);
	assert_int_equal(v, UNTOUCHED);
}

static void sizes_are_written_as_they_are_read(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" },           { 1, "1" },         { 1000, "1000" },  { 1024, "1K" },
		{ 512 * MIB, "512M" }, { 3 * GIB / 2, "1536M" }, { GIB << 10, "1T" },
		{ GIB << 20, "1024T" }, { UINT64_MAX, "max" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[KVMB_BYTES_TEXT_SIZE];

		kvmb_format_bytes(text, sizeof(text), cases[i].bytes);
		assert_string_equal(text, cases[i].text);
	}
}

static void lines_and_words_are_walked(void **state)
{
	const char *cursor = "one\n\nthree words here\n", *line;
	size_t len;

	line = kvmb_next_line(&cursor, &len);
	assert_int_equal(len, 3);
	line = kvmb_next_line(&cursor, &len);
	assert_non_null(line);
	assert_int_equal(len, 0);
	line = kvmb_next_line(&cursor, &len);
	assert_int_equal(len, 16);
	assert_memory_equal(line, "three words here", 16);
	assert_null(kvmb_next_line(&cursor, &len));
	assert_null(kvmb_next_line(&cursor, &len));
	cursor = "no newline";
	assert_non_null(kvmb_next_line(&cursor, &len));
	assert_int_equal(len, 10);
	assert_null(cursor);
}

static void pairs_of_kernel_files_are_found(void **state)
{
	static const char text[] = "MemTotal:       16303428 kB\n"
				   "Buffers:          123 MB\n"
				   "HugePages_Total:       7\n"
				   "nr_free_pages 4711\n"
				   "nr_free_pages 1\n"
				   "broken\n"
				   "negative -1\n"
				   "workingset_refault_anon 18446744073709551615";
	struct {
		uint64_t total, huge, free, refault, absent;
	} v = { .absent = UNTOUCHED };
	const struct kvmb_pair_field fields[] = {
		{ "absent", offsetof(__typeof__(v), absent) },
		{ "MemTotal", offsetof(__typeof__(v), total) },
		{ "HugePages_Total", offsetof(__typeof__(v), huge) },
		{ "nr_free_pages", offsetof(__typeof__(v), free) },
		{ "workingset_refault_anon", offsetof(__typeof__(v), refault) },
		{ "Buffers", offsetof(__typeof__(v), absent) },
		{ "negative", offsetof(__typeof__(v), absent) },
	};

	assert_int_equal(kvmb_parse_pairs(text, fields, ARRAY_SIZE(fields), &v), 0x1e);
	assert_int_equal(v.total, UINT64_C(16303428) * 1024);
	assert_int_equal(v.huge, 7);
	assert_int_equal(v.free, 4711);
	assert_int_equal(v.refault, UINT64_MAX);
	assert_int_equal(v.absent, UNTOUCHED);
}

/* A folder of its own for each test. */
static int make_dir(void **state)
{
	char *path = NULL;

	if (kvmb_asprintf(&path, "%s/kvmb-base-XXXXXX",
			  getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") < 0)
		return -1;
	*state = mkdtemp(path);
	return *state ? 0 : -1;
}

static int remove_dir(void **state)
{
	_cleanup_free_ char *command = NULL;

	if (kvmb_asprintf(&command, "rm -rf -- '%s'", (char *)*state) < 0)
		return -1;
	free(*state);
	return system(command);
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void reads_say_when_the_buffer_is_small(void **state)
{
	_cleanup_close_ int dir = open_dir(*state);
	_cleanup_free_ char *path = NULL, *big = NULL, *text = NULL;
	char buf[6];
	size_t len = 0;

	assert_int_equal(kvmb_asprintf(&path, "%s/f", (char *)*state), 0);
	put_file(path, "12345", 0600);
	assert_int_equal(kvmb_read_at(dir, "f", buf, 6, &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(buf, "12345");
	assert_int_equal(kvmb_read_at(dir, "f", buf, 5, &len), -E2BIG);
	assert_int_equal(kvmb_read_at(dir, "f", buf, 0, &len), -E2BIG);
	assert_int_equal(kvmb_read_at(dir, "none", buf, 6, &len), -ENOENT);
	assert_int_equal(kvmb_read_alloc_at(dir, "f", 4, &text, &len), -E2BIG);
	assert_null(text);
	assert_int_equal(len, 5);
	assert_int_equal(kvmb_read_alloc_at(dir, "f", 5, &text, &len), 0);
	assert_string_equal(text, "12345");
	/* several doublings */
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(i % 1000 ? 0 : kvmb_str_append(&big, "%01000d", 7), 0);
	put_file(path, big, 0600);
	free(text);
	text = NULL;
	assert_int_equal(kvmb_read_alloc_at(dir, "f", 10000, &text, &len), 0);
	assert_int_equal(len, 10000);
	assert_string_equal(text, big);
}

static void writes_do_not_make_files(void **state)
{
	_cleanup_close_ int dir = open_dir(*state);
	_cleanup_free_ char *path = NULL;
	char buf[8];

	assert_int_equal(kvmb_write_at(dir, "memory.reclaim", "1"), -ENOENT);
	assert_int_equal(kvmb_asprintf(&path, "%s/memory.reclaim", (char *)*state), 0);
	put_file(path, "", 0600);
	assert_int_equal(kvmb_write_at(dir, "memory.reclaim", "4096"), 0);
	assert_int_equal(kvmb_read_at(dir, "memory.reclaim", buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, "4096");
}

static void a_root_needs_no_more_than_its_folder(void **state)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;
	_cleanup_free_ char *path = NULL;

	assert_int_equal(kvmb_root_open(*state, &root), 0);
	assert_int_equal(root.proc_fd, -1);
	assert_int_equal(root.cgroup_fd, -1);
	assert_false(kvmb_root_is_host(&root));
	kvmb_root_close(&root);
	kvmb_root_close(&root);
	assert_int_equal(kvmb_asprintf(&path, "%s/proc", (char *)*state), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(kvmb_root_open(*state, &root), 0);
	assert_true(root.proc_fd >= 0);
	assert_int_equal(kvmb_root_open("/no/such/root", &root), -ENOENT);
	assert_true(root.proc_fd >= 0); /* untouched */
}

static void the_real_root_is_told_from_copies(void **state)
{
	_cleanup_(kvmb_root_close) struct kvmb_root root = KVMB_ROOT_INIT;

	assert_int_equal(kvmb_root_open(NULL, &root), 0);
	assert_true(kvmb_root_is_host(&root));
	assert_true(root.proc_fd >= 0);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic_saturates),
		cmocka_unit_test(products_are_made_in_128_bits),
		cmocka_unit_test(copies_are_whole_or_not_at_all),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
		cmocka_unit_test(formatting_cuts_at_whole_characters),
		cmocka_unit_test(texts_and_arrays_grow),
		cmocka_unit_test(integers_are_parsed_strictly),
		cmocka_unit_test(sizes_have_binary_suffixes),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(ratios_need_the_percent_sign),
		cmocka_unit_test(decimals_become_fixed_point),
		cmocka_unit_test(sizes_are_written_as_they_are_read),
		cmocka_unit_test(lines_and_words_are_walked),
		cmocka_unit_test(pairs_of_kernel_files_are_found),
		WITH_DIR(reads_say_when_the_buffer_is_small),
		WITH_DIR(writes_do_not_make_files),
		WITH_DIR(a_root_needs_no_more_than_its_folder),
		cmocka_unit_test(the_real_root_is_told_from_copies),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

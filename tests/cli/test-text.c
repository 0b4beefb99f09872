// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures, escaping, cutting and wrapping; and that no frame of top is wider than it may be. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "figure.h"
#include "line.h"
#include "text.h"
#include "top.h"
#include "util.h"

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

static void test_sizes_round_and_stay_narrow(void **state)
{
	static const struct { uint64_t bytes; const char *size, *brief; } cases[] = {
		{ 0, "0 B", "0" },
		{ 1, "1 B", "1B" },
		{ 999, "999 B", "999B" },
		{ 1000, "1000 B", "1.0K" },
		{ 1023, "1023 B", "1.0K" },
		{ KIB(1), "1 KiB", "1.0K" },
		{ KIB(10), "10 KiB", "10K" },
		{ MIB(1) - 1, "1 MiB", "1.0M" },
		{ MIB(512), "512 MiB", "512M" },
		{ MIB(1000), "1000 MiB", "1.0G" },
		{ MIB(999) + KIB(500), "999 MiB", "999M" },
		{ MIB(999) + KIB(600), "1000 MiB", "1.0G" },
		{ MIB(1024) - KIB(100), "1.0 GiB", "1.0G" },
		{ MIB(1536), "1.5 GiB", "1.5G" },
		{ GIB(10) - MIB(40), "10.0 GiB", "10G" },
		{ GIB(99) + MIB(1000), "100 GiB", "100G" },
		{ GIB(1024), "1.0 TiB", "1.0T" },
		{ UINT64_MAX - 1, "16.0 EiB", "16E" },
		{ UINT64_MAX, "-", "-" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(figure_size(cases[i].bytes).text, cases[i].size);
		assert_string_equal(figure_short(cases[i].bytes).text, cases[i].brief);
	}
	for (uint64_t bytes = 1; bytes < UINT64_MAX / 3; bytes += bytes / 7 + 1) {
		assert_true(strlen(figure_size(bytes).text) <= 8);
		assert_true(strlen(figure_short(bytes).text) <= 4);
		assert_true(strlen(figure_count(bytes, 5).text) <= 5);
		assert_true(strlen(figure_count(bytes, 4).text) <= 4);
	}
}

static void test_other_figures(void **state)
{
	assert_string_equal(figure_net(-(int64_t)MIB(12)).text, "-12 MiB");
	assert_string_equal(figure_net(MIB(12)).text, "12 MiB");
	assert_string_equal(figure_net(INT64_MIN).text, "-");
	assert_string_equal(figure_net(INT64_MIN + 1).text, "-8.0 EiB");
	assert_string_equal(figure_ratio(0).text, "0.0");
	assert_string_equal(figure_ratio(1234).text, "12.3");
	assert_string_equal(figure_ratio(9994).text, "99.9");
	assert_string_equal(figure_ratio(9995).text, "100");
	assert_string_equal(figure_ratio(UINT32_MAX).text, "-");
	assert_string_equal(figure_count(99999, 5).text, "99999");
	assert_string_equal(figure_count(100000, 5).text, "100k");
	assert_string_equal(figure_count(UINT64_MAX, 5).text, "-");
	assert_string_equal(figure_usec(350000).text, "350 ms");
	assert_string_equal(figure_usec(2500000).text, "2.5 s");
	assert_string_equal(figure_usec(95000000).text, "95 s");
	assert_string_equal(figure_usec(180000000).text, "3 min");
	assert_string_equal(figure_usec(UINT64_MAX).text, "-");
}

static void test_nothing_dangerous_gets_through(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "plain", "plain" },
		{ "two words", "two words" },
		{ "a\033[31mb", "a\\x1b[31mb" },
		{ "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x85", "\\x85" },                 /* next line, a C1 control */
		{ "\xc2\x9b" "31m", "\\x9b31m" },           /* CSI in one character */
		{ "a\u202eb", "a\\u202eb" },
		{ "a\u200db", "a\\u200db" },
		{ "\U000e0041", "\\U000e0041" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xe2\x82", "\\xe2\\x82" },          /* half a character */
		{ "\xc0\x80", "\\xc0\\x80" },          /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "Größe 虚拟机", "Größe 虚拟机" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = text_escape(cases[i].in, "");

		assert_string_equal(got, cases[i].out);
	}
}

static void test_what_is_kept_is_kept(void **state)
{
	_cleanup_free_ char *got = text_escape("a\nb\033", "\n");

	assert_string_equal(got, "a\nb\\x1b");
}

static void test_cutting_counts_columns(void **state)
{
	static const struct { const char *in; size_t columns; const char *out; } cases[] = {
		{ "short", 5, "short" },
		{ "longer", 5, "long\u2026" },
		{ "虚拟机", 6, "虚拟机" },
		{ "虚拟机", 5, "虚拟\u2026" },
		{ "虚拟机", 4, "虚\u2026" },
		{ "虚拟机", 1, "\u2026" },
		{ "虚拟机", 0, "" },
		{ "", 0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = text_fit(cases[i].in, cases[i].columns);

		assert_string_equal(got, cases[i].out);
		assert_true(text_width(got) <= cases[i].columns);
	}
}

static char *wrapped(const char *text, unsigned int indent, unsigned int width)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	text_wrap(f, text, indent, width);
	assert_int_equal(fclose(f), 0);
	return out;
}

static void test_wrapping_breaks_at_blanks(void **state)
{
	_cleanup_free_ char *plain = wrapped("one two three four five six", 0, 24);
	_cleanup_free_ char *indented = wrapped("one two three four five six seven", 3, 24);
	_cleanup_free_ char *solid = wrapped("abcdefghijklmnopqrstuvwxyz", 0, 24);
	_cleanup_free_ char *lines = wrapped("one\n\ntwo\n", 0, 24);
	_cleanup_free_ char *open = wrapped("one two three four five six seven eight", 3, 0);

	assert_string_equal(plain, "one two three four five\nsix\n");
	assert_string_equal(indented, "one two three four\n   five six seven\n");
	assert_string_equal(solid, "abcdefghijklmnopqrstuvwx\nyz\n");
	assert_string_equal(lines, "one\n\ntwo\n");
	assert_string_equal(open, "one two three four five six seven eight\n");
}

static void draw_bar(char **ret, uint64_t resident, uint64_t balloon, uint64_t maximum)
{
	size_t size;
	struct line l = { open_memstream(ret, &size), 80 };

	assert_non_null(l.f);
	line_bar_machine(&l, resident, balloon, maximum, 10);
	line_text(&l, COLOUR_NONE, "|");
	assert_int_equal(fclose(l.f), 0);
}

static void test_bars_show_something_for_something(void **state)
{
	static const struct { uint64_t resident, balloon, maximum; const char *out; } cases[] = {
		{ 50, 80, 100, "█████···░░|" },
		{ 1, 1000, 1000, "█·········|" },   /* a little is not nothing */
		{ 999, 1000, 1000, "█████████·|" }, /* nearly all is not all */
		{ 0, 1000, 1000, "··········|" },
		{ 1100, 1000, 1000, "██████████|" }, /* QEMU's own memory */
		{ 900, 500, 1000, "█████████░|" },
		{ UINT64_MAX, 500, 1000, "·····░░░░░|" },
		{ 500, UINT64_MAX, 1000, "█████·····|" },
		{ 500, 500, 0, "          |" },
		{ 500, 500, UINT64_MAX, "          |" },
		{ UINT64_MAX - 2, UINT64_MAX - 2, UINT64_MAX - 1,
		  "█████████░|" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = NULL;

		draw_bar(&got, cases[i].resident, cases[i].balloon, cases[i].maximum);
		assert_string_equal(got, cases[i].out);
	}
}

/* A reproducible stream of numbers, with the extreme ones often. */
static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	switch (*seed >> 61) {
	case 0:
		return UINT64_MAX;
	case 1:
		return 0;
	case 2:
		return UINT64_MAX - 1;
	default:
		return *seed >> (*seed >> 58);
	}
}

static void fill(const struct fields *t, void *object, uint64_t *seed)
{
	static const char *const texts[] = {
		"", "x", "none", "stats-impossible", "\033[2J\n\u202e",
		"虚拟机虚拟机虚拟机虚拟机虚拟机",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "running", "proactive",
	};

	assert_int_equal(fields_init(t, object), 0);
	for (size_t i = 0; i < t->n; i++) {
		void *p = (char *)object + t->table[i].offset;
		uint64_t n = next(seed);

		if (t->table[i].kind == FIELD_TEXT) {
			free(*(char **)p);
			*(char **)p = strdup(texts[n % ARRAY_SIZE(texts)]);
		} else if (t->table[i].kind == FIELD_NUMBER || t->table[i].kind == FIELD_RATIO) {
			*(uint32_t *)p = (uint32_t)n;
		} else if (t->table[i].kind == FIELD_FLAG) {
			*(bool *)p = n & 1;
		} else if (t->table[i].kind != FIELD_TEXTS && t->table[i].kind != FIELD_SOURCES &&
			   t->table[i].kind != FIELD_RESERVATIONS) {
			*(uint64_t *)p = n;
		}
	}
}

static void check_frame(char *text, unsigned int width, size_t lines)
{
	size_t n = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), n++) {
		assert_true(text_width(line) <= width);
		/* Where a line is cut, a blank may be the last that fits. */
		if (width >= 80 && line[strlen(line) - 1] == ' ')
			fail_msg("ends with a blank: %s", line);
	}
	assert_true(n <= lines);
}

static void test_no_frame_is_wider_than_its_screen(void **state)
{
	uint64_t seed = 4711;

	for (unsigned int round = 0; round < 300; round++) {
		struct top_view v = {
			.width = 1 + round % 150, .rows = 8, .interactive = round % 2
		};
		_cleanup_free_ char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		fill(&manager_fields, &v.manager, &seed);
		v.machines.n = round % 12;
		v.machines.items = calloc(12, sizeof(*v.machines.items));
		for (size_t i = 0; i < v.machines.n; i++)
			fill(&machine_fields, &v.machines.items[i], &seed);
		assert_int_equal(top_draw(f, &v), 0);
		assert_int_equal(fclose(f), 0);
		check_frame(text, v.width, v.rows + TOP_FRAME_LINES);
		manager_clear(&v.manager);
		machines_clear(&v.machines);
	}
}

/* The column a title stands in, by what is left of it. */
static size_t column_of(const char *frame, const char *title)
{
	const char *found = strstr(frame, title), *line = found;

	assert_non_null(found);
	while (line > frame && line[-1] != '\n')
		line--;
	return (size_t)(found - line);
}

static void test_values_do_not_move_columns(void **state)
{
	uint64_t seed = 815;
	size_t swap = 0, note = 0;

	for (unsigned int round = 0; round < 20; round++) {
		struct top_view v = { .width = 80 };
		_cleanup_free_ char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		fill(&manager_fields, &v.manager, &seed);
		v.machines.n = 1;
		v.machines.items = calloc(1, sizeof(*v.machines.items));
		fill(&machine_fields, &v.machines.items[0], &seed);
		assert_int_equal(top_draw(f, &v), 0);
		assert_int_equal(fclose(f), 0);
		if (round) {
			assert_int_equal(column_of(text, "SWAP"), swap);
			assert_int_equal(column_of(text, "NOTE"), note);
		}
		swap = column_of(text, "SWAP");
		note = column_of(text, "NOTE");
		manager_clear(&v.manager);
		machines_clear(&v.machines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_round_and_stay_narrow),
		cmocka_unit_test(test_other_figures),
		cmocka_unit_test(test_nothing_dangerous_gets_through),
		cmocka_unit_test(test_what_is_kept_is_kept),
		cmocka_unit_test(test_cutting_counts_columns),
		cmocka_unit_test(test_wrapping_breaks_at_blanks),
		cmocka_unit_test(test_bars_show_something_for_something),
		cmocka_unit_test(test_no_frame_is_wider_than_its_screen),
		cmocka_unit_test(test_values_do_not_move_columns),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

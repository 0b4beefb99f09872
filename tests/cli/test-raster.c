// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps as rows of cells: what a cell says of its blocks, and that no map, however odd, gets out. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ages.h"
#include "map.h"
#include "raster.h"
#include "text.h"
#include "util.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define A KVMB_MAP_ABSENT
#define N KVMB_MAP_NO_MEMORY

/* One extent from address 0, a column of 2 MiB blocks at a time. */
static void cells_of(const uint8_t *ages, size_t n, size_t rows, struct raster *ret)
{
	struct kvmb_map_extent e = { 0, n, ages };
	const struct kvmb_map map = { MIB(2), 1000000, 1, &e };

	assert_int_equal(raster_new(&map, 4, rows, ret), 0);
}

static void test_a_cell_is_the_mean_of_what_is_resident(void **state)
{
	static const struct { const char *name; uint8_t ages[8], cells[4]; } cases[] = {
		{ "mean", { 0, 2, 3, 4, 253, 253, 0, 253 }, { 1, 4, 253, 127 } },
		{ "what is absent does not count", { A, 7, 9, A, A, A, 0, A }, { 7, 9, A, 0 } },
		{ "nor does what is no memory", { N, 7, N, A, N, N, 5, N }, { 7, A, N, 5 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct raster r;

		cells_of(cases[i].ages, 8, 1, &r);
		assert_int_equal(r.cell_bytes, MIB(4));
		assert_int_equal(r.n_rows, 1);
		assert_memory_equal(raster_row(&r, 0), cases[i].cells, 4);
		raster_clear(&r);
	}
}

static void test_rows_without_memory_are_left_out(void **state)
{
	uint8_t low[5] = { 1, 1, 1, 1, 2 }, high[2] = { 3, A };
	struct kvmb_map_extent e[] = { { 0, 5, low }, { GIB(4), 2, high } };
	const struct kvmb_map map = { MIB(2), 1, 2, e };
	struct raster r;

	assert_int_equal(raster_new(&map, 4, 100, &r), 0);
	assert_int_equal(r.n_rows, 3);
	assert_int_equal(r.gpas[1], MIB(8));
	assert_int_equal(r.gpas[2], GIB(4));
	assert_int_equal(r.memory_bytes, MIB(14));
	assert_memory_equal(raster_row(&r, 1), ((uint8_t[]){ 2, N, N, N }), 4);
	assert_memory_equal(raster_row(&r, 2), ((uint8_t[]){ 3, A, N, N }), 4);
	raster_clear(&r);
}

static void test_another_vm_begins_a_row_of_its_own(void **state)
{
	uint8_t ages[2] = { 1, 2 };
	struct kvmb_map_extent e[] = { { 0, 2, ages }, { 0, 1, ages + 1 }, { MIB(2), 1, ages } };
	const struct kvmb_map map = { MIB(2), 1, 3, e };
	struct raster r;

	assert_int_equal(raster_new(&map, 4, 100, &r), 0);
	assert_int_equal(r.n_rows, 2);
	assert_memory_equal(raster_row(&r, 0), ((uint8_t[]){ 1, 2, N, N }), 4);
	assert_memory_equal(raster_row(&r, 1), ((uint8_t[]){ 2, 1, N, N }), 4);
	raster_clear(&r);
}

static void test_classes_double(void **state)
{
	static const struct { uint8_t age; unsigned int class; } cases[] = {
		{ 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 2 }, { 4, 3 }, { 7, 3 }, { 127, 7 }, { 128, 8 },
		{ 253, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(raster_class(cases[i].age), cases[i].class);
		assert_true(raster_class_begin(cases[i].class) <= cases[i].age);
	}
	assert_int_equal(raster_class_begin(RASTER_CLASSES - 1), 128);
}

static void test_labels_are_exact(void **state)
{
	assert_string_equal(raster_label(0).text, "0");
	assert_string_equal(raster_label(MIB(128)).text, "128M");
	assert_string_equal(raster_label(GIB(4)).text, "4G");
	assert_string_equal(raster_label(GIB(4) + MIB(128)).text, "4224M");
	assert_string_equal(raster_label(4097).text, "4097B");
	assert_string_equal(raster_label(UINT64_C(1) << 63).text, "8E");
}

static void test_no_time_is_too_long_for_its_type(void **state)
{
	assert_int_equal(ages_times(5, 253), 1265);
	assert_int_equal(ages_times(0, 253), 0);
	assert_int_equal(ages_times(UINT64_MAX, 0), 0);
	assert_int_equal(ages_times(UINT64_MAX, 1), UINT64_MAX - 1);
	assert_int_equal(ages_times(UINT64_MAX / 2, 3), UINT64_MAX - 1);
}

/* A reproducible stream of numbers. */
static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

#define EXTENTS 6
#define BLOCKS 700

/* Anything that map_read() lets through. */
static void fill(struct kvmb_map *map, uint8_t *ages, uint64_t *seed)
{
	for (size_t i = 0; i < BLOCKS; i++)
		ages[i] = (uint8_t)(next(seed) % 3 ? next(seed) : N);
	map->block_bytes = UINT64_C(4096) << next(seed) % 29;
	map->unit_usec = next(seed) % 4 ? next(seed) : UINT64_MAX;
	map->n_extents = next(seed) % (EXTENTS + 1);
	for (size_t i = 0; i < map->n_extents; i++) {
		size_t from = next(seed) % BLOCKS, n = next(seed) % (BLOCKS - from + 1);
		uint64_t room = UINT64_MAX - n * map->block_bytes;
		uint64_t gpa = ((uint64_t)next(seed) << 32 | next(seed)) >> next(seed) % 64;

		map->extents[i] = (struct kvmb_map_extent){ gpa < room ? gpa : room, n,
							    ages + from };
	}
}

static void check_lines(char *text, unsigned int width)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(text_width(line) <= width);
}

static void test_no_map_gets_out_of_its_picture(void **state)
{
	struct kvmb_map_extent extents[EXTENTS];
	uint8_t ages[BLOCKS];
	uint64_t seed = 4711;

	for (unsigned int round = 0; round < 2000; round++) {
		struct kvmb_map map = { .extents = extents };
		struct map_view v = { .machine = "虚拟机\033[2J", .map = &map,
				      .width = 1 + round % 200, .rows = round % 40,
				      .interactive = round % 2, .clock = "12:34:56" };
		_cleanup_free_ char *text = NULL, *svg = NULL;
		size_t size, lines = 0;
		FILE *f = open_memstream(&text, &size), *g = open_memstream(&svg, &size);

		fill(&map, ages, &seed);
		assert_int_equal(map_draw(f, &v), 0);
		assert_int_equal(map_draw_svg(g, "<&>", &map, "now"), 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(fclose(g), 0);
		for (const char *c = text; *c; c++)
			lines += *c == '\n';
		if (v.interactive && v.rows > 4)
			assert_int_equal(lines, v.rows);
		check_lines(text, v.width);
		assert_non_null(strstr(svg, "&lt;&amp;&gt;"));
	}
}

static void test_rows_are_bounded(void **state)
{
	struct kvmb_map_extent extents[2];
	uint8_t ages[BLOCKS] = { 0 };
	uint64_t seed = 815;

	for (unsigned int round = 0; round < 500; round++) {
		uint64_t hole = (uint64_t)next(&seed) << next(&seed) % 24;
		size_t rows = 2 + round % 50;
		struct kvmb_map map = { MIB(2), 1, 2, extents };
		struct raster r;

		extents[0] = (struct kvmb_map_extent){ 0, BLOCKS, ages };
		extents[1] = (struct kvmb_map_extent){ BLOCKS * MIB(2) + hole, BLOCKS, ages };
		assert_int_equal(raster_new(&map, 64, rows, &r), 0);
		assert_true(r.n_rows <= rows);
		raster_clear(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_cell_is_the_mean_of_what_is_resident),
		cmocka_unit_test(test_rows_without_memory_are_left_out),
		cmocka_unit_test(test_another_vm_begins_a_row_of_its_own),
		cmocka_unit_test(test_classes_double),
		cmocka_unit_test(test_labels_are_exact),
		cmocka_unit_test(test_no_time_is_too_long_for_its_type),
		cmocka_unit_test(test_no_map_gets_out_of_its_picture),
		cmocka_unit_test(test_rows_are_bounded),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

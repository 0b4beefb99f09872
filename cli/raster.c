// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns a map into rows of cells. */
#include "raster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "util.h"

/* Rows of this times RASTER_COLUMNS_MAX still have addresses of 64 bits. */
#define CELL_BYTES_MAX (UINT64_C(1) << 56)

/* Where the walk over the blocks is. */
struct pen {
	struct raster *r;
	bool down;     /* on a cell */
	bool new_row;  /* the next block begins one, wherever it is */
	uint64_t cell; /* its number in the address space */
	uint64_t sum;  /* of the ages there */
	uint64_t n;    /* blocks that have an age */
};

/* While rows are counted there are no cells yet. */
static void lift(struct pen *p)
{
	struct raster *r = p->r;
	uint8_t mean = p->n ? (uint8_t)((p->sum + p->n / 2) / p->n) : KVMB_MAP_ABSENT;

	if (p->down && r->cells)
		r->cells[(r->n_rows - 1) * r->columns + p->cell % r->columns] = mean;
	p->down = false;
}

static void put(struct pen *p, uint64_t gpa, uint8_t age)
{
	struct raster *r = p->r;
	uint64_t cell = gpa / r->cell_bytes;

	if (p->new_row || !p->down || cell != p->cell) {
		bool same = r->n_rows && !p->new_row && cell / r->columns == p->cell / r->columns;

		lift(p);
		if (!same && r->gpas)
			r->gpas[r->n_rows] = cell / r->columns * r->columns * r->cell_bytes;
		r->n_rows += !same;
		*p = (struct pen){ .r = r, .down = true, .cell = cell };
	}
	if (age != KVMB_MAP_ABSENT) {
		p->sum += age;
		p->n++;
	}
}

/* Counts rows, and fills them in where there is room for them. */
static void walk(const struct kvmb_map *map, struct raster *r)
{
	struct pen p = { .r = r };
	uint64_t end = 0;

	r->n_rows = 0;
	for (size_t i = 0; i < map->n_extents; i++) {
		const struct kvmb_map_extent *e = &map->extents[i];

		/* Another VM of the same process, or overlapping: what is drawn stays. */
		p.new_row |= e->gpa < end;
		for (size_t k = 0; k < e->n_blocks; k++)
			if (e->ages[k] != KVMB_MAP_NO_MEMORY)
				put(&p, e->gpa + k * map->block_bytes, e->ages[k]);
		end = e->gpa + e->n_blocks * map->block_bytes;
	}
	lift(&p);
}

static uint64_t count_blocks(const struct kvmb_map *map)
{
	uint64_t n = 0;

	for (size_t i = 0; i < map->n_extents; i++)
		for (size_t k = 0; k < map->extents[i].n_blocks; k++)
			n += map->extents[i].ages[k] != KVMB_MAP_NO_MEMORY;
	return n;
}

static void choose_cell(const struct kvmb_map *map, uint64_t n_blocks, size_t rows,
			struct raster *r)
{
	r->cell_bytes = map->block_bytes;
	/* So many it takes at least; holes may take more. */
	while (r->cell_bytes < CELL_BYTES_MAX &&
	       n_blocks / (r->cell_bytes / map->block_bytes) > (uint64_t)r->columns * rows)
		r->cell_bytes *= 2;
	walk(map, r);
	while (r->cell_bytes < CELL_BYTES_MAX && r->n_rows > rows) {
		r->cell_bytes *= 2;
		walk(map, r);
	}
}

int raster_new(const struct kvmb_map *map, unsigned int columns, size_t rows, struct raster *ret)
{
	struct raster r = { .columns = columns };
	uint64_t n_blocks = count_blocks(map);

	r.memory_bytes = n_blocks > UINT64_MAX / map->block_bytes ? UINT64_MAX - 1 :
								    n_blocks * map->block_bytes;
	choose_cell(map, n_blocks, rows, &r);
	r.gpas = calloc(r.n_rows + 1, sizeof(*r.gpas));
	r.cells = malloc((r.n_rows + 1) * columns);
	if (!r.gpas || !r.cells) {
		raster_clear(&r);
		return -ENOMEM;
	}
	memset(r.cells, KVMB_MAP_NO_MEMORY, (r.n_rows + 1) * columns);
	walk(map, &r);
	*ret = r;
	return 0;
}

void raster_clear(struct raster *r)
{
	free(r->gpas);
	free(r->cells);
	*r = (struct raster){ .gpas = NULL };
}

unsigned int raster_class(uint8_t age)
{
	unsigned int i = 0;

	for (; age; age >>= 1)
		i++;
	return i;
}

struct raster_label raster_label(uint64_t gpa)
{
	static const char units[] = "BKMGTPE";
	struct raster_label label;
	unsigned int unit = 0;

	while (gpa && gpa % 1024 == 0) {
		gpa /= 1024;
		unit++;
	}
	snprintf(label.text, sizeof(label.text), gpa ? "%" PRIu64 "%c" : "0", gpa, units[unit]);
	return label;
}

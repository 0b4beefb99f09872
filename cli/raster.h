/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A map of memory as rows of cells: as many blocks to a cell as it takes to stay within a number
 * of rows. Values in, values out; what is drawn of it is for others.
 */
#ifndef CTL_RASTER_H
#define CTL_RASTER_H

#include <stddef.h>
#include <stdint.h>

#include <kvmballoon.h>

struct raster {
	unsigned int columns;
	uint64_t cell_bytes;
	uint64_t memory_bytes; /* in all blocks where the guest has memory */
	size_t n_rows;
	uint64_t *gpas;  /* of each row's first cell */
	uint8_t *cells;  /* row by row: mean age of what is resident, or KVMB_MAP_... */
};

#define RASTER_COLUMNS_MAX 128

/**
 * raster_new() - rows where there is no memory at all are left out
 * @columns: 1 to RASTER_COLUMNS_MAX
 * @rows: at most so many, unless the extents go back in address more often than that
 * Return: 0 or -ENOMEM. Free with raster_clear(), which takes an empty one as well.
 */
int raster_new(const struct kvmb_map *map, unsigned int columns, size_t rows, struct raster *ret);
void raster_clear(struct raster *r);

static inline const uint8_t *raster_row(const struct raster *r, size_t i)
{
	return r->cells + i * r->columns;
}

/* Ages by classes that double: 0, 1, 2 to 3, 4 to 7, ... 128 and more units. */
#define RASTER_CLASSES 9

/** raster_class() - of an age */
unsigned int raster_class(uint8_t age);

/** raster_class_begin() - the lowest age in class @i */
static inline unsigned int raster_class_begin(unsigned int i)
{
	return i ? 1U << (i - 1) : 0;
}

/* An address as short as it can be said exactly: "128M", "4G", "4224M". */
struct raster_label {
	char text[24];
};

struct raster_label raster_label(uint64_t gpa);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables on standard output. The only user of libsmartcols is table.c. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"
#include "term.h"

struct table_column {
	const char *title;
	bool right;  /* figures */
	bool shrink; /* cut with an ellipsis where the terminal is too narrow */
	bool drop;   /* left out where others would be cut short, and where all cells are "-" */
};

struct table_cell {
	const char *text; /* any text: it is escaped */
	enum colour colour;
};

struct table;

int table_new(const struct ctl *ctl, const struct table_column *columns, size_t n,
	      struct table **ret);
/** table_add() - one line; @cells has as many cells as there are columns */
int table_add(struct table *t, const struct table_cell *cells);
/** table_print() - on standard output, within ctl->width if that is set */
int table_print(struct table *t);
struct table *table_free(struct table *t);

static inline void table_freep(struct table **t)
{
	table_free(*t);
}

#endif

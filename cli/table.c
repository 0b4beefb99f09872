// SPDX-License-Identifier: GPL-2.0-or-later
/* Wraps libsmartcols: escapes what goes in, and cuts long texts so that lines fit. */
#include "table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdint.h>
#include <string.h>

#include "text.h"
#include "util.h"

/* Narrower than this no column is cut: then lines are too long, and that is the lesser evil. */
#define TABLE_COLUMN_MIN 8
/* Up to here a column that may shrink does so before others are left out. */
#define TABLE_COLUMN_NICE 20

struct table {
	struct libscols_table *scols;
	const struct table_column *columns;
	size_t n;
	unsigned int width;
	size_t *widths; /* of the widest cell in each column; 0 if it is left out */
};

struct table *table_free(struct table *t)
{
	if (!t)
		return NULL;
	scols_unref_table(t->scols);
	free(t->widths);
	free(t);
	return NULL;
}

static int add_columns(struct table *t, bool colours)
{
	if (scols_table_enable_noencoding(t->scols, 1) != 0 ||
	    scols_table_enable_colors(t->scols, colours) != 0 ||
	    scols_table_set_termforce(t->scols, SCOLS_TERMFORCE_NEVER) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		int flags = t->columns[i].right ? SCOLS_FL_RIGHT : 0;

		if (!scols_table_new_column(t->scols, t->columns[i].title, 0, flags))
			return -ENOMEM;
		t->widths[i] = strlen(t->columns[i].title);
	}
	return 0;
}

int table_new(const struct ctl *ctl, const struct table_column *columns, size_t n,
	      struct table **ret)
{
	_cleanup_(table_freep) struct table *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->columns = columns;
	t->n = n;
	t->width = ctl->width;
	t->widths = calloc(n, sizeof(*t->widths));
	t->scols = scols_new_table();
	if (!t->widths || !t->scols)
		return -ENOMEM;
	r = add_columns(t, ctl->colours);
	if (r < 0)
		return r;
	*ret = t;
	t = NULL;
	return 0;
}

static const char *colour_name(enum colour c)
{
	static const char *const names[COLOURS] = {
		[COLOUR_BOLD] = "bold",     [COLOUR_DIM] = "darkgray", [COLOUR_RED] = "red",
		[COLOUR_GREEN] = "green", [COLOUR_YELLOW] = "brown", [COLOUR_BLUE] = "blue",
	};

	return names[c];
}

int table_add(struct table *t, const struct table_cell *cells)
{
	struct libscols_line *line = scols_table_new_line(t->scols, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		_cleanup_free_ char *text = text_escape(cells[i].text, "");
		const char *colour = colour_name(cells[i].colour);
		size_t width;

		if (!text || scols_line_set_data(line, i, text) != 0)
			return -ENOMEM;
		if (colour)
			(void)scols_cell_set_color(scols_line_get_cell(line, i), colour);
		width = text_width(text);
		if (width > t->widths[i])
			t->widths[i] = width;
	}
	return 0;
}

static int cut_column(struct table *t, size_t column)
{
	for (size_t i = 0; i < scols_table_get_nlines(t->scols); i++) {
		struct libscols_line *line = scols_table_get_line(t->scols, i);
		struct libscols_cell *cell = scols_line_get_cell(line, column);
		_cleanup_free_ char *text = text_fit(scols_cell_get_data(cell), t->widths[column]);

		if (!text || scols_cell_set_data(cell, text) != 0)
			return -ENOMEM;
	}
	return 0;
}

static void drop_column(struct table *t, size_t column)
{
	(void)scols_column_set_flags(scols_table_get_column(t->scols, column), SCOLS_FL_HIDDEN);
	t->widths[column] = 0;
}

static bool tells(const struct table *t, size_t column)
{
	for (size_t i = 0; i < scols_table_get_nlines(t->scols); i++) {
		struct libscols_line *line = scols_table_get_line(t->scols, i);
		struct libscols_cell *cell = scols_line_get_cell(line, column);

		if (strcmp(scols_cell_get_data(cell), "-") != 0)
			return true;
	}
	return false;
}

static void drop_empty_columns(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->columns[i].drop && !tells(t, i))
			drop_column(t, i);
}

/* Of a line, where columns that may shrink have @most_shrink at most. */
static size_t width_of(const struct table *t, size_t most_shrink)
{
	size_t all = 0;

	for (size_t i = 0; i < t->n; i++) {
		size_t width = t->widths[i];

		if (t->columns[i].shrink && width > most_shrink)
			width = most_shrink;
		all += width ? width + 1 : 0;
	}
	return all ? all - 1 : 0;
}

/* Leaves out what may be left out, the last ones first, while the others have not enough room. */
static void drop_columns(struct table *t)
{
	for (size_t i = t->n; i-- > 0 && width_of(t, TABLE_COLUMN_NICE) > t->width;)
		if (t->columns[i].drop)
			drop_column(t, i);
}

/* Takes what is too much from the columns that may shrink, the first ones first. */
static int fit(struct table *t)
{
	size_t all;
	int r = 0;

	drop_columns(t);
	all = width_of(t, SIZE_MAX);
	for (size_t i = 0; i < t->n && all > t->width && r >= 0; i++) {
		size_t spare;

		if (!t->columns[i].shrink || t->widths[i] <= TABLE_COLUMN_MIN)
			continue;
		spare = t->widths[i] - TABLE_COLUMN_MIN;
		if (spare > all - t->width)
			spare = all - t->width;
		t->widths[i] -= spare;
		all -= spare;
		r = cut_column(t, i);
	}
	return r;
}

/* The last column is filled up with blanks where a cell is empty: nobody needs those. */
static int print_trimmed(const char *text)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), n = line;

		while (n > 0 && text[n - 1] == ' ')
			n--;
		if (printf("%.*s\n", (int)n, text) < 0)
			return -EIO;
		text += line + (text[line] == '\n');
	}
	return 0;
}

int table_print(struct table *t)
{
	_cleanup_free_ char *text = NULL;
	int r;

	drop_empty_columns(t);
	r = t->width ? fit(t) : 0;
	if (r < 0)
		return r;
	if (scols_print_table_to_string(t->scols, &text) != 0)
		return -ENOMEM;
	return print_trimmed(text);
}

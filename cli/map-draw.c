// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws a map of memory with block characters, a row of addresses a line. */
#include "map.h"

#include <errno.h>
#include <string.h>

#include "ages.h"
#include "figure.h"
#include "line.h"
#include "raster.h"
#include "text.h"
#include "util.h"

#define LABEL_COLUMNS 9
#define COLUMNS_MIN 8
/* What a picture of 64 columns looks good with, where no screen sets a limit. */
#define ROWS_DEFAULT 32
/* Title, legend and keys. */
#define FRAME_LINES 3
/* The figures behind a long name matter more than its end. */
#define NAME_COLUMNS 24

/* Four shades can be told apart; each has two or three of the classes that ages are in. */
enum shade { SHADE_HOT, SHADE_WARM, SHADE_COOL, SHADE_COLD, SHADE_ABSENT, SHADE_NO_MEMORY };

static const unsigned int shade_class[] = { 0, 1, 4, 7 };

static enum shade shade_of(uint8_t cell)
{
	unsigned int class = raster_class(cell), shade = SHADE_COLD;

	if (cell == KVMB_MAP_NO_MEMORY)
		return SHADE_NO_MEMORY;
	if (cell == KVMB_MAP_ABSENT)
		return SHADE_ABSENT;
	while (shade_class[shade] > class)
		shade--;
	return (enum shade)shade;
}

static void put_shade(struct line *l, enum shade s, unsigned int n)
{
	static const struct { const char *block, *ascii; enum colour colour; } shades[] = {
		[SHADE_HOT] = { "█", "#", COLOUR_RED },
		[SHADE_WARM] = { "▓", "*", COLOUR_YELLOW },
		[SHADE_COOL] = { "▒", "+", COLOUR_GREEN },
		[SHADE_COLD] = { "░", "-", COLOUR_BLUE },
		[SHADE_ABSENT] = { "·", ".", COLOUR_DIM },
	};

	if (s == SHADE_NO_MEMORY)
		line_gap(l, n);
	else
		line_repeat(l, shades[s].colour,
			    text_is_utf8() ? shades[s].block : shades[s].ascii, n);
}

static struct line new_line(FILE *f, const struct map_view *v)
{
	return (struct line){ f, v->width, v->colours };
}

static void draw_title(FILE *f, const struct map_view *v, const struct raster *r)
{
	_cleanup_free_ char *safe = text_escape(v->machine, "");
	_cleanup_free_ char *name = safe ? text_fit(safe, NAME_COLUMNS) : NULL;
	struct line l = new_line(f, v);

	line_text(&l, COLOUR_BOLD, name ?: "");
	line_printf(&l, COLOUR_NONE, ": %s of memory by age, %s a character",
		    figure_size(r->memory_bytes).text, figure_size(r->cell_bytes).text);
	if (v->clock && l.left > strlen(v->clock))
		line_figure(&l, COLOUR_NONE, v->clock, l.left);
	line_end(&l);
}

static void draw_row(FILE *f, const struct map_view *v, const struct raster *r, size_t i)
{
	struct line l = new_line(f, v);
	const uint8_t *cells = raster_row(r, i);

	line_figure(&l, COLOUR_NONE, raster_label(r->gpas[i]).text, LABEL_COLUMNS);
	line_gap(&l, 1);
	for (unsigned int x = 0, n = 0; x < r->columns; x += n, n = 0) {
		enum shade shade = shade_of(cells[x]);

		while (x + n < r->columns && shade_of(cells[x + n]) == shade)
			n++;
		put_shade(&l, shade, n);
	}
	line_end(&l);
}

static void draw_legend(FILE *f, const struct map_view *v)
{
	struct line l = new_line(f, v);

	if (v->message && *v->message) {
		line_text(&l, COLOUR_RED, v->message);
		line_end(&l);
		return;
	}
	for (unsigned int s = SHADE_HOT; s <= SHADE_COLD; s++) {
		unsigned int begin = raster_class_begin(shade_class[s ?: 1]);

		put_shade(&l, (enum shade)s, 1);
		line_printf(&l, COLOUR_NONE, " %s%s%s  ", s == SHADE_HOT ? "under " : "",
			    figure_usec(ages_times(v->map->unit_usec, begin)).text,
			    s == SHADE_COLD ? " or longer" : "");
	}
	put_shade(&l, SHADE_ABSENT, 1);
	line_text(&l, COLOUR_NONE, " not resident");
	line_end(&l);
}

static void draw_keys(FILE *f, const struct map_view *v)
{
	struct line l = new_line(f, v);

	line_text(&l, COLOUR_BOLD, "q quit");
	line_end(&l);
}

/* A power of two, so that rows begin at round addresses. */
static unsigned int columns_for(unsigned int width)
{
	unsigned int columns = COLUMNS_MIN;

	while (columns < RASTER_COLUMNS_MAX && LABEL_COLUMNS + 1 + columns * 2 <= width)
		columns *= 2;
	return columns;
}

int map_draw(FILE *f, const struct map_view *v)
{
	_cleanup_(raster_clear) struct raster r = { .gpas = NULL };
	size_t rows = v->rows > FRAME_LINES ? v->rows - FRAME_LINES : v->rows ? 1 : ROWS_DEFAULT;
	int error = raster_new(v->map, columns_for(v->width), rows, &r);

	if (error < 0)
		return error;
	draw_title(f, v, &r);
	for (size_t i = 0; i < r.n_rows && (i < rows || !v->interactive); i++)
		draw_row(f, v, &r, i);
	/* The lines below stay where they are. */
	for (size_t i = r.n_rows; v->interactive && i < rows; i++)
		fputc('\n', f);
	draw_legend(f, v);
	if (v->interactive)
		draw_keys(f, v);
	return ferror(f) ? -EIO : 0;
}

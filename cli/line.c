// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts text, cells, figures and bars on a line of limited width. */
#include "line.h"

#include <stdarg.h>

#include "text.h"
#include "util.h"

enum glyph { GLYPH_FULL, GLYPH_FREE, GLYPH_TAKEN };

static void pay_blanks(struct line *l)
{
	fprintf(l->f, "%*s", (int)l->blanks, "");
	l->blanks = 0;
}

static void put_safe(struct line *l, enum colour c, const char *safe)
{
	_cleanup_free_ char *cut = text_fit(safe, l->left);
	bool coloured = l->colours && c != COLOUR_NONE;

	if (!cut || !*cut)
		return;
	pay_blanks(l);
	fprintf(l->f, "%s%s%s", coloured ? term_colour(c) : "", cut,
		coloured ? term_colour(COLOUR_NONE) : "");
	l->left -= (unsigned int)text_width(cut);
}

void line_gap(struct line *l, unsigned int columns)
{
	if (columns > l->left)
		columns = l->left;
	l->blanks += columns;
	l->left -= columns;
}

void line_text(struct line *l, enum colour c, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text, "");

	if (safe)
		put_safe(l, c, safe);
}

void line_printf(struct line *l, enum colour c, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		text = NULL;
	else
		line_text(l, c, text);
}

static void put_cell(struct line *l, enum colour c, const char *text, unsigned int columns,
		     bool right)
{
	_cleanup_free_ char *safe = text_escape(text, "");
	_cleanup_free_ char *cut = safe ? text_fit(safe, columns) : NULL;
	unsigned int blanks = columns - (cut ? (unsigned int)text_width(cut) : 0);

	if (right)
		line_gap(l, blanks);
	if (cut)
		put_safe(l, c, cut);
	if (!right)
		line_gap(l, blanks);
}

void line_cell(struct line *l, enum colour c, const char *text, unsigned int columns)
{
	put_cell(l, c, text, columns, false);
}

void line_figure(struct line *l, enum colour c, const char *text, unsigned int columns)
{
	put_cell(l, c, text, columns, true);
}

void line_end(struct line *l)
{
	fputc('\n', l->f);
}

static const char *glyph(enum glyph g)
{
	static const char *const ascii[] = { "#", ".", "-" };
	static const char *const blocks[] = { "█", "·", "░" };

	return text_is_utf8() ? blocks[g] : ascii[g];
}

void line_repeat(struct line *l, enum colour c, const char *character, unsigned int n)
{
	bool coloured = l->colours && c != COLOUR_NONE;

	if (n > l->left)
		n = l->left;
	if (!n)
		return;
	pay_blanks(l);
	if (coloured)
		fputs(term_colour(c), l->f);
	for (unsigned int i = 0; i < n; i++)
		fputs(character, l->f);
	if (coloured)
		fputs(term_colour(COLOUR_NONE), l->f);
	l->left -= n;
}

static void put_glyphs(struct line *l, enum colour c, enum glyph g, unsigned int n)
{
	line_repeat(l, c, glyph(g), n);
}

/* To the nearest, but never none for something, and never all for less than all. */
static unsigned int columns_of(uint64_t part, uint64_t whole, unsigned int columns)
{
	unsigned int n;

	if (part >= whole)
		return columns;
	n = (unsigned int)(((unsigned __int128)part * columns + whole / 2) / whole);
	if (n == 0 && part > 0)
		return 1;
	return n == columns && columns > 1 ? columns - 1 : n;
}

void line_bar_used(struct line *l, enum colour c, uint64_t used, uint64_t total,
		   unsigned int columns)
{
	unsigned int n;

	if (used == UINT64_MAX || total == UINT64_MAX || !total) {
		line_gap(l, columns);
		return;
	}
	n = columns_of(used, total, columns);
	put_glyphs(l, c, GLYPH_FULL, n);
	put_glyphs(l, COLOUR_DIM, GLYPH_FREE, columns - n);
}

void line_bar_machine(struct line *l, uint64_t resident, uint64_t balloon, uint64_t maximum,
		      unsigned int columns)
{
	unsigned int full, allowed;

	if (maximum == UINT64_MAX || !maximum) {
		line_gap(l, columns);
		return;
	}
	full = resident == UINT64_MAX ? 0 : columns_of(resident, maximum, columns);
	allowed = columns_of(balloon, maximum, columns); /* not known: all of it */
	if (allowed < full)
		allowed = full;
	put_glyphs(l, COLOUR_GREEN, GLYPH_FULL, full);
	put_glyphs(l, COLOUR_DIM, GLYPH_FREE, allowed - full);
	put_glyphs(l, COLOUR_BLUE, GLYPH_TAKEN, columns - allowed);
}

void line_legend(struct line *l)
{
	put_glyphs(l, COLOUR_GREEN, GLYPH_FULL, 1);
	line_text(l, COLOUR_NONE, "resident ");
	put_glyphs(l, COLOUR_DIM, GLYPH_FREE, 1);
	line_text(l, COLOUR_NONE, "free to use ");
	put_glyphs(l, COLOUR_BLUE, GLYPH_TAKEN, 1);
	line_text(l, COLOUR_NONE, "ballooned");
}

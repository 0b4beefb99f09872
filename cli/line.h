/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of output that cannot get longer than it may: whatever is put on it beyond the last
 * column is dropped. Bars are drawn on lines.
 */
#ifndef CTL_LINE_H
#define CTL_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "term.h"

struct line {
	FILE *f;
	unsigned int left; /* columns */
	bool colours;
	unsigned int blanks; /* owed: printed before the next text, so no line ends in blanks */
};

/** line_text() - text as it is long; it is escaped */
void line_text(struct line *l, enum colour c, const char *text);
void line_printf(struct line *l, enum colour c, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** line_cell() - text in exactly @columns: filled with blanks, or cut with an ellipsis */
void line_cell(struct line *l, enum colour c, const char *text, unsigned int columns);
/** line_figure() - the same, at the right of its columns */
void line_figure(struct line *l, enum colour c, const char *text, unsigned int columns);
/** line_gap() - blanks */
void line_gap(struct line *l, unsigned int columns);
/** line_repeat() - a character of one column, @n times */
void line_repeat(struct line *l, enum colour c, const char *character, unsigned int n);
void line_end(struct line *l);

/** line_bar_used() - @used of @total as a bar of @columns, blank where it is not known */
void line_bar_used(struct line *l, enum colour c, uint64_t used, uint64_t total,
		   unsigned int columns);

/**
 * line_bar_machine() - a machine's maximum as a bar: resident, free to use, taken by the balloon
 * What exceeds the maximum (QEMU's own memory is resident, too) fills the bar and no more.
 */
void line_bar_machine(struct line *l, uint64_t resident, uint64_t balloon, uint64_t maximum,
		      unsigned int columns);

/** line_legend() - what the three parts of that bar mean */
void line_legend(struct line *l);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that came from elsewhere (names of machines, messages) made safe for a terminal, measured
 * and cut in columns. "Safe" text has been through text_escape(): nothing in it moves the cursor,
 * changes direction or has no width, so its columns can be counted.
 */
#ifndef CTL_TEXT_H
#define CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** text_is_utf8() - whether the locale's characters are UTF-8 */
bool text_is_utf8(void);

/**
 * text_escape() - a printable copy
 * @keep: characters to let through although they are controls ("\n"), or ""
 *
 * Controls, what is not valid in the locale, and marks that reorder or join text become \x1b or
 * \u202e. Return: the copy, to be freed, or NULL when there is no memory.
 */
char *text_escape(const char *s, const char *keep);

/** text_width() - columns of safe text */
size_t text_width(const char *safe);

/** text_fit() - a copy of safe text in at most @columns; what was cut shows as an ellipsis */
char *text_fit(const char *safe, size_t columns);

/**
 * text_wrap() - print safe text broken at blanks
 * @indent: blanks before every line but the first, where the cursor is there already
 * @width: columns to stay within; 0: no limit
 */
void text_wrap(FILE *f, const char *safe, unsigned int indent, unsigned int width);

#endif

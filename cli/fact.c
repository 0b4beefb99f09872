// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints facts: what status and explain are made of. */
#include "fact.h"

#include <stdarg.h>

#include "text.h"
#include "util.h"

#define KEY_COLUMNS 11

void fact_print(const struct ctl *ctl, const char *key, enum colour c, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *safe = NULL;
	bool coloured = ctl->colours && c != COLOUR_NONE;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	safe = text_escape(text ?: "", "");
	printf("%*s%s %s", KEY_COLUMNS, key, *key ? ":" : " ", coloured ? term_colour(c) : "");
	text_wrap(stdout, safe ?: "", KEY_COLUMNS + 2, ctl->width);
	if (coloured)
		fputs(term_colour(COLOUR_NONE), stdout);
}

void fact_paragraph(const struct ctl *ctl, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text, "\n");

	text_wrap(stdout, safe ?: "", 0, ctl->width);
}

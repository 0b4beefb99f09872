// SPDX-License-Identifier: GPL-2.0-or-later
/* The strict terminal of screen.h. UTF-8 locale only. */
#include "screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void screen_reset(struct screen *s, unsigned int columns, unsigned int rows)
{
	memset(s->cells, 0, sizeof(s->cells));
	s->columns = columns;
	s->rows = rows;
	s->x = s->y = 0;
}

__attribute__((format(printf, 2, 3)))
static void fault(struct screen *s, const char *format, ...)
{
	va_list args;

	if (*s->fault)
		return;
	va_start(args, format);
	vsnprintf(s->fault, sizeof(s->fault), format, args);
	va_end(args);
}

static void clear(struct screen *s, unsigned int row, unsigned int from)
{
	for (unsigned int x = from; x < SCREEN_MAX; x++)
		s->cells[row][x] = 0;
}

static void erase(struct screen *s, char what, int n)
{
	/* Behind the last column the cursor still stands on it, and what stands there goes. */
	unsigned int from = s->x < s->columns ? s->x : s->columns - 1;

	if (what == 'K' && n == 0) {
		clear(s, s->y, from);
	} else if (what == 'J' && (n == 0 || n == 2)) {
		if (n == 0)
			clear(s, s->y, from);
		for (unsigned int y = n == 2 ? 0 : s->y + 1; y < SCREEN_MAX; y++)
			clear(s, y, 0);
	} else {
		fault(s, "erase %d%c", n, what);
	}
}

static void set_mode(struct screen *s, int mode, bool on)
{
	if (mode == 1049) {
		s->alternate = on;
		s->entered += on;
	} else if (mode == 25) {
		s->hidden = !on;
	} else if (mode == 7) {
		s->no_wrap = !on;
	} else {
		fault(s, "mode %d", mode);
	}
}

/* A complete "\033[...X". */
static void control(struct screen *s, const char *sequence, size_t n)
{
	char last = sequence[n - 1];
	bool private = sequence[2] == '?';
	int number = atoi(sequence + 2 + private);

	if (private && (last == 'h' || last == 'l'))
		set_mode(s, number, last == 'h');
	else if (!private && last == 'H' && n == 3)
		s->x = s->y = 0;
	else if (!private && (last == 'J' || last == 'K'))
		erase(s, last, number);
	else if (!private && last == 'm')
		s->coloured = number != 0;
	else
		fault(s, "sequence ESC%.*s", (int)(n - 1), sequence + 1);
}

static void newline(struct screen *s)
{
	if (s->y + 1 < s->rows) {
		s->y++;
		return;
	}
	if (s->alternate)
		fault(s, "the full screen scrolls");
	memmove(s->cells[0], s->cells[1], sizeof(s->cells[0]) * (SCREEN_MAX - 1));
	clear(s, s->y, 0);
}

static void put(struct screen *s, wchar_t c)
{
	int width = wcwidth(c);

	if (c == '\r') {
		s->x = 0;
	} else if (c == '\n') {
		newline(s);
	} else if (c == '\a' || c == '\b' || c == '\t' || width <= 0) {
		fault(s, "character U+%04lX", (unsigned long)c);
	} else if (s->x + (unsigned int)width > s->columns) {
		fault(s, "row %u is wider than %u columns", s->y, s->columns);
	} else {
		s->cells[s->y][s->x] = c;
		if (width == 2)
			s->cells[s->y][s->x + 1] = (wchar_t)-1;
		s->x += (unsigned int)width;
		s->printed += !s->alternate;
	}
}

/* Takes one character or sequence off the held bytes; false where it is not complete. */
static bool take(struct screen *s)
{
	mbstate_t state = { 0 };
	size_t n = 1;
	wchar_t c;

	if (s->held[0] == '\033') {
		if (s->n_held > 1 && s->held[1] != '[')
			fault(s, "sequence ESC%c", s->held[1]);
		for (n = 2; n < s->n_held && (unsigned char)s->held[n] < 0x40; n++)
			;
		if (n >= s->n_held)
			return false;
		control(s, s->held, ++n);
	} else {
		n = mbrtowc(&c, s->held, s->n_held, &state);
		if (n == (size_t)-2)
			return false;
		if (n == (size_t)-1 || n == 0) {
			fault(s, "byte %02x", (unsigned char)s->held[0]);
			n = 1;
		} else {
			put(s, c);
		}
	}
	s->n_held -= n;
	memmove(s->held, s->held + n, s->n_held);
	return s->n_held > 0;
}

void screen_feed(struct screen *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->n_held == sizeof(s->held)) {
			fault(s, "a sequence without an end");
			s->n_held = 0;
		}
		s->held[s->n_held++] = bytes[i];
		while (take(s))
			;
	}
}

char *screen_row(const struct screen *s, unsigned int row)
{
	char *text = malloc(SCREEN_MAX * 4 + 1), *end = text, *trimmed = text;
	mbstate_t state = { 0 };

	if (!text)
		return NULL;
	for (unsigned int x = 0; x < s->columns; x++) {
		wchar_t c = s->cells[row][x];

		if (c == (wchar_t)-1)
			continue;
		end += wcrtomb(end, c ? c : L' ', &state);
		if (c && c != L' ')
			trimmed = end;
	}
	*trimmed = '\0';
	return text;
}

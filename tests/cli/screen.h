/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small strict terminal: understands just the sequences kvm-balloonctl may send, and takes note
 * of everything a person would be annoyed by: text beyond the right edge, scrolling of a full
 * screen, sequences unheard of, a terminal that is not given back.
 */
#ifndef TEST_SCREEN_H
#define TEST_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#define SCREEN_MAX 256

struct screen {
	unsigned int columns, rows;
	unsigned int x, y;
	bool alternate;    /* between 1049h and 1049l */
	bool hidden;       /* the cursor */
	bool no_wrap;
	bool coloured;     /* an SGR was sent that was not reset */
	unsigned int entered, printed; /* times in the alternate screen; characters outside of it */
	char fault[256];   /* the first thing that was wrong, or "" */
	char held[64];     /* a sequence that is not complete yet */
	size_t n_held;
	wchar_t cells[SCREEN_MAX][SCREEN_MAX]; /* 0: blank; -1: right half of a wide character */
};

void screen_reset(struct screen *s, unsigned int columns, unsigned int rows);
void screen_feed(struct screen *s, const char *bytes, size_t n);
/** screen_row() - the text of a row without blanks at its end; free it */
char *screen_row(const struct screen *s, unsigned int row);

#endif

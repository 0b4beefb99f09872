/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the terminal can do, its size, and taking it over for a full screen and giving it back. */
#ifndef CTL_TERM_H
#define CTL_TERM_H

#include <stdbool.h>
#include <stdio.h>
#include <termios.h>

enum colour_wish { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

enum colour {
	COLOUR_NONE,
	COLOUR_BOLD,
	COLOUR_DIM,
	COLOUR_RED,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_BLUE,
	COLOURS,
};

/** term_colours() - whether to colour standard output: --colour, NO_COLOR, TERM, a terminal? */
bool term_colours(enum colour_wish wish);

/** term_can_address() - standard output is a terminal that takes cursor sequences */
bool term_can_address(void);

/** term_size() - of the terminal on standard output, 0 if none is; COLUMNS and LINES win */
void term_size(unsigned int *ret_columns, unsigned int *ret_rows);

/** term_colour() - the escape sequence that begins @c; COLOUR_NONE ends all */
const char *term_colour(enum colour c);

/* A terminal taken over: keys arrive one by one without echo, the alternate screen is shown. */
struct screen {
	struct termios saved;
	bool keys;  /* standard input is a terminal and was switched */
	bool taken; /* of standard output */
};

/** screen_enter() - take the terminal over; screen_leave() gives it back, any number of times */
void screen_enter(struct screen *s);
void screen_leave(struct screen *s);
/**
 * screen_show() - replace what is on the screen by @text, lines ended by newlines, in one write
 * @rows: of the screen: lines beyond are dropped, as they would scroll it
 */
int screen_show(const char *text, unsigned int rows);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The terminal on standard output: ability, size, colours, full screen (ECMA-48, xterm's 1049). */
#include "term.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static bool is_dumb(void)
{
	return !is_set("TERM") || strcmp(getenv("TERM"), "dumb") == 0;
}

bool term_colours(enum colour_wish wish)
{
	if (wish != COLOUR_AUTO)
		return wish == COLOUR_ALWAYS;
	return isatty(STDOUT_FILENO) && !is_dumb() && !is_set("NO_COLOR");
}

bool term_can_address(void)
{
	return isatty(STDOUT_FILENO) && !is_dumb();
}

static unsigned int number_from(const char *variable)
{
	const char *value = getenv(variable);
	char *end;
	unsigned long n;

	if (!value || *value < '0' || *value > '9')
		return 0;
	n = strtoul(value, &end, 10);
	return *end || n > 4096 ? 0 : (unsigned int)n;
}

void term_size(unsigned int *ret_columns, unsigned int *ret_rows)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	*ret_columns = number_from("COLUMNS") ?: size.ws_col;
	*ret_rows = number_from("LINES") ?: size.ws_row;
	/* A terminal that does not know its size, as a serial line. */
	if (isatty(STDOUT_FILENO)) {
		*ret_columns = *ret_columns ?: 80;
		*ret_rows = *ret_rows ?: 24;
	}
}

const char *term_colour(enum colour c)
{
	static const char *const sequences[COLOURS] = {
		[COLOUR_NONE] = "\033[0m",   [COLOUR_BOLD] = "\033[1m",
		[COLOUR_DIM] = "\033[2m",    [COLOUR_RED] = "\033[31m",
		[COLOUR_GREEN] = "\033[32m", [COLOUR_YELLOW] = "\033[33m",
		[COLOUR_BLUE] = "\033[34m",
	};

	return sequences[c];
}

static int write_all(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t written = write(STDOUT_FILENO, text, n);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			n -= (size_t)written;
		}
	}
	return 0;
}

void screen_enter(struct screen *s)
{
	/* Alternate screen, cursor hidden, no wrapping at the right edge. */
	static const char enter[] = "\033[?1049h\033[?25l\033[?7l\033[H\033[2J";

	if (!s->keys && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &s->saved) == 0) {
		struct termios raw = s->saved;

		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		s->keys = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	}
	s->taken = write_all(enter, strlen(enter)) == 0;
}

void screen_leave(struct screen *s)
{
	static const char leave[] = "\033[0m\033[?7h\033[?25h\033[?1049l";

	if (s->taken)
		(void)write_all(leave, strlen(leave));
	if (s->keys)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &s->saved);
	s->taken = s->keys = false;
}

/*
 * Each line is erased before it is written: behind a full one the cursor stands on its last
 * character, which erasing the rest would take away. One write, so nothing flickers.
 */
int screen_show(const char *text, unsigned int rows)
{
	_cleanup_free_ char *frame = NULL;
	size_t size;
	FILE *f = open_memstream(&frame, &size);
	const char *newline;

	if (!f)
		return -ENOMEM;
	fputs("\033[H\033[0m", f);
	for (; rows > 0 && (newline = strchr(text, '\n')); rows--) {
		fprintf(f, "\033[K%.*s%s", (int)(newline - text), text, rows > 1 ? "\r\n" : "");
		text = newline + 1;
	}
	if (rows > 0)
		fputs("\033[J", f);
	if (fclose(f) != 0)
		return -ENOMEM;
	return write_all(frame, size);
}

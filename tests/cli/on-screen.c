// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command on a terminal of its own and plays a script, read from standard input, against it:
 *
 *	expect TEXT	wait until a row holds TEXT
 *	gone TEXT	wait until no row holds TEXT
 *	send KEYS	type; \e is escape
 *	resize C R	change the terminal's size
 *	signal N	send signal number N to the command
 *	stopped		wait until the command is stopped, and the terminal has been given back
 *	row N TEXT	wait until row N (from 0) holds TEXT
 *	dump		print the rows
 *	touch FILE	make an empty file: others can see how far this is
 *	exit N		wait for the end and compare the status
 *
 * Every wait has a deadline. At the end the screen must be as it was: no fault, no mode left on,
 * the terminal's settings unchanged. Usage: on-screen COLUMNS ROWS COMMAND [ARGUMENT...]
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include "screen.h"

#define DEADLINE_SECONDS 30

struct session {
	struct screen screen;
	struct termios before;
	int master;
	int slave; /* kept open: the settings can still be read when the command has ended */
	pid_t pid;
	bool ended, stopped;
	int status;
};

static void fail(struct session *s, const char *what, const char *detail)
{
	fprintf(stderr, "on-screen: %s%s\n", what, detail);
	for (unsigned int y = 0; y < s->screen.rows; y++) {
		char *row = screen_row(&s->screen, y);

		fprintf(stderr, "# |%s\n", row ? row : "");
		free(row);
	}
	if (!s->ended)
		kill(s->pid, SIGKILL);
	exit(EXIT_FAILURE);
}

static void reap(struct session *s)
{
	int status;

	if (s->ended || waitpid(s->pid, &status, WNOHANG | WUNTRACED | WCONTINUED) != s->pid)
		return;
	s->stopped = WIFSTOPPED(status);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		s->ended = true;
		s->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* Takes in what the command prints, for at most @milliseconds; false when nothing came. */
static bool pump(struct session *s, int milliseconds)
{
	struct pollfd p = { .fd = s->master, .events = POLLIN };
	char bytes[4096];
	ssize_t n;

	reap(s);
	if (poll(&p, 1, milliseconds) <= 0)
		return false;
	n = read(s->master, bytes, sizeof(bytes));
	if (n <= 0)
		return false;
	screen_feed(&s->screen, bytes, (size_t)n);
	if (*s->screen.fault)
		fail(s, "not fit to be seen: ", s->screen.fault);
	return true;
}

static bool shows(const struct session *s, const char *text)
{
	bool found = false;

	for (unsigned int y = 0; y < s->screen.rows && !found; y++) {
		char *row = screen_row(&s->screen, y);

		found = row && strstr(row, text);
		free(row);
	}
	return found;
}

/* "N TEXT" */
static bool row_shows(const struct session *s, const char *wanted)
{
	char *text, *row;
	unsigned long y = strtoul(wanted, &text, 10);
	bool found;

	row = y < s->screen.rows ? screen_row(&s->screen, (unsigned int)y) : NULL;
	found = row && *text == ' ' && strstr(row, text + 1);
	free(row);
	return found;
}

static bool is_given_back(struct session *s)
{
	struct termios now;

	if (tcgetattr(s->slave, &now) < 0)
		return false;
	return !s->screen.alternate && !s->screen.hidden && !s->screen.no_wrap &&
	       !s->screen.coloured && now.c_lflag == s->before.c_lflag &&
	       now.c_iflag == s->before.c_iflag && now.c_oflag == s->before.c_oflag;
}

enum wish { WISH_TEXT, WISH_NO_TEXT, WISH_ROW, WISH_END, WISH_STOP };

static bool is_granted(struct session *s, enum wish wish, const char *text)
{
	switch (wish) {
	case WISH_TEXT:
		return shows(s, text);
	case WISH_NO_TEXT:
		return !shows(s, text);
	case WISH_ROW:
		return row_shows(s, text);
	case WISH_END:
		return s->ended;
	case WISH_STOP:
		return s->stopped && is_given_back(s);
	}
	return false;
}

static void wait_for(struct session *s, enum wish wish, const char *text)
{
	time_t deadline = time(NULL) + DEADLINE_SECONDS;

	while (!is_granted(s, wish, text)) {
		if (time(NULL) > deadline)
			fail(s, "waited in vain for: ", text);
		if (s->ended && wish != WISH_END && !pump(s, 0))
			fail(s, "the command ended before: ", text);
		pump(s, 20);
	}
	while (pump(s, 0))
		;
}

static void send_keys(struct session *s, const char *keys)
{
	for (; *keys; keys++) {
		char c = *keys;

		if (c == '\\' && keys[1] == 'e') {
			c = '\033';
			keys++;
		}
		if (write(s->master, &c, 1) != 1)
			fail(s, "cannot type: ", keys);
	}
}

/* Never to a number that another process may have by now. */
static void send_signal(struct session *s, int number)
{
	reap(s);
	if (s->ended || kill(s->pid, number) < 0)
		fail(s, "there is nobody to send a signal to", "");
}

static void resize(struct session *s, const char *size)
{
	struct winsize w = { 0 };

	if (sscanf(size, "%hu %hu", &w.ws_col, &w.ws_row) != 2 || w.ws_col > SCREEN_MAX)
		fail(s, "bad size: ", size);
	screen_reset(&s->screen, w.ws_col, w.ws_row);
	if (ioctl(s->master, TIOCSWINSZ, &w) < 0)
		fail(s, "cannot resize: ", strerror(errno));
}

static void dump(const struct session *s)
{
	for (unsigned int y = 0; y < s->screen.rows; y++) {
		char *row = screen_row(&s->screen, y);

		puts(row ? row : "");
		free(row);
	}
}

static void touch(struct session *s, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f || fclose(f) != 0)
		fail(s, "cannot make ", path);
}

static void check_end(struct session *s, const char *wanted)
{
	char got[16];

	wait_for(s, WISH_END, "the command's end");
	snprintf(got, sizeof(got), "%d", s->status);
	if (strcmp(got, wanted) != 0)
		fail(s, "exit status is ", got);
	if (!is_given_back(s))
		fail(s, "the terminal was not given back", "");
}

static void play(struct session *s, const char *verb, const char *argument)
{
	if (strcmp(verb, "expect") == 0)
		wait_for(s, WISH_TEXT, argument);
	else if (strcmp(verb, "gone") == 0)
		wait_for(s, WISH_NO_TEXT, argument);
	else if (strcmp(verb, "send") == 0)
		send_keys(s, argument);
	else if (strcmp(verb, "resize") == 0)
		resize(s, argument);
	else if (strcmp(verb, "signal") == 0)
		send_signal(s, atoi(argument));
	else if (strcmp(verb, "stopped") == 0)
		wait_for(s, WISH_STOP, "a stop that gives the terminal back");
	else if (strcmp(verb, "row") == 0)
		wait_for(s, WISH_ROW, argument);
	else if (strcmp(verb, "dump") == 0)
		dump(s);
	else if (strcmp(verb, "touch") == 0)
		touch(s, argument);
	else if (strcmp(verb, "exit") == 0)
		check_end(s, argument);
	else
		fail(s, "unknown line of the script: ", verb);
}

static void start(struct session *s, char **command)
{
	struct winsize w = { .ws_col = (unsigned short)s->screen.columns,
			     .ws_row = (unsigned short)s->screen.rows };

	if (openpty(&s->master, &s->slave, NULL, NULL, &w) < 0 ||
	    tcgetattr(s->slave, &s->before) < 0)
		fail(s, "no terminal: ", strerror(errno));
	s->pid = fork();
	if (s->pid == 0) {
		close(s->master);
		if (login_tty(s->slave) == 0)
			execvp(command[0], command);
		_exit(127);
	}
}

int main(int argc, char **argv)
{
	static struct session s = { .ended = true };
	char line[512];

	setlocale(LC_ALL, "C.UTF-8");
	if (argc < 4)
		return EXIT_FAILURE;
	screen_reset(&s.screen, (unsigned int)atoi(argv[1]), (unsigned int)atoi(argv[2]));
	start(&s, argv + 3);
	s.ended = s.pid < 0;
	while (fgets(line, sizeof(line), stdin)) {
		char *argument;

		line[strcspn(line, "\n")] = '\0';
		argument = line + strcspn(line, " ");
		if (*argument)
			*argument++ = '\0';
		if (*line)
			play(&s, line, argument);
	}
	if (!s.ended)
		fail(&s, "the script ended before the command", "");
	return EXIT_SUCCESS;
}

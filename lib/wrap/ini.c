/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inih, wrapped: the only file that calls it.
 *
 * inih is handed the text line by line, so that we know the number of each line and see what it
 * keeps to itself: it cuts section names after 49 bytes, splits or drops what is too long for its
 * buffer, takes an indented line for a continuation, and says nothing of a section that is empty.
 */
#include "wrap/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"

#define NOT_A_PAIR "neither a comment, a section nor an assignment, allowed is Key=value"

struct parser {
	const char *cursor;
	const struct kvmb_ini_ops *ops;
	void *ctx;
	char *section;
	unsigned int line;
	struct kvmb_ini_fault fault;
	int error; /* the first one; nothing is read after it */
};

static void fail(struct parser *p, const char *what)
{
	p->error = -EBADMSG;
	p->fault = (struct kvmb_ini_fault){ .line = p->line, .what = what };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* After the "]" only blanks or a comment may follow. */
static bool ends_well(const char *tail, const char *end)
{
	while (tail < end && is_blank(*tail))
		tail++;
	return tail == end || *tail == ';' || *tail == '#';
}

/* The "]" that ends the section: a pattern, and a name too, may have more of them. */
static const char *find_close(const char *line, const char *end)
{
	const char *close = memchr(line, ']', (size_t)(end - line));

	while (close && !ends_well(close + 1, end))
		close = memchr(close + 1, ']', (size_t)(end - close - 1));
	return close;
}

static void begin_section(struct parser *p, const char *line, size_t len)
{
	const char *close = find_close(line, line + len);
	char *section;

	if (!close) {
		fail(p, "broken section line, allowed is [Name]");
		return;
	}
	section = strndup(line + 1, (size_t)(close - line - 1));
	if (!section) {
		p->error = -ENOMEM;
		return;
	}
	free(p->section);
	p->section = section;
	p->error = p->ops->section(p->ctx, section, p->line);
}

/* Puts one line with its newline into inih's buffer. */
static void put(struct parser *p, char *buf, size_t size, const char *line, size_t len)
{
	if (kvmb_str_copy_n(buf, size - 1, line, len) < 0) {
		fail(p, "line is too long, allowed are about 190 characters");
		return;
	}
	buf[len] = '\n';
	buf[len + 1] = '\0';
}

/* inih would take a colon as well; one way to write a key is enough. */
static void put_pair(struct parser *p, char *buf, size_t size, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);

	if (!equals || memchr(line, ':', (size_t)(equals - line)))
		fail(p, NOT_A_PAIR);
	else
		put(p, buf, size, line, len);
}

/* An ini_reader: the next line, or NULL to stop. Without leading blanks nothing continues. */
static char *read_line(char *buf, int size, void *stream)
{
	struct parser *p = stream;
	size_t len;
	const char *line = p->error < 0 ? NULL : kvmb_next_line(&p->cursor, &len);

	if (!line)
		return NULL;
	p->line++;
	while (len && is_blank(*line)) {
		line++;
		len--;
	}
	if (!len || *line == ';' || *line == '#') {
		put(p, buf, (size_t)size, "", 0);
	} else if (*line == '[') {
		begin_section(p, line, len);
		put(p, buf, (size_t)size, "[x]", 3);
	} else {
		put_pair(p, buf, (size_t)size, line, len);
	}
	return p->error < 0 ? NULL : buf;
}

/* An ini_handler: 1 is fine, 0 is an error. */
static int take_pair(void *user, const char *section, const char *key, const char *value)
{
	struct parser *p = user;
	const struct kvmb_ini_pair pair = {
		.section = p->section ? p->section : "",
		.key = key,
		.value = value ? value : "",
		.line = p->line,
	};

	if (p->error < 0)
		return 0;
	p->error = p->ops->pair(p->ctx, &pair);
	return p->error >= 0;
}

int kvmb_ini_parse(const char *text, const struct kvmb_ini_ops *ops, void *ctx,
		   struct kvmb_ini_fault *ret_fault)
{
	struct parser p = { .ops = ops, .ctx = ctx };
	const char *bom = kvmb_str_skip(text, "\xef\xbb\xbf");
	int n;

	p.cursor = bom ? bom : text;
	n = ini_parse_stream(read_line, &p, take_pair, &p);
	free(p.section);
	if (n == -2)
		return -ENOMEM;
	/* inih found fault with a line that we did not: a comment where the "=" should be */
	if (n > 0 && (p.error >= 0 || (unsigned int)n < p.line)) {
		p.line = (unsigned int)n;
		fail(&p, NOT_A_PAIR);
	}
	if (p.fault.what)
		*ret_fault = p.fault;
	return p.error;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Escapes, measures, cuts and wraps text for a terminal. */
#include "text.h"

#include <langinfo.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "util.h"

bool text_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/*
 * Characters that print as nothing but change what stands around them: joiners, direction marks
 * and overrides, variation selectors, tags. wcwidth() says 0, terminals differ.
 */
static bool is_invisible(wchar_t c)
{
	static const struct { wchar_t first, last; } ranges[] = {
		{ 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static size_t decode(const char *s, mbstate_t *state, wchar_t *ret)
{
	size_t n;

	if ((unsigned char)*s < 0x80) {
		*ret = (unsigned char)*s;
		return 1;
	}
	if (!text_is_utf8())
		return (size_t)-1; /* the C locale would let any byte through */
	n = mbrtowc(ret, s, strlen(s), state);
	if (n >= (size_t)-2)
		*state = (mbstate_t){ 0 };
	return n;
}

static bool is_safe(wchar_t c)
{
	return iswprint((wint_t)c) && wcwidth(c) >= 0 && !is_invisible(c);
}

static void put_escaped(FILE *f, const char *s, size_t n, wchar_t c)
{
	if (n < (size_t)-2 && c > 0xff)
		fprintf(f, c > 0xffff ? "\\U%08lx" : "\\u%04lx", (unsigned long)c);
	else if (n < (size_t)-2)
		fprintf(f, "\\x%02lx", (unsigned long)c);
	else
		fprintf(f, "\\x%02x", (unsigned char)*s);
}

char *text_escape(const char *s, const char *keep)
{
	mbstate_t state = { 0 };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	while (*s) {
		wchar_t c = 0;
		size_t n = decode(s, &state, &c);
		size_t length = n >= (size_t)-2 ? 1 : n;

		if (n < (size_t)-2 && (is_safe(c) || (c < 0x80 && strchr(keep, (int)c))))
			fwrite(s, 1, length, f);
		else
			put_escaped(f, s, n, c);
		s += length;
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* Bytes of the next character of safe text, and its columns. */
static size_t next_char(const char *s, mbstate_t *state, size_t *ret_columns)
{
	wchar_t c;
	size_t n = decode(s, state, &c);
	int width;

	if (n >= (size_t)-2 || n == 0) {
		*ret_columns = 1;
		return 1;
	}
	width = wcwidth(c);
	*ret_columns = width < 0 ? 0 : (size_t)width;
	return n;
}

/* Bytes of @s that fit in @columns; @ret_width is how many columns those take. */
static size_t bytes_within(const char *s, size_t columns, size_t *ret_width)
{
	mbstate_t state = { 0 };
	size_t used = 0, bytes = 0;

	while (s[bytes]) {
		size_t wide, n = next_char(s + bytes, &state, &wide);

		if (used + wide > columns)
			break;
		used += wide;
		bytes += n;
	}
	*ret_width = used;
	return bytes;
}

size_t text_width(const char *safe)
{
	size_t width;

	(void)bytes_within(safe, (size_t)-1 / 2, &width);
	return width;
}

char *text_fit(const char *safe, size_t columns)
{
	const char *mark = text_is_utf8() ? "\u2026" : "~";
	size_t width, bytes = bytes_within(safe, columns, &width);
	char *cut;

	if (!safe[bytes] || columns == 0)
		return strndup(safe, bytes);
	bytes = bytes_within(safe, columns - 1, &width);
	return asprintf(&cut, "%.*s%s", (int)bytes, safe, mark) < 0 ? NULL : cut;
}

/* Bytes of a paragraph's next line: up to the last blank within @columns, else what fits. */
static size_t line_bytes(const char *s, size_t columns)
{
	size_t newline = strcspn(s, "\n"), width;
	size_t n = bytes_within(s, columns, &width), blank;

	if (newline <= n)
		return newline;
	for (blank = n; blank > 0 && s[blank] != ' '; blank--)
		;
	return blank ? blank : n ? n : 1;
}

void text_wrap(FILE *f, const char *safe, unsigned int indent, unsigned int width)
{
	size_t columns = width > indent + 20 ? width - indent : width ? 20 : (size_t)-1 / 2;

	for (;;) {
		size_t n = line_bytes(safe, columns);
		bool broken = safe[n] == ' ';

		fprintf(f, "%.*s\n", (int)n, safe);
		safe += n;
		if (*safe == '\n' || broken)
			safe++;
		if (!*safe)
			return;
		fprintf(f, "%*s", (int)indent, "");
	}
}

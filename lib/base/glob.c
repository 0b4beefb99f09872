/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names by pattern, the same in every locale. */
#include "base/glob.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Takes one character off valid UTF-8. */
static uint32_t take(const char **s)
{
	const unsigned char *c = (const unsigned char *)*s;
	unsigned int more = *c < 0xc0 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;
	uint32_t v = more ? *c & (0x3fU >> more) : *c;

	for (c++; more > 0 && (*c & 0xc0) == 0x80; more--, c++)
		v = v << 6 | (*c & 0x3f);
	*s = (const char *)c;
	return v;
}

/* The same, but for a '\' that makes the next one stand for itself. */
static uint32_t take_literal(const char **s)
{
	if (**s == '\\' && (*s)[1])
		(*s)++;
	return take(s);
}

/* @s: behind the '['. What ends a set is not its first character. */
static const char *skip_not(const char *s, bool *ret_not)
{
	*ret_not = *s == '!' || *s == '^';
	return s + *ret_not;
}

/* One character, or a range of them, of a set; @s is moved behind it. */
static void take_range(const char **s, uint32_t *ret_low, uint32_t *ret_high)
{
	*ret_low = *ret_high = take_literal(s);
	if ((*s)[0] != '-' || (*s)[1] == ']' || !(*s)[1])
		return;
	(*s)++;
	*ret_high = take_literal(s);
}

static bool match_set(const char **pattern, uint32_t c)
{
	const char *s = *pattern + 1;
	bool found = false, not, first = true;
	uint32_t low, high;

	for (s = skip_not(s, &not); *s && (first || *s != ']'); first = false) {
		take_range(&s, &low, &high);
		found = found || (low <= c && c <= high);
	}
	*pattern = s + (*s == ']');
	return found != not;
}

/* One character of the text against one piece of the pattern; both are moved on. */
static bool match_one(const char **pattern, const char **text)
{
	uint32_t c = take(text);

	switch (**pattern) {
	case '\0':
		return false;
	case '?':
		(*pattern)++;
		return true;
	case '[':
		return match_set(pattern, c);
	default:
		return take_literal(pattern) == c;
	}
}

/* Where a later star was reached, an earlier one need not be tried again. */
bool kvmb_glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text) {
		const char *p = pattern, *t = text;

		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (match_one(&p, &t)) {
			pattern = p;
			text = t;
		} else if (star) {
			(void)take(&retry);
			pattern = star;
			text = retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* @s: behind the '['; moved behind the ']'. */
static const char *set_fault(const char **s)
{
	bool not, first = true;
	uint32_t low, high;

	for (*s = skip_not(*s, &not); **s && (first || **s != ']'); first = false) {
		if ((*s)[0] == '[' && (*s)[1] && strchr(":.=", (*s)[1]))
			return "names of sets such as [:digit:] are not known, allowed is [0-9]";
		take_range(s, &low, &high);
		if (low > high)
			return "a range ends before it begins, allowed is one such as [a-z]";
	}
	if (!**s)
		return "a '[' without its ']', allowed is a set such as [a-z], or \\[";
	(*s)++;
	return NULL;
}

const char *kvmb_glob_fault(const char *pattern)
{
	const char *fault = NULL;

	while (!fault && *pattern) {
		if (pattern[0] == '\\' && !pattern[1])
			return "a '\\' at the end, allowed is \\\\";
		if (*pattern == '[') {
			pattern++;
			fault = set_fault(&pattern);
		} else {
			(void)take_literal(&pattern);
		}
	}
	return fault;
}

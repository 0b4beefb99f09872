/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict texts to numbers: integers, fixed point, ratios, sizes, lengths of time.
 */
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* v = v * 10 + digit */
static int push_digit(uint64_t *v, char c)
{
	uint64_t t;

	if (__builtin_mul_overflow(*v, 10, &t) ||
	    __builtin_add_overflow(t, (uint64_t)(c - '0'), &t))
		return -ERANGE;
	*v = t;
	return 0;
}

static size_t count_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(text[n]))
		n++;
	return n;
}

int kvmb_parse_u64_n(const char *text, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	if (!len || count_digits(text, len) != len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int r = push_digit(&v, text[i]);

		if (r < 0)
			return r;
	}
	*ret = v;
	return 0;
}

int kvmb_parse_u64(const char *text, uint64_t *ret)
{
	return kvmb_parse_u64_n(text, strlen(text), ret);
}

int kvmb_parse_decimal(const char *text, size_t len, unsigned int digits, uint64_t *ret)
{
	size_t whole = count_digits(text, len), fraction = 0;
	uint64_t v;
	int r = kvmb_parse_u64_n(text, whole, &v);

	if (r < 0)
		return r;
	if (whole < len) {
		if (text[whole] != '.')
			return -EINVAL;
		fraction = len - whole - 1;
		if (!fraction || count_digits(text + whole + 1, fraction) != fraction)
			return -EINVAL;
	}
	for (unsigned int i = 0; i < digits; i++) {
		r = push_digit(&v, i < fraction ? text[whole + 1 + i] : '0');
		if (r < 0)
			return r;
	}
	*ret = v;
	return 0;
}

/* "12.5%" to parts of 10^(digits+2); digits beyond that must be zeros, not lost silently. */
static int parse_percent(const char *text, unsigned int digits, uint64_t whole, uint32_t *ret)
{
	size_t len = strlen(text);
	const char *point = strchr(text, '.');
	uint64_t v;
	int r;

	if (!len || text[len - 1] != '%')
		return -EINVAL;
	r = kvmb_parse_decimal(text, len - 1, digits, &v);
	if (r < 0)
		return r;
	if (point && (size_t)(text + len - 1 - point - 1) > digits &&
	    strspn(point + 1 + digits, "0") != (size_t)(text + len - 1 - point - 1) - digits)
		return -EINVAL;
	if (v > whole)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int kvmb_parse_permyriad(const char *text, uint32_t *ret)
{
	return parse_percent(text, 2, PERMYRIAD, ret);
}

int kvmb_parse_ppm(const char *text, uint32_t *ret)
{
	return parse_percent(text, 4, PPM, ret);
}

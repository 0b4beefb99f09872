/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings: copies into fixed arrays, formatting with -errno, growing arrays.
 */
#include "base/str.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

const char *kvmb_str_skip(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

int kvmb_str_copy_n(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		return -ENAMETOOLONG;
	memmove(dst, src, len);
	dst[len] = '\0';
	return 0;
}

int kvmb_str_copy(char *dst, size_t size, const char *src)
{
	return kvmb_str_copy_n(dst, size, src, strlen(src));
}

int kvmb_compare_strings(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Length of the character that begins with @lead, 0 for a byte that begins none. */
static size_t utf8_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead < 0xe0) /* c0 and c1 would be overlong */
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

static bool utf8_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The second byte tells overlong forms, surrogates and what is above U+10FFFF. */
static bool utf8_second_valid(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

bool kvmb_utf8_valid(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(u[i]);

		if (!n || n > len - i)
			return false;
		for (size_t k = 1; k < n; k++)
			if (!utf8_tail(u[i + k]))
				return false;
		if (n > 1 && !utf8_second_valid(u[i], u[i + 1]))
			return false;
		i += n;
	}
	return true;
}

/* Drop what a cut at a byte left of the last character. */
static void utf8_trim(char *s)
{
	size_t len = strlen(s), at = len;

	while (at > 0 && len - at < 3 && utf8_tail((unsigned char)s[at - 1]))
		at--;
	if (at > 0 && utf8_length((unsigned char)s[at - 1]) > len - at + 1)
		s[at - 1] = '\0';
}

void kvmb_str_format(char *dst, size_t size, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(dst, size, format, ap);
	va_end(ap);
	if (n < 0)
		dst[0] = '\0';
	else if ((size_t)n >= size)
		utf8_trim(dst);
}

int kvmb_vasprintf(char **ret, const char *format, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, format, ap) < 0)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int kvmb_asprintf(char **ret, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = kvmb_vasprintf(ret, format, ap);
	va_end(ap);
	return r;
}

int kvmb_explain(int error, char **ret_error, const char *format, ...)
{
	va_list ap;

	if (ret_error) {
		va_start(ap, format);
		if (kvmb_vasprintf(ret_error, format, ap) < 0)
			*ret_error = NULL;
		va_end(ap);
	}
	return error;
}

int kvmb_str_append(char **s, const char *format, ...)
{
	_cleanup_free_ char *tail = NULL;
	size_t len = *s ? strlen(*s) : 0, more;
	va_list ap;
	char *grown;
	int r;

	va_start(ap, format);
	r = kvmb_vasprintf(&tail, format, ap);
	va_end(ap);
	if (r < 0)
		return r;
	more = strlen(tail);
	grown = realloc(*s, len + more + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + len, tail, more + 1);
	*s = grown;
	return 0;
}

int kvmb_grow(void *array, size_t n, size_t item_size)
{
	size_t bytes;
	void *old, *grown;

	/* full at 0 and at each power of two */
	if (n & (n - 1))
		return 0;
	if (n > SIZE_MAX / 2 || __builtin_mul_overflow(n ? 2 * n : 1, item_size, &bytes))
		return -ENOMEM;
	memcpy(&old, array, sizeof(old));
	grown = realloc(old, bytes);
	if (!grown)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	return 0;
}

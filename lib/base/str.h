/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings: copies into fixed arrays, formatting with -errno, growing arrays.
 */
#ifndef KVMB_BASE_STR_H
#define KVMB_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/** kvmb_str_skip() - what follows @prefix in @s, or NULL where @s does not begin with it */
const char *kvmb_str_skip(const char *s, const char *prefix);

/** kvmb_str_copy() - 0, or -ENAMETOOLONG; then @dst (which is @size bytes) is not changed */
int kvmb_str_copy(char *dst, size_t size, const char *src);

/** kvmb_str_copy_n() - the same for the first @len bytes of @src */
int kvmb_str_copy_n(char *dst, size_t size, const char *src, size_t len);

/** kvmb_str_format() - snprintf that cuts at a whole UTF-8 character; for texts meant for people */
void kvmb_str_format(char *dst, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** kvmb_asprintf() - *ret is malloc'ed; -ENOMEM leaves it alone */
int kvmb_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
int kvmb_vasprintf(char **ret, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/** kvmb_str_errno() - "@what: No such file or directory" into @dst; returns @error */
int kvmb_str_errno(char *dst, size_t size, int error, const char *what);

/**
 * kvmb_explain() - fill an optional error text and return @error
 *
 * For `return kvmb_explain(-EINVAL, ret_error, "...")`. If memory is short the text is left out:
 * the error code is what counts. @ret_error may be NULL.
 */
int kvmb_explain(int error, char **ret_error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** kvmb_str_append() - grow the malloc'ed *s (NULL for empty) by a formatted text; 0 or -ENOMEM */
int kvmb_str_append(char **s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** kvmb_compare_strings() - for qsort() of an array of char pointers */
int kvmb_compare_strings(const void *a, const void *b);

/** kvmb_utf8_valid() - @len bytes of well-formed UTF-8 (no surrogates, no overlong forms) */
bool kvmb_utf8_valid(const char *s, size_t len);

/**
 * kvmb_grow() - room for one more item in a malloc'ed array
 * @array: address of the array pointer; *array may be NULL
 * @n: items in use
 *
 * The capacity is not stored: an array that grows by this function only has room for the next
 * power of two. 0 or -ENOMEM; the array is valid in both cases.
 */
int kvmb_grow(void *array, size_t n, size_t item_size);

#endif

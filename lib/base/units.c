/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes ("1.5G") and lengths of time ("1min 30s") as people write them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit *find_unit(const struct unit *units, size_t n, const char *name,
				    size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
			return &units[i];
	return NULL;
}

/* number * factor with up to nine digits after the point, rounded down */
static int scale(const char *number, size_t len, uint64_t factor, uint64_t *ret)
{
	const uint64_t billion = UINT64_C(1000000000);
	size_t whole = strspn(number, "0123456789");
	uint64_t w, v, fraction = 0;
	int r = kvmb_parse_u64_n(number, u64_min(whole, len), &w);

	if (r < 0)
		return r;
	if (whole < len) {
		char text[32] = "0"; /* the point and what follows go behind it */

		r = kvmb_str_copy_n(text + 1, sizeof(text) - 1, number + whole, len - whole);
		if (r < 0)
			return -EINVAL;
		r = kvmb_parse_decimal(text, strlen(text), 9, &fraction);
		if (r < 0)
			return r;
	}
	if (__builtin_mul_overflow(w, factor, &v) ||
	    __builtin_add_overflow(v, u64_mul_div(fraction, factor, billion), &v))
		return -ERANGE;
	*ret = v;
	return 0;
}

int kvmb_parse_bytes(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "", 1 }, { "K", KIB }, { "M", MIB }, { "G", GIB }, { "T", GIB << 10 },
	};
	size_t len = strspn(text, "0123456789."), tail = strlen(text + len);
	const struct unit *u = find_unit(units, ARRAY_SIZE(units), text + len, tail);
	uint64_t v;
	int r;

	if (!len || !u)
		return -EINVAL;
	/* half a byte is a mistake, not a size */
	r = u->factor == 1 ? kvmb_parse_u64_n(text, len, &v) : scale(text, len, u->factor, &v);
	if (r < 0)
		return r;
	/* KVMB_UNKNOWN is no size, and JSON has no numbers above */
	if (v > INT64_MAX)
		return -ERANGE;
	*ret_bytes = v;
	return 0;
}

void kvmb_format_bytes(char *dst, size_t size, uint64_t bytes)
{
	static const char suffixes[] = "KMGT";
	size_t n = 0;

	if (bytes == UINT64_MAX) {
		kvmb_str_format(dst, size, "max");
		return;
	}
	while (bytes && bytes % KIB == 0 && n < strlen(suffixes)) {
		bytes /= KIB;
		n++;
	}
	kvmb_str_format(dst, size, "%" PRIu64 "%.1s", bytes, n ? &suffixes[n - 1] : "");
}

/* One "1.5min"; @only: there is no other, so the unit may be left out (seconds). */
static int parse_span(const char *text, size_t len, bool only, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "us", 1 },
		{ "usec", 1 },
		{ "ms", USEC_PER_MSEC },
		{ "msec", USEC_PER_MSEC },
		{ "s", USEC_PER_SEC },
		{ "sec", USEC_PER_SEC },
		{ "min", USEC_PER_MINUTE },
		{ "m", USEC_PER_MINUTE },
		{ "h", 60 * USEC_PER_MINUTE },
	};
	size_t number = strspn(text, "0123456789.");
	const struct unit *u;

	if (!number || number > len)
		return -EINVAL;
	if (number == len)
		return only ? scale(text, len, USEC_PER_SEC, ret) : -EINVAL;
	u = find_unit(units, ARRAY_SIZE(units), text + number, len - number);
	return u ? scale(text, number, u->factor, ret) : -EINVAL;
}

int kvmb_parse_usec(const char *text, uint64_t *ret)
{
	const char *cursor = text, *end = text + strlen(text), *word;
	uint64_t sum = 0;
	size_t len, n = 0;

	while ((word = kvmb_next_word(&cursor, end, &len))) {
		bool only = !n++ && word + len == end;
		uint64_t v;
		int r = parse_span(word, len, only, &v);

		if (r < 0)
			return r;
		if (__builtin_add_overflow(sum, v, &sum))
			return -ERANGE;
	}
	if (!n)
		return -EINVAL;
	*ret = sum;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes, ratios, counts and times as text: integers or one decimal, never wider than promised. */
#include "figure.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "util.h"

#define UNKNOWN ((struct figure){ "-" })

static const char units[] = "BKMGTPE";

/* n / d to the nearest, without the overflow that adding d / 2 first could have. */
static uint64_t divide_round(uint64_t n, uint64_t d)
{
	return n / d + (n % d >= d - d / 2 ? 1 : 0);
}

/* A size in the smallest unit that shows it as less than a limit. */
struct scaled {
	uint64_t whole;  /* rounded */
	uint64_t tenths; /* rounded, of the same: not whole * 10 */
	int unit;
};

/* Rounding comes before the choice, so that 1023.97 MiB is "1.0 GiB" and not "1024 MiB". */
static struct scaled scale(uint64_t bytes, uint64_t limit)
{
	struct scaled s = { 0 };
	uint64_t size = 1;

	while (s.unit < 6 && divide_round(bytes, size) >= limit) {
		size <<= 10;
		s.unit++;
	}
	s.whole = divide_round(bytes, size);
	/* By quotient and rest: ten times the bytes themselves might not fit. */
	s.tenths = bytes / size * 10 + divide_round(bytes % size * 10, size);
	return s;
}

struct figure figure_size(uint64_t bytes)
{
	struct figure f;
	struct scaled s;

	if (bytes == UINT64_MAX)
		return UNKNOWN;
	s = scale(bytes, 1024);
	/* Below GiB nobody asks for tenths, and above a hundred neither. */
	if (s.unit < 3 || s.tenths >= 1000)
		snprintf(f.text, sizeof(f.text), "%" PRIu64 " %c%s", s.whole, units[s.unit],
			 s.unit ? "iB" : "");
	else
		snprintf(f.text, sizeof(f.text), "%" PRIu64 ".%" PRIu64 " %ciB", s.tenths / 10,
			 s.tenths % 10, units[s.unit]);
	return f;
}

struct figure figure_net(int64_t bytes)
{
	struct figure f, size;

	if (bytes == FIGURE_UNKNOWN_NET)
		return UNKNOWN;
	size = figure_size(bytes < 0 ? (uint64_t)-bytes : (uint64_t)bytes);
	snprintf(f.text, sizeof(f.text), "%s%.20s", bytes < 0 ? "-" : "", size.text);
	return f;
}

struct figure figure_short(uint64_t bytes)
{
	struct figure f;
	struct scaled s;

	if (bytes == UINT64_MAX)
		return UNKNOWN;
	if (!bytes)
		return (struct figure){ "0" };
	s = scale(bytes, 1000);
	if (s.tenths < 100 && s.unit)
		snprintf(f.text, sizeof(f.text), "%" PRIu64 ".%" PRIu64 "%c", s.tenths / 10,
			 s.tenths % 10, units[s.unit]);
	else
		snprintf(f.text, sizeof(f.text), "%" PRIu64 "%c", s.whole, units[s.unit]);
	return f;
}

struct figure figure_count(uint64_t n, int columns)
{
	static const char suffix[] = " kMGTPE";
	struct figure f;
	int i = 0;

	if (n == UINT64_MAX)
		return UNKNOWN;
	snprintf(f.text, sizeof(f.text), "%" PRIu64, n);
	while (snprintf(NULL, 0, "%" PRIu64 "%.*s", n, i ? 1 : 0, &suffix[i]) > columns && i < 6) {
		n = divide_round(n, 1000);
		i++;
		snprintf(f.text, sizeof(f.text), "%" PRIu64 "%c", n, suffix[i]);
	}
	return f;
}

struct figure figure_ratio(uint32_t permyriad)
{
	struct figure f;
	uint32_t tenths;

	if (permyriad == FIGURE_UNKNOWN_RATIO)
		return UNKNOWN;
	if (permyriad > 10000)
		permyriad = 10000;
	tenths = (permyriad + 5) / 10;
	if (tenths >= 1000)
		snprintf(f.text, sizeof(f.text), "100");
	else
		snprintf(f.text, sizeof(f.text), "%" PRIu32 ".%" PRIu32, tenths / 10, tenths % 10);
	return f;
}

struct figure figure_usec(uint64_t usec)
{
	static const struct { uint64_t usec; uint64_t until_usec; const char *name; } steps[] = {
		{ 1000ULL,        1000000ULL,       "ms" },
		{ 1000000ULL,     120000000ULL,     "s" },
		{ 60000000ULL,    7200000000ULL,    "min" },
		{ 3600000000ULL,  172800000000ULL,  "h" },
		{ 86400000000ULL, UINT64_MAX,       "d" },
	};
	struct figure f = UNKNOWN;
	size_t i = 0;

	if (usec == UINT64_MAX)
		return f;
	while (usec >= steps[i].until_usec && i < ARRAY_SIZE(steps) - 1)
		i++;
	if (i == 1 && usec < 10000000 && usec % 1000000 >= 100000)
		snprintf(f.text, sizeof(f.text), "%" PRIu64 ".%" PRIu64 " s", usec / 1000000,
			 usec % 1000000 / 100000);
	else
		snprintf(f.text, sizeof(f.text), "%" PRIu64 " %s", usec / steps[i].usec,
			 steps[i].name);
	return f;
}

struct figure figure_times(uint32_t permyriad)
{
	struct figure f;

	if (permyriad == FIGURE_UNKNOWN_RATIO)
		return UNKNOWN;
	snprintf(f.text, sizeof(f.text), "%" PRIu32 ".%02" PRIu32, permyriad / 10000,
		 permyriad % 10000 / 100);
	return f;
}

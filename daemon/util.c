/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small helpers of the daemon: lists of strings, sizes for people.
 */
#include "util.h"

#include <inttypes.h>
#include <stdio.h>

#include <kvmballoon.h>

char **strv_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
	return NULL;
}

bool strv_equal(char *const *a, char *const *b)
{
	static char *const none[] = { NULL };

	a = a ?: none;
	b = b ?: none;
	while (*a && *b && streq(*a, *b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

const char *size_text(char buf[static SIZE_TEXT_SIZE], uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	uint64_t scaled = bytes, rest = 0;
	size_t unit = 0;

	if (bytes == KVMB_UNKNOWN)
		return strcpy(buf, "-");
	for (; scaled >= 1024; unit++) {
		rest = scaled % 1024;
		scaled /= 1024;
	}
	if (unit == 0)
		(void)snprintf(buf, SIZE_TEXT_SIZE, "%" PRIu64 "B", scaled);
	else
		(void)snprintf(buf, SIZE_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 "%c", scaled,
			       rest * 10 / 1024, units[unit]);
	return buf;
}

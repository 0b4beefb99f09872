// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes a line of a trace apart. */
#include "trace.h"

#include <errno.h>
#include <kvmballoon.h>
#include <stdbool.h>
#include <string.h>

#include "feed.h"

/* As much as a host can address; sums of FEED_VMS_MAX such machines fit in 64 bits. */
#define PROVISIONED_BYTES_MAX (UINT64_C(1) << 46)

/* Digits only, up to @end, which is stepped over. */
static bool take_number(const char **text, char end, uint64_t *ret)
{
	const char *c = *text;
	uint64_t v = 0;

	if (*c == end)
		return false;
	for (; *c >= '0' && *c <= '9'; c++) {
		if (v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*c - '0');
	}
	if (*c != end)
		return false;
	*text = c + (end != '\0');
	*ret = v;
	return true;
}

static bool take_name(const char **text, struct trace_line *l)
{
	const char *c = *text;

	while ((unsigned char)*c >= ' ' && *c != ',' && *c != '"' && *c != 0x7f)
		c++;
	l->name = *text;
	l->name_length = (size_t)(c - *text);
	if (*c != ',' || !l->name_length || l->name_length >= KVMB_NAME_SIZE)
		return false;
	*text = c + 1;
	return true;
}

static const char *parse(const char *text, struct trace_line *l)
{
	if (!take_number(&text, ',', &l->time_sec) || l->time_sec > FEED_TIME_SEC_MAX)
		return "the first field is no time in seconds";
	if (!take_name(&text, l))
		return "the second field is no name of 1 to 255 bytes without quotes";
	if (!take_number(&text, ',', &l->provisioned_bytes) || !l->provisioned_bytes ||
	    l->provisioned_bytes > PROVISIONED_BYTES_MAX)
		return "the third field is no provisioned size of 1 byte to 64 TiB";
	if (!take_number(&text, '\0', &l->used_bytes))
		return "the fourth field is no used size in bytes, or there are more than four";
	if (l->used_bytes > l->provisioned_bytes)
		return "more is used than is provisioned";
	return NULL;
}

int trace_parse(const char *text, struct trace_line *ret, const char **ret_why)
{
	struct trace_line l;
	const char *why;

	if (!*text || *text == '#' || strcmp(text, TRACE_HEADER) == 0)
		return 0;
	why = parse(text, &l);
	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	*ret = l;
	return 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the simulator's traces: outputs are untouched on failure, and in range on success.
 */
#include <errno.h>
#include <string.h>

#include <kvmballoon.h>

#include "fuzz.h"
#include "../../sim/feed.h"
#include "../../sim/trace.h"

#define UNTOUCHED UINT64_C(0x5aa55aa55aa55aa5)

static void check_line(const struct trace_line *l, const char *text)
{
	REQUIRE(l->time_sec <= FEED_TIME_SEC_MAX);
	REQUIRE(l->used_bytes <= l->provisioned_bytes && l->provisioned_bytes <= UINT64_C(1) << 46);
	REQUIRE(l->name_length && l->name_length < KVMB_NAME_SIZE);
	REQUIRE(l->name > text && l->name + l->name_length < text + strlen(text));
	REQUIRE(!memchr(l->name, ',', l->name_length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct trace_line l = { .time_sec = UNTOUCHED };
	const char *why = NULL;
	int r;

	if (!text)
		return 0;
	r = trace_parse(text, &l, &why);
	REQUIRE(r == 0 || r == 1 || r == -EBADMSG);
	REQUIRE((r == -EBADMSG) == (why != NULL));
	if (r == 1)
		check_line(&l, text);
	else
		REQUIRE(l.time_sec == UNTOUCHED);
	free(text);
	return 0;
}

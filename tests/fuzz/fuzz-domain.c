/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions of domains: refused, with the output left alone, or taken, but for the figures. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "source/domain-xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct kvmb_backing b = { .passthrough = true, .locked_bytes = 4711, .hugetlb_bytes = 42 };
	int r;

	if (!text)
		return 0;
	r = kvmb_parse_domain(text, &b);
	REQUIRE(r == 0 || r == -EBADMSG || r == -E2BIG || r == -ENOMEM);
	REQUIRE(r == 0 || (b.passthrough && !b.encrypted && !b.locked && !b.hugetlb && !b.shared));
	REQUIRE(b.locked_bytes == 4711 && b.hugetlb_bytes == 42);
	REQUIRE(r < 0 || (!strstr(text, "<!DOCTYPE") || strstr(text, "<![CDATA[") ||
			  strstr(text, "<!--") || strstr(text, "<?")));
	return 0;
}

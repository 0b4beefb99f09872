/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions of domains: refused, with the output left alone, or taken, but for the figures. What
 * their metadata say is right as a whole, or nothing with a reason that can be shown.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "fuzz.h"
#include "source/domain-xml.h"

static void check_metadata(const struct kvmb_metadata *m)
{
	const struct kvmb_policy *p = &m->policy;

	REQUIRE(!m->error[0] || !p->set);
	REQUIRE(memchr(m->error, '\0', sizeof(m->error)));
	for (const char *c = m->error; *c; c++)
		REQUIRE(*c >= ' ' && *c <= '~');
	REQUIRE(p->guarantee_bytes <= p->limit_bytes && p->limit_bytes > 0);
	REQUIRE(p->shares >= KVMB_SHARES_MIN && p->shares <= KVMB_SHARES_MAX);
	REQUIRE(p->refault_target_ppm <= PPM && p->priority <= KVMB_PRIORITY_HIGH);
	REQUIRE(p->mode <= KVMB_MODE_PROACTIVE && p->set < 1U << KVMB_FIELDS);
	REQUIRE(p->backend < KVMB_BACKENDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct kvmb_backing b = { .passthrough = true, .locked_bytes = 4711, .hugetlb_bytes = 42 };
	struct kvmb_metadata m = { .error = "as it was" };
	int r;

	if (!text)
		return 0;
	r = kvmb_parse_domain(text, &b, &m);
	REQUIRE(r == 0 || strcmp(m.error, "as it was") == 0);
	if (r == 0)
		check_metadata(&m);
	REQUIRE(r == 0 || r == -EBADMSG || r == -E2BIG || r == -ENOMEM);
	REQUIRE(r == 0 || (b.passthrough && !b.encrypted && !b.locked && !b.hugetlb && !b.shared));
	REQUIRE(b.locked_bytes == 4711 && b.hugetlb_bytes == 42);
	REQUIRE(r < 0 || (!strstr(text, "<!DOCTYPE") || strstr(text, "<![CDATA[") ||
			  strstr(text, "<!--") || strstr(text, "<?")));
	return 0;
}

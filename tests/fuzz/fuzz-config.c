/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files: either refused with a line of theirs, or a configuration that is consistent.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"
#include "fuzz.h"
#include "model/policy.h"

static void check_host(const struct kvmb_host_config *h)
{
	REQUIRE(h->emergency_available_permyriad < h->hard_available_permyriad);
	REQUIRE(h->hard_available_permyriad < h->elevated_available_permyriad);
	REQUIRE(h->elevated_available_permyriad + h->hysteresis_permyriad <= PERMYRIAD);
	REQUIRE(h->trigger_stall_usec < h->trigger_window_usec);
	REQUIRE(h->trigger_window_usec <= 10 * USEC_PER_SEC);
	REQUIRE(h->interval_usec >= 100000 && h->interval_usec <= USEC_PER_MINUTE);
	REQUIRE(h->stale_usec >= 2 * h->interval_usec);
	REQUIRE(h->step_bytes >= MIB && h->step_bytes <= GIB << 10);
	REQUIRE(h->guest_rate_bytes >= MIB && h->host_rate_bytes >= MIB);
	REQUIRE(h->swap_reserve_permyriad <= PERMYRIAD && h->mode <= KVMB_MODE_PROACTIVE);
}

static void check_policy(const struct kvmb_policy *p)
{
	REQUIRE(p->guarantee_bytes <= p->limit_bytes && p->limit_bytes > 0);
	REQUIRE(p->shares >= KVMB_SHARES_MIN && p->shares <= KVMB_SHARES_MAX);
	REQUIRE(p->refault_target_ppm <= PPM);
	REQUIRE(p->priority <= KVMB_PRIORITY_HIGH && p->mode <= KVMB_MODE_PROACTIVE);
	REQUIRE(p->backend < KVMB_BACKENDS);
}

static void check_config(const struct kvmb_config *c)
{
	struct kvmb_policy p;

	check_host(&c->host);
	kvmb_config_policy(c, "", NULL, NULL, &p);
	check_policy(&p);
	for (size_t i = 0; i < c->n_guests; i++) {
		const char *name = c->guests[i].name;

		REQUIRE(*name && !strchr(name, '/') && kvmb_utf8_valid(name, strlen(name)));
		REQUIRE(i == 0 || strcmp(c->guests[i - 1].name, name) < 0);
		kvmb_config_policy(c, name, NULL, NULL, &p);
		check_policy(&p);
	}
}

/* "fuzz.conf:LINE: text", the line one that there is. */
static void check_error(const char *error, const char *text, size_t len)
{
	const char *at = error ? kvmb_str_skip(error, "fuzz.conf:") : NULL;
	unsigned long line = at ? strtoul(at, NULL, 10) : 0, lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	REQUIRE(line >= 1 && line <= lines);
	REQUIRE(strstr(error, "allowed"));
	REQUIRE(kvmb_utf8_valid(error, strlen(error)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(kvmb_config_loader_done) struct kvmb_config_loader l;
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;
	_cleanup_free_ char *text = malloc(size + 1), *error = NULL;
	int r;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	kvmb_config_loader_init(&l);
	r = kvmb_config_parse(&l, "fuzz.conf", text, size, &error);
	if (r >= 0)
		r = kvmb_config_finish(&l, &c, &error);
	REQUIRE(r == 0 || r == -EBADMSG);
	REQUIRE(!c == (r < 0) && !error == (r == 0));
	REQUIRE(r < 0 || strlen(text) == size); /* nothing after a NUL is left out silently */
	if (c)
		check_config(c);
	else
		check_error(error, text, size);
	return 0;
}

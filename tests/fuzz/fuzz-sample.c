/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples: either refused with a reason, or within all bounds and the same after one more round.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "fuzz.h"
#include "model/guest.h"
#include "model/sample.h"

static void check_stats(const struct kvmb_guest_sample *guest)
{
	struct kvmb_guest_sample g = *guest;

	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	if (g.stats_why != KVMB_WHY_NONE)
		return;
	REQUIRE(g.stats_age_usec <= 10 * USEC_PER_SEC);
	REQUIRE(g.unused_bytes <= g.guest_total_bytes && g.guest_total_bytes <= g.maximum_bytes);
	REQUIRE(g.usable_bytes == KVMB_UNKNOWN || g.usable_bytes <= g.guest_total_bytes);
	REQUIRE(g.caches_bytes == KVMB_UNKNOWN || g.caches_bytes <= g.guest_total_bytes);
}

static void check_sample(const struct kvmb_sample *s)
{
	REQUIRE(s->host.total_bytes && s->host.available_bytes <= s->host.total_bytes);
	REQUIRE(s->host.swap_free_bytes <= s->host.swap_total_bytes);
	REQUIRE(s->host.psi.some_avg10_permyriad <= PERMYRIAD);
	REQUIRE(s->n_guests <= KVMB_GUESTS_MAX);
	for (size_t i = 0; i < s->n_guests; i++) {
		const struct kvmb_guest_sample *g = &s->guests[i];

		REQUIRE(*g->name && memchr(g->name, '\0', sizeof(g->name)));
		REQUIRE(i == 0 || strcmp(s->guests[i - 1].name, g->name) < 0);
		REQUIRE(strlen(g->uuid) == KVMB_UUID_SIZE - 1);
		REQUIRE(g->pid >= 0 && g->state <= KVMB_GUEST_OTHER && g->stats_why < KVMB_WHYS);
		REQUIRE(g->facts_ns <= s->now_ns);
		check_stats(g);
	}
}

static void check_round_trip(const struct kvmb_sample *s)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *back = NULL;
	_cleanup_free_ char *first = NULL, *second = NULL;

	REQUIRE(kvmb_sample_to_json(s, &first) == 0);
	REQUIRE(kvmb_sample_from_json(first, &back, NULL) == 0);
	REQUIRE(kvmb_sample_to_json(back, &second) == 0);
	REQUIRE(streq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size), *error = NULL;
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL;
	int r;

	if (!text)
		return 0;
	r = kvmb_sample_from_json(text, &s, &error);
	REQUIRE(r == 0 || r == -EBADMSG);
	REQUIRE(!s == (r < 0) && !error == (r == 0));
	if (!s)
		return 0;
	check_sample(s);
	check_round_trip(s);
	return 0;
}

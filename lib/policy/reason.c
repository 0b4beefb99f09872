// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reasons: one sentence with the numbers that a rule looked at. How much is taken is left out: the
 * gate may still cut it, and the action says it.
 */
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "model/exclude.h"
#include "policy/turn.h"

#define SAY(...) kvmb_str_format(a->reason, sizeof(a->reason), __VA_ARGS__)

static uint64_t mib(uint64_t bytes)
{
	return bytes / MIB;
}

/* What the guest will pay for it, where that is known. */
static void say_price(const struct kvmb_view *v, struct kvmb_action *a)
{
	size_t len = strlen(a->reason);
	char price[128];

	if (a->idle_usec != v->cold.idle_usec || !v->cold.judged)
		return;
	kvmb_str_format(price, sizeof(price), "; %" PRIu64 " pages of that age were touched again "
			"in the last minute, %" PRIu64 " are allowed",
			v->cold.back_pages, v->cold.allowed_pages);
	/* Whole or not at all: on hosts of terabytes the rest of the sentence is long. */
	(void)kvmb_str_copy(a->reason + len, sizeof(a->reason) - len, price);
}

/* Behind what the host needs: it may be short of nothing yet. */
static void say_what_for(const struct kvmb_turn *t, char *text, size_t size)
{
	const char *soon = t->host.ahead_need_bytes ? " soon" : "";

	if (t->host.reserving)
		kvmb_str_format(text, size, "%s, for %" PRIu64 " MiB are reserved", soon,
				mib(kvmb_state_reserved(t->state, "")));
	else
		kvmb_str_format(text, size, "%s", soon);
}

static const char *where_to(const struct kvmb_action *a)
{
	return a->backend == KVMB_BACKEND_FAR ? " to its store" : "";
}

static void say_host_need(const struct kvmb_turn *t, const struct kvmb_view *v,
			  struct kvmb_action *a)
{
	const struct kvmb_host_sample *host = &t->sample->host;
	const char *level = kvmb_level_to_string(t->host.level);
	char soon[64];
	uint64_t above_bytes = u64_sub_sat(v->estimate.resident_bytes, v->policy.guarantee_bytes);

	say_what_for(t, soon, sizeof(soon));
	if (a->rule == KVMB_RULE_GUEST_FREE)
		SAY("host is %s with %" PRIu64 " of %" PRIu64 " MiB available and needs %" PRIu64
		    " MiB%s; the guest itself holds %" PRIu64 " MiB free",
		    level, mib(host->available_bytes), mib(host->total_bytes),
		    mib(t->host.need_bytes), soon, mib(v->estimate.unused_bytes));
	else if (a->rule == KVMB_RULE_GUEST_CACHE)
		SAY("host is %s with %" PRIu64 " of %" PRIu64 " MiB available and needs %" PRIu64
		    " MiB; of the guest's caches %" PRIu64 " MiB can go: %" PRIu64
		    " MiB are usable inside, and twice the head-room of %" PRIu64 " MiB stays",
		    level, mib(host->available_bytes), mib(host->total_bytes),
		    mib(t->host.need_bytes), mib(v->estimate.cache_bytes),
		    mib(v->estimate.usable_bytes), mib(v->estimate.headroom_bytes));
	else if (a->kind == KVMB_ACTION_BALLOON)
		SAY("host is %s and needs %" PRIu64
		    " MiB that cannot be reclaimed here; the %" PRIu64
		    " MiB that the guest holds free are held so that it does not grow",
		    level, mib(t->host.need_bytes), mib(v->estimate.unused_bytes));
	else if (a->kind == KVMB_ACTION_PAGEOUT)
		SAY("host is %s with %" PRIu64 " of %" PRIu64 " MiB available and needs %" PRIu64
		    " MiB%s; %" PRIu64 " of the guest's %" PRIu64
		    " MiB were not touched for %" PRIu64 " s or longer, the coldest go%s first",
		    level, mib(host->available_bytes), mib(host->total_bytes),
		    mib(t->host.need_bytes), soon, mib(a->facts.cold_bytes),
		    mib(v->estimate.resident_bytes), a->idle_usec / USEC_PER_SEC, where_to(a));
	else
		SAY("host is %s with %" PRIu64 " of %" PRIu64 " MiB available and needs %" PRIu64
		    " MiB%s; its share by %" PRIu32 " shares of the %" PRIu64
		    " MiB it holds above its guarantee, %" PRIu64 " of them idle",
		    level, mib(host->available_bytes), mib(host->total_bytes),
		    mib(t->host.need_bytes), soon, v->policy.shares, mib(above_bytes),
		    mib(u64_min(v->idle_bytes, above_bytes)));
}

static void say_proactive(const struct kvmb_view *v, struct kvmb_action *a)
{
	if (a->kind == KVMB_ACTION_BALLOON)
		SAY("proactive: the guest itself holds %" PRIu64
		    " MiB free, more than its head-room of %" PRIu64 " MiB",
		    mib(v->estimate.unused_bytes), mib(v->estimate.headroom_bytes));
	else if (a->kind == KVMB_ACTION_PAGEOUT)
		SAY("proactive: %" PRIu64 " of the guest's %" PRIu64
		    " MiB were not touched for %" PRIu64 " s or longer, the coldest go%s first",
		    mib(a->facts.cold_bytes), mib(v->estimate.resident_bytes),
		    a->idle_usec / USEC_PER_SEC, where_to(a));
	else
		SAY("proactive: %" PRIu64 " refaults in the last minute where %" PRIu64
		    " are allowed, pressure %" PRIu32 ".%02" PRIu32 " %%",
		    v->feel.refaults_per_min, v->feel.refaults_allowed,
		    v->guest->psi.some_avg10_permyriad / 100,
		    v->guest->psi.some_avg10_permyriad % 100);
}

static void say_release(const struct kvmb_view *v, struct kvmb_action *a)
{
	if (v->mode < KVMB_MODE_PRESSURE)
		SAY("mode is %s: what was taken from the guest is given back",
		    kvmb_mode_to_string(v->mode));
	else
		SAY("%s: what was taken from it is given back",
		    kvmb_why_to_sentence(kvmb_guest_forbids(v->guest, KVMB_ACTION_BALLOON)));
}

void kvmb_turn_reason(const struct kvmb_turn *t, const struct kvmb_view *v, struct kvmb_action *a)
{
	switch (a->rule) {
	case KVMB_RULE_GUEST_FREE:
	case KVMB_RULE_HOST_PRESSURE:
	case KVMB_RULE_GUEST_CACHE:
		say_host_need(t, v, a);
		break;
	case KVMB_RULE_PROACTIVE:
		say_proactive(v, a);
		break;
	case KVMB_RULE_GUEST_PRESSURE:
		SAY("the guest is short of memory: %" PRIu64 " MiB usable inside where %" PRIu64
		    " MiB is its head-room; its balloon held %" PRIu64 " MiB back",
		    mib(v->estimate.usable_bytes), mib(v->estimate.headroom_bytes),
		    mib(u64_sub_sat(kvmb_view_goal(v), v->guest->balloon_bytes)));
		break;
	case KVMB_RULE_HOST_RELAXED:
		SAY("host has %" PRIu64 " MiB to spare; the balloon held %" PRIu64 " MiB back",
		    mib(t->host.spare_bytes),
		    mib(u64_sub_sat(kvmb_view_goal(v), v->guest->balloon_bytes)));
		break;
	case KVMB_RULE_LAST_RESORT:
		SAY("host is %s with %" PRIu64 " of %" PRIu64 " MiB available and needs %" PRIu64
		    " MiB, more than all other means give; of the lowest class this guest holds "
		    "most above its guarantee, %" PRIu64 " MiB",
		    kvmb_level_to_string(t->host.level), mib(t->sample->host.available_bytes),
		    mib(t->sample->host.total_bytes), mib(t->host.need_bytes),
		    mib(u64_sub_sat(v->estimate.resident_bytes, v->policy.guarantee_bytes)));
		break;
	case KVMB_RULE_LIMIT:
		SAY("the guest has %" PRIu64 " MiB, its limit is %" PRIu64 " MiB",
		    mib(v->guest->balloon_bytes), mib(v->estimate.ceiling_bytes));
		break;
	case KVMB_RULE_OPERATOR:
		SAY("asked for by the operator, %" PRIu64 " MiB still to be taken",
		    mib(v->state->request_bytes));
		break;
	case KVMB_RULE_RELEASE:
	case KVMB_RULES:
		say_release(v, a);
		break;
	}
	if (a->kind == KVMB_ACTION_PAGEOUT)
		say_price(v, a);
}

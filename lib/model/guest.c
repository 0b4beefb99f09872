/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One guest's sample: its empty form, and whether what the guest says of itself can be believed.
 */
#include "model/guest.h"

void kvmb_guest_init(struct kvmb_guest_sample *g)
{
	*g = (struct kvmb_guest_sample){
		.state = KVMB_GUEST_OTHER,
		.stats_why = KVMB_WHY_STATS_MISSING,
		.guest_total_bytes = KVMB_UNKNOWN,
		.unused_bytes = KVMB_UNKNOWN,
		.usable_bytes = KVMB_UNKNOWN,
		.caches_bytes = KVMB_UNKNOWN,
		.swap_in_bytes = KVMB_UNKNOWN,
		.swap_out_bytes = KVMB_UNKNOWN,
		.major_faults = KVMB_UNKNOWN,
		.stats_age_usec = KVMB_UNKNOWN,
	};
}

/*
 * "Total" and "unused" are as old as balloon statistics; a report without them is none. "Usable"
 * came with Linux 4.6 and "caches" later still, and old Windows drivers know neither, so these two
 * may be unknown in a good report.
 */
static bool stats_missing(const struct kvmb_guest_sample *g)
{
	return g->guest_total_bytes == KVMB_UNKNOWN || g->unused_bytes == KVMB_UNKNOWN ||
	       g->stats_age_usec == KVMB_UNKNOWN;
}

static bool zero_or_unknown(uint64_t v)
{
	return v == 0 || v == KVMB_UNKNOWN;
}

/*
 * No kernel has a total of nothing, and none that runs holds neither a free page nor a cached one:
 * the watermarks keep some free. Usable alone is honestly 0 when a guest is nearly out of memory.
 */
static bool stats_zero(const struct kvmb_guest_sample *g)
{
	return g->guest_total_bytes == 0 ||
	       (g->unused_bytes == 0 && zero_or_unknown(g->usable_bytes) &&
		zero_or_unknown(g->caches_bytes));
}

/*
 * A part of the guest cannot be larger than the guest, nor the guest larger than what it was
 * given: the kernel reserves some for itself before it counts. Nothing more is asked: honest
 * guests break every tighter rule that comes to mind:
 *  - usable below unused: Linux takes its reserves off what is free, and then adds little cache;
 *  - unused plus caches above the total: Windows calls its standby list free as well as cache, and
 *    Linux sums per-CPU counters that may each be some pages off;
 *  - total above the present size of the balloon: Windows does not take the balloon off its total,
 *    Linux does not with deflate-on-oom, and the report may be from before the balloon grew. For
 *    the same reason unused may be above it.
 */
static bool stats_impossible(const struct kvmb_guest_sample *g)
{
	uint64_t total = g->guest_total_bytes;

	if (g->maximum_bytes == KVMB_UNKNOWN || total > g->maximum_bytes || g->unused_bytes > total)
		return true;
	if (g->usable_bytes != KVMB_UNKNOWN && g->usable_bytes > total)
		return true;
	return g->caches_bytes != KVMB_UNKNOWN && g->caches_bytes > total;
}

static enum kvmb_why missing_why(const struct kvmb_guest_sample *g)
{
	if (!g->has_balloon)
		return KVMB_WHY_NO_BALLOON;
	/* One that sent some once is not dead, but stale. */
	return g->stats_asked && g->stats_age_usec == KVMB_UNKNOWN ? KVMB_WHY_BALLOON_DEAD :
								     KVMB_WHY_STATS_MISSING;
}

void kvmb_guest_check_stats(struct kvmb_guest_sample *g, uint64_t stale_usec)
{
	if (stats_missing(g))
		g->stats_why = missing_why(g);
	else if (stats_zero(g))
		g->stats_why = KVMB_WHY_STATS_ZERO;
	else if (stats_impossible(g))
		g->stats_why = KVMB_WHY_STATS_IMPOSSIBLE;
	else if (g->stats_age_usec > stale_usec)
		g->stats_why = KVMB_WHY_STATS_STALE;
	else
		g->stats_why = KVMB_WHY_NONE;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Guests that are left alone as a whole, and the reason. */
#include "model/exclude.h"

#include "base/num.h"

#define OVERHEAD_BYTES (64 * MIB)
#define OVERHEAD_PART 8
#define FLOOR_PART 4

enum kvmb_mode kvmb_guest_mode(const struct kvmb_config *c, const struct kvmb_policy *effective)
{
	return c->host.mode < effective->mode ? c->host.mode : effective->mode;
}

enum kvmb_why kvmb_guest_unfit(const struct kvmb_config *c, const struct kvmb_guest_sample *g,
			       uint64_t now_ns)
{
	if (g->state == KVMB_GUEST_PAUSED)
		return KVMB_WHY_PAUSED;
	if (g->state != KVMB_GUEST_RUNNING)
		return KVMB_WHY_SHUTDOWN;
	/* Facts from the future are no better than old ones. */
	if (g->facts_ns > now_ns || (now_ns - g->facts_ns) / NSEC_PER_USEC > c->host.stale_usec)
		return KVMB_WHY_FACTS_STALE;
	if (!g->has_balloon && !g->cgroup_valid)
		return KVMB_WHY_NO_CGROUP;
	return KVMB_WHY_NONE;
}

enum kvmb_why kvmb_guest_excluded(const struct kvmb_config *c, const struct kvmb_policy *effective,
				  const struct kvmb_guest_sample *g, uint64_t now_ns)
{
	enum kvmb_mode mode = kvmb_guest_mode(c, effective);

	if (mode == KVMB_MODE_OFF)
		return KVMB_WHY_MODE_OFF;
	if (mode == KVMB_MODE_OBSERVE)
		return KVMB_WHY_MODE_OBSERVE;
	return kvmb_guest_unfit(c, g, now_ns);
}

uint64_t kvmb_guest_overhead(const struct kvmb_guest_sample *g)
{
	return u64_min(OVERHEAD_BYTES, g->maximum_bytes / OVERHEAD_PART);
}

uint64_t kvmb_guest_resident(const struct kvmb_guest_sample *g)
{
	return g->cgroup_valid ? g->resident_bytes : g->rss_bytes;
}

uint64_t kvmb_guest_held(const struct kvmb_guest_sample *g)
{
	uint64_t swap = g->swap_bytes == KVMB_UNKNOWN ? 0 : g->swap_bytes;

	return u64_add_sat(kvmb_guest_resident(g), swap);
}

uint64_t kvmb_guest_floor(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g)
{
	uint64_t overhead = kvmb_guest_overhead(g);
	uint64_t held = u64_sub_sat(kvmb_guest_held(g), overhead);

	return u64_max(effective->guarantee_bytes, overhead + held / FLOOR_PART);
}

uint64_t kvmb_guest_ceiling(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g)
{
	return u64_min(effective->limit_bytes, g->maximum_bytes);
}

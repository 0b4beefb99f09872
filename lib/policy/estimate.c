// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 2: what a guest could give. */
#include "policy/estimate.h"

#include "base/num.h"
#include "model/exclude.h"

static uint64_t known(uint64_t v)
{
	return v == KVMB_UNKNOWN ? 0 : v;
}

/* Old drivers do not tell what is usable; the page cache is the greater part of it. */
static uint64_t usable(const struct kvmb_guest_sample *g)
{
	if (g->usable_bytes != KVMB_UNKNOWN)
		return g->usable_bytes;
	return u64_add_sat(known(g->unused_bytes), known(g->caches_bytes));
}

/*
 * A balloon takes free pages before it takes caches. While there are such beyond the head-room,
 * perhaps never touched, caches are not what it would get.
 */
static uint64_t cache_bytes(const struct kvmb_policy *policy, const struct kvmb_guest_sample *g,
			    uint64_t moved_bytes, const struct kvmb_estimate *e)
{
	uint64_t keep = u64_mul_sat(e->headroom_bytes, KVMB_CACHE_HEADROOMS);
	uint64_t spare = u64_sub_sat(u64_sub_sat(known(g->usable_bytes), moved_bytes), keep);

	if (e->free_bytes >= u64_max(g->balloon_bytes / 100, MIB))
		return 0;
	spare = u64_min(spare, u64_sub_sat(g->balloon_bytes, policy->guarantee_bytes));
	return u64_min(spare, e->resident_bytes);
}

static void estimate_inside(const struct kvmb_host_config *c, const struct kvmb_policy *policy,
			    const struct kvmb_guest_sample *g, uint64_t moved_bytes,
			    struct kvmb_estimate *e)
{
	uint64_t backed, free_bytes;

	e->told = true;
	e->unused_bytes = u64_min(u64_sub_sat(known(g->unused_bytes), moved_bytes),
				  g->balloon_bytes);
	e->used_bytes = u64_sub_sat(g->balloon_bytes, e->unused_bytes);
	e->headroom_bytes = u64_max(c->guest_headroom_bytes,
				    permyriad_of(e->used_bytes, c->guest_headroom_permyriad));
	/* As it was told: a guess that is too low would give back what was just taken. */
	e->usable_bytes = usable(g);
	/* Its kernel keeps some of what is free for itself: then less is usable than unused. */
	free_bytes = u64_min(e->unused_bytes, u64_sub_sat(e->usable_bytes, moved_bytes));
	e->free_bytes = u64_min(u64_sub_sat(free_bytes, e->headroom_bytes),
				u64_sub_sat(g->balloon_bytes, policy->guarantee_bytes));
	/* QEMU's own memory would make every guest look as if it held free memory. */
	backed = u64_sub_sat(kvmb_guest_held(g),
			     u64_add_sat(e->used_bytes, kvmb_guest_overhead(g)));
	e->gain_bytes = u64_min(u64_min(e->free_bytes, backed), e->resident_bytes);
	e->cache_bytes = cache_bytes(policy, g, moved_bytes, e);
}

void kvmb_estimate_guest(const struct kvmb_host_config *c, const struct kvmb_policy *policy,
			 const struct kvmb_guest_sample *g, uint64_t moved_bytes,
			 struct kvmb_estimate *ret)
{
	struct kvmb_estimate e = {
		.resident_bytes = kvmb_guest_resident(g),
		.ceiling_bytes = kvmb_guest_ceiling(policy, g),
	};

	e.reclaimable_bytes = u64_sub_sat(e.resident_bytes, kvmb_guest_floor(policy, g));
	if (g->has_balloon && g->stats_why == KVMB_WHY_NONE)
		estimate_inside(c, policy, g, moved_bytes, &e);
	*ret = e;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Guests that are left alone as a whole, and the reason. */
#include "model/exclude.h"

#include "base/num.h"
#include "model/state.h"

#define OVERHEAD_BYTES (64 * MIB)
#define OVERHEAD_PART 8
#define FLOOR_PART 4
/* QEMU locks and pins a little for itself (io_uring); that much of a guest is no buffer. */
#define HELD_FAST_PART 8

void kvmb_guest_policy(const struct kvmb_config *c, const struct kvmb_guest_sample *g,
		       const struct kvmb_state_guest *state, struct kvmb_policy *ret)
{
	kvmb_config_policy(c, g->name, &g->metadata, state ? &state->runtime : NULL, ret);
}

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
	if (g->job_why != KVMB_WHY_NONE)
		return g->job_why;
	/* Facts from the future are no better than old ones. */
	if (g->facts_ns > now_ns || (now_ns - g->facts_ns) / NSEC_PER_USEC > c->host.stale_usec)
		return KVMB_WHY_FACTS_STALE;
	if (!g->has_balloon && !g->cgroup_valid)
		return KVMB_WHY_NO_CGROUP;
	return KVMB_WHY_NONE;
}

static bool most_of(const struct kvmb_guest_sample *g, uint64_t bytes)
{
	return bytes > g->maximum_bytes / HELD_FAST_PART;
}

/* A device pins, and encryption often does: whoever comes first is the cause. */
static enum kvmb_why held_fast(const struct kvmb_guest_sample *g)
{
	const struct kvmb_backing *b = &g->backing;

	if (b->passthrough)
		return KVMB_WHY_PASSTHROUGH;
	if (b->encrypted)
		return KVMB_WHY_ENCRYPTED;
	if (b->locked || most_of(g, b->locked_bytes))
		return KVMB_WHY_LOCKED;
	if (b->hugetlb || most_of(g, b->hugetlb_bytes))
		return KVMB_WHY_HUGETLB;
	/* It may be any of these; what is known says more. */
	return b->unread ? KVMB_WHY_DEFINITION : KVMB_WHY_NONE;
}

enum kvmb_why kvmb_guest_forbids(const struct kvmb_guest_sample *g, enum kvmb_action_kind kind)
{
	enum kvmb_why why = kind == KVMB_ACTION_DEFLATE ? KVMB_WHY_NONE : held_fast(g);
	bool swaps = kind == KVMB_ACTION_RECLAIM || kind == KVMB_ACTION_PAGEOUT ||
		     kind == KVMB_ACTION_HIGH;

	if (why == KVMB_WHY_NONE && swaps && g->backing.shared)
		return KVMB_WHY_SHARED;
	return why;
}

enum kvmb_why kvmb_guest_excluded(const struct kvmb_config *c, const struct kvmb_policy *effective,
				  const struct kvmb_guest_sample *g, uint64_t now_ns)
{
	enum kvmb_mode mode = kvmb_guest_mode(c, effective);
	enum kvmb_why why;

	if (mode == KVMB_MODE_OFF)
		return KVMB_WHY_MODE_OFF;
	if (mode == KVMB_MODE_OBSERVE)
		return KVMB_WHY_MODE_OBSERVE;
	why = kvmb_guest_unfit(c, g, now_ns);
	return why != KVMB_WHY_NONE ? why : kvmb_guest_forbids(g, KVMB_ACTION_KINDS);
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

	return u64_add_sat(u64_add_sat(kvmb_guest_resident(g), swap), g->store.out_bytes);
}

uint64_t kvmb_guest_floor(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g)
{
	uint64_t overhead = kvmb_guest_overhead(g);
	uint64_t held = u64_sub_sat(kvmb_guest_held(g), overhead);

	return u64_max(effective->guarantee_bytes, overhead + held / FLOOR_PART);
}

bool kvmb_guest_stalls(const struct kvmb_host_config *c, const struct kvmb_guest_sample *g)
{
	return g->psi_valid && g->psi.some_avg10_permyriad >= c->guest_pressure_some_permyriad;
}

uint64_t kvmb_guest_ceiling(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g)
{
	return u64_min(effective->limit_bytes, g->maximum_bytes);
}

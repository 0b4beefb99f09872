// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A balloon that stops short of its target is not counted on: first for a minute, then for twice as
 * long each time, ten minutes at most. One more attempt costs the host five seconds of waiting.
 */
#include "model/stuck.h"

#define PAUSE_FIRST_SEC 60
#define PAUSE_MAX_SEC 600

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

void kvmb_stuck_count(struct kvmb_state_guest *g, uint64_t now_ns)
{
	uint64_t pause_sec = u64_clamp(2 * (uint64_t)g->stuck_pause_sec, PAUSE_FIRST_SEC,
				       PAUSE_MAX_SEC);

	g->stuck_pause_sec = (uint32_t)pause_sec;
	g->stuck_until_ns = u64_add_sat(now_ns, pause_sec * NSEC_PER_SEC);
}

void kvmb_stuck_see(struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample)
{
	if (g->seen_balloon_bytes && g->target_bytes &&
	    distance(sample->balloon_bytes, g->target_bytes) <
		    distance(g->seen_balloon_bytes, g->target_bytes))
		kvmb_stuck_clear(g);
}

void kvmb_stuck_clear(struct kvmb_state_guest *g)
{
	g->stuck_pause_sec = 0;
	g->stuck_until_ns = 0;
}

bool kvmb_stuck(const struct kvmb_state_guest *g)
{
	return g->stuck_pause_sec > 0;
}

bool kvmb_stuck_pauses(const struct kvmb_state_guest *g, uint64_t now_ns)
{
	return kvmb_stuck(g) && now_ns < g->stuck_until_ns;
}

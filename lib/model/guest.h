/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One guest's sample: its empty form, and whether what the guest says of itself can be believed.
 */
#ifndef KVMB_MODEL_GUEST_H
#define KVMB_MODEL_GUEST_H

#include <kvmballoon.h>

/** kvmb_guest_init() - nothing known: its figures KVMB_UNKNOWN, statistics missing, rest 0 */
void kvmb_guest_init(struct kvmb_guest_sample *g);

/**
 * kvmb_guest_check_stats() - set stats_why: may the policy use what the guest says of itself?
 * @stale_usec: statistics older than this are not used
 *
 * KVMB_WHY_NONE, or the first that fits of NO_BALLOON, STATS_MISSING, STATS_ZERO,
 * STATS_IMPOSSIBLE and STATS_STALE. With NONE, unused_bytes <= guest_total_bytes <= maximum_bytes,
 * and so are usable_bytes and caches_bytes unless they are KVMB_UNKNOWN (older guests do not tell
 * them). Pure.
 */
void kvmb_guest_check_stats(struct kvmb_guest_sample *g, uint64_t stale_usec);

#endif

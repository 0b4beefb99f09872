/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that are left alone as a whole, and the reason. Policy, gate and status ask the same. */
#ifndef KVMB_MODEL_EXCLUDE_H
#define KVMB_MODEL_EXCLUDE_H

#include <kvmballoon.h>

/** kvmb_guest_mode() - the lesser of host's and guest's */
enum kvmb_mode kvmb_guest_mode(const struct kvmb_config *c, const struct kvmb_policy *effective);

/**
 * kvmb_guest_unfit() - why nothing can be done to a guest, whatever its mode: PAUSED, SHUTDOWN,
 * FACTS_STALE, NO_CGROUP (and no balloon either), or KVMB_WHY_NONE
 */
enum kvmb_why kvmb_guest_unfit(const struct kvmb_config *c, const struct kvmb_guest_sample *g,
			       uint64_t now_ns);

/** kvmb_guest_excluded() - the same with the modes off and observe, which come first */
enum kvmb_why kvmb_guest_excluded(const struct kvmb_config *c, const struct kvmb_policy *effective,
				  const struct kvmb_guest_sample *g, uint64_t now_ns);

/** kvmb_guest_ceiling() - most that its balloon may leave the guest: its limit, or its maximum */
uint64_t kvmb_guest_ceiling(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g);

#endif

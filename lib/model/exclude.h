/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that are left alone as a whole, and the reason. Policy, gate and status ask the same. */
#ifndef KVMB_MODEL_EXCLUDE_H
#define KVMB_MODEL_EXCLUDE_H

#include <kvmballoon.h>

struct kvmb_state_guest;

/**
 * kvmb_guest_policy() - the effective policy of a guest: kvmb_config_policy() of all that is known
 * @state: of the guest, or NULL where there is none yet
 */
void kvmb_guest_policy(const struct kvmb_config *c, const struct kvmb_guest_sample *g,
		       const struct kvmb_state_guest *state, struct kvmb_policy *ret);

/** kvmb_guest_mode() - the lesser of host's and guest's */
enum kvmb_mode kvmb_guest_mode(const struct kvmb_config *c, const struct kvmb_policy *effective);

/**
 * kvmb_guest_unfit() - why nothing can be done to a guest, whatever its mode: PAUSED, SHUTDOWN,
 * MIGRATING, SAVING, SNAPSHOT, FACTS_STALE, NO_CGROUP (and no balloon either), or KVMB_WHY_NONE
 */
enum kvmb_why kvmb_guest_unfit(const struct kvmb_config *c, const struct kvmb_guest_sample *g,
			       uint64_t now_ns);

/**
 * kvmb_guest_forbids() - why a kind of action is never right for what a guest's memory is, or NONE
 * @kind: KVMB_ACTION_KINDS: why nothing may be taken by any means
 *
 * PASSTHROUGH, ENCRYPTED, LOCKED, HUGETLB: nothing is taken. The kernel does not swap such memory,
 * and a balloon wins nothing either: QEMU ignores it beside a device or encryption, the kernel
 * refuses to free what is locked, and what it frees of hugetlb goes back to a pool, not to the
 * host. SHARED: nothing is swapped out, for page-out passes over what two processes map, and
 * reclaim would stall the other one, which works for the guest; the balloon frees it for both.
 * DEFINITION: nothing is taken as long as nobody knows which of these it is.
 * What was taken before may always be given back.
 */
enum kvmb_why kvmb_guest_forbids(const struct kvmb_guest_sample *g, enum kvmb_action_kind kind);

/**
 * kvmb_guest_excluded() - why nothing is taken from it: the modes off and observe, which come
 * first, what makes it unfit, and what its memory forbids as a whole
 */
enum kvmb_why kvmb_guest_excluded(const struct kvmb_config *c, const struct kvmb_policy *effective,
				  const struct kvmb_guest_sample *g, uint64_t now_ns);

/** kvmb_guest_stalls() - it waits for pages for GuestPressureSome of the time, or longer */
bool kvmb_guest_stalls(const struct kvmb_host_config *c, const struct kvmb_guest_sample *g);

/** kvmb_guest_ceiling() - most that its balloon may leave the guest: its limit, or its maximum */
uint64_t kvmb_guest_ceiling(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g);

/**
 * kvmb_guest_overhead() - what a scope is taken to hold for QEMU itself, not for the guest's
 * memory: 64 MiB, less for small guests
 */
uint64_t kvmb_guest_overhead(const struct kvmb_guest_sample *g);

/** kvmb_guest_resident() - host memory it holds: of its scope, or else of QEMU */
uint64_t kvmb_guest_resident(const struct kvmb_guest_sample *g);

/** kvmb_guest_held() - of the host's memory, of its swap where that is accounted, of its store */
uint64_t kvmb_guest_held(const struct kvmb_guest_sample *g);

/**
 * kvmb_guest_floor() - resident memory that is never taken: the guarantee, or what QEMU needs and a
 * quarter of what the host holds for the guest, in memory, in swap and in its store, whichever is
 * more
 *
 * As long as nobody knows the working set, a guest without a guarantee would else be reclaimed to
 * nothing and then wait for the disk at every step, QEMU's own pages included. Rests on figures of
 * the host alone: no guest can raise its floor by what it says.
 */
uint64_t kvmb_guest_floor(const struct kvmb_policy *effective, const struct kvmb_guest_sample *g);

#endif

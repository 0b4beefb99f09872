/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sentences for people on why a guest, its statistics or an action were not used.
 */
#include "base/num.h"
#include "model/token.h"

static const char *const sentences[] = {
	[KVMB_WHY_NONE] = "nothing stands against it",
	[KVMB_WHY_PAUSED] = "the guest is paused",
	[KVMB_WHY_SHUTDOWN] = "the guest is shutting down",
	[KVMB_WHY_NO_BALLOON] = "the guest has no virtio balloon device",
	[KVMB_WHY_STATS_MISSING] =
		"the guest sends no memory statistics (no balloon driver in it, or not asked yet)",
	[KVMB_WHY_STATS_STALE] = "the guest's memory statistics are too old",
	[KVMB_WHY_STATS_ZERO] = "the guest's memory statistics are all zero",
	[KVMB_WHY_STATS_IMPOSSIBLE] =
		"the guest's memory statistics are impossible (more than it has, or contradictory)",
	[KVMB_WHY_NO_CGROUP] = "the control group of the guest was not found",
	[KVMB_WHY_FACTS_STALE] = "what libvirt told of the guest is too old",
	[KVMB_WHY_MODE_OFF] = "its mode is off",
	[KVMB_WHY_MODE_OBSERVE] = "its mode is observe: plans are shown, nothing is done",
	[KVMB_WHY_AT_GUARANTEE] =
		"the guest is at its guarantee, or at the least that every guest keeps",
	[KVMB_WHY_GUEST_PRESSURE] = "the guest itself is under memory pressure",
	[KVMB_WHY_BACKOFF] = "the guest needed back what was taken before: a pause is kept",
	[KVMB_WHY_IN_FLIGHT] = "an earlier action on the guest is still running",
	[KVMB_WHY_GUEST_RATE] = "as much as may be was taken from the guest in the last minute",
	[KVMB_WHY_HOST_RATE] = "as much as may be was taken from all guests in the last minute",
	[KVMB_WHY_SWAP_RESERVE] = "the host's swap is filled up to its reserve",
	[KVMB_WHY_NO_SWAP] = "the host has no swap",
	[KVMB_WHY_TOO_SMALL] = "the amount is too small to be worth an action",
	[KVMB_WHY_GONE] = "the guest vanished before the action",
	[KVMB_WHY_CHANGED] = "the guest changed between plan and action",
	[KVMB_WHY_NO_EFFECT] = "the last actions on the guest brought nothing",
	[KVMB_WHY_NOT_COLD] = "what the guest holds is in use",
	[KVMB_WHY_PASSTHROUGH] =
		"a device is passed through to the guest (VFIO, vDPA) and pins its memory",
	[KVMB_WHY_ENCRYPTED] = "the guest's memory is encrypted (SEV, TDX) and cannot be moved",
	[KVMB_WHY_LOCKED] = "the guest's memory is locked",
	[KVMB_WHY_HUGETLB] =
		"the guest's memory is from a pool of huge pages, which nobody else can use",
	[KVMB_WHY_SHARED] =
		"other processes map the guest's memory too (vhost-user, virtiofs, a shared file)",
	[KVMB_WHY_MIGRATING] = "the guest is migrating",
	[KVMB_WHY_SAVING] = "the guest's memory is being saved, dumped or restored",
	[KVMB_WHY_SNAPSHOT] = "a snapshot of the guest is being taken or reverted to",
	[KVMB_WHY_BALLOON_DEAD] =
		"asked for memory statistics, the guest never sent any (no balloon driver in it)",
	[KVMB_WHY_DEFINITION] =
		"libvirt's definition of the guest cannot be read: its memory may be of any kind",
	[KVMB_WHY_BALLOON_STUCK] = "the guest's balloon stopped short of what it was told",
	[KVMB_WHY_SWAP_WRITES] =
		"as much as may be was written to the host's swap in the last minute",
	[KVMB_WHY_SWAP_SLOW] = "reads of the host's swap take too long",
	[KVMB_WHY_LAST_RESORT] =
		"a limit is the last resort, for guests of priority low on a host that is hard up",
	[KVMB_WHY_REPORTING] =
		"the guest reports what it frees: its free memory comes back by itself soon",
	[KVMB_WHY_RESERVED] =
		"room is reserved for the guest, which is about to grow into it",
	[KVMB_WHY_NO_STORE] = "its backend is far, and there is no store for it",
	[KVMB_WHY_STORE_FULL] =
		"the guest's store, or all stores of the host, have grown to their limit",
	[KVMB_WHY_FAR_ONLY] = "its backend is far: nothing of it is to go to swap",
};
_Static_assert(ARRAY_SIZE(sentences) == KVMB_WHYS, "each reason has a sentence");

const char *kvmb_why_to_sentence(enum kvmb_why v)
{
	return (unsigned int)v < KVMB_WHYS ? sentences[v] : "the reason is not known";
}

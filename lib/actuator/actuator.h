/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does actions. One table per way of doing; a dry run is one more table.
 *
 * apply() may block for seconds: call it from a worker thread. One actuator object may be used by
 * several threads at once. An actuator owns all it uses (it may be left behind with its thread), so
 * free() only after the last apply() returned.
 */
#ifndef KVMB_ACTUATOR_ACTUATOR_H
#define KVMB_ACTUATOR_ACTUATOR_H

#include <kvmballoon.h>
#include <stdatomic.h>

struct kvmb_cold_finder;
struct kvmb_root;
struct kvmb_virt;

struct kvmb_actuator_ops {
	const char *name;

	/*
	 * Do one action that the gate has let through. The facts that can change are checked again
	 * first.
	 * @a: ranges, if any, must live until this returns
	 * @cancel: polled between steps; true ends the action early, what was done stays done
	 * @result: got_bytes, net_bytes and why are set, on failure too (what was got until then);
	 * the caller sets the other members
	 * Return (also the caller's result->error): 0, even where less than asked was got;
	 * -ESTALE refused because the facts changed (why: GONE, CHANGED, GUEST_PRESSURE,
	 * AT_GUARANTEE), -ECANCELED, -EOPNOTSUPP the host cannot do this, -ENOTCONN no libvirt,
	 * or another -errno.
	 */
	int (*apply)(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		     struct kvmb_result *result);

	void (*free)(void *ctx);
};

struct kvmb_actuator {
	const struct kvmb_actuator_ops *ops;
	void *ctx;
};

/**
 * kvmb_actuator_balloon_new() - BALLOON, DEFLATE: libvirt sets the balloon
 *
 * Done when libvirt has taken the order; got and net are 0, for the guest follows in its own time.
 */
int kvmb_actuator_balloon_new(struct kvmb_virt *virt, const char *root_path,
			      struct kvmb_actuator *ret);

/** kvmb_actuator_reclaim_new() - RECLAIM: memory.reclaim of the scope in small steps */
int kvmb_actuator_reclaim_new(const char *root_path, struct kvmb_actuator *ret);

/**
 * kvmb_actuator_pageout_new() - PAGEOUT: process_madvise(MADV_PAGEOUT) over ranges
 * @finder: who knows what is cold, for actions without ranges; owned on success. NULL: nobody,
 *          then such an action is -EOPNOTSUPP
 */
int kvmb_actuator_pageout_new(const char *root_path, const struct kvmb_cold_finder *finder,
			      struct kvmb_actuator *ret);

/* Longer than the kernel's averages look back: what the guest feels of it shows in them. */
#define KVMB_HIGH_USEC (10 * UINT64_C(1000000))

/**
 * kvmb_actuator_high_new() - HIGH: memory.high of the scope, for @hold_usec at most
 * Done when it is lifted again. -ENOTCONN: nobody would lift it if this process died; not set.
 */
int kvmb_actuator_high_new(const char *root_path, uint64_t hold_usec, struct kvmb_actuator *ret);

/** kvmb_actuator_record_new() - any kind: nothing is done, got and net are 0, no error */
int kvmb_actuator_record_new(struct kvmb_actuator *ret);

/** kvmb_actuator_done() - free and clear; a cleared one is fine */
void kvmb_actuator_done(struct kvmb_actuator *a);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs actions away from the loop: an action may wait for libvirtd or for the kernel's reclaim, the
 * engine never does. One thread per lane, so that a hung libvirtd does not hold up page-out, nor a
 * guest whose memory is locked the reclaim of all others.
 */
#ifndef KVMB_EXECUTOR_H
#define KVMB_EXECUTOR_H

#include <kvmballoon.h>

#include "actuator/actuator.h"

enum kvmb_lane {
	KVMB_LANE_BALLOON, /* BALLOON, DEFLATE: libvirt */
	KVMB_LANE_RECLAIM, /* RECLAIM: the kernel */
	KVMB_LANE_PAGEOUT, /* PAGEOUT: the kernel, and the locks of one guest's memory */
	KVMB_LANE_HIGH,    /* HIGH: waits for the end of what it set */
	KVMB_LANES,
};

struct kvmb_executor;

/**
 * kvmb_executor_new() - start the lanes
 * @table: one actuator per kind; entries may share a context (it is freed once). Owned on success,
 *         and freed only after the last apply() has returned
 */
int kvmb_executor_new(const struct kvmb_actuator table[KVMB_ACTION_KINDS],
		      struct kvmb_executor **ret);

/**
 * kvmb_executor_free() - cancel what runs, drop what waits, join the lanes
 *
 * A lane that hangs in a call to libvirt is left behind (detached) with all it still needs: the
 * stop of an agent must not depend on libvirtd.
 */
struct kvmb_executor *kvmb_executor_free(struct kvmb_executor *x);

/** kvmb_executor_fd() - readable when kvmb_executor_next() has a result; thread-safe */
int kvmb_executor_fd(const struct kvmb_executor *x);

/**
 * kvmb_executor_submit() - queue a copy of @a (ranges too)
 *
 * A DEFLATE goes before everything that takes, and cancels the balloon orders of its guest that
 * wait: they would undo it.
 * What takes and is not begun by facts.valid_until_ns ends with -ESTALE and why FACTS_STALE.
 * Return: 0, -ENOMEM, -ENOBUFS when full.
 */
int kvmb_executor_submit(struct kvmb_executor *x, const struct kvmb_action *a);

/**
 * kvmb_executor_cancel() - a RECLAIM, PAGEOUT or HIGH of this guest ends at its next step
 * One that waits ends before its first. Either has a result: -ECANCELED.
 */
void kvmb_executor_cancel(struct kvmb_executor *x, const char *uuid);

/** kvmb_executor_end_limits() - every HIGH ends now: the host is no longer that short */
void kvmb_executor_end_limits(struct kvmb_executor *x);

/** kvmb_executor_next() - take one finished action: 1 and *@ret, or 0 */
int kvmb_executor_next(struct kvmb_executor *x, struct kvmb_result *ret);

#endif

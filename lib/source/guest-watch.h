/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All guests' scopes at once: opens what appears, drops what goes, and keeps a PSI trigger on each,
 * and one on the host. Not thread-safe.
 */
#ifndef KVMB_SOURCE_GUEST_WATCH_H
#define KVMB_SOURCE_GUEST_WATCH_H

#include <kvmballoon.h>

struct kvmb_root;
struct kvmb_guest_watch;

/**
 * kvmb_guest_watch_new() - watch nothing yet
 * @root: must outlive the watch
 * Return: 0 or -errno.
 */
int kvmb_guest_watch_new(const struct kvmb_root *root, struct kvmb_guest_watch **ret);
struct kvmb_guest_watch *kvmb_guest_watch_free(struct kvmb_guest_watch *w);

/**
 * kvmb_guest_watch_set_trigger() - stall and window of all triggers; 0: none
 *
 * The host's is opened at once, the guests' at the next kvmb_guest_watch_read(). Where there can be
 * none (no PSI, no right to it) there is none: ticks read the averages anyway. What fails for want
 * of memory or descriptors is tried again by kvmb_guest_watch_read(), ten seconds later.
 */
void kvmb_guest_watch_set_trigger(struct kvmb_guest_watch *w, uint64_t stall_usec,
				  uint64_t window_usec);

/** kvmb_guest_watch_fd() - readable (POLLIN) when kvmb_guest_watch_dispatch() has work */
int kvmb_guest_watch_fd(const struct kvmb_guest_watch *w);

/**
 * kvmb_guest_watch_dispatch() - take in the triggers that fired; never blocks
 * Return: how many did, the host's included.
 */
int kvmb_guest_watch_dispatch(struct kvmb_guest_watch *w);

/** kvmb_guest_watch_trigger_error() - -errno for which the host has no trigger, or 0 */
int kvmb_guest_watch_trigger_error(const struct kvmb_guest_watch *w);

/** kvmb_guest_watch_take_host() - did the host's trigger fire since the last call? */
bool kvmb_guest_watch_take_host(struct kvmb_guest_watch *w);

/**
 * kvmb_guest_watch_read() - bring the set in step with @guests and fill their cgroup figures
 *
 * Fills what kvmb_guest_cgroup_read() does, and `triggered` (which is then forgotten). A guest
 * whose scope cannot be read has cgroup_valid false; that is no failure of the whole.
 * Return: number of guests with valid figures, or -ENOMEM.
 */
int kvmb_guest_watch_read(struct kvmb_guest_watch *w, struct kvmb_guest_sample *guests, size_t n);

#endif

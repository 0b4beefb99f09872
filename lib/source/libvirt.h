/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt knows of the guests. A thread of its own asks; callers take the newest complete
 * snapshot and never wait.
 *
 * Safe for one caller thread. The connection is made by this source and may be borrowed by others
 * through the same struct kvmb_virt.
 */
#ifndef KVMB_SOURCE_LIBVIRT_H
#define KVMB_SOURCE_LIBVIRT_H

#include <kvmballoon.h>

struct kvmb_libvirt;
struct kvmb_root;
struct kvmb_virt;

struct kvmb_libvirt_status {
	bool connected;
	bool complete;      /* libvirt told all guests when it was asked last on this connection */
	uint64_t taken_ns;  /* when the newest snapshot was taken; 0 before the first */
	uint64_t n_connects;
	/* guests not managed: name too long or not UTF-8, or beyond KVMB_GUESTS_MAX */
	uint64_t n_skipped;
	/* by libvirt: why there is no connection, or why it tells no guests; "" if all is well */
	char error[KVMB_TEXT_SIZE];
};

/**
 * kvmb_libvirt_new() - start the thread; returns at once, connected or not
 * @virt: a reference is taken
 * @root_path: where /proc, /run and the cgroups are; NULL for "/"
 * @interval_usec: between two snapshots while nothing happens
 * @look_only: leave the statistics of balloons switched off where they are
 * Return: 0 or -errno (as kvmb_root_open()).
 */
int kvmb_libvirt_new(struct kvmb_virt *virt, const char *root_path, uint64_t interval_usec,
		     bool look_only, struct kvmb_libvirt **ret);

/**
 * kvmb_libvirt_free() - stop; returns within about a second even if libvirtd hangs. A thread that
 * hangs in a call is left behind and cleans up after itself. Return: NULL.
 */
struct kvmb_libvirt *kvmb_libvirt_free(struct kvmb_libvirt *lv);

/** kvmb_libvirt_fd() - readable (POLLIN) when a snapshot or status is new; _take() clears it */
int kvmb_libvirt_fd(const struct kvmb_libvirt *lv);

/** kvmb_libvirt_kick() - take a snapshot now rather than at the end of the interval */
void kvmb_libvirt_kick(struct kvmb_libvirt *lv);

void kvmb_libvirt_set_interval(struct kvmb_libvirt *lv, uint64_t interval_usec);

/**
 * kvmb_libvirt_take() - a copy of the newest complete snapshot
 * @ret: active guests ordered by name, malloc'ed (NULL if there are none). Filled: all but the
 * members from the cgroup, in_flight and triggered. pid and cgroup are 0 and "" where unknown.
 * A guest that libvirt could not ask just now (NOWAIT: it has a job) keeps its older figures and
 * their older facts_ns. While there is no connection the last snapshot stays.
 * @ret_status: filled always
 *
 * stats_why is not judged here: kvmb_guest_check_stats() does that.
 * Return: 0 or -ENOMEM.
 */
int kvmb_libvirt_take(struct kvmb_libvirt *lv, struct kvmb_guest_sample **ret, size_t *ret_n,
		      struct kvmb_libvirt_status *ret_status);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets how samepage merging runs, in a thread of its own: the kernel lets a writer of "run" wait
 * until ksmd is through with its batch, and ksmd may wait for the memory of a guest in trouble.
 */
#ifndef KVMB_ACTUATOR_KSM_H
#define KVMB_ACTUATOR_KSM_H

#include <kvmballoon.h>

struct kvmb_root;
struct kvmb_ksm_setter;

/* What is to be set, and what to put back where that fails half-way. */
struct kvmb_ksm_setting {
	struct kvmb_ksm_order order;
	bool ours; /* it runs by our order, else it must not run */
	uint32_t before_pages_to_scan;
	uint32_t before_sleep_msec;
};

/**
 * kvmb_ksm_set() - do it, in this thread
 *
 * "run" becomes 1 or 0, never 2: that would unmerge, and take memory when it is missing. Stopped,
 * what is merged stays merged.
 * Return: 0, -ESTALE somebody else has begun or ended it meanwhile, or another -errno; then nothing
 * is set, or all as it was before.
 */
int kvmb_ksm_set(const struct kvmb_root *root, const struct kvmb_ksm_setting *s);

int kvmb_ksm_setter_new(const char *root_path, struct kvmb_ksm_setter **ret);
/** kvmb_ksm_setter_free() - does not wait long for an order that hangs. NULL is fine. */
struct kvmb_ksm_setter *kvmb_ksm_setter_free(struct kvmb_ksm_setter *w);
/** kvmb_ksm_setter_fd() - readable when kvmb_ksm_setter_next() has a result */
int kvmb_ksm_setter_fd(const struct kvmb_ksm_setter *w);
/** kvmb_ksm_setter_submit() - -EBUSY while an order is under way, -ENOMEM */
int kvmb_ksm_setter_submit(struct kvmb_ksm_setter *w, const struct kvmb_ksm_setting *s);
/** kvmb_ksm_setter_busy() - an order was submitted, and its result not fetched */
bool kvmb_ksm_setter_busy(const struct kvmb_ksm_setter *w);
/** kvmb_ksm_setter_next() - true: an order has ended with @ret_error */
bool kvmb_ksm_setter_next(struct kvmb_ksm_setter *w, struct kvmb_ksm_order *ret, int *ret_error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the hot set is in the guest's memory, for whoever looks at it from outside. */
#ifndef KVMB_GUEST_FRAMES_H
#define KVMB_GUEST_FRAMES_H

#include "hotset.h"

#define FRAMES_MAX 100 /* fits a reply: a run for each block of the set, where huge pages are */

/**
 * struct frames - runs of guest frame numbers, in the order in which the set is visited
 * @first, @n: one run each
 * @n_runs:    how many; what does not fit is left out
 */
struct frames {
	uint64_t first[FRAMES_MAX];
	uint64_t n[FRAMES_MAX];
	size_t n_runs;
};

/**
 * frames_read() - of the hot set's pages that are present, from /proc/self/pagemap
 * They may move at any time: the kernel migrates pages to build huge ones, or for the balloon.
 * Return: 0 or -errno.
 */
int frames_read(const struct arena *a, const struct hotset *h, struct frames *ret);

#endif

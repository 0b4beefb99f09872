/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the two ways of page-out share: a walk over the ranges of an action, in batches. Private to
 * lib/actuator.
 */
#ifndef KVMB_ACTUATOR_PAGEOUT_H
#define KVMB_ACTUATOR_PAGEOUT_H

#include <kvmballoon.h>
#include <stdatomic.h>

#include "base/fs.h"
#include "base/num.h"
#include "model/cold.h"

/* As much as is paged out without looking at the guest: some 50 ms, into zram or the store. */
#define KVMB_PAGEOUT_BATCH_BYTES (8 * MIB)

/*
 * To move so much to a store, as many times as much is looked at: what does not compress stays.
 * Where that is seven pages of eight there is little to win.
 */
#define KVMB_FAR_LOOK 8

/* Where in the list of ranges we are. */
struct kvmb_range_cursor {
	const struct kvmb_range *ranges;
	size_t n;
	size_t i;
	uint64_t offset;
	uint64_t left_bytes; /* of what may still be asked for */
};

/** kvmb_range_check() - -EINVAL for ranges of @a that are empty, wrap, or are not of whole pages */
int kvmb_range_check(const struct kvmb_action *a);

/** kvmb_range_begin() - of no more than asked_bytes; lives as long as the ranges of @a */
static inline struct kvmb_range_cursor kvmb_range_begin(const struct kvmb_action *a)
{
	return (struct kvmb_range_cursor){
		.ranges = a->ranges,
		.n = a->n_ranges,
		.left_bytes = a->asked_bytes,
	};
}

static inline bool kvmb_range_more(const struct kvmb_range_cursor *c)
{
	return c->i < c->n && c->left_bytes > 0;
}

/**
 * kvmb_range_peek() - what comes next, @bytes of it at most
 * @ret: room for @max
 * Return: number of ranges.
 */
size_t kvmb_range_peek(const struct kvmb_range_cursor *at, uint64_t bytes, struct kvmb_range *ret,
		       size_t max);

/** kvmb_range_advance() - @bytes of what comes next are done */
void kvmb_range_advance(struct kvmb_range_cursor *c, uint64_t bytes);

/**
 * kvmb_pageout_far() - the ranges of @a to the guest's store; pageout-far.c
 * Return: 0, -ESTALE (why is set), -ECANCELED, -ESRCH the guest is gone, or another -errno.
 */
int kvmb_pageout_far(const struct kvmb_root *root, const struct kvmb_cold_finder *finder,
		     const struct kvmb_action *a, atomic_bool *cancel, struct kvmb_result *result);

#endif

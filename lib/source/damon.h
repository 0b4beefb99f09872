/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One kdamond, by way of DAMON's sysfs (Documentation/admin-guide/mm/damon/usage.rst), that watches
 * given ranges of one process and does nothing to them.
 *
 * The kernel has one array of kdamonds for everybody, and who changes its length forgets them all.
 * So an array of a length of ours is made once, for all guests and for all processes that use this
 * library, and it is given back when the last one is done. Nothing of that is kept in memory here:
 * the array is known by a mark in its last kdamond, which never runs; a kdamond is taken by a lock
 * on its file `state` (flock(2)), which ends with the process that holds it. The files that are
 * locked are root's alone to open: a lock on a folder would be anybody's to take. What a dead
 * process left running is stopped by the next one that comes. An array of anybody else is left
 * alone.
 */
#ifndef KVMB_SOURCE_DAMON_H
#define KVMB_SOURCE_DAMON_H

#include <kvmballoon.h>

struct kvmb_root;
struct kvmb_damon;

/*
 * The last one is the mark. Linux 6.12 answers one question to DAMON at a time, and each waits for
 * the end of an aggregation: all guests together take a minute or two.
 */
#define KVMB_DAMON_KDAMONDS 64
#define KVMB_DAMON_MARK 1802923362  /* "kvmb": the mark's update_us */
#define KVMB_DAMON_REGIONS_MIN 100  /* a region is no larger than a hundredth of the whole */
#define KVMB_DAMON_REGIONS_MAX 1000 /* bounds the cost: so many pages are looked at a sample */

struct kvmb_damon_setup {
	int32_t pid;
	uint64_t sample_usec;
	uint64_t aggregation_usec;
	const struct kvmb_range *ranges; /* by address, page by page */
	size_t n_ranges;
};

/* Nobody was seen to touch it, for so many aggregations. */
struct kvmb_damon_region {
	uint64_t begin;
	uint64_t end;
	uint64_t age;
};

/**
 * kvmb_damon_start() - take a kdamond and let it watch
 * @why: KVMB_TEXT_SIZE bytes; set on failure
 * Return: 0, -EOPNOTSUPP this kernel has no such DAMON, -EBUSY others use it, -ENOSPC all
 * kdamonds are taken, or another -errno.
 */
int kvmb_damon_start(const struct kvmb_root *root, const struct kvmb_damon_setup *setup,
		     struct kvmb_damon **ret, char *why);

/**
 * kvmb_damon_regions() - what was not touched in the aggregation that ends next; waits for that
 * @ret: malloc'ed, by address, without overlaps
 * Return: 0, -EAGAIN others kept DAMON busy, -ENODEV the kdamond runs no more, -EBADMSG, -errno.
 */
int kvmb_damon_regions(struct kvmb_damon *d, struct kvmb_damon_region **ret, size_t *ret_n);

/** kvmb_damon_free() - stop it, and give the array back after the last one */
struct kvmb_damon *kvmb_damon_free(struct kvmb_damon *d);

#endif

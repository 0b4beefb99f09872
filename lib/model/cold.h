/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is cold in a guest now, and a way out of it: asked by page-out, answered by whoever ages the
 * guest.
 */
#ifndef KVMB_MODEL_COLD_H
#define KVMB_MODEL_COLD_H

#include <kvmballoon.h>

#define KVMB_MOVE_RANGES 256 /* in one call */

struct kvmb_cold {
	struct kvmb_range *ranges;
	size_t n;
};

/* Why a page was not moved, as far as people are told. */
enum kvmb_left {
	KVMB_LEFT_DENSE,     /* does not compress */
	KVMB_LEFT_LIMIT,     /* the store is full */
	KVMB_LEFT_HELD,      /* pinned, locked, or under I/O */
	KVMB_LEFT_SHARED,    /* shared, merged, or of a file */
	KVMB_LEFT_NO_MEMORY, /* the host had none for it */
	KVMB_LEFT_CHANGED,   /* not there any more, or just in use */
	KVMB_LEFTS,
};

/* What became of a batch that was to go to the store. */
struct kvmb_moved {
	uint64_t bytes;
	uint64_t stored_bytes; /* what it takes there */
	uint64_t left_bytes[KVMB_LEFTS];
	int error; /* for which it ended early, after some had been moved: -errno, or 0 */
};

struct kvmb_cold_finder {
	/*
	 * Resident ranges idle for @idle_usec or longer, coldest first, @most_bytes or a little
	 * more of them. Any thread; may block.
	 * @ret: ranges are malloc'ed; none where nothing is that cold
	 * Return: 0, -ESRCH nobody of that UUID is aged, -EOPNOTSUPP its source knows no
	 * addresses, or another -errno.
	 */
	int (*find)(void *ctx, const char *uuid, uint64_t idle_usec, uint64_t most_bytes,
		    struct kvmb_cold *ret);
	void (*unref)(void *ctx);
	void *ctx;
	/*
	 * Move to the guest's store: @n ranges, KVMB_MOVE_RANGES at most; returns when all were
	 * dealt with, so a few MiB at a time. Any thread; may block. NULL: there are no stores.
	 * Return: 0, -ESRCH the guest is gone, or nobody of that UUID is aged; -EOPNOTSUPP there is
	 * no store; or another -errno: nothing was moved, or nobody knows how much. @ret is not
	 * written then.
	 */
	int (*move)(void *ctx, const char *uuid, const struct kvmb_range *ranges, size_t n,
		    struct kvmb_moved *ret);
	/* What the guest's store says now; errors as above. */
	int (*store)(void *ctx, const char *uuid, struct kvmb_store *ret);
};

#endif

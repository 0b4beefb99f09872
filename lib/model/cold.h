/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is cold in a guest now: asked by page-out, answered by whoever ages the guest. */
#ifndef KVMB_MODEL_COLD_H
#define KVMB_MODEL_COLD_H

#include <kvmballoon.h>

struct kvmb_cold {
	struct kvmb_range *ranges;
	size_t n;
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
};

#endif

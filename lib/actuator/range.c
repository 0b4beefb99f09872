// SPDX-License-Identifier: LGPL-2.1-or-later
/* A walk over the ranges of an action. */
#include <errno.h>
#include <unistd.h>

#include "actuator/pageout.h"

/* The gate limits asked_bytes, so more is not touched whatever the ranges sum up to. */
int kvmb_range_check(const struct kvmb_action *a)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (a->n_ranges == 0 || a->asked_bytes < page)
		return -EINVAL;
	for (size_t i = 0; i < a->n_ranges; i++) {
		const struct kvmb_range *r = &a->ranges[i];

		if (r->length_bytes == 0 || r->hva % page != 0 || r->length_bytes % page != 0)
			return -EINVAL;
		if (r->hva > UINT64_MAX - r->length_bytes || r->hva + r->length_bytes > SIZE_MAX)
			return -EINVAL;
	}
	return 0;
}

size_t kvmb_range_peek(const struct kvmb_range_cursor *at, uint64_t bytes, struct kvmb_range *ret,
		       size_t max)
{
	struct kvmb_range_cursor c = *at;
	size_t n = 0;

	while (kvmb_range_more(&c) && n < max && bytes > 0) {
		const struct kvmb_range *r = &c.ranges[c.i];
		uint64_t room = u64_min(bytes, c.left_bytes);
		uint64_t length = u64_min(r->length_bytes - c.offset, room);

		ret[n++] = (struct kvmb_range){ r->hva + c.offset, length };
		bytes -= length;
		c.left_bytes -= length;
		c.offset = 0;
		c.i++;
	}
	return n;
}

void kvmb_range_advance(struct kvmb_range_cursor *c, uint64_t bytes)
{
	c->left_bytes = u64_sub_sat(c->left_bytes, bytes);
	while (c->i < c->n && bytes > 0) {
		uint64_t rest = c->ranges[c->i].length_bytes - c->offset;

		if (bytes < rest) {
			c->offset += bytes;
			return;
		}
		bytes -= rest;
		c->offset = 0;
		c->i++;
	}
}

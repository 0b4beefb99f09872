// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that did not compress, by address: to try again would cost as much and find the same, most
 * of the time. A block forgets all of its own at once when the first of them is old enough.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "far-impl.h"

/* Content changes: what was encrypted or packed may be free memory by then. */
unsigned int kvms_dense_ms = 600000;

static unsigned long page_index(unsigned long hva)
{
	return (hva & ~KVMS_BLOCK_MASK) >> PAGE_SHIFT;
}

static bool is_old(const struct kvms_dense *d)
{
	return time_after_eq(jiffies, d->since + msecs_to_jiffies(READ_ONCE(kvms_dense_ms)));
}

bool kvms_dense_test(struct kvms_far *far, unsigned long hva)
{
	struct kvms_dense *d = xa_load(&far->dense, hva >> KVM_SWAP_BLOCK_SHIFT);

	return d && !is_old(d) && test_bit(page_index(hva), d->pages);
}

void kvms_dense_set(struct kvms_far *far, unsigned long hva)
{
	struct kvms_dense *d = xa_load(&far->dense, hva >> KVM_SWAP_BLOCK_SHIFT);

	if (!d) {
		d = kzalloc(sizeof(*d), GFP_NOWAIT | __GFP_NOWARN);
		if (!d)
			return;
		if (xa_err(xa_store(&far->dense, hva >> KVM_SWAP_BLOCK_SHIFT, d,
				    GFP_NOWAIT | __GFP_NOWARN))) {
			kfree(d);
			return;
		}
		atomic_long_inc(&far->dense_blocks);
		d->since = jiffies;
	} else if (is_old(d)) {
		bitmap_zero(d->pages, KVMS_BLOCK_PAGES);
		d->since = jiffies;
	}
	__set_bit(page_index(hva), d->pages);
}

void kvms_dense_clear(struct kvms_far *far)
{
	struct kvms_dense *d;
	unsigned long index;

	xa_for_each(&far->dense, index, d)
		kfree(d);
	xa_destroy(&far->dense);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of far memory. Files: move.c walks ranges, pageout.c and pagein.c do what is asked
 * with each part of them, home.c and drain.c bring pages back, region.c has the device pages that
 * stand for them, dense.c remembers what does not compress, life.c makes and ends all that,
 * figures.c tells of it; below them store.c has the content.
 *
 * Locks (docs/LOCKING.md): vm->mutex, far->mutex, mmap_lock, page locks, far->lock.
 */
#ifndef _KVMS_FAR_IMPL_H
#define _KVMS_FAR_IMPL_H

#include <linux/memremap.h>
#include <linux/xarray.h>

#include "far.h"
#include "store.h"

/*
 * Pages that are on the move at once: whoever touches one of them waits for all. They are still so
 * many that what is done once for all, flushes of TLBs above all, is cheap for each.
 */
#define KVMS_BATCH	64UL

/* For faults when memory is short: as many vCPUs as may fault at once; refilled by a work. */
#define KVMS_RESERVE_PAGES	64

/**
 * struct kvms_chunk - a stretch of device pages: addresses that no memory has
 * @link: in far->chunks (far->mutex and far->lock to change, either to look)
 * @first: number of its first page
 * @free: list by zone_device_data, @used: those that are not in it (far->lock)
 * @slots: one a page, written by who owns the page
 */
struct kvms_chunk {
	struct list_head link;
	struct kvms_far *far;
	struct resource *res;
	unsigned long first;
	unsigned long n_pages;
	struct page *free;
	unsigned long used;
	struct kvms_far_slot *slots;
	struct dev_pagemap pagemap; /* last: one range a section */
};

/* Pages of a block that did not compress. */
struct kvms_dense {
	unsigned long since;
	DECLARE_BITMAP(pages, KVMS_BLOCK_PAGES);
};

struct kvms_far_counters {
	atomic64_t outs;
	atomic64_t faults;
	atomic64_t fetched;
	atomic64_t dense;
	atomic64_t reserve_used;
	atomic64_t fault_ns[KVM_SWAP_FAULT_BUCKETS];
};

/**
 * struct kvms_far - a guest's far memory; lives on without the guest until nothing is out
 * @link: in the list of all, life.c
 * @limit_bytes: see the UAPI (READ_ONCE); @room_bytes: the same for the host's sake (vm->mutex)
 * @dense: blocks by address, struct kvms_dense (vm->mutex)
 * @work: gives back chunks, drains where @released, ends it all
 * @refill: of the reserve
 * @mm: of its guest: whoever attaches to that takes the store over (mmgrab)
 * @released: nobody is attached any more (kvms_fars_mutex to change)
 * @mutex: of chunks that come and go, and of what moves pages: @src, @dst, @stock
 * @stock: memory for pages that come home, asked for before they are locked
 * @cursor: number of the device page where the next drain goes on
 * @drained: nothing is out, and nobody is about to page out
 * @no_chunk_until: jiffies; there was no memory for one
 * @lock: of free pages, @used and the reserve; leaf, taken under page table locks
 * @used: device pages that stand for a page, or are about to
 */
struct kvms_far {
	struct list_head link;
	struct kvms_store store;
	u64 limit_bytes;
	u64 room_bytes;
	struct xarray dense;
	atomic_long_t dense_blocks;
	struct kvms_far_counters counters;
	struct delayed_work work;
	struct delayed_work refill;
	struct mm_struct *mm;
	bool released;

	struct mutex mutex; /* of all down to @no_chunk_until */
	struct list_head chunks;
	unsigned long src[KVMS_BATCH];
	unsigned long dst[KVMS_BATCH];
	struct page *stock[KVMS_BATCH];
	unsigned long n_stock;
	unsigned long cursor;
	bool drained;
	unsigned long no_chunk_until;

	spinlock_t lock; /* of the rest */
	unsigned long n_pages;
	unsigned long used;
	struct list_head reserve;
	unsigned int n_reserve;
};

/* ---- region.c ---------------------------------------------------------------------------- */

/** kvms_region_grow() - so that @n pages are free. -ENOMEM. Sleeps, for long. far->mutex. */
int kvms_region_grow(struct kvms_far *far, unsigned long n);

/**
 * kvms_region_shrink() - give back a chunk that is empty; the last one only when @far has ended
 * The far->mutex is taken, for a look only. far->work, which waits for who frees the last page.
 * Return: one was given back, there may be more.
 */
bool kvms_region_shrink(struct kvms_far *far);

/** kvms_region_take() - a page that stands for nothing yet, or NULL. */
struct page *kvms_region_take(struct kvms_far *far);

/** kvms_region_put_back() - it was not needed */
void kvms_region_put_back(struct page *page);

/** kvms_region_slot() - what is remembered of a device page */
struct kvms_far_slot *kvms_region_slot(struct page *page);

static inline struct kvms_chunk *kvms_page_chunk(struct page *page)
{
	return container_of(page_pgmap(page), struct kvms_chunk, pagemap);
}

/* ---- home.c ------------------------------------------------------------------------------ */

extern const struct dev_pagemap_ops kvms_pagemap_ops;

/* By order nobody waits for the pages: memory for them may fail to come. */
#define KVMS_HOME_BY_ORDER	(GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* No reclaim, no reserves. */
#define KVMS_HOME_UNASKED	((GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC | \
				 __GFP_NOWARN)

/**
 * struct kvms_home - pages on their way home
 * @gfp: how memory is asked for
 * @moved, @stored_bytes: those that came, and what they took in the store
 * @poisoned: failed their check
 * @no_memory: are out, and could have come
 */
struct kvms_home {
	gfp_t gfp;
	unsigned long moved;
	u64 stored_bytes;
	unsigned long poisoned;
	unsigned long no_memory;
};

/**
 * kvms_home_range() - bring home what is out of a part of a mapping, up to KVMS_BATCH pages
 * far->mutex, mmap_lock; the mapping is anonymous. @h is added to.
 */
void kvms_home_range(struct kvms_far *far, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, struct kvms_home *h);

/**
 * kvms_stock_fill() - memory for @n pages that come home, or what there is
 * Before any page is locked: who asks for memory may have to wait for who holds one. Where the
 * mapping wants it, if there is one. far->mutex. kvms_home_done() gives back what is left.
 */
void kvms_stock_fill(struct kvms_far *far, unsigned long n, struct vm_area_struct *vma,
		     unsigned long addr, const struct kvms_home *h);

/** kvms_home_load() - to far->dst what is ours of far->src, as far as the stock lasts */
void kvms_home_load(struct kvms_far *far, unsigned long n, struct kvms_home *h);

/** kvms_home_count() - what of it came home; between migration and its end */
void kvms_home_count(struct kvms_far *far, unsigned long n, struct kvms_home *h);

/** kvms_home_done() - give back memory that was asked for in vain. far->mutex. */
void kvms_home_done(struct kvms_far *far);

/** kvms_reserve_fill(), kvms_reserve_empty() - pages for faults. True: it is full. Sleep. */
bool kvms_reserve_fill(struct kvms_far *far);
void kvms_reserve_empty(struct kvms_far *far);

/* ---- drain.c ----------------------------------------------------------------------------- */

/**
 * kvms_drain_some() - bring home what is out of the guest's process, until @max or @end_ns
 * What a fork of it alone has stays out. far->mutex. Return: 0, -EINTR a fatal signal.
 */
int kvms_drain_some(struct kvms_far *far, unsigned long max, u64 end_ns, struct kvms_home *h);

/* ---- dense.c ----------------------------------------------------------------------------- */

/** kvms_dense_test() - did the page fail to compress a short while ago? vm->mutex. */
bool kvms_dense_test(struct kvms_far *far, unsigned long hva);

/** kvms_dense_set() - remember it, if there is memory for that. vm->mutex. */
void kvms_dense_set(struct kvms_far *far, unsigned long hva);

void kvms_dense_clear(struct kvms_far *far);

extern unsigned int kvms_dense_ms; /* how long that is */

/* ---- life.c ------------------------------------------------------------------------------ */

extern u64 kvms_far_limit_bytes; /* of all pools (READ_ONCE) */

/** kvms_far_sum() - memory of all pools, pages that are out of all guests. Sleeps. */
void kvms_far_sum(u64 *ret_bytes, u64 *ret_pages);

/** kvms_far_get() - the guest's, made if there is none. vm->mutex. -ENOENT, -ENOMEM. */
int kvms_far_get(struct kvms_vm *vm, struct kvms_far **ret);

/** kvms_far_kick() - look soon whether chunks can be given back. Any context. */
void kvms_far_kick(struct kvms_far *far);

/** kvms_far_refill() - fill the reserve soon, and try until it is full. Any context. */
void kvms_far_refill(struct kvms_far *far);

/** kvms_far_measure_room() - what the other stores leave of the host's limit. vm->mutex. Sleeps. */
void kvms_far_measure_room(struct kvms_far *far);

/** kvms_far_has_room() - are the limits not reached? As it was measured last. vm->mutex. */
bool kvms_far_has_room(struct kvms_far *far);

/** kvms_far_replace() - its parameters change: a new one begins, if nothing is out. vm->mutex. */
int kvms_far_replace(struct kvms_vm *vm, const struct kvms_far_params *wanted);

/* ---- far-sysfs.c ------------------------------------------------------------------------- */

int kvms_far_sysfs_init(struct kobject *top);
void kvms_far_sysfs_exit(void);

#endif

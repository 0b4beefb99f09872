// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device pages: a struct page each, for addresses that no memory has, so that page tables can say
 * of a page that it is out. They come in chunks, which are given back when they are empty.
 *
 * A chunk is a thirty-second of what there is, so that little is reserved in vain, but no less than
 * 32 MiB, so that small stores have few of them, and no more than 1 GiB, which takes a while.
 */
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "far-impl.h"

#define CHUNK_MIN	(32UL << 20)
#define CHUNK_MAX	(1024UL << 20)
#define RANGE_BYTES	(PAGES_PER_SECTION << PAGE_SHIFT)

/*
 * Memory that is to be left, in multiples of what a chunk takes: where the kernel finds none in the
 * middle of it, it says so by a warning with a stack.
 */
#define SPARE_PARTS	8
#define NO_CHUNK_MS	5000 /* nor does it help to try for every block */

static int n_ranges(unsigned long bytes)
{
	return DIV_ROUND_UP(bytes, RANGE_BYTES);
}

static unsigned long chunk_cost(unsigned long bytes)
{
	return (bytes >> PAGE_SHIFT) * (sizeof(struct page) + sizeof(struct kvms_far_slot));
}

static bool is_affordable(unsigned long bytes)
{
	return si_mem_available() > (long)(SPARE_PARTS * chunk_cost(bytes) >> PAGE_SHIFT);
}

static unsigned long chunk_bytes(const struct kvms_far *far)
{
	unsigned long part = (far->n_pages << PAGE_SHIFT) / 32;

	if (part <= CHUNK_MIN)
		return CHUNK_MIN;
	part = min(rounddown_pow_of_two(part), CHUNK_MAX);
	return is_affordable(part) ? part : CHUNK_MIN;
}

/*
 * The kernel takes whole sections of addresses; those left over cost nothing. Each is a range: when
 * memory ends in the middle of a range, the kernel keeps what it has made of it, and refuses the
 * same addresses ever after; ranges before it are undone.
 */
static int chunk_map(struct kvms_chunk *c, unsigned long bytes)
{
	void *ret;
	int i;

	c->res = request_free_mem_region(&iomem_resource, bytes, "kvm_swap");
	if (IS_ERR(c->res))
		return PTR_ERR(c->res);
	c->pagemap.type = MEMORY_DEVICE_PRIVATE;
	c->pagemap.nr_range = n_ranges(bytes);
	for (i = 0; i < c->pagemap.nr_range; i++) {
		c->pagemap.ranges[i].start = c->res->start + i * RANGE_BYTES;
		c->pagemap.ranges[i].end = c->res->start +
					   min((i + 1) * RANGE_BYTES, bytes) - 1;
	}
	c->pagemap.ops = &kvms_pagemap_ops;
	c->pagemap.owner = c->far;
	ret = memremap_pages(&c->pagemap, NUMA_NO_NODE);
	if (!IS_ERR(ret))
		return 0;
	release_mem_region(c->res->start, resource_size(c->res));
	return PTR_ERR(ret);
}

static void page_to_free(struct kvms_chunk *c, struct page *page)
{
	page->zone_device_data = c->free;
	c->free = page;
}

static struct kvms_chunk *chunk_new(struct kvms_far *far, unsigned long bytes)
{
	struct kvms_chunk *c = kzalloc(struct_size(c, pagemap.ranges, n_ranges(bytes)), GFP_KERNEL);
	unsigned long i;

	if (!c)
		return NULL;
	c->far = far;
	c->n_pages = bytes >> PAGE_SHIFT;
	c->slots = kvcalloc(c->n_pages, sizeof(*c->slots), GFP_KERNEL);
	if (!c->slots)
		goto out_free;
	if (chunk_map(c, bytes))
		goto out_slots;
	c->first = PHYS_PFN(c->res->start);
	for (i = c->n_pages; i > 0; i--)
		page_to_free(c, pfn_to_page(c->first + i - 1));
	return c;
out_slots:
	kvfree(c->slots);
out_free:
	kfree(c);
	return NULL;
}

/* Waits for those who have just freed its last page. */
static void chunk_free(struct kvms_chunk *c)
{
	memunmap_pages(&c->pagemap);
	release_mem_region(c->res->start, resource_size(c->res));
	kvfree(c->slots);
	kfree(c);
}

int kvms_region_grow(struct kvms_far *far, unsigned long n)
{
	struct kvms_chunk *c;
	unsigned long bytes;

	lockdep_assert_held(&far->mutex);

	while (READ_ONCE(far->n_pages) - READ_ONCE(far->used) < n) {
		if (time_before(jiffies, far->no_chunk_until))
			return -ENOMEM;
		bytes = chunk_bytes(far);
		c = is_affordable(bytes) ? chunk_new(far, bytes) : NULL;
		if (!c) {
			far->no_chunk_until = jiffies + msecs_to_jiffies(NO_CHUNK_MS);
			return -ENOMEM;
		}
		spin_lock(&far->lock);
		list_add_tail(&c->link, &far->chunks);
		far->n_pages += c->n_pages;
		spin_unlock(&far->lock);
	}
	return 0;
}

/* Off the list, so that nobody takes pages of it. */
static struct kvms_chunk *take_empty(struct kvms_far *far, bool all)
{
	struct kvms_chunk *c, *empty = NULL;

	spin_lock(&far->lock);
	list_for_each_entry_reverse(c, &far->chunks, link) {
		/* One is kept, for pages that are about to go out. */
		if (c->used || (!all && far->n_pages - far->used < 2 * c->n_pages))
			continue;
		list_del(&c->link);
		far->n_pages -= c->n_pages;
		empty = c;
		break;
	}
	spin_unlock(&far->lock);
	return empty;
}

bool kvms_region_shrink(struct kvms_far *far)
{
	struct kvms_chunk *c;

	mutex_lock(&far->mutex);
	c = take_empty(far, far->drained || READ_ONCE(far->released));
	mutex_unlock(&far->mutex);
	if (c)
		chunk_free(c);
	return c;
}

/* The oldest chunk first, so that the others empty. */
struct page *kvms_region_take(struct kvms_far *far)
{
	struct page *page = NULL;
	struct kvms_chunk *c;

	spin_lock(&far->lock);
	list_for_each_entry(c, &far->chunks, link) {
		page = c->free;
		if (!page)
			continue;
		c->free = page->zone_device_data;
		c->used++;
		far->used++;
		break;
	}
	spin_unlock(&far->lock);
	return page;
}

void kvms_region_put_back(struct page *page)
{
	struct kvms_chunk *c = kvms_page_chunk(page);
	struct kvms_far *far = c->far;
	bool empty;

	spin_lock(&far->lock);
	page_to_free(c, page);
	empty = !--c->used;
	far->used--;
	spin_unlock(&far->lock);
	if (empty)
		kvms_far_kick(far);
}

struct kvms_far_slot *kvms_region_slot(struct page *page)
{
	struct kvms_chunk *c = kvms_page_chunk(page);

	return &c->slots[page_to_pfn(page) - c->first];
}

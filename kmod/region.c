// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device pages: a struct page each, for addresses that no memory has, so that page tables can say
 * of a page that it is out. They come in chunks, which are given back when they are empty.
 *
 * A chunk is a thirty-second of what there is, so that little is reserved in vain, but no less than
 * 32 MiB, so that small stores have few of them, and no more than 1 GiB, which takes a while.
 */
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "far-impl.h"

#define CHUNK_MIN	(32UL << 20)
#define CHUNK_MAX	(1024UL << 20)

static unsigned long chunk_bytes(const struct kvms_far *far)
{
	unsigned long part = (far->n_pages << PAGE_SHIFT) / 32;

	return part > CHUNK_MIN ? min(rounddown_pow_of_two(part), CHUNK_MAX) : CHUNK_MIN;
}

/* The kernel takes whole sections of addresses (128 MiB); those left over cost nothing. */
static int chunk_map(struct kvms_chunk *c, unsigned long bytes)
{
	void *ret;

	c->res = request_free_mem_region(&iomem_resource, bytes, "kvm_swap");
	if (IS_ERR(c->res))
		return PTR_ERR(c->res);
	c->pagemap.type = MEMORY_DEVICE_PRIVATE;
	c->pagemap.range.start = c->res->start;
	c->pagemap.range.end = c->res->start + bytes - 1;
	c->pagemap.nr_range = 1;
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
	struct kvms_chunk *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	unsigned long i;

	if (!c)
		return NULL;
	c->far = far;
	c->n_pages = bytes >> PAGE_SHIFT;
	c->slots = kvcalloc(c->n_pages, sizeof(*c->slots), GFP_KERNEL_ACCOUNT);
	if (!c->slots)
		goto out_free;
	if (chunk_map(c, bytes))
		goto out_slots;
	c->first = PHYS_PFN(c->pagemap.range.start);
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

	lockdep_assert_held(&far->mutex);

	while (READ_ONCE(far->n_pages) - READ_ONCE(far->used) < n) {
		c = chunk_new(far, chunk_bytes(far));
		if (!c)
			return -ENOMEM;
		spin_lock(&far->lock);
		list_add_tail(&c->link, &far->chunks);
		far->n_pages += c->n_pages;
		spin_unlock(&far->lock);
	}
	return 0;
}

void kvms_region_shrink(struct kvms_far *far, bool all)
{
	struct kvms_chunk *c, *next;
	LIST_HEAD(empty);

	lockdep_assert_held(&far->mutex);

	spin_lock(&far->lock);
	list_for_each_entry_safe_reverse(c, next, &far->chunks, link) {
		if (c->used)
			continue;
		/* One is kept, for pages that are about to go out. */
		if (!all && far->n_pages - far->used < 2 * c->n_pages)
			continue;
		list_move(&c->link, &empty);
		far->n_pages -= c->n_pages;
	}
	spin_unlock(&far->lock);
	list_for_each_entry_safe(c, next, &empty, link)
		chunk_free(c);
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

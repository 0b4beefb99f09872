// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way home: by a fault, or by address.
 *
 * A fault comes with mmap_lock held and the device page locked. It takes no mutex but a reader's of
 * the store, which is held by others who read for as long as one page takes, and it waits for no
 * page-out: that holds vm->mutex and far->mutex, which are not taken here. Memory for the page is
 * asked for with reclaim, but not for ever, taken from the reserve where there is none, and at
 * last as any fault would have it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/psi.h>
#include <linux/sched/signal.h>

#include "far-impl.h"

/* ---- Pages ------------------------------------------------------------------------------- */

static struct page *reserve_take(struct kvms_far *far)
{
	struct page *page;

	spin_lock(&far->lock);
	page = list_first_entry_or_null(&far->reserve, struct page, lru);
	if (page) {
		list_del(&page->lru);
		far->n_reserve--;
	}
	spin_unlock(&far->lock);
	if (page)
		atomic64_inc(&far->counters.reserve_used);
	kvms_far_refill(far);
	return page;
}

bool kvms_reserve_fill(struct kvms_far *far)
{
	while (READ_ONCE(far->n_reserve) < KVMS_RESERVE_PAGES) {
		struct page *page = alloc_page(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN);

		if (!page)
			return false;
		spin_lock(&far->lock);
		list_add(&page->lru, &far->reserve);
		far->n_reserve++;
		spin_unlock(&far->lock);
	}
	return true;
}

void kvms_reserve_empty(struct kvms_far *far)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &far->reserve, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	far->n_reserve = 0;
}

static struct page *page_for_fault(struct kvms_far *far, struct vm_fault *vmf)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE;
	struct folio *folio;
	struct page *page;

	folio = vma_alloc_folio(gfp | __GFP_NORETRY | __GFP_NOWARN, 0, vmf->vma, vmf->address);
	if (folio)
		return folio_page(folio, 0);
	page = reserve_take(far);
	if (page)
		return page;
	folio = vma_alloc_folio(gfp, 0, vmf->vma, vmf->address);
	return folio ? folio_page(folio, 0) : NULL;
}

void kvms_stock_fill(struct kvms_far *far, unsigned long n, struct vm_area_struct *vma,
		     unsigned long addr, const struct kvms_home *h)
{
	struct folio *folio;

	while (far->n_stock < n) {
		folio = vma ? vma_alloc_folio(h->gfp, 0, vma, addr) : folio_alloc(h->gfp, 0);
		if (!folio)
			break;
		far->stock[far->n_stock++] = folio_page(folio, 0);
		addr += PAGE_SIZE;
	}
}

void kvms_home_done(struct kvms_far *far)
{
	lockdep_assert_held(&far->mutex);

	while (far->n_stock)
		__free_page(far->stock[--far->n_stock]);
}

/* ---- One page ---------------------------------------------------------------------------- */

/* @from, a device page that is locked and unmapped, to @to. -EBADMSG: it is lost. */
static int page_load(struct kvms_far *far, struct page *from, struct page *to)
{
	struct kvms_far_slot slot = *kvms_region_slot(from);
	int ret = kvms_store_get(&far->store, to, page_to_pfn(from), slot,
				 (unsigned long)from->zone_device_data);

	if (ret != -EBADMSG)
		return ret;
	kvms_region_slot(from)->type = KVMS_SLOT_LOST;
	pr_err_ratelimited("store %llu: a page failed its check and is lost\n", far->store.id);
	return ret;
}

static unsigned long page_lock_for(struct page *page)
{
	lock_page(page);
	return migrate_pfn(page_to_pfn(page));
}

static bool is_ours(const struct kvms_far *far, unsigned long src)
{
	struct page *page = migrate_pfn_to_page(src);

	return page && (src & MIGRATE_PFN_MIGRATE) && is_device_private_page(page) &&
	       page_pgmap(page)->owner == far && kvms_region_slot(page)->type != KVMS_SLOT_HOME;
}

/*
 * Its content is in another page now. Whoever holds a reference to it still, as a fault does for a
 * moment, keeps it from being free: a drain that finds it so, by its number, must leave it alone.
 */
static void set_home(unsigned long src)
{
	kvms_region_slot(migrate_pfn_to_page(src))->type = KVMS_SLOT_HOME;
}

/* The last of it: the kernel drops the device page, whoever holds the last reference. */
static void folio_free(struct folio *folio)
{
	struct page *page = folio_page(folio, 0);
	struct kvms_far_slot *slot = kvms_region_slot(page);

	kvms_store_drop(&kvms_page_chunk(page)->far->store, *slot,
			(unsigned long)page->zone_device_data);
	*slot = (struct kvms_far_slot){ .type = KVMS_SLOT_FREE };
	kvms_region_put_back(page);
}

/* ---- Faults ------------------------------------------------------------------------------ */

static void count_fault(struct kvms_far *far, u64 ns)
{
	unsigned int bucket = ns ? min(ilog2(ns), KVM_SWAP_FAULT_BUCKETS - 1) : 0;

	atomic64_inc(&far->counters.faults);
	atomic64_inc(&far->counters.fault_ns[bucket]);
}

/*
 * KVM ends a guest whose fault fails. The allocator gives up for tasks that are about to end, and
 * they may; all others' faults come again.
 */
static vm_fault_t fault_no_memory(void)
{
	bool ends = fatal_signal_pending(current) || current->flags & (PF_EXITING | PF_DUMPCORE);

	return ends ? VM_FAULT_OOM : 0;
}

static vm_fault_t fault_load(struct kvms_far *far, struct vm_fault *vmf, struct migrate_vma *args)
{
	struct page *page;
	int ret;

	/* Since the fault its page may have been discarded, and another one be out there: again. */
	if (!is_ours(far, *args->src) || migrate_pfn_to_page(*args->src) != vmf->page)
		return 0;
	page = page_for_fault(far, vmf);
	if (!page)
		return fault_no_memory();
	ret = page_load(far, vmf->page, page);
	if (ret) {
		__free_page(page);
		return ret == -EBADMSG ? VM_FAULT_HWPOISON : fault_no_memory();
	}
	*args->dst = page_lock_for(page);
	return 0;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct kvms_far *far = page_pgmap(vmf->page)->owner;
	unsigned long src = 0, dst = 0, start = vmf->address & PAGE_MASK;
	struct migrate_vma args = {
		.vma = vmf->vma,
		.src = &src,
		.dst = &dst,
		.start = start,
		.end = start + PAGE_SIZE,
		.pgmap_owner = far,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
		.fault_page = vmf->page,
	};
	u64 start_ns = ktime_get_ns();
	vm_fault_t ret;

	if (migrate_vma_setup(&args))
		return VM_FAULT_SIGBUS;
	ret = fault_load(far, vmf, &args);
	if (!ret)
		migrate_vma_pages(&args);
	if (dst && (src & MIGRATE_PFN_MIGRATE)) {
		set_home(src);
		count_fault(far, ktime_get_ns() - start_ns);
		ret = VM_FAULT_MAJOR;
	}
	migrate_vma_finalize(&args);
	return ret;
}

/* Whoever comes by here stalls for want of memory, as one who waits for swap. */
static vm_fault_t migrate_to_ram(struct vm_fault *vmf)
{
	unsigned long flags;
	vm_fault_t ret;

	psi_memstall_enter(&flags);
	ret = fault(vmf);
	psi_memstall_leave(&flags);
	return ret;
}

const struct dev_pagemap_ops kvms_pagemap_ops = {
	.folio_free = folio_free,
	.migrate_to_ram = migrate_to_ram,
};

/* ---- By order ---------------------------------------------------------------------------- */

/* Page @i of far->src, which is ours, to the last one of the stock. */
static int load_one(struct kvms_far *far, unsigned long i)
{
	struct page *page;
	int ret;

	if (!far->n_stock)
		return -ENOMEM;
	page = far->stock[far->n_stock - 1];
	ret = page_load(far, migrate_pfn_to_page(far->src[i]), page);
	if (ret)
		return ret;
	far->n_stock--;
	far->dst[i] = page_lock_for(page);
	return 0;
}

void kvms_home_load(struct kvms_far *far, unsigned long n, struct kvms_home *h)
{
	unsigned long i;
	int ret;

	for (i = 0; i < n; i++) {
		far->dst[i] = 0;
		if (!is_ours(far, far->src[i]))
			continue;
		ret = load_one(far, i);
		h->poisoned += ret == -EBADMSG;
		h->no_memory += ret && ret != -EBADMSG;
	}
}

void kvms_home_count(struct kvms_far *far, unsigned long n, struct kvms_home *h)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		struct page *page = migrate_pfn_to_page(far->src[i]);

		if (!far->dst[i] || !page || !(far->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		h->moved++;
		h->stored_bytes += kvms_region_slot(page)->bytes;
		set_home(far->src[i]);
		atomic64_inc(&far->counters.fetched);
	}
}

void kvms_home_range(struct kvms_far *far, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, struct kvms_home *h)
{
	struct migrate_vma args = {
		.vma = vma,
		.src = far->src,
		.dst = far->dst,
		.start = start,
		.end = end,
		.pgmap_owner = far,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
	};

	lockdep_assert_held(&far->mutex);
	mmap_assert_locked(vma->vm_mm);

	kvms_stock_fill(far, (end - start) >> PAGE_SHIFT, vma, start, h);
	if (migrate_vma_setup(&args))
		return;
	kvms_home_load(far, args.npages, h);
	migrate_vma_pages(&args);
	kvms_home_count(far, args.npages, h);
	migrate_vma_finalize(&args);
}

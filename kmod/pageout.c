// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way out: which pages may go, and what becomes of them.
 *
 * Residency has been asked, as by a pass, so that only what is there is unmapped: whatever is
 * unmapped loses accessed bits. Pages that are unmapped and stay are young afterwards.
 */
#include <linux/hmm.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include "move.h"

static int out_prepare(struct kvms_move *w)
{
	int ret = kvms_far_get(w->vm, &w->far);

	if (ret)
		return ret;
	kvms_far_measure_room(w->far);
	mutex_lock(&w->far->mutex);
	w->far->drained = false;
	/* Where it cannot, pages stay, and are counted. */
	(void)kvms_region_grow(w->far, KVMS_BLOCK_PAGES);
	mutex_unlock(&w->far->mutex);
	return 0;
}

static int why_folio_stays(struct folio *folio)
{
	if (folio_test_ksm(folio))
		return KVM_SWAP_SKIP_KSM;
	if (folio_maybe_mapped_shared(folio))
		return KVM_SWAP_SKIP_SHARED;
	return folio_maybe_dma_pinned(folio) ? KVM_SWAP_SKIP_PINNED : -1;
}

/* An answer for this moment, to spare the page the unmapping. -1: it may go. */
static int why_stays(struct kvms_move *w, unsigned long addr)
{
	unsigned long i = kvms_move_page(w, addr);
	struct folio *folio;
	struct page *page;
	int why;

	if (!test_bit(i, w->vm->resident))
		return KVM_SWAP_SKIP_ABSENT;
	if (kvms_dense_test(w->far, addr))
		return KVM_SWAP_SKIP_DENSE;
	/* Nothing has held it since residency was asked: it may be free, or split, or gone. */
	page = pfn_to_online_page(w->vm->pfns[i] & ~HMM_PFN_FLAGS);
	folio = page ? page_folio(page) : NULL;
	if (!folio || !folio_try_get(folio))
		return KVM_SWAP_SKIP_RACED;
	why = page_folio(page) == folio ? why_folio_stays(folio) : KVM_SWAP_SKIP_RACED;
	folio_put(folio);
	return why;
}

/* A device page with the content of @page, locked; or why not. */
static int page_put(struct kvms_move *w, struct page *page, unsigned long addr, struct page **ret)
{
	struct kvms_far *far = w->far;
	struct page *to;
	unsigned long data;
	int r;

	if (folio_test_ksm(page_folio(page)))
		return KVM_SWAP_SKIP_KSM;
	if (!kvms_far_has_room(far))
		return KVM_SWAP_SKIP_LIMIT;
	to = kvms_region_take(far);
	if (!to)
		return KVM_SWAP_SKIP_NO_MEMORY;
	r = kvms_store_put(&far->store, page, page_to_pfn(to), kvms_region_slot(to), &data);
	if (r) {
		kvms_region_put_back(to);
		if (r != -E2BIG)
			return KVM_SWAP_SKIP_NO_MEMORY;
		atomic64_inc(&far->counters.dense);
		kvms_dense_set(far, addr);
		return KVM_SWAP_SKIP_DENSE;
	}
	to->zone_device_data = (void *)data;
	zone_device_page_init(to, &kvms_page_chunk(to)->pagemap, 0);
	*ret = to;
	return -1;
}

static void run_put(struct kvms_move *w, const struct migrate_vma *args)
{
	struct page *page, *to;
	unsigned long i;
	int why;

	for (i = 0; i < args->npages; i++) {
		page = migrate_pfn_to_page(args->src[i]);
		if (!(args->src[i] & MIGRATE_PFN_MIGRATE)) {
			kvms_move_skip(w, KVM_SWAP_SKIP_PINNED, 1);
			continue;
		}
		why = page ? page_put(w, page, args->start + (i << PAGE_SHIFT), &to) :
			     KVM_SWAP_SKIP_ABSENT;
		if (why < 0)
			args->dst[i] = migrate_pfn(page_to_pfn(to));
		else
			kvms_move_skip(w, why, 1);
	}
}

static void run_count(struct kvms_move *w, const struct migrate_vma *args)
{
	unsigned long i, at = kvms_move_page(w, args->start);

	for (i = 0; i < args->npages; i++) {
		struct page *to = migrate_pfn_to_page(args->dst[i]);

		if (!to || !(args->src[i] & MIGRATE_PFN_MIGRATE)) {
			kvms_move_skip(w, KVM_SWAP_SKIP_RACED, !!to);
			__set_bit(at + i, w->stayed);
			continue;
		}
		__set_bit(at + i, w->moved);
		w->record->pages++;
		w->record->stored_bytes += kvms_region_slot(to)->bytes;
		atomic64_inc(&w->far->counters.outs);
	}
}

/* Up to KVMS_BATCH pages that may all go, as far as could be seen. */
static void run_out(struct kvms_move *w, struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	struct migrate_vma args = {
		.vma = vma,
		.src = w->far->src,
		.dst = w->far->dst,
		.start = start,
		.end = end,
		.pgmap_owner = w->vm,
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
	};

	if (migrate_vma_setup(&args)) {
		kvms_move_skip(w, KVM_SWAP_SKIP_RACED, (end - start) >> PAGE_SHIFT);
		return;
	}
	run_put(w, &args);
	migrate_vma_pages(&args);
	run_count(w, &args);
	migrate_vma_finalize(&args);
}

static int why_mapping_stays(struct vm_area_struct *vma)
{
	if (!vma_is_anonymous(vma))
		return KVM_SWAP_SKIP_FILE;
	return vma->vm_flags & (VM_LOCKED | VM_SPECIAL) ? KVM_SWAP_SKIP_LOCKED : -1;
}

static void out_part(struct kvms_move *w, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	unsigned long addr, from = start;
	int why = why_mapping_stays(vma);

	if (why >= 0) {
		kvms_move_skip(w, why, (end - start) >> PAGE_SHIFT);
		return;
	}
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		why = why_stays(w, addr);
		if (why < 0 && addr - from < KVMS_BATCH << PAGE_SHIFT)
			continue;
		if (from < addr)
			run_out(w, vma, from, addr);
		from = addr;
		if (why < 0)
			continue;
		kvms_move_skip(w, why, 1);
		from += PAGE_SIZE;
	}
	if (from < end)
		run_out(w, vma, from, end);
}

const struct kvms_mover kvms_mover_out = { out_prepare, out_part };

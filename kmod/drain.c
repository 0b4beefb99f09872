// SPDX-License-Identifier: GPL-2.0-only
/* Home from the device pages on: what is out, wherever the guest's process has it mapped. */
#include <linux/ktime.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "far-impl.h"

/* Do the mappings of @mm keep it? Whatever may map one of its pages is in the chain of some. */
static bool mm_keeps(struct mm_struct *mm, const struct anon_vma *anon_vma)
{
	const struct anon_vma_chain *avc;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	mmap_assert_write_locked(mm);

	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma)
		list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
			if (avc->anon_vma == anon_vma)
				return true;
	return false;
}

static bool slot_is_out(const struct kvms_far_slot *slot)
{
	/* a guess: who moves the page looks again, with the page locked */
	struct kvms_far_slot s = data_race(*slot);

	return s.type == KVMS_SLOT_DATA || s.type == KVMS_SLOT_SAME;
}

/*
 * Numbers of those of the @n pages that are out and whose anon_vma is kept, to far->src. A device
 * page has one anon_vma as long as it stands for a page, and far->mutex keeps it from standing for
 * another.
 */
static unsigned long collect_kept(struct kvms_far *far, unsigned long first, unsigned long n)
{
	unsigned long pfn, count = 0, mapping, last = 0;
	bool kept = false;

	for (pfn = first; pfn < first + n; pfn++) {
		struct page *page = pfn_to_page(pfn);

		mapping = (unsigned long)READ_ONCE(page_folio(page)->mapping);
		if (!slot_is_out(kvms_region_slot(page)) || !(mapping & FOLIO_MAPPING_ANON))
			continue;
		if (mapping != last)
			kept = mm_keeps(far->mm, (void *)(mapping & ~FOLIO_MAPPING_FLAGS));
		last = mapping;
		if (kept)
			far->src[count++] = pfn;
	}
	return count;
}

/*
 * Who moves pages by their numbers has to keep their anon_vma: the kernel asks it at the end, when
 * nothing maps them, and holds none. The process' mappings keep it, as long as it cannot unmap any;
 * to read mmap_lock is not enough, for munmap(2) frees them when it has gone down to reading as
 * well. What a fork alone has is left to it. Faults on pages that are out wait meanwhile. A process
 * that ends drops its pages.
 */
static void home_pfns(struct kvms_far *far, unsigned long first, unsigned long n,
		      struct kvms_home *h)
{
	if (!mmget_not_zero(far->mm))
		return;
	if (mmap_write_lock_killable(far->mm))
		goto out_put;
	n = collect_kept(far, first, n);
	migrate_device_pfns(far->src, n);
	kvms_home_load(far, n, h);
	migrate_device_pages(far->src, far->dst, n);
	kvms_home_count(far, n, h);
	migrate_device_finalize(far->src, far->dst, n);
	mmap_write_unlock(far->mm);
out_put:
	mmput_async(far->mm);
}

/* Locks are not taken: a page that is put meanwhile was not there when we began. */
static unsigned long count_out(const struct kvms_chunk *c, unsigned long at, unsigned long n)
{
	unsigned long i, out = 0;

	for (i = at; i < at + n; i++)
		out += slot_is_out(&c->slots[i]);
	return out;
}

/* Where the last drain stopped, so that pages which stay keep nobody behind them. */
static struct kvms_chunk *chunk_at_cursor(struct kvms_far *far)
{
	struct kvms_chunk *c;

	list_for_each_entry(c, &far->chunks, link)
		if (far->cursor >= c->first && far->cursor - c->first < c->n_pages)
			return c;
	c = list_first_entry_or_null(&far->chunks, struct kvms_chunk, link);
	far->cursor = c ? c->first : 0;
	return c;
}

int kvms_drain_some(struct kvms_far *far, unsigned long max, u64 end_ns, struct kvms_home *h)
{
	struct kvms_chunk *c = chunk_at_cursor(far);
	unsigned long seen = 0, at = c ? far->cursor - c->first : 0, n, out;
	int ret = 0;

	lockdep_assert_held(&far->mutex);

	while (!ret && seen < far->n_pages) {
		n = min3(c->n_pages - at, KVMS_BATCH, max - h->moved);
		if (!n || h->no_memory || ktime_get_ns() >= end_ns)
			break;
		out = count_out(c, at, n);
		kvms_stock_fill(far, out, NULL, 0, h);
		if (out)
			home_pfns(far, c->first + at, n, h);
		seen += n;
		at += n;
		if (at == c->n_pages) {
			c = list_next_entry_circular(c, &far->chunks, link);
			at = 0;
		}
		far->cursor = c->first + at;
		cond_resched();
		ret = fatal_signal_pending(current) ? -EINTR : 0;
	}
	kvms_home_done(far);
	return ret;
}

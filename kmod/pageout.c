// SPDX-License-Identifier: GPL-2.0-only
/*
 * PAGE_OUT and PAGE_IN: ranges, one 2 MiB block after the other, each under vm->mutex, so that no
 * pass looks at a block whose pages are on the move.
 *
 * Residency is asked first, as by a pass, so that only what is there is unmapped: whatever is
 * unmapped loses accessed bits. Pages that are unmapped and stay are young afterwards.
 */
#include <linux/hmm.h>
#include <linux/ktime.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "block.h"
#include "far-impl.h"
#include "params.h"
#include "residency.h"
#include "trace.h"
#include "tree.h"

#define USEC_DEFAULT	10000
#define PAGES_DEFAULT	65536
#define PAGES_MAX	1048576

struct walk;

/* One kind of move: what is done with a part of a mapping, within a block. */
struct mover {
	int (*prepare)(struct walk *w);
	void (*part)(struct walk *w, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
};

/* @hva: where the block in hand begins; @n: its pages. */
struct walk {
	struct kvms_vm *vm;
	struct kvms_far *far;
	struct kvm_swap_move *move;
	const struct mover *mover;
	unsigned long hva;
	unsigned long n;
	DECLARE_BITMAP(moved, KVMS_BLOCK_PAGES);
	DECLARE_BITMAP(stayed, KVMS_BLOCK_PAGES);
};

static void skip(struct walk *w, unsigned int why, unsigned long pages)
{
	w->move->skipped[why] += pages;
}

static unsigned long page_of(const struct walk *w, unsigned long addr)
{
	return (addr - w->hva) >> PAGE_SHIFT;
}

/* ---- Out --------------------------------------------------------------------------------- */

static int out_prepare(struct walk *w)
{
	int ret = kvms_far_get(w->vm, &w->far);

	if (ret)
		return ret;
	kvms_far_measure_room(w->far);
	mutex_lock(&w->far->mutex);
	/* Where it cannot, pages stay, and are counted. */
	(void)kvms_region_grow(w->far, KVMS_BLOCK_PAGES);
	mutex_unlock(&w->far->mutex);
	return 0;
}

/* Nothing holds the page: an answer for this moment, to spare it the unmapping. -1: it may go. */
static int why_stays(struct walk *w, unsigned long addr)
{
	unsigned long i = page_of(w, addr);
	struct folio *folio;

	if (!test_bit(i, w->vm->resident))
		return KVM_SWAP_SKIP_ABSENT;
	if (kvms_dense_test(w->far, addr))
		return KVM_SWAP_SKIP_DENSE;
	folio = pfn_folio(w->vm->pfns[i] & ~HMM_PFN_FLAGS);
	if (folio_test_ksm(folio))
		return KVM_SWAP_SKIP_KSM;
	if (folio_maybe_mapped_shared(folio))
		return KVM_SWAP_SKIP_SHARED;
	return folio_maybe_dma_pinned(folio) ? KVM_SWAP_SKIP_PINNED : -1;
}

/* A device page with the content of @page, locked; or why not. */
static int page_put(struct walk *w, struct page *page, unsigned long addr, struct page **ret)
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

static void run_put(struct walk *w, const struct migrate_vma *args)
{
	struct page *page, *to;
	unsigned long i;
	int why;

	for (i = 0; i < args->npages; i++) {
		page = migrate_pfn_to_page(args->src[i]);
		if (!(args->src[i] & MIGRATE_PFN_MIGRATE)) {
			skip(w, KVM_SWAP_SKIP_PINNED, 1);
			continue;
		}
		why = page ? page_put(w, page, args->start + (i << PAGE_SHIFT), &to) :
			     KVM_SWAP_SKIP_ABSENT;
		if (why < 0)
			args->dst[i] = migrate_pfn(page_to_pfn(to));
		else
			skip(w, why, 1);
	}
}

static void run_count(struct walk *w, const struct migrate_vma *args)
{
	unsigned long i, at = page_of(w, args->start);

	for (i = 0; i < args->npages; i++) {
		struct page *to = migrate_pfn_to_page(args->dst[i]);

		if (!to || !(args->src[i] & MIGRATE_PFN_MIGRATE)) {
			skip(w, KVM_SWAP_SKIP_RACED, !!to);
			__set_bit(at + i, w->stayed);
			continue;
		}
		__set_bit(at + i, w->moved);
		w->move->pages++;
		w->move->stored_bytes += kvms_region_slot(to)->bytes;
		atomic64_inc(&w->far->counters.outs);
	}
}

/* Pages that may all go, as far as could be seen. */
static void run_out(struct walk *w, struct vm_area_struct *vma, unsigned long start,
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
		skip(w, KVM_SWAP_SKIP_RACED, (end - start) >> PAGE_SHIFT);
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

static void out_part(struct walk *w, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	unsigned long addr, from = start;
	int why = why_mapping_stays(vma);

	if (why >= 0) {
		skip(w, why, (end - start) >> PAGE_SHIFT);
		return;
	}
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		why = why_stays(w, addr);
		if (why < 0)
			continue;
		skip(w, why, 1);
		if (from < addr)
			run_out(w, vma, from, addr);
		from = addr + PAGE_SIZE;
	}
	if (from < end)
		run_out(w, vma, from, end);
}

static const struct mover mover_out = { out_prepare, out_part };

/* ---- In ---------------------------------------------------------------------------------- */

static int in_prepare(struct walk *w)
{
	w->far = w->vm->far;
	return 0;
}

static void run_in(struct walk *w, struct vm_area_struct *vma, unsigned long start,
		   unsigned long end)
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct kvms_home h = { 0 };

	kvms_home_range(w->far, vma, start, end, &h);
	w->move->pages += h.moved;
	w->move->stored_bytes += h.stored_bytes;
	skip(w, KVM_SWAP_SKIP_POISONED, h.poisoned);
	skip(w, KVM_SWAP_SKIP_NO_MEMORY, h.no_memory);
	skip(w, KVM_SWAP_SKIP_ABSENT, pages - h.moved - h.poisoned - h.no_memory);
}

/* Only where nothing is mapped: what is would lose its accessed bits. */
static void in_part(struct walk *w, struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	unsigned long addr, from = start;

	if (!w->far || !vma_is_anonymous(vma) || vma->vm_flags & VM_SPECIAL) {
		skip(w, KVM_SWAP_SKIP_ABSENT, (end - start) >> PAGE_SHIFT);
		return;
	}
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		if (!test_bit(page_of(w, addr), w->vm->resident))
			continue;
		skip(w, KVM_SWAP_SKIP_ABSENT, 1);
		if (from < addr)
			run_in(w, vma, from, addr);
		from = addr + PAGE_SIZE;
	}
	if (from < end)
		run_in(w, vma, from, end);
}

static const struct mover mover_in = { in_prepare, in_part };

/* ---- Blocks ------------------------------------------------------------------------------ */

/* All mappings of [start, end), which is of one block. */
static int each_mapping(struct walk *w, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = w->vm->mm;
	struct vm_area_struct *vma;
	unsigned long to;
	int ret = mmap_read_lock_killable(mm);

	if (ret)
		return ret;
	for (; start < end; start = to) {
		vma = find_vma(mm, start);
		to = vma && vma->vm_start <= start ? min(end, vma->vm_end) :
		     vma ? min(end, vma->vm_start) : end;
		if (vma && vma->vm_start <= start)
			w->mover->part(w, vma, start, to);
		else
			skip(w, KVM_SWAP_SKIP_OUTSIDE, (to - start) >> PAGE_SHIFT);
	}
	mmap_read_unlock(mm);
	return 0;
}

static int move_in_block(struct walk *w, struct kvms_block *b, unsigned long start,
			 unsigned long end)
{
	int ret = kvms_residency_read(w->vm, w->hva, w->n);

	if (ret == -EBUSY) {
		skip(w, KVM_SWAP_SKIP_RACED, (end - start) >> PAGE_SHIFT);
		return 0;
	}
	if (ret)
		return ret;
	bitmap_zero(w->moved, KVMS_BLOCK_PAGES);
	bitmap_zero(w->stayed, KVMS_BLOCK_PAGES);
	if (w->far)
		mutex_lock(&w->far->mutex);
	ret = each_mapping(w, start, end);
	if (w->far)
		mutex_unlock(&w->far->mutex);
	if (!bitmap_empty(w->moved, w->n) || !bitmap_empty(w->stayed, w->n))
		kvms_block_moved(w->vm, b, w->n, w->moved, w->stayed);
	return ret;
}

/* [start, end) of one 2 MiB: what the guest's slots show of it. */
static int move_piece(struct walk *w, unsigned long start, unsigned long end)
{
	int ret = kvms_tree_sync(w->vm);

	while (!ret && start < end) {
		struct kvms_slot *slot = kvms_slot_at(w->vm, start);
		unsigned long from = slot ? clamp(slot->it.start, start, end) : end;
		unsigned long to = slot ? min(end, slot->it.last + 1) : end;
		unsigned long i;

		skip(w, KVM_SWAP_SKIP_OUTSIDE, (from - start) >> PAGE_SHIFT);
		start = to;
		if (from == end)
			break;
		kvms_slot_unmark(w->vm, slot);
		i = (from - (slot->it.start & KVMS_BLOCK_MASK)) >> KVM_SWAP_BLOCK_SHIFT;
		w->n = kvms_block_pages(slot, i, &w->hva);
		ret = move_in_block(w, &slot->blocks[i], from, to);
	}
	return ret;
}

static int move_piece_locked(struct walk *w, unsigned long start, unsigned long end)
{
	struct kvms_vm *vm = w->vm;
	int ret = mutex_lock_killable(&vm->mutex);

	if (ret)
		return ret;
	ret = -ESRCH;
	if (!vm->kvm || READ_ONCE(vm->gone) || !mmget_not_zero(vm->mm))
		goto out_unlock;
	/* Nobody but us keeps the memory any more. */
	if (atomic_read(&vm->mm->mm_users) > 1)
		ret = w->mover->prepare(w);
	if (!ret)
		ret = move_piece(w, start, end);
	mmput_async(vm->mm);
out_unlock:
	mutex_unlock(&vm->mutex);
	return ret;
}

/* ---- Ranges ------------------------------------------------------------------------------ */

static bool is_span(const struct kvm_swap_span *s)
{
	return s->bytes && PAGE_ALIGNED(s->hva | s->bytes) && s->hva + s->bytes > s->hva &&
	       s->hva + s->bytes <= TASK_SIZE_MAX;
}

/* All of the ranges: 0 where one cannot be. */
static u64 total_bytes(const struct kvm_swap_move *m)
{
	u64 total = 0;
	u32 i;

	if (!m->count || m->count > KVM_SWAP_MOVE_RANGES)
		return 0;
	for (i = 0; i < m->count; i++) {
		if (!is_span(&m->ranges[i]))
			return 0;
		total += m->ranges[i].bytes;
	}
	return total;
}

/* The stretch of a range at the cursor, up to the next block. */
static void piece_at(const struct kvm_swap_move *m, unsigned long *ret_start,
		     unsigned long *ret_end)
{
	u64 at = m->cursor;
	u32 i = 0;

	while (at >= m->ranges[i].bytes)
		at -= m->ranges[i++].bytes;
	*ret_start = m->ranges[i].hva + at;
	*ret_end = min(m->ranges[i].hva + m->ranges[i].bytes,
		       (*ret_start & KVMS_BLOCK_MASK) + KVMS_BLOCK_SIZE);
}

static int check(struct kvm_swap_move *m, u64 total)
{
	if (!total || m->cursor >= total || !PAGE_ALIGNED(m->cursor) ||
	    m->max_usec > KVMS_BUDGET_USEC_MAX || m->max_pages > PAGES_MAX)
		return -EINVAL;
	m->pages = 0;
	m->stored_bytes = 0;
	memset(m->skipped, 0, sizeof(m->skipped));
	return 0;
}

static int move_all(struct walk *w, u64 total, u64 start_ns)
{
	struct kvm_swap_move *m = w->move;
	u64 end_ns = start_ns + (m->max_usec ?: USEC_DEFAULT) * (u64)NSEC_PER_USEC;
	u64 left = (m->max_pages ?: PAGES_DEFAULT) << PAGE_SHIFT;
	unsigned long start, end;
	int ret;

	do {
		piece_at(m, &start, &end);
		end = min(end, start + left);
		ret = move_piece_locked(w, start, end);
		if (ret)
			return ret;
		m->cursor += end - start;
		left -= end - start;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	} while (m->cursor < total && left && ktime_get_ns() < end_ns);
	if (m->cursor == total)
		m->cursor = 0;
	m->usec = (ktime_get_ns() - start_ns) / NSEC_PER_USEC;
	return 0;
}

static int move(struct kvms_vm *vm, struct kvm_swap_move *m, const struct mover *mover)
{
	u64 total = total_bytes(m);
	struct walk *w;
	int ret = check(m, total);

	if (ret)
		return ret;
	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return -ENOMEM;
	w->vm = vm;
	w->move = m;
	w->mover = mover;
	ret = move_all(w, total, ktime_get_ns());
	kfree(w);
	return ret;
}

int kvms_page_out(struct kvms_vm *vm, struct kvm_swap_move *m)
{
	return move(vm, m, &mover_out);
}

int kvms_page_in(struct kvms_vm *vm, struct kvm_swap_move *m)
{
	int ret = move(vm, m, &mover_in);

	return !ret && !m->pages && m->skipped[KVM_SWAP_SKIP_NO_MEMORY] ? -ENOMEM : ret;
}

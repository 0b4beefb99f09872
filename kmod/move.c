// SPDX-License-Identifier: GPL-2.0-only
/*
 * PAGE_OUT and PAGE_IN: ranges, one 2 MiB block after the other, each under vm->mutex, so that no
 * pass looks at a block whose pages are on the move.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "block.h"
#include "move.h"
#include "params.h"
#include "residency.h"
#include "tree.h"

#define USEC_DEFAULT	10000
#define PAGES_DEFAULT	65536
#define PAGES_MAX	1048576

/* ---- Blocks ------------------------------------------------------------------------------ */

/* All mappings of [start, end), which is of one block. */
static int each_mapping(struct kvms_move *w, unsigned long start, unsigned long end)
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
			kvms_move_skip(w, KVM_SWAP_SKIP_OUTSIDE, (to - start) >> PAGE_SHIFT);
	}
	mmap_read_unlock(mm);
	return 0;
}

static int move_in_block(struct kvms_move *w, struct kvms_block *b, unsigned long start,
			 unsigned long end)
{
	int ret;

	bitmap_zero(w->moved, KVMS_BLOCK_PAGES);
	bitmap_zero(w->stayed, KVMS_BLOCK_PAGES);
	if (w->far)
		mutex_lock(&w->far->mutex);
	ret = kvms_residency_read_far(w->vm, w->far, w->hva, w->n);
	if (!ret)
		ret = each_mapping(w, start, end);
	if (w->far)
		mutex_unlock(&w->far->mutex);
	if (ret == -EBUSY) {
		kvms_move_skip(w, KVM_SWAP_SKIP_RACED, (end - start) >> PAGE_SHIFT);
		return 0;
	}
	if (!bitmap_empty(w->moved, w->n) || !bitmap_empty(w->stayed, w->n))
		kvms_block_moved(w->vm, b, w->n, w->moved, w->stayed);
	return ret;
}

/* [start, end) of one 2 MiB: what the guest's slots show of it. */
static int move_piece(struct kvms_move *w, unsigned long start, unsigned long end)
{
	int ret = kvms_tree_sync(w->vm);

	while (!ret && start < end) {
		struct kvms_slot *slot = kvms_slot_at(w->vm, start);
		unsigned long from = slot ? clamp(slot->it.start, start, end) : end;
		unsigned long to = slot ? min(end, slot->it.last + 1) : end;
		unsigned long i;

		kvms_move_skip(w, KVM_SWAP_SKIP_OUTSIDE, (from - start) >> PAGE_SHIFT);
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

static int move_piece_locked(struct kvms_move *w, unsigned long start, unsigned long end)
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

static int move_all(struct kvms_move *w, u64 total, u64 start_ns)
{
	struct kvm_swap_move *m = w->record;
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

static int move(struct kvms_vm *vm, struct kvm_swap_move *m, const struct kvms_mover *mover)
{
	u64 total = total_bytes(m);
	struct kvms_move *w;
	int ret = check(m, total);

	if (ret)
		return ret;
	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return -ENOMEM;
	w->vm = vm;
	w->record = m;
	w->mover = mover;
	ret = move_all(w, total, ktime_get_ns());
	kfree(w);
	return ret;
}

int kvms_page_out(struct kvms_vm *vm, struct kvm_swap_move *m)
{
	return move(vm, m, &kvms_mover_out);
}

int kvms_page_in(struct kvms_vm *vm, struct kvm_swap_move *m)
{
	int ret = move(vm, m, &kvms_mover_in);

	return !ret && !m->pages && m->skipped[KVM_SWAP_SKIP_NO_MEMORY] ? -ENOMEM : ret;
}

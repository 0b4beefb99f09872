/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of a guest's memory, block after block: what PAGE_OUT and PAGE_IN have in common. */
#ifndef _KVMS_MOVE_H
#define _KVMS_MOVE_H

#include "far-impl.h"

struct kvms_move;

/**
 * struct kvms_mover - one kind of move
 * @prepare: for the next block: sets w->far, or leaves it NULL where there is nothing to move
 * @part: [start, end) of a mapping, within the block in hand
 * Both under vm->mutex; the latter under far->mutex and mmap_lock as well.
 */
struct kvms_mover {
	int (*prepare)(struct kvms_move *w);
	void (*part)(struct kvms_move *w, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
};

/**
 * struct kvms_move - a move on its way
 * @hva, @n: where the block in hand begins, and its pages; vm->resident and vm->pfns are of it
 * @moved, @stayed: see kvms_block_moved()
 */
struct kvms_move {
	struct kvms_vm *vm;
	struct kvms_far *far;
	struct kvm_swap_move *record;
	const struct kvms_mover *mover;
	unsigned long hva;
	unsigned long n;
	DECLARE_BITMAP(moved, KVMS_BLOCK_PAGES);
	DECLARE_BITMAP(stayed, KVMS_BLOCK_PAGES);
};

extern const struct kvms_mover kvms_mover_out; /* pageout.c */
extern const struct kvms_mover kvms_mover_in;  /* pagein.c */

static inline void kvms_move_skip(struct kvms_move *w, unsigned int why, unsigned long pages)
{
	w->record->skipped[why] += pages;
}

static inline unsigned long kvms_move_page(const struct kvms_move *w, unsigned long addr)
{
	return (addr - w->hva) >> PAGE_SHIFT;
}

#endif

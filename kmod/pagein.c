// SPDX-License-Identifier: GPL-2.0-only
/* The way home by address. */
#include <linux/mm.h>

#include "move.h"
#include "residency.h"

static int in_prepare(struct kvms_move *w)
{
	w->far = w->vm->far;
	return 0;
}

/* Pages that were all out; those that are not ours to take were locked, or moved meanwhile. */
static void run_in(struct kvms_move *w, struct vm_area_struct *vma, unsigned long start,
		   unsigned long end)
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct kvms_home h = { .gfp = KVMS_HOME_BY_ORDER };

	kvms_home_range(w->far, vma, start, end, &h);
	w->record->pages += h.moved;
	w->record->stored_bytes += h.stored_bytes;
	kvms_move_skip(w, KVM_SWAP_SKIP_POISONED, h.poisoned);
	kvms_move_skip(w, KVM_SWAP_SKIP_NO_MEMORY, h.no_memory);
	kvms_move_skip(w, KVM_SWAP_SKIP_RACED, pages - h.moved - h.poisoned - h.no_memory);
}

/* Only what is out: what is mapped would lose its accessed bits. */
static void in_part(struct kvms_move *w, struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	unsigned long addr, from = start;

	if (!w->far || !vma_is_anonymous(vma) || vma->vm_flags & VM_SPECIAL) {
		kvms_move_skip(w, KVM_SWAP_SKIP_ABSENT, (end - start) >> PAGE_SHIFT);
		return;
	}
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		bool out = kvms_residency_is_out(w->vm, kvms_move_page(w, addr));

		if (out && addr - from < KVMS_BATCH << PAGE_SHIFT)
			continue;
		if (from < addr)
			run_in(w, vma, from, addr);
		from = addr;
		if (out)
			continue;
		kvms_move_skip(w, KVM_SWAP_SKIP_ABSENT, 1);
		from += PAGE_SIZE;
	}
	if (from < end)
		run_in(w, vma, from, end);
	kvms_home_done(w->far);
}

const struct kvms_mover kvms_mover_in = { in_prepare, in_part };

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_TREE_H
#define _KVMS_TREE_H

#include "kvm_swap.h"

#define KVMS_NO_GENERATION	U64_MAX

/** kvms_root_get() - the root of an address space, made if there is none. -ENOMEM. vm->mutex. */
int kvms_root_get(struct kvms_vm *vm, int as_id, struct kvms_root **ret);

/** kvms_root_put() - the last one frees it and its slots. vm->mutex. */
void kvms_root_put(struct kvms_vm *vm, struct kvms_root *root);

/**
 * kvms_tree_sync() - follow the memslots as they are now
 * Slots with the same memory keep their ages, those that went lose them. Sets vm->slots_changed.
 * A guest that has ended has none to follow. vm->mutex.
 * Return: 0 or -ENOMEM; either nothing has changed then, or the slots that could be had are
 * followed, and the rest next time.
 */
int kvms_tree_sync(struct kvms_vm *vm);

/** kvms_tree_make_young() - every page that has an age has age 0. vm->mutex. */
void kvms_tree_make_young(struct kvms_vm *vm);

/** kvms_tree_clear() - forget all slots. vm->mutex. */
void kvms_tree_clear(struct kvms_vm *vm);

/** kvms_tree_invalidate() - mark pages of [start, end); was any of them the guest's? vm->lock. */
bool kvms_tree_invalidate(struct kvms_vm *vm, unsigned long start, unsigned long end);

/** kvms_tree_came() - some of [start, end), a block at most, come home from the store. vm->lock. */
void kvms_tree_came(struct kvms_vm *vm, unsigned long start, unsigned long end);

/** kvms_block_mark() - pages first to last of the block were unmapped. vm->lock. */
void kvms_block_mark(struct kvms_vm *vm, struct kvms_block *b, unsigned int first,
		     unsigned int last);

/** kvms_slot_unmark() - hand a mark of the whole slot down to its blocks. vm->mutex. */
void kvms_slot_unmark(struct kvms_vm *vm, struct kvms_slot *slot);

/** kvms_slot_at() - the slot at or next after an address, NULL if there is none. vm->mutex. */
struct kvms_slot *kvms_slot_at(struct kvms_vm *vm, unsigned long addr);

/** kvms_block_pages() - how many pages a block of a slot has, and where they begin */
static inline unsigned long kvms_block_pages(const struct kvms_slot *slot, unsigned long index,
					     unsigned long *ret_hva)
{
	unsigned long base = (slot->it.start & KVMS_BLOCK_MASK) + index * KVMS_BLOCK_SIZE;
	unsigned long start = max(base, slot->it.start);
	unsigned long last = min(base + KVMS_BLOCK_SIZE - 1, slot->it.last);

	*ret_hva = start;
	return (last - start + 1) >> PAGE_SHIFT;
}

static inline gfn_t kvms_slot_gfn(const struct kvms_slot *slot, unsigned long hva)
{
	return slot->base_gfn + ((hva - slot->it.start) >> PAGE_SHIFT);
}

#endif

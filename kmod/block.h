/* SPDX-License-Identifier: GPL-2.0-only */
/* One block's ages, taken out to vm->ages, one a page, and put back as short as they can be. */
#ifndef _KVMS_BLOCK_H
#define _KVMS_BLOCK_H

#include "kvm_swap.h"

/* Passes after which a block that is all young is looked at page by page again. */
#define KVMS_CLOSE_LOOK	16

/** kvms_block_load() - its @n pages to vm->ages. vm->mutex. */
void kvms_block_load(struct kvms_vm *vm, const struct kvms_block *b, unsigned long n);

/**
 * kvms_block_store() - what vm->ages has come to
 * Without memory for an age per page all are taken to be young. vm->mutex.
 */
void kvms_block_store(struct kvms_vm *vm, struct kvms_block *b, unsigned long n);

/**
 * kvms_block_moved() - pages have left for the store
 * @moved: they are not there any more
 * @stayed: were unmapped, and stayed for one reason or another: young, for accessed bits are lost
 * vm->resident is of the block as it was before. vm->mutex.
 */
void kvms_block_moved(struct kvms_vm *vm, struct kvms_block *b, unsigned long n,
		      const unsigned long *moved, const unsigned long *stayed);

#endif

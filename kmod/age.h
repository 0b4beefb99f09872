/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_AGE_H
#define _KVMS_AGE_H

#include "kvm_swap.h"

/**
 * struct kvms_pass - a stretch of a pass: what it may do, what it did
 * @cursor: in, out: address to go on at; 0 begins a pass, and is left by one that is complete
 * @max_pages, @max_usec: budget; the block in hand is always finished
 */
struct kvms_pass {
	unsigned long cursor;
	u64 max_pages;
	u64 max_usec;
	u64 pages;
	u64 young;
	u64 calls;
	u64 raced;
	u64 usec;
};

/**
 * kvms_age() - age the guest from pass->cursor on, within its budget
 * vm->mutex. Sleeps. Return: 0, -ESRCH the guest is gone, -EINTR a fatal signal, -ENOMEM.
 */
int kvms_age(struct kvms_vm *vm, struct kvms_pass *pass);

#endif

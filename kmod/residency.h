/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_RESIDENCY_H
#define _KVMS_RESIDENCY_H

struct kvms_vm;

/**
 * kvms_residency_read() - ask which of up to 512 pages from @hva on are resident
 *
 * The answer is in vm->resident, vm->huge and vm->giant, and was true at some moment during the
 * call; whoever needs it to be true still looks at the block's marks. Pages of zeroes that stand
 * for memory never written are nobody's: not resident.
 * vm->mutex; the mm is held (mmget). Sleeps.
 * Return: 0, -EBUSY the memory is being unmapped again and again, -EINTR a fatal signal, or what
 * hmm_range_fault() says.
 */
int kvms_residency_read(struct kvms_vm *vm, unsigned long hva, unsigned long n_pages);

#endif

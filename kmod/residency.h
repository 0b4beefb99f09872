/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_RESIDENCY_H
#define _KVMS_RESIDENCY_H

struct kvms_block;
struct kvms_far;
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

/**
 * kvms_residency_read_far() - the same, and which of them are out in @far (NULL: none are)
 * @far's device pages stay until this answer is not used any more: its mutex.
 */
int kvms_residency_read_far(struct kvms_vm *vm, struct kvms_far *far, unsigned long hva,
			    unsigned long n_pages);

/** kvms_residency_is_out() - was page @i of the block out when that was asked last? */
bool kvms_residency_is_out(const struct kvms_vm *vm, unsigned long i);

/**
 * kvms_residency_more() - may a page in vm->resident not be one of those that @b has counted?
 * Pages @first to @last were unmapped since (last < first: none), and are not asked about.
 * vm->mutex.
 */
bool kvms_residency_more(const struct kvms_vm *vm, const struct kvms_block *b, unsigned int first,
			 unsigned int last);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_NOTIFIER_H
#define _KVMS_NOTIFIER_H

struct kvms_vm;

/**
 * kvms_notifier_register() - begin to hear of the guest's memory
 * vm->mm must be alive (mmget). Sleeps; takes mmap_lock for writing.
 */
int kvms_notifier_register(struct kvms_vm *vm);

/** kvms_notifier_unregister() - no callback runs any more when this returns. Sleeps. */
void kvms_notifier_unregister(struct kvms_vm *vm);

/**
 * kvms_notifier_gone() - the guest has ended: tell who polls, let a work drop KVM
 * Any context.
 */
void kvms_notifier_gone(struct kvms_vm *vm);

/** kvms_notifier_busy() - is memory of [start, end) being unmapped now? vm->lock. */
bool kvms_notifier_busy(struct kvms_vm *vm, unsigned long start, unsigned long end);

#endif

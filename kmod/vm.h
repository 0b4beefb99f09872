/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_VM_H
#define _KVMS_VM_H

#include "kvm_swap.h"

/**
 * kvms_vm_attach() - begin to follow the guest behind a VM descriptor, or share who does
 * Return: 0; -EBADF no such descriptor; -EINVAL it is no KVM VM; -ESRCH its process has ended;
 * -ENODEV its KVM cannot tell what was touched; -ENOMEM; -EINTR.
 */
int kvms_vm_attach(int vm_fd, struct kvms_vm **ret);

/** kvms_vm_detach() - the last one forgets the guest. Sleeps. */
void kvms_vm_detach(struct kvms_vm *vm);

/** kvms_vm_is_orphan() - nobody but us holds the VM any more: it has ended. vm->mutex. */
bool kvms_vm_is_orphan(struct kvms_vm *vm);

#endif

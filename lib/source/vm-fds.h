/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of the KVM VM descriptors of a process. */
#ifndef KVMB_SOURCE_VM_FDS_H
#define KVMB_SOURCE_VM_FDS_H

#include <stddef.h>
#include <stdint.h>

#define KVMB_VM_FDS_MAX 16 /* of one process; QEMU has one */

struct kvmb_root;

struct kvmb_vm_fds {
	int fds[KVMB_VM_FDS_MAX]; /* one for each VM */
	size_t n;
};

/**
 * kvmb_vm_fds_find() - all VMs of a process; needs CAP_SYS_PTRACE
 * @ret: begin with an empty one; what is in it afterwards, on failure too, is the caller's
 * @why: KVMB_TEXT_SIZE bytes; set on failure, for operators
 * Return: 0, -ESRCH no such process, -ENODEV it has no VM, or another -errno.
 */
int kvmb_vm_fds_find(const struct kvmb_root *root, int32_t pid, struct kvmb_vm_fds *ret, char *why);

void kvmb_vm_fds_close(struct kvmb_vm_fds *v);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_SYSFS_H
#define _KVMS_SYSFS_H

struct kobject;
struct kvms_vm;

/** kvms_sysfs_add() - /sys/kernel/kvm_swap/PID-ID of a guest. Sleeps. */
int kvms_sysfs_add(struct kvms_vm *vm);

/** kvms_sysfs_remove() - no file of it is in use any more when this returns. Sleeps. */
void kvms_sysfs_remove(struct kvms_vm *vm);

/** kvms_sysfs_vm() - whose folder it is; files in it are in use for as long as it is there */
struct kvms_vm *kvms_sysfs_vm(struct kobject *kobj);

/** kvms_sysfs_top() - /sys/kernel/kvm_swap */
struct kobject *kvms_sysfs_top(void);

int kvms_sysfs_init(void);
void kvms_sysfs_exit(void);

#endif

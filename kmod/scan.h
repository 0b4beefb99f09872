/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_SCAN_H
#define _KVMS_SCAN_H

struct kvms_vm;
struct work_struct;

/** kvms_scan_prepare() - before anybody can find the guest */
void kvms_scan_prepare(struct kvms_vm *vm);

/** kvms_scan_start() - passes of the module's own, and the watch for the guest's end */
void kvms_scan_start(struct kvms_vm *vm);

/** kvms_scan_stop() - none runs any more when this returns. Sleeps. */
void kvms_scan_stop(struct kvms_vm *vm);

/** kvms_scan_kick() - the period has changed; not after kvms_scan_stop(). vm->mutex. */
void kvms_scan_kick(struct kvms_vm *vm);

/** kvms_scan_queue() - run a work where the passes run. Any context. */
void kvms_scan_queue(struct work_struct *work);

int kvms_scan_init(void);
void kvms_scan_exit(void);

#endif

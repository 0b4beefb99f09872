/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_DEV_H
#define _KVMS_DEV_H

#include <linux/string.h>

#include "kvm_swap.h"

/**
 * struct kvms_call - a call on a guest descriptor
 * @check: are flags and reserved members as they must be
 * @run: vm->mutex is held, unless @lockless
 */
struct kvms_call {
	unsigned int cmd;
	bool (*check)(const void *arg);
	int (*run)(struct kvms_vm *vm, void *arg);
	bool lockless;
};

#define KVMS_ALL_ZERO(member) (!memchr_inv(&(member), 0, sizeof(member)))

#define KVMS_STORE_CALLS 5
extern const struct kvms_call kvms_store_calls[KVMS_STORE_CALLS];

int kvms_dev_init(void);
void kvms_dev_exit(void);

#endif

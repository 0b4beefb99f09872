/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KVMS_PARAMS_H
#define _KVMS_PARAMS_H

#include "kvm_swap.h"

#define KVMS_BUDGET_USEC_MAX	1000000U /* others wait for the guest's mutex meanwhile */

/** kvms_params_check() - 0, -EINVAL out of bounds, -EOPNOTSUPP a flush that cannot be had */
int kvms_params_check(const struct kvms_params *p);

/** kvms_params_set() - check, then follow them from now on. vm->mutex. */
int kvms_params_set(struct kvms_vm *vm, const struct kvms_params *p);

#endif

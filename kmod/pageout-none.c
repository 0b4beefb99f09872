// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that cannot have a store: probes/store.c was answered with no. */
#include "far.h"

u64 kvms_far_features(void)
{
	return 0;
}

u32 kvms_far_compressors(void)
{
	return 0;
}

void kvms_far_prepare(struct kvms_vm *vm)
{
}

int kvms_page_out(struct kvms_vm *vm, struct kvm_swap_move *move)
{
	return -EOPNOTSUPP;
}

int kvms_page_in(struct kvms_vm *vm, struct kvm_swap_move *move)
{
	return -EOPNOTSUPP;
}

int kvms_drain(struct kvms_vm *vm, struct kvm_swap_drain *drain)
{
	return -EOPNOTSUPP;
}

int kvms_store_stats(struct kvms_vm *vm, struct kvm_swap_store_stats *stats)
{
	return -EOPNOTSUPP;
}

int kvms_store_params_get(struct kvms_vm *vm, struct kvm_swap_store_params *params)
{
	return -EOPNOTSUPP;
}

int kvms_store_params_set(struct kvms_vm *vm, const struct kvm_swap_store_params *params)
{
	return -EOPNOTSUPP;
}

void kvms_far_release(struct kvms_vm *vm)
{
}

const struct attribute_group *kvms_far_sysfs_group(void)
{
	return NULL;
}

int kvms_far_init(struct kobject *top)
{
	return 0;
}

void kvms_far_exit(void)
{
}

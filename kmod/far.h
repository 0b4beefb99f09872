/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Far memory, docs/FAR-MEMORY.md: what the rest of the module sees of a guest's store. Where the
 * kernel cannot have one, pageout-none.c answers -EOPNOTSUPP in place of it.
 */
#ifndef _KVMS_FAR_H
#define _KVMS_FAR_H

#include "kvm_swap.h"

struct attribute_group;
struct kobject;

/** kvms_far_features() - KVM_SWAP_FEATURE_STORE or 0 */
u64 kvms_far_features(void);

/** kvms_far_compressors() - as kvm_swap_info.compressors */
u32 kvms_far_compressors(void);

/** kvms_far_prepare() - parameters as they are at first. vm->mutex. */
void kvms_far_prepare(struct kvms_vm *vm);

/**
 * kvms_page_out(), kvms_page_in() - fill in all that is out: of the record
 * Take vm->mutex for one block at a time. Return: as the UAPI says.
 */
int kvms_page_out(struct kvms_vm *vm, struct kvm_swap_move *move);
int kvms_page_in(struct kvms_vm *vm, struct kvm_swap_move *move);

/** kvms_drain() - bring home what is out, within a budget. vm->mutex. Return: as the UAPI says. */
int kvms_drain(struct kvms_vm *vm, struct kvm_swap_drain *drain);

/** kvms_store_stats() - fill in all but flags. vm->mutex. 0, -EOPNOTSUPP. */
int kvms_store_stats(struct kvms_vm *vm, struct kvm_swap_store_stats *stats);

/** kvms_store_params_get(), _set() - vm->mutex. 0, -EINVAL, -EBUSY, -EOPNOTSUPP. */
int kvms_store_params_get(struct kvms_vm *vm, struct kvm_swap_store_params *params);
int kvms_store_params_set(struct kvms_vm *vm, const struct kvm_swap_store_params *params);

/**
 * kvms_far_release() - the last user has let the guest go
 * What is out comes home by a touch, or by a work that takes its time; the module stays until then.
 * Nobody else uses @vm any more. Sleeps.
 */
void kvms_far_release(struct kvms_vm *vm);

/** kvms_far_leaves() - is this unmapping our own, of pages that leave? What they are is known. */
static inline bool kvms_far_leaves(const struct kvms_vm *vm,
				   const struct mmu_notifier_range *range)
{
	return range->event == MMU_NOTIFY_MIGRATE && range->owner == vm;
}

/** kvms_far_comes() - is it of pages that come home? They had no mapping that could go. */
static inline bool kvms_far_comes(const struct kvms_vm *vm,
				  const struct mmu_notifier_range *range)
{
	return range->event == MMU_NOTIFY_MIGRATE && range->owner &&
	       range->owner == READ_ONCE(vm->far);
}

/** kvms_far_sysfs_group() - files of a guest's folder, or NULL */
const struct attribute_group *kvms_far_sysfs_group(void);

/** kvms_far_init() - @top: the module's folder in sysfs, for what is the host's. Sleeps. */
int kvms_far_init(struct kobject *top);
void kvms_far_exit(void);

#endif

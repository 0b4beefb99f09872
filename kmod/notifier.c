// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel tells of the guest's memory: ranges that are being unmapped, and its end.
 *
 * The protocol is KVM's own (seeds 000 and 001): between start and end of an invalidation a count
 * is elevated, and whoever asked meanwhile asks again. In place of one sequence number for all of
 * the process, each block is marked when it begins; residency has that of its interval notifier.
 * Callbacks may come in atomic context: they take one spinlock and allocate nothing. They
 * flush nothing: KVM's own notifier does what its page tables need.
 */
#include "far.h"
#include "kvm_swap.h"
#include "notifier.h"
#include "scan.h"
#include "trace.h"
#include "tree.h"

static struct kvms_vm *mn_vm(struct mmu_notifier *mn)
{
	return container_of(mn, struct kvms_vm, mn);
}

static int invalidate_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kvms_vm *vm = mn_vm(mn);

	spin_lock(&vm->lock);
	if (!vm->in_progress++) {
		vm->busy_start = range->start;
		vm->busy_end = range->end;
	} else {
		vm->busy_start = min(vm->busy_start, range->start);
		vm->busy_end = max(vm->busy_end, range->end);
	}
	if (kvms_far_leaves(vm, range)) {
		; /* whoever moves them tells the tree which have gone */
	} else if (kvms_far_comes(vm, range)) {
		kvms_tree_came(vm, range->start, range->end);
	} else if (kvms_tree_invalidate(vm, range->start, range->end)) {
		vm->invalidations++;
		trace_kvm_swap_invalidate(vm, range->start, range->end);
	}
	spin_unlock(&vm->lock);
	return 0;
}

static void invalidate_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kvms_vm *vm = mn_vm(mn);

	spin_lock(&vm->lock);
	if (!WARN_ON_ONCE(!vm->in_progress))
		vm->in_progress--;
	spin_unlock(&vm->lock);
}

/* Also called for a notifier that is taken off: that is no guest's end. */
static void mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct kvms_vm *vm = mn_vm(mn);

	if (!READ_ONCE(vm->detaching))
		kvms_notifier_gone(vm);
}

static const struct mmu_notifier_ops notifier_ops = {
	.release = mm_release,
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
};

/* Only for hmm_range_fault(), which wants one; vm->lock is its user lock. */
static bool interval_invalidate(struct mmu_interval_notifier *mni,
				const struct mmu_notifier_range *range, unsigned long cur_seq)
{
	struct kvms_vm *vm = container_of(mni, struct kvms_vm, mni);

	spin_lock(&vm->lock);
	mmu_interval_set_seq(mni, cur_seq);
	spin_unlock(&vm->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = interval_invalidate,
};

void kvms_notifier_gone(struct kvms_vm *vm)
{
	if (!READ_ONCE(vm->gone))
		trace_kvm_swap_gone(vm);
	WRITE_ONCE(vm->gone, true);
	wake_up_all(&vm->wait);
	kvms_scan_queue(&vm->gone_work);
}

bool kvms_notifier_busy(struct kvms_vm *vm, unsigned long start, unsigned long end)
{
	lockdep_assert_held(&vm->lock);

	return vm->in_progress && vm->busy_start < end && start < vm->busy_end;
}

int kvms_notifier_register(struct kvms_vm *vm)
{
	int ret;

	lockdep_assert_not_held(&vm->mutex);

	vm->mn.ops = &notifier_ops;
	ret = mmu_notifier_register(&vm->mn, vm->mm);
	if (ret)
		return ret;
	ret = mmu_interval_notifier_insert(&vm->mni, vm->mm, 0, TASK_SIZE_MAX, &interval_ops);
	if (ret)
		mmu_notifier_unregister(&vm->mn, vm->mm);
	return ret;
}

void kvms_notifier_unregister(struct kvms_vm *vm)
{
	lockdep_assert_not_held(&vm->mutex);

	mmu_interval_notifier_remove(&vm->mni);
	WRITE_ONCE(vm->detaching, true);
	/* The end of an invalidation that had begun is not told any more: in_progress may stay. */
	mmu_notifier_unregister(&vm->mn, vm->mm);
}

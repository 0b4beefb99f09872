// SPDX-License-Identifier: GPL-2.0-only
/* MMU notifiers that modules may register, and KVM's own within reach. */
#include <linux/kvm_host.h>
#include <linux/mmu_notifier.h>

int probe(struct kvm *kvm, struct mmu_notifier *mn, struct mmu_interval_notifier *mni);
int probe(struct kvm *kvm, struct mmu_notifier *mn, struct mmu_interval_notifier *mni)
{
	mmu_notifier_unregister(mn, kvm->mm);
	mmu_interval_notifier_remove(mni);
	mmu_notifier_synchronize();
	return mmu_notifier_register(mn, kvm->mm) +
	       mmu_interval_notifier_insert(mni, kvm->mm, 0, PAGE_SIZE, NULL) +
	       kvm->mmu_notifier.ops->clear_young(&kvm->mmu_notifier, kvm->mm, 0, PAGE_SIZE);
}

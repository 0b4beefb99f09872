// SPDX-License-Identifier: GPL-2.0-only
/* Does a guest say how many address spaces it has? Since 6.8; before, KVM_ADDRESS_SPACE_NUM. */
#include <linux/kvm_host.h>

int probe(struct kvm *kvm);
int probe(struct kvm *kvm)
{
	return kvm_arch_nr_memslot_as_ids(kvm) + KVM_MAX_NR_ADDRESS_SPACES;
}

// SPDX-License-Identifier: GPL-2.0-only
/* May modules keep a VM, and walk its memslots? */
#include <linux/kvm_host.h>

unsigned long probe(struct kvm *kvm);
unsigned long probe(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	unsigned long n = 0;
	int bkt, idx;

	kvm_get_kvm(kvm);
	idx = srcu_read_lock(&kvm->srcu);
	kvm_for_each_memslot(slot, bkt, __kvm_memslots(kvm, 0))
		n += slot->npages;
	srcu_read_unlock(&kvm->srcu, idx);
	kvm_put_kvm(kvm);
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
/* May modules flush a guest's TLBs? From 6.18 or so on, KVM's own modules alone. */
#include <linux/kvm_host.h>

void probe(struct kvm *kvm);
void probe(struct kvm *kvm)
{
	kvm_flush_remote_tlbs(kvm);
}

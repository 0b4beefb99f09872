/* SPDX-License-Identifier: GPL-2.0-only */
/* How many address spaces a guest has; KVM 6.8 gave it another name and made it the guest's own. */
#ifndef _KVMS_COMPAT_AS_IDS_H
#define _KVMS_COMPAT_AS_IDS_H

#include <linux/kvm_host.h>

#ifdef KVMS_HAVE_AS_IDS
#define KVMS_AS_MAX	KVM_MAX_NR_ADDRESS_SPACES

static inline int kvms_as_ids(struct kvm *kvm)
{
	return kvm_arch_nr_memslot_as_ids(kvm);
}
#else
#define KVMS_AS_MAX	KVM_ADDRESS_SPACE_NUM

static inline int kvms_as_ids(struct kvm *kvm)
{
	return KVM_ADDRESS_SPACE_NUM;
}
#endif

#endif

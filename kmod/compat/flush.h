/* SPDX-License-Identifier: GPL-2.0-only */
/* A flush of all TLBs that cache the guest's memory; newer kernels keep it to KVM's own modules. */
#ifndef _KVMS_COMPAT_FLUSH_H
#define _KVMS_COMPAT_FLUSH_H

#include <linux/kvm_host.h>

#ifdef KVMS_HAVE_FLUSH
#define KVMS_CAN_FLUSH	true

static inline void kvms_flush(struct kvm *kvm)
{
	kvm_flush_remote_tlbs(kvm);
}
#else
#define KVMS_CAN_FLUSH	false

static inline void kvms_flush(struct kvm *kvm)
{
}
#endif

#endif

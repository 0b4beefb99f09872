// SPDX-License-Identifier: GPL-2.0-only
/* What a store tells of itself, and what it is told to be. */
#include <linux/mm.h>

#include "far-impl.h"

static u64 metadata_bytes(struct kvms_far *far)
{
	u64 used = READ_ONCE(far->used), same = atomic64_read(&far->store.same_filled);

	return kvms_store_record_bytes(&far->store, used > same ? used - same : 0) +
	       READ_ONCE(far->n_pages) * (sizeof(struct page) + sizeof(struct kvms_far_slot)) +
	       kvms_store_context_bytes(&far->store) + sizeof(*far) +
	       atomic_long_read(&far->dense_blocks) * sizeof(struct kvms_dense) +
	       ((u64)READ_ONCE(far->n_reserve) << PAGE_SHIFT);
}

static void copy_counters(struct kvms_far_counters *c, struct kvm_swap_store_stats *s)
{
	u64 gone;
	int i;

	s->outs = atomic64_read(&c->outs);
	s->faults = atomic64_read(&c->faults);
	s->fetched = atomic64_read(&c->fetched);
	gone = s->faults + s->fetched + s->pages;
	s->dropped = s->outs > gone ? s->outs - gone : 0;
	s->dense = atomic64_read(&c->dense);
	s->reserve_used = atomic64_read(&c->reserve_used);
	for (i = 0; i < KVM_SWAP_FAULT_BUCKETS; i++)
		s->fault_ns[i] = atomic64_read(&c->fault_ns[i]);
}

int kvms_store_stats(struct kvms_vm *vm, struct kvm_swap_store_stats *s)
{
	struct kvms_far *far = vm->far;

	lockdep_assert_held(&vm->mutex);

	*s = (struct kvm_swap_store_stats){ 0 };
	kvms_far_sum(&s->host_pool_bytes, &s->host_pages);
	if (!far)
		return 0;
	s->compressor = far->store.compressor->id;
	s->encrypted = !!far->store.cipher;
	s->pages = READ_ONCE(far->used);
	s->same_filled = atomic64_read(&far->store.same_filled);
	s->stored_bytes = atomic64_read(&far->store.stored_bytes);
	s->pool_bytes = kvms_store_bytes(&far->store);
	s->metadata_bytes = metadata_bytes(far);
	s->integrity_failures = atomic64_read(&far->store.integrity_failures);
	copy_counters(&far->counters, s);
	return 0;
}

/* ---- Parameters -------------------------------------------------------------------------- */

int kvms_store_params_get(struct kvms_vm *vm, struct kvm_swap_store_params *p)
{
	lockdep_assert_held(&vm->mutex);

	p->compressor = vm->far_params.compressor;
	p->encrypt = vm->far_params.encrypt;
	p->limit_bytes = vm->far_params.limit_bytes;
	p->host_limit_bytes = READ_ONCE(kvms_far_limit_bytes);
	return 0;
}

int kvms_store_params_set(struct kvms_vm *vm, const struct kvm_swap_store_params *p)
{
	const struct kvms_far_params wanted = {
		.compressor = p->compressor,
		.encrypt = p->encrypt,
		.limit_bytes = p->limit_bytes,
	};
	int ret;

	lockdep_assert_held(&vm->mutex);

	if (!kvms_compressor_find(p->compressor) || p->encrypt > 1)
		return -EINVAL;
	ret = kvms_far_replace(vm, &wanted);
	if (ret)
		return ret;
	vm->far_params = wanted;
	if (vm->far)
		WRITE_ONCE(vm->far->limit_bytes, wanted.limit_bytes);
	if (p->host_limit_bytes != KVM_SWAP_SAME_LIMIT)
		WRITE_ONCE(kvms_far_limit_bytes, p->host_limit_bytes);
	return 0;
}

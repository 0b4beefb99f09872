// SPDX-License-Identifier: GPL-2.0-only
/* Calls of a guest descriptor that are about its store. */
#include "dev.h"
#include "far.h"

static bool move_check(const void *arg)
{
	const struct kvm_swap_move *m = arg;

	return !m->flags && !m->reserved0 && KVMS_ALL_ZERO(m->reserved);
}

static int page_out_run(struct kvms_vm *vm, void *arg)
{
	return kvms_page_out(vm, arg);
}

static int page_in_run(struct kvms_vm *vm, void *arg)
{
	return kvms_page_in(vm, arg);
}

static bool drain_check(const void *arg)
{
	const struct kvm_swap_drain *d = arg;

	return !d->flags && KVMS_ALL_ZERO(d->reserved);
}

static int drain_run(struct kvms_vm *vm, void *arg)
{
	return kvms_drain(vm, arg);
}

static bool stats_check(const void *arg)
{
	const struct kvm_swap_store_stats *s = arg;

	return !s->flags && !s->reserved0 && KVMS_ALL_ZERO(s->reserved);
}

static int stats_run(struct kvms_vm *vm, void *arg)
{
	return kvms_store_stats(vm, arg);
}

static bool params_check(const void *arg)
{
	const struct kvm_swap_store_params *p = arg;

	return !(p->flags & ~KVM_SWAP_STORE_PARAMS_SET) && !p->reserved0 &&
	       KVMS_ALL_ZERO(p->reserved);
}

static int params_run(struct kvms_vm *vm, void *arg)
{
	struct kvm_swap_store_params *p = arg;

	return p->flags & KVM_SWAP_STORE_PARAMS_SET ? kvms_store_params_set(vm, p) :
						      kvms_store_params_get(vm, p);
}

const struct kvms_call kvms_store_calls[KVMS_STORE_CALLS] = {
	{ KVM_SWAP_PAGE_OUT, move_check, page_out_run, .lockless = true },
	{ KVM_SWAP_PAGE_IN, move_check, page_in_run, .lockless = true },
	{ KVM_SWAP_DRAIN, drain_check, drain_run },
	{ KVM_SWAP_STORE_STATS, stats_check, stats_run },
	{ KVM_SWAP_STORE_PARAMS, params_check, params_run },
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a guest's store says, and what follows from it. */
#include "model/store.h"

#include "base/num.h"

enum kvmb_backend kvmb_guest_backend(const struct kvmb_policy *effective,
				     const struct kvmb_host_sample *host,
				     const struct kvmb_guest_sample *g,
				     enum kvmb_backend_basis *ret_basis)
{
	enum kvmb_backend_basis basis = KVMB_BACKEND_CONFIGURED;
	enum kvmb_backend backend = effective->backend;

	if (backend == KVMB_BACKEND_AUTO) {
		if (host->swap_total_bytes)
			basis = KVMB_BACKEND_HAS_SWAP;
		else
			basis = g->store.valid ? KVMB_BACKEND_NO_SWAP : KVMB_BACKEND_NO_STORE;
		backend = basis == KVMB_BACKEND_NO_SWAP ? KVMB_BACKEND_FAR : KVMB_BACKEND_SWAP;
	}
	if (ret_basis)
		*ret_basis = basis;
	return backend;
}

/* An unknown limit is the largest number there is. */
enum kvmb_why kvmb_store_why(const struct kvmb_host_sample *host, const struct kvmb_guest_sample *g)
{
	if (!g->store.valid)
		return KVMB_WHY_NO_STORE;
	if (g->store.pool_bytes >= g->store.limit_bytes)
		return KVMB_WHY_STORE_FULL;
	if (host->store.valid && host->store.pool_bytes >= host->store.limit_bytes)
		return KVMB_WHY_STORE_FULL;
	return KVMB_WHY_NONE;
}

void kvmb_store_discount(struct kvmb_guest_sample *g)
{
	g->rss_bytes = u64_sub_sat(g->rss_bytes, g->store.out_bytes);
	g->resident_bytes = u64_sub_sat(g->resident_bytes, g->store.out_bytes);
}

uint64_t kvmb_store_ram(const struct kvmb_store *s)
{
	return u64_add_sat(s->pool_bytes, s->metadata_bytes);
}

/* Of each bucket the lower bound. */
uint64_t kvmb_store_stall_usec(const struct kvmb_store *s)
{
	uint64_t ns = 0;

	for (unsigned int i = 1; i < KVMB_FAULT_BUCKETS; i++)
		ns = u64_add_sat(ns, u64_mul_sat(s->fault_ns[i], UINT64_C(1) << i));
	return ns / NSEC_PER_USEC;
}

uint64_t kvmb_guest_refaults(const struct kvmb_guest_sample *g)
{
	return u64_add_sat(u64_add_sat(g->refault_anon, g->refault_file), g->store.faults);
}

uint64_t kvmb_store_fault_ns(const struct kvmb_store *s, uint32_t permyriad)
{
	uint64_t all = 0, seen = 0, rank;
	unsigned int i = 0;

	for (unsigned int k = 0; k < KVMB_FAULT_BUCKETS; k++)
		all = u64_add_sat(all, s->fault_ns[k]);
	/* By nearest rank, the first at least. */
	rank = u64_max(u64_mul_div(all, permyriad, PERMYRIAD) +
		       ((all % PERMYRIAD) * permyriad % PERMYRIAD != 0), 1);
	if (!all)
		return KVMB_UNKNOWN;
	while (i < KVMB_FAULT_BUCKETS - 1 && u64_add_sat(seen, s->fault_ns[i]) < rank)
		seen = u64_add_sat(seen, s->fault_ns[i++]);
	return i < KVMB_FAULT_BUCKETS - 1 ? (UINT64_C(2) << i) - 1 : KVMB_UNKNOWN;
}

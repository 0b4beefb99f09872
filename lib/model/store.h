/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's store outside of its memory: where page-out goes, whether the store takes more, and
 * what of the kernel's figures is out. Policy and gate ask the same.
 */
#ifndef KVMB_MODEL_STORE_H
#define KVMB_MODEL_STORE_H

#include <kvmballoon.h>

/**
 * kvmb_guest_backend() - SWAP or FAR: where page-out of a guest goes
 * @effective: its policy
 * @ret_basis: why, optional
 *
 * FAR is also what is configured where there is no store: then page-out is refused.
 */
enum kvmb_backend kvmb_guest_backend(const struct kvmb_policy *effective,
				     const struct kvmb_host_sample *host,
				     const struct kvmb_guest_sample *g,
				     enum kvmb_backend_basis *ret_basis);

/** kvmb_store_why() - why its store takes nothing now: NO_STORE, STORE_FULL, or NONE */
enum kvmb_why kvmb_store_why(const struct kvmb_host_sample *host,
			     const struct kvmb_guest_sample *g);

/**
 * kvmb_store_discount() - take what is out off the resident figures, of which the kernel goes on
 * counting it
 */
void kvmb_store_discount(struct kvmb_guest_sample *g);

/** kvmb_store_ram() - memory that the store itself takes: 0 without one */
uint64_t kvmb_store_ram(const struct kvmb_store *s);

/**
 * kvmb_store_stall_usec() - how long faults waited for it since it was made, rather too short
 * The kernel's pressure figures have that as well. Faults at the same time count each.
 */
uint64_t kvmb_store_stall_usec(const struct kvmb_store *s);

/**
 * kvmb_guest_refaults() - pages that came back because they were touched, whatever they came from
 * A counter; where its store is not known (any more) it is without that.
 */
uint64_t kvmb_guest_refaults(const struct kvmb_guest_sample *g);

#endif

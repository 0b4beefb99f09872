/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How old the oldest generation is in itself. The kernel keeps four generations: whenever a new one
 * is born, the oldest takes in the second oldest, so by themselves they tell no age above three
 * periods. But how many pages came in, and when, is known, and how many are left: kept here. Pure.
 *
 * Which pages left is not known: those that were in it the longest, it is assumed. So ages are
 * rather too low than too high. For the same reason none goes back before our first walk: whether
 * the kernel walked before, and saw the guest when it did, is not known.
 */
#ifndef KVMB_SOURCE_LRU_LEDGER_H
#define KVMB_SOURCE_LRU_LEDGER_H

#include "source/lru-gen.h"

#define KVMB_LRU_COHORTS 64

/* Pages that came in together. */
struct kvmb_lru_cohort {
	uint64_t since_ns; /* not touched since, for certain */
	uint64_t first_ns; /* the same of the oldest of them */
	uint64_t pages;
};

/* One lruvec's. All zero is the beginning. */
struct kvmb_lru_ledger {
	uint64_t memcg;
	uint64_t node;
	uint64_t begun_ns; /* our first walk; 0: not yet */
	uint64_t oldest_seq;
	uint64_t second_pages; /* of the generation that will be taken in next */
	size_t n;
	struct kvmb_lru_cohort cohorts[KVMB_LRU_COHORTS]; /* oldest first */
};

/** kvmb_lru_ledger_update() - to be called after each walk of ours; @v is of the same lruvec */
void kvmb_lru_ledger_update(struct kvmb_lru_ledger *l, const struct kvmb_lruvec *v,
			    uint64_t now_ns);

/** kvmb_lru_ledger_book() - add all pages of the lruvec to @ret */
void kvmb_lru_ledger_book(const struct kvmb_lru_ledger *l, const struct kvmb_lruvec *v,
			  uint64_t now_ns, struct kvmb_ages *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's lists of generations (Documentation/admin-guide/mm/multigen_lru.rst) as numbers, for
 * the control groups of one guest. Pure.
 *
 * A new generation is born at the end of a walk over all page tables. What the walk finds touched
 * goes into the generation before, so the pages of one were touched between its birth and the end
 * of the walk at the birth of the next. Not before its birth, however old that is: how long
 * pages are idle for certain, the age of the *next* generation says; and of the two youngest
 * nothing is certain.
 */
#ifndef KVMB_SOURCE_LRU_GEN_H
#define KVMB_SOURCE_LRU_GEN_H

#include <kvmballoon.h>

#define KVMB_LRU_GENS_MAX 8 /* the kernel has four */

struct kvmb_lru_gen {
	uint64_t seq;
	uint64_t age_usec; /* since its birth */
	uint64_t pages;    /* of anonymous memory and of files */
};

/* The generations of one control group on one node. */
struct kvmb_lruvec {
	uint64_t memcg;
	uint64_t node;
	size_t n;
	struct kvmb_lru_gen gens[KVMB_LRU_GENS_MAX]; /* oldest first */
};

/**
 * kvmb_parse_lru_gen() - those of a control group and of all below it
 * @text: of /sys/kernel/debug/lru_gen
 * @cgroup: path without a slash at its beginning
 * @ret: malloc'ed
 * Return: 0, -ENOENT no such group, -EBADMSG, -ENOMEM.
 */
int kvmb_parse_lru_gen(const char *text, const char *cgroup, struct kvmb_lruvec **ret,
		       size_t *ret_n);

/**
 * kvmb_lru_gen_sees_guests() - do the walks ask KVM whether a guest touched a page?
 * @text: of /sys/kernel/debug/lru_gen_full, or its beginning
 *
 * Kernels that do not ask, or that do not walk at all, take guests' memory for idle. Asking came
 * with Linux 6.12 and, as a fix, to older ones; with it, the count of pages that were found old
 * went from the statistics. Its letter there is O: "LOYNFA" became "TYFA".
 */
bool kvmb_lru_gen_sees_guests(const char *text);

/** kvmb_lru_gen_idle_usec() - how long the pages of gens[i] were not touched, at least */
uint64_t kvmb_lru_gen_idle_usec(const struct kvmb_lruvec *v, size_t i);

#endif

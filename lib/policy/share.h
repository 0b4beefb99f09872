/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 3: who gives how much. */
#ifndef KVMB_POLICY_SHARE_H
#define KVMB_POLICY_SHARE_H

#include <kvmballoon.h>

struct kvmb_claim {
	enum kvmb_priority priority;
	uint32_t shares;     /* at least 1 */
	uint64_t have_bytes; /* above its guarantee */
	uint64_t cap_bytes;  /* most that may be asked of it now */
	uint64_t later_bytes; /* what it can give in this and later turns */
	uint64_t idle_bytes; /* of what it has, not in use; more than that counts as all of it */
	uint64_t give_bytes; /* out */
};

/*
 * The idle tax (Waldspurger, OSDI 2002, 5.3) at its rate of 75 %: an idle byte costs k = 1 / (1 -
 * 0.75) times as much as one in use. So a guest that uses nothing still keeps a quarter of what its
 * shares stand for, to grow into while memory is won back for it. It is no knob: who wants a guest
 * to keep idle memory says so by its guarantee.
 */
#define KVMB_IDLE_COST 4

/**
 * kvmb_share() - split @need_bytes over the claims
 * @unit_bytes: everything is asked in whole units, because crumbs from everybody help nobody
 * @patient: a class is not asked for what a lower one will give in later turns
 *
 * A lower class gives all it can before the next one is asked. Within a class those give first who
 * hold most per share (min-funding revocation), until they hold no more per share than the next.
 * What is held is counted as what it costs: an idle byte as one, a byte in use as a quarter. The
 * idle ones are given first. With a water line l, each keeps what costs l * shares, and gives the
 * rest, at most its cap. The line is the highest at which the need is met, so the sum is exact.
 *
 * Return: the sum of all give_bytes: the need rounded up to units, or less if that is all there is.
 */
uint64_t kvmb_share(struct kvmb_claim *claims, size_t n, uint64_t need_bytes, uint64_t unit_bytes,
		    bool patient);

#endif

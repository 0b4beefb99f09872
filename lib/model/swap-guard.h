/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host's swap can bear: its room, what was written to it of late by whomever, and how long
 * its reads take. Policy and gate ask the same.
 */
#ifndef KVMB_MODEL_SWAP_GUARD_H
#define KVMB_MODEL_SWAP_GUARD_H

#include "model/state.h"

/** kvmb_swap_guard_see() - take in what a sample says of writes */
void kvmb_swap_guard_see(struct kvmb_swap_guard *g, const struct kvmb_host_sample *host,
			 uint64_t now_ns);

/**
 * kvmb_swap_latency_see() - take in what a sample says of reads
 *
 * Reads are judged by their mean: 16 of them or more, or as many as there are in 10 s; at once
 * where they took longer together than 16 that keep within SwapLatencyLimit.
 */
void kvmb_swap_latency_see(struct kvmb_swap_guard *g, const struct kvmb_config *c,
			   const struct kvmb_host_sample *host, uint64_t now_ns);

/**
 * kvmb_swap_room() - what may be swapped out now
 * @ret_why: what bounds it: SWAP_RESERVE, or SWAP_WRITES for SwapWriteLimit
 *
 * Free swap beyond SwapReserve; and of what SwapWriteLimit allows in a minute, what was not written
 * in the last one and is not about to be, by actions on their way. In an emergency the kernel swaps
 * out anyway, so the limit does not hold then.
 */
uint64_t kvmb_swap_room(const struct kvmb_config *c, const struct kvmb_state *s,
			const struct kvmb_sample *sample, enum kvmb_why *ret_why);

/** kvmb_swap_slow() - reads of swap took longer than SwapLatencyLimit of late; never so in an
 * emergency */
bool kvmb_swap_slow(const struct kvmb_config *c, const struct kvmb_state *s, uint64_t now_ns);

#endif

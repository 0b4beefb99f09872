/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 1: how fast available memory falls, from a short window that the state keeps. */
#ifndef KVMB_POLICY_TREND_H
#define KVMB_POLICY_TREND_H

#include "model/state.h"

/*
 * How far to look ahead, because so long it takes to win the first memory back: a tick (2 s) until
 * the fall is seen, about 5 s until a balloon or a reclaim has done its step, and a tick until that
 * is in a sample; rounded up.
 */
#define KVMB_TREND_AHEAD_SEC 10

/**
 * kvmb_trend_see() - take in what is available now
 *
 * Points are a second apart; the newest one is replaced until it is. What is older than 20 s is
 * dropped, so that after a pause (a suspended host, a long Interval=) nothing is concluded.
 */
void kvmb_trend_see(struct kvmb_trend *t, uint64_t now_ns, uint64_t available_bytes);

/**
 * kvmb_trend_expect() - @taken_bytes less from here on are no fall: room was held for who took them
 * To be told before kvmb_trend_see(). The points so far become what would have been there without.
 */
void kvmb_trend_expect(struct kvmb_trend *t, uint64_t taken_bytes);

/**
 * kvmb_trend_fall() - bytes a second by which available memory falls; 0: it does not, or who knows
 * @least_bytes: a smaller drop over the window is noise, or what was given back
 *
 * The lesser of the slopes (least squares) of the whole window and of its last 2 s: a single step
 * is not yet a trend, and a fall that has ended is none any more. Needs three points over 4 s.
 */
uint64_t kvmb_trend_fall(const struct kvmb_trend *t, uint64_t least_bytes);

/** kvmb_trend_ahead() - what will be available KVMB_TREND_AHEAD_SEC from the newest point on */
uint64_t kvmb_trend_ahead(const struct kvmb_trend *t, uint64_t least_bytes);

#endif

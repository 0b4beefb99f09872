/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What actions brought: asked against got, in totals and in rows of failures; and the watch over a
 * balloon, which moves only some time after it was ordered.
 */
#ifndef KVMB_PLAN_EFFECT_H
#define KVMB_PLAN_EFFECT_H

#include <kvmballoon.h>

struct kvmb_state;

/**
 * kvmb_state_apply_result() - count one finished action
 *
 * Asked > 0 and got = 0 three times in a row degrades the guest (kvmb_state_degraded()) for that
 * kind of action. Refused at the last moment (why), cancelled or timed out does not count. Results
 * of a dry run must not be given in here.
 */
void kvmb_state_apply_result(struct kvmb_state *s, const struct kvmb_result *result);

#define KVMB_WATCH_STALL_NS (UINT64_C(5) * 1000000000)  /* no progress for that long: it is over */
#define KVMB_WATCH_MAX_NS (UINT64_C(30) * 1000000000)   /* over in any case */

/* A balloon on its way. */
struct kvmb_watch {
	struct kvmb_action action; /* without ranges */
	uint64_t balloon_before_bytes;
	uint64_t resident_before_bytes;
	uint64_t started_ns;
	uint64_t balloon_last_bytes;
	uint64_t progress_ns; /* of the facts in which the balloon last moved */
};

/** kvmb_watch_start() - @g: the guest as it was when the balloon was ordered */
void kvmb_watch_start(struct kvmb_watch *w, const struct kvmb_action *a,
		      const struct kvmb_guest_sample *g, uint64_t now_ns);

/**
 * kvmb_watch_update() - look at the guest again
 * @g: NULL if it is gone
 * @ret: written when 1 is returned
 *
 * Over when the balloon is where it should be, when it has not moved for 5 s (a BALLOON is stuck
 * then: BALLOON_STUCK), after 30 s, or with the guest. Facts that did not change since are no lack
 * of progress. A DEFLATE to where the balloon still was (the order it takes back had not moved it)
 * has asked for nothing.
 * Return: 0 still on its way, 1 over.
 */
int kvmb_watch_update(struct kvmb_watch *w, const struct kvmb_guest_sample *g, uint64_t now_ns,
		      struct kvmb_result *ret);

/**
 * kvmb_watch_cut() - end the watch now, because another order took the place of this one
 * @g: the guest as last seen
 * @ret: what was got until then; -ECANCELED if the balloon is not where it should be
 */
void kvmb_watch_cut(const struct kvmb_watch *w, const struct kvmb_guest_sample *g, uint64_t now_ns,
		    struct kvmb_result *ret);

#endif

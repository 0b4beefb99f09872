/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 5: what a guest feels of it, and how much slower to go because of that. Taking is damped,
 * giving back never is.
 */
#ifndef KVMB_POLICY_DAMP_H
#define KVMB_POLICY_DAMP_H

#include <kvmballoon.h>

#include "model/state.h"
#include "policy/estimate.h"

struct kvmb_feel {
	bool scope_pressure; /* it waits for pages that the host took: nothing more is taken */
	bool inside_pressure; /* its own memory is short: the balloon is given back */
	bool over_target;     /* it reads back more than its refault target allows */
	uint64_t refaults_per_min; /* pages */
	uint64_t refaults_allowed;
};

/* Everything that damping looks at, of one guest. */
struct kvmb_damp {
	const struct kvmb_host_config *config;
	const struct kvmb_policy *policy;
	const struct kvmb_guest_sample *guest;
	const struct kvmb_estimate *estimate;
	enum kvmb_level level; /* of the host */
	uint64_t now_ns;
	uint64_t elapsed_ns; /* since the last tick */
};

/**
 * kvmb_damp_update() - what the guest feels now; brings counters, step and pauses in @s up to date
 *
 * The step of reclaim is halved at once (to 1/16 at least) when the guest waits for pages or
 * refaults above its target, once per pause of 10 s, and grows back by 1/20 a second while it is
 * quiet. While the host is hard up, waiting without refaults does not count: that guest waits for
 * free pages, and has them the sooner the more is taken where it is cold. A guest that had to be
 * given memory back is not ballooned for 30 s, then twice as long each time it happens again.
 */
void kvmb_damp_update(const struct kvmb_damp *d, struct kvmb_state_guest *s, struct kvmb_feel *ret);

/** kvmb_damp_step() - most that reclaim may take of this guest in one action */
uint64_t kvmb_damp_step(const struct kvmb_host_config *c, const struct kvmb_state_guest *s,
			enum kvmb_level level);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 1: how short of memory the host is, and how many bytes that makes. */
#ifndef KVMB_POLICY_PRESSURE_H
#define KVMB_POLICY_PRESSURE_H

#include <kvmballoon.h>

#include "model/state.h"

struct kvmb_pressure {
	enum kvmb_level level;
	enum kvmb_level base_level; /* by available memory alone */
	bool pressed;               /* PSI is above its bound, or a trigger fired */
	/*
	 * Memory is missing. If not, and PSI is high all the same, the stalls come from pages being
	 * read back: then only what a guest holds free may be taken, more reclaim would add to
	 * them.
	 */
	bool missing;
	uint64_t need_bytes;
	uint64_t spare_bytes;
};

/**
 * kvmb_pressure_update() - level, need and spare of this tick
 *
 * The level rises at once and falls one step a tick. Each threshold is left only a hysteresis above
 * the point where it was entered; PSI counts as high until it is below half of its bound.
 * need is what is missing to elevated + hysteresis, spare what is above elevated + 2 * hysteresis.
 */
void kvmb_pressure_update(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
			  const struct kvmb_state *before, struct kvmb_pressure *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the gate. The guest: balloon at 1024 MiB, 700 resident, 300 free inside, of which
 * 227 are beyond its head-room; guarantee 256.
 */
#ifndef KVMB_TESTS_GATE_WORLD_H
#define KVMB_TESTS_GATE_WORLD_H

#include "plan/validate.h"
#include "policy-world.h"

#define HUGE_ASK (1024 * 1024)

struct case_ {
	struct world w;
	struct kvmb_action a;
	struct kvmb_range ranges[3];
};

static inline struct kvmb_guest_sample *guest(struct case_ *c)
{
	return world_guest(&c->w, 0);
}

static inline struct kvmb_state_guest *state(struct case_ *c)
{
	return world_state(&c->w, 0);
}

static inline struct kvmb_policy *policy(struct case_ *c, enum kvmb_policy_field field)
{
	struct kvmb_policy *p = &state(c)->runtime;

	p->set |= 1U << field;
	return p;
}

/** cold() - 40 MiB of the guest were not touched for two minutes */
static inline void cold(struct case_ *c)
{
	c->a.idle_usec = 2 * USEC_PER_MINUTE;
	guest(c)->ages = (struct kvmb_ages){
		.source = KVMB_AGING_MODULE,
		.told_ns = c->w.sample->now_ns,
		.cold_bytes = { 500 * MIB, [5] = 30 * MIB, [6] = 15 * MIB, [9] = 25 * MIB },
	};
}

#endif

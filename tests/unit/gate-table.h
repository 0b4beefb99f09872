/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for the gate: a row is one action in a world that the row bends, and what comes out.
 */
#ifndef KVMB_TESTS_GATE_TABLE_H
#define KVMB_TESTS_GATE_TABLE_H

#include "gate-world.h"

#define B KVMB_ACTION_BALLOON
#define D KVMB_ACTION_DEFLATE
#define R KVMB_ACTION_RECLAIM
#define P KVMB_ACTION_PAGEOUT

struct gate_row {
	const char *name;
	void (*bend)(struct case_ *c);
	enum kvmb_action_kind kind;
	uint64_t mib; /* BALLOON, DEFLATE: target; else asked */
	enum kvmb_why why; /* NONE: let through */
	uint64_t asked_mib, target_mib; /* as it came out */
	enum kvmb_rule rule;
};

static inline void case_init(struct case_ *c, const struct gate_row *row)
{
	*c = (struct case_){ .a = { .kind = row->kind, .rule = row->rule } };
	world_init(&c->w, 1);
	c->w.state->fresh = false;
	c->w.state->last_ns = c->w.sample->now_ns;
	policy(c, KVMB_FIELD_GUARANTEE)->guarantee_bytes = 256 * MIB;
	memcpy(c->a.name, guest(c)->name, sizeof(c->a.name));
	memcpy(c->a.uuid, guest(c)->uuid, sizeof(c->a.uuid));
	c->a.asked_bytes = row->mib * MIB;
	c->a.target_bytes = row->mib * MIB;
	if (row->bend)
		row->bend(c);
}

static inline void test_gate(void **data)
{
	const struct gate_row *row = *data;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct case_ c;

	case_init(&c, row);
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_add(plan, &c.a), 0);
	assert_int_equal(kvmb_plan_validate(c.w.config, c.w.state, c.w.sample, plan), 0);
	if (row->why == KVMB_WHY_NONE) {
		assert_int_equal(plan->n_actions, 1);
		assert_int_equal(plan->actions[0].asked_bytes, row->asked_mib * MIB);
		if (row->target_mib)
			assert_int_equal(plan->actions[0].target_bytes, row->target_mib * MIB);
	} else {
		assert_int_equal(plan->n_actions, 0);
		assert_true(plan->n_refusals >= 1);
		assert_int_equal(plan->refusals[0].kind, row->kind);
		assert_string_equal(kvmb_why_to_string(plan->refusals[0].why),
				    kvmb_why_to_string(row->why));
		if (row->asked_mib)
			assert_int_equal(plan->refusals[0].asked_bytes, row->asked_mib * MIB);
	}
	world_done(&c.w);
}

#endif

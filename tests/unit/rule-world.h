/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the rules: three guests, bent by each row of a table, and what must be planned for
 * each of them. Where a row says that the host is short, it is of 123 MiB (14 % available, 17 %
 * wanted). A guest has 300 MiB free inside, 227 beyond its head-room, none of it backed by host
 * memory unless it is made so.
 */
#ifndef KVMB_TESTS_RULE_WORLD_H
#define KVMB_TESTS_RULE_WORLD_H

#include "policy-world.h"

#define N_GUESTS 3
#define ANY 0

struct expected {
	enum kvmb_action_kind kind; /* KVMB_ACTION_KINDS: no action */
	enum kvmb_rule rule;
	uint64_t asked_mib; /* ANY: not looked at */
	uint64_t target_mib;
};

#define NOTHING { KVMB_ACTION_KINDS }
#define TAKES(rule, mib, target) { KVMB_ACTION_BALLOON, KVMB_RULE_##rule, mib, target }
#define RECLAIMS(rule, mib) { KVMB_ACTION_RECLAIM, KVMB_RULE_##rule, mib }
#define PAGES_OUT(rule, mib) { KVMB_ACTION_PAGEOUT, KVMB_RULE_##rule, mib }
#define GIVES(rule, target) { KVMB_ACTION_DEFLATE, KVMB_RULE_##rule, ANY, target }

struct rule_row {
	const char *name;
	void (*bend)(struct world *w);
	struct expected want[N_GUESTS];
	enum kvmb_action_kind refused; /* of vm0, with why */
	enum kvmb_why why;
};

static inline void host_short(struct world *w)
{
	world_available(w, 1400);
}

static inline void free_is_backed(struct world *w, size_t i)
{
	world_guest(w, i)->resident_bytes = 1000 * MIB;
}

static inline void guarantee(struct world *w, size_t i, uint64_t mib)
{
	struct kvmb_policy *p = &world_state(w, i)->runtime;

	p->set |= 1U << KVMB_FIELD_GUARANTEE;
	p->guarantee_bytes = mib * MIB;
}

/** aged() - by the module: @cold_mib of the guest were not touched for five minutes */
static inline void aged(struct world *w, size_t i, uint64_t cold_mib)
{
	struct kvmb_guest_sample *g = world_guest(w, i);

	g->ages = (struct kvmb_ages){
		.source = KVMB_AGING_MODULE,
		.told_ns = w->sample->now_ns,
		.cold_bytes = { g->resident_bytes - cold_mib * MIB, [6] = cold_mib * MIB },
	};
}

static inline void set_mode(struct world *w, size_t i, enum kvmb_mode mode)
{
	struct kvmb_policy *p = &world_state(w, i)->runtime;

	p->set |= 1U << KVMB_FIELD_MODE;
	p->mode = mode;
	if (mode == KVMB_MODE_PROACTIVE)
		w->config->host.mode = mode;
}

static inline void ballooned(struct world *w, size_t i, uint64_t balloon_mib)
{
	struct kvmb_guest_sample *g = world_guest(w, i);
	struct kvmb_state_guest *s = world_state(w, i);

	g->balloon_bytes = balloon_mib * MIB;
	g->guest_total_bytes = g->balloon_bytes - 24 * MIB;
	g->unused_bytes = 60 * MIB;
	s->target_bytes = g->balloon_bytes;
	s->before_bytes = 1024 * MIB;
}

static inline void assert_action(const struct kvmb_action *a, const struct expected *want)
{
	if (want->kind == KVMB_ACTION_KINDS) {
		assert_null(a);
		return;
	}
	assert_non_null(a);
	assert_string_equal(kvmb_action_kind_to_string(a->kind),
			    kvmb_action_kind_to_string(want->kind));
	assert_string_equal(kvmb_rule_to_string(a->rule), kvmb_rule_to_string(want->rule));
	if (want->asked_mib)
		assert_int_equal(a->asked_bytes, want->asked_mib * MIB);
	if (want->target_mib)
		assert_int_equal(a->target_bytes, want->target_mib * MIB);
	assert_true(strlen(a->reason) > 20);
}

static inline void test_rule(void **data)
{
	const struct rule_row *row = *data;
	struct world w;

	world_init(&w, N_GUESTS);
	if (row->bend)
		row->bend(&w);
	world_decide(&w);
	for (size_t i = 0; i < N_GUESTS; i++)
		assert_action(world_action(&w, i), &row->want[i]);
	if (row->why != KVMB_WHY_NONE || row->refused)
		assert_string_equal(kvmb_why_to_string(world_refusal(&w, 0, row->refused)),
				    kvmb_why_to_string(row->why));
	world_done(&w);
}

#endif

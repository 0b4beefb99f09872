/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of policy and gate: tables as cmocka tests (one counted test a row), and a small world
 * of a host with four alike guests, to be bent by each test.
 */
#ifndef KVMB_TESTS_POLICY_WORLD_H
#define KVMB_TESTS_POLICY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <assert.h>
#include <cmocka.h>
#include <kvmballoon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "configuration.h"
#include "model/guest.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/state.h"

#define SEC NSEC_PER_SEC

/* ---- Lists of tests ---------------------------------------------------------------------- */

struct tests {
	struct CMUnitTest list[256];
	size_t n;
};

static inline void tests_add(struct tests *t, const char *name, CMUnitTestFunction run,
			     const void *row)
{
	assert(t->n < ARRAY_SIZE(t->list));
	t->list[t->n++] = (struct CMUnitTest){
		.name = name,
		.test_func = run,
		.initial_state = (void *)(uintptr_t)row,
	};
}

#define TESTS_ADD_TABLE(t, table, run)                                                             \
	do {                                                                                       \
		for (size_t row_ = 0; row_ < ARRAY_SIZE(table); row_++)                            \
			tests_add(t, (table)[row_].name, run, &(table)[row_]);                     \
	} while (0)

#define TESTS_ADD(t, sentence, run) tests_add(t, sentence, run, NULL)

static inline int tests_run(const char *group, struct tests *t)
{
	return _cmocka_run_group_tests(group, t->list, t->n, NULL, NULL);
}

/* ---- The world --------------------------------------------------------------------------- */

/*
 * At 1000 s: 4096 MiB of host, half of it available, 2048 MiB of swap unused, no pressure. Guests
 * vm0, vm1, ... of 1024 MiB: 700 resident, 300 free inside, balloon open, in mode pressure.
 */
struct world {
	struct kvmb_config *config;
	struct kvmb_sample *sample;
	struct kvmb_state *state;
	struct kvmb_plan *plan; /* of the last decision */
};

static inline void world_set_guest(struct kvmb_guest_sample *g, size_t i, uint64_t now_ns)
{
	kvmb_guest_init(g);
	(void)snprintf(g->name, sizeof(g->name), "vm%zu", i);
	(void)snprintf(g->uuid, sizeof(g->uuid), "00000000-0000-4000-8000-%012u",
		       (unsigned int)i);
	(void)snprintf(g->cgroup, sizeof(g->cgroup), "machine.slice/vm%zu.scope", i);
	g->pid = 1000 + (int32_t)i;
	g->state = KVMB_GUEST_RUNNING;
	g->has_balloon = g->psi_valid = g->cgroup_valid = true;
	g->stats_why = KVMB_WHY_NONE;
	g->facts_ns = now_ns;
	g->maximum_bytes = g->balloon_bytes = 1024 * MIB;
	g->rss_bytes = g->resident_bytes = 700 * MIB;
	g->guest_total_bytes = 1000 * MIB;
	g->unused_bytes = 300 * MIB;
	g->usable_bytes = 400 * MIB;
	g->caches_bytes = 100 * MIB;
	g->swap_in_bytes = g->swap_out_bytes = g->major_faults = 0;
	g->stats_age_usec = 0;
}

static inline void world_init(struct world *w, size_t n_guests)
{
	const struct kvmb_host_sample host = {
		.total_bytes = 4096 * MIB,
		.available_bytes = 2048 * MIB,
		.free_bytes = 1024 * MIB,
		.swap_total_bytes = 2048 * MIB,
		.swap_free_bytes = 2048 * MIB,
		.psi_valid = true,
	};

	*w = (struct world){ NULL };
	assert_int_equal(kvmb_config_new(&w->config), 0);
	assert_int_equal(kvmb_sample_new(n_guests, &w->sample), 0);
	assert_int_equal(kvmb_state_new(&w->state), 0);
	w->sample->now_ns = 1000 * SEC;
	w->sample->host = host;
	w->sample->guests_valid = true;
	for (size_t i = 0; i < n_guests; i++)
		world_set_guest(&w->sample->guests[i], i, w->sample->now_ns);
	kvmb_sample_sort(w->sample);
}

static inline void world_done(struct world *w)
{
	w->config = kvmb_config_free(w->config);
	w->sample = kvmb_sample_free(w->sample);
	w->state = kvmb_state_free(w->state);
	w->plan = kvmb_plan_free(w->plan);
}

static inline void world_decide(struct world *w)
{
	struct kvmb_state *next = NULL;
	struct kvmb_plan *plan = NULL;

	assert_int_equal(kvmb_decide(w->config, w->state, w->sample, &next, &plan), 0);
	kvmb_state_free(w->state);
	kvmb_plan_free(w->plan);
	w->state = next;
	w->plan = plan;
}

/* Refused, and nothing is decided. */
static inline void world_refuses(struct world *w, int error)
{
	struct kvmb_state *next = NULL;
	struct kvmb_plan *plan = NULL;

	assert_int_equal(kvmb_decide(w->config, w->state, w->sample, &next, &plan), error);
	assert_null(next);
	assert_null(plan);
}

/* The agent is started anew, and so is the host: its clock begins again. */
static inline void world_restart(struct world *w, uint64_t now_ns)
{
	char *text = NULL;

	assert_int_equal(kvmb_state_to_json(w->state, &text), 0);
	w->state = kvmb_state_free(w->state);
	assert_int_equal(kvmb_state_from_json(text, &w->state), 0);
	free(text);
	w->sample->now_ns = now_ns;
	for (size_t i = 0; i < w->sample->n_guests; i++)
		w->sample->guests[i].facts_ns = now_ns;
}

/* Time passes for all; guests' statistics stay as fresh as they were. */
static inline void world_pass(struct world *w, uint64_t ns)
{
	w->sample->now_ns += ns;
	for (size_t i = 0; i < w->sample->n_guests; i++)
		w->sample->guests[i].facts_ns = w->sample->now_ns;
}

static inline struct kvmb_guest_sample *world_guest(struct world *w, size_t i)
{
	return &w->sample->guests[i];
}

static inline struct kvmb_state_guest *world_state(struct world *w, size_t i)
{
	struct kvmb_state_guest *g = NULL;
	struct kvmb_guest_sample *s = world_guest(w, i);

	assert_int_equal(kvmb_state_guest(w->state, s->uuid, s->name, &g), 0);
	return g;
}

static inline const struct kvmb_action *world_action(const struct world *w, size_t i)
{
	for (size_t k = 0; w->plan && k < w->plan->n_actions; k++)
		if (strcmp(w->plan->actions[k].uuid, w->sample->guests[i].uuid) == 0)
			return &w->plan->actions[k];
	return NULL;
}

static inline enum kvmb_why world_refusal(const struct world *w, size_t i,
					  enum kvmb_action_kind kind)
{
	for (size_t k = 0; w->plan && k < w->plan->n_refusals; k++)
		if (w->plan->refusals[k].kind == kind &&
		    strcmp(w->plan->refusals[k].name, w->sample->guests[i].name) == 0)
			return w->plan->refusals[k].why;
	return KVMB_WHY_NONE;
}

/* Available memory in permyriad of the total. */
static inline void world_available(struct world *w, uint32_t permyriad)
{
	w->sample->host.available_bytes = permyriad_of(w->sample->host.total_bytes, permyriad);
}

/* It needs no swap. */
static inline bool to_store(const struct kvmb_action *a)
{
	return a->kind == KVMB_ACTION_PAGEOUT && a->backend == KVMB_BACKEND_FAR;
}

#endif

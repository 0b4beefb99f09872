/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Coarse reclaim: memory.reclaim of a guest's scope, in steps small enough that a guest which
 * begins to suffer is left alone at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "actuator/actuator.h"
#include "actuator/gauge.h"
#include "base/num.h"
#include "wrap/cgroup.h"

/* A step of reclaim takes the kernel some 10 ms: as long as a guest may go on being hurt. */
#define STEP_BYTES (8 * MIB)

struct reclaim {
	struct kvmb_root root;
};

/* -EAGAIN: the kernel found less than it was asked for; it is not worth while to go on. */
static int reclaim_step(struct reclaim *rec, const struct kvmb_gauge *g, uint64_t bytes,
			enum kvmb_why *why)
{
	char value[32];
	int r;

	(void)snprintf(value, sizeof(value), "%" PRIu64, bytes);
	r = kvmb_cgroup_write(&rec->root, g->action->cgroup, "memory.reclaim", value);
	if (r == 0 || r == -EAGAIN)
		return r;
	r = kvmb_gauge_blame(g, r, why);
	/* In a scope that is there, a missing file is a kernel before 5.19. */
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

static int reclaim_steps(struct reclaim *rec, const struct kvmb_action *a, atomic_bool *cancel,
			 const struct kvmb_gauge *g, enum kvmb_why *why)
{
	uint64_t left = a->asked_bytes;
	int r = 0;

	while (r == 0 && left > 0) {
		uint64_t step = u64_min(left, STEP_BYTES);

		if (atomic_load(cancel))
			return -ECANCELED;
		*why = kvmb_gauge_stop(g, step);
		/* Refused, if it was so from the start; ended early otherwise. */
		if (*why != KVMB_WHY_NONE)
			return left == a->asked_bytes ? -ESTALE : 0;
		r = reclaim_step(rec, g, step, why);
		left -= step;
	}
	return r == -EAGAIN ? 0 : r;
}

static int reclaim_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
			 struct kvmb_result *result)
{
	struct reclaim *rec = ctx;
	struct kvmb_gauge g;
	int r;

	result->got_bytes = 0;
	result->net_bytes = 0;
	result->why = KVMB_WHY_NONE;
	r = kvmb_gauge_begin(&g, &rec->root, a, &result->why);
	if (r < 0)
		return r;
	r = reclaim_steps(rec, a, cancel, &g, &result->why);
	result->got_bytes = kvmb_gauge_taken(&g);
	result->net_bytes = u64_diff(result->got_bytes, kvmb_gauge_swap_cost(&g));
	return r;
}

static void reclaim_free(void *ctx)
{
	struct reclaim *rec = ctx;

	kvmb_root_close(&rec->root);
	free(rec);
}

static const struct kvmb_actuator_ops reclaim_ops = { "reclaim", reclaim_apply, reclaim_free };

int kvmb_actuator_reclaim_new(const char *root_path, struct kvmb_actuator *ret)
{
	struct reclaim *rec = calloc(1, sizeof(*rec));
	int r;

	if (!rec)
		return -ENOMEM;
	rec->root = (struct kvmb_root)KVMB_ROOT_INIT;
	r = kvmb_root_open(root_path, &rec->root);
	if (r >= 0)
		r = kvmb_cgroup_attach(&rec->root);
	if (r < 0) {
		reclaim_free(rec);
		return r;
	}
	*ret = (struct kvmb_actuator){ .ops = &reclaim_ops, .ctx = rec };
	return 0;
}

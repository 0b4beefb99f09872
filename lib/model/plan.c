/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans: a list of actions and a list of refusals that grow, and own what is in them.
 */
#include "model/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

int kvmb_plan_new(struct kvmb_plan **ret)
{
	struct kvmb_plan *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*ret = p;
	return 0;
}

/* The plan owns the ranges, so it may free what others only see as const. */
static void action_free_ranges(const struct kvmb_action *a)
{
	free((struct kvmb_range *)(uintptr_t)a->ranges);
}

struct kvmb_plan *kvmb_plan_free(struct kvmb_plan *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n_actions; i++)
		action_free_ranges(&p->actions[i]);
	free(p->actions);
	free(p->refusals);
	free(p);
	return NULL;
}

int kvmb_plan_add(struct kvmb_plan *p, const struct kvmb_action *a)
{
	_cleanup_free_ struct kvmb_range *ranges = NULL;
	int r;

	if (a->n_ranges > 0) {
		ranges = reallocarray(NULL, a->n_ranges, sizeof(*ranges));
		if (!ranges)
			return -ENOMEM;
		memcpy(ranges, a->ranges, a->n_ranges * sizeof(*ranges));
	}
	r = kvmb_grow(&p->actions, p->n_actions, sizeof(*p->actions));
	if (r < 0)
		return r;
	p->actions[p->n_actions] = *a;
	p->actions[p->n_actions++].ranges = TAKE_PTR(ranges);
	return 0;
}

void kvmb_plan_drop(struct kvmb_plan *p, size_t i)
{
	action_free_ranges(&p->actions[i]);
	p->n_actions--;
	memmove(&p->actions[i], &p->actions[i + 1], (p->n_actions - i) * sizeof(*p->actions));
}

int kvmb_plan_refuse(struct kvmb_plan *p, const char *name, enum kvmb_action_kind kind,
		     enum kvmb_why why, uint64_t asked_bytes)
{
	struct kvmb_refusal *refusal;
	int r = kvmb_grow(&p->refusals, p->n_refusals, sizeof(*p->refusals));

	if (r < 0)
		return r;
	refusal = &p->refusals[p->n_refusals++];
	*refusal = (struct kvmb_refusal){ .kind = kind, .why = why, .asked_bytes = asked_bytes };
	kvmb_str_format(refusal->name, sizeof(refusal->name), "%s", name);
	return 0;
}

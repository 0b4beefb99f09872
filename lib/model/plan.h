/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans: a list of actions and a list of refusals that grow, and own what is in them.
 */
#ifndef KVMB_MODEL_PLAN_H
#define KVMB_MODEL_PLAN_H

#include <kvmballoon.h>

#include "base/cleanup.h"

struct kvmb_json;

KVMB_DEFINE_CLEANUP(struct kvmb_plan *, kvmb_plan_free);

/** kvmb_plan_new() - empty */
int kvmb_plan_new(struct kvmb_plan **ret);

/** kvmb_plan_add() - append a copy of @a, its ranges included; 0 or -ENOMEM */
int kvmb_plan_add(struct kvmb_plan *p, const struct kvmb_action *a);

/** kvmb_plan_drop() - take action @i out; the others keep their order */
void kvmb_plan_drop(struct kvmb_plan *p, size_t i);

/** kvmb_plan_refuse() - append a refusal; @name is cut if it is too long; 0 or -ENOMEM */
int kvmb_plan_refuse(struct kvmb_plan *p, const char *name, enum kvmb_action_kind kind,
		     enum kvmb_why why, uint64_t asked_bytes);

/* The JSON form as part of something larger; reading it, -EBADMSG names the fault. */
int kvmb_plan_to_object(const struct kvmb_plan *p, struct kvmb_json **ret);
int kvmb_plan_from_object(const struct kvmb_json *o, struct kvmb_plan **ret, char **ret_error);

#endif

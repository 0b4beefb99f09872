/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's policy: built-in values, overlay of one on another, JSON form.
 */
#ifndef KVMB_MODEL_POLICY_H
#define KVMB_MODEL_POLICY_H

#include <kvmballoon.h>

#include "model/json.h"

/** kvmb_policy_builtin() - every member valid, `set` empty, every source BUILTIN */
void kvmb_policy_builtin(struct kvmb_policy *ret);

/** kvmb_policy_overlay() - take over the members in @from->set, with @source; `set` grows */
void kvmb_policy_overlay(struct kvmb_policy *p, const struct kvmb_policy *from,
			 enum kvmb_policy_source source);

/** kvmb_policy_unset() - the members in @fields are as built in, and no more in `set` */
void kvmb_policy_unset(struct kvmb_policy *p, uint32_t fields);

/** kvmb_policy_agrees() - of the members in @fields: are the same ones set, to the same values? */
bool kvmb_policy_agrees(const struct kvmb_policy *a, const struct kvmb_policy *b, uint32_t fields);

/**
 * kvmb_policy_to_json() - an object with the members in @p->set only
 * The limit is null where it is the guest's maximum.
 */
int kvmb_policy_to_json(const struct kvmb_policy *p, struct kvmb_json **ret);

/** kvmb_policy_from_json() - `set` says which members were there; -EBADMSG names one by @path */
int kvmb_policy_from_json(const struct kvmb_json *j, const char *path, struct kvmb_policy *ret,
			  char **ret_error);

/** kvmb_policy_check_json() - -EBADMSG for a member that is none of a policy's */
int kvmb_policy_check_json(const struct kvmb_json *j, const char *path, char **ret_error);

#endif

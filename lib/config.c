/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration objects: built-in values, copies, and the effective policy of one guest.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "config-internal.h"
#include "model/policy.h"

int kvmb_config_new(struct kvmb_config **ret)
{
	struct kvmb_config *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	kvmb_host_builtin(&c->host);
	kvmb_policy_builtin(&c->defaults);
	*ret = c;
	return 0;
}

struct kvmb_config *kvmb_config_free(struct kvmb_config *c)
{
	if (c)
		free(c->guests);
	free(c);
	return NULL;
}

int kvmb_config_copy(const struct kvmb_config *c, struct kvmb_config **ret)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *t = malloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = *c;
	t->guests = NULL;
	if (c->n_guests > 0) {
		t->guests = reallocarray(NULL, c->n_guests, sizeof(*t->guests));
		if (!t->guests)
			return -ENOMEM;
		memcpy(t->guests, c->guests, c->n_guests * sizeof(*t->guests));
	}
	*ret = TAKE_PTR(t);
	return 0;
}

static int compare_name(const void *name, const void *guest)
{
	const struct kvmb_config_guest *g = guest;

	return strcmp(name, g->name);
}

void kvmb_config_policy(const struct kvmb_config *c, const char *name,
			const struct kvmb_policy *runtime, struct kvmb_policy *ret)
{
	const struct kvmb_config_guest *g = NULL;

	if (c->n_guests > 0)
		g = bsearch(name, c->guests, c->n_guests, sizeof(*g), compare_name);
	kvmb_policy_builtin(ret);
	kvmb_policy_overlay(ret, &c->defaults, KVMB_POLICY_CONFIG);
	if (g)
		kvmb_policy_overlay(ret, &g->policy, KVMB_POLICY_GUEST);
	if (runtime)
		kvmb_policy_overlay(ret, runtime, KVMB_POLICY_RUNTIME);
}

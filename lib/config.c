/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration objects: built-in values and copies.
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
	if (!c)
		return NULL;
	free(c->classes);
	free(c->guests);
	free(c);
	return NULL;
}

/* @array becomes a copy of its own. */
static int copy_array(void *array, size_t n, size_t item_size)
{
	void *from, *to;

	memcpy(&from, array, sizeof(from));
	to = reallocarray(NULL, n ? n : 1, item_size);
	if (!to)
		return -ENOMEM;
	if (n)
		memcpy(to, from, n * item_size);
	memcpy(array, &to, sizeof(to));
	return 0;
}

int kvmb_config_copy(const struct kvmb_config *c, struct kvmb_config **ret)
{
	struct kvmb_config *t = malloc(sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	*t = *c;
	r = copy_array(&t->guests, c->n_guests, sizeof(*t->guests));
	if (r < 0)
		t->guests = NULL;
	if (r < 0 || copy_array(&t->classes, c->n_classes, sizeof(*t->classes)) < 0) {
		t->classes = NULL;
		(void)kvmb_config_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

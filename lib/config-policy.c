/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The effective policy of one guest: all that is meant for it, laid one over the other. What is
 * written for many guests, or comes with the guest, gives way where the whole would contradict
 * itself; the two sources that name the guest on this host are checked when they are written.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/str.h"
#include "config-internal.h"
#include "model/policy.h"

struct layers {
	const struct kvmb_config *config;
	const char *name;
	const struct kvmb_policy *metadata; /* or NULL */
	const struct kvmb_policy *runtime;  /* or NULL */
};

int kvmb_class_add(const struct kvmb_config_class *class, struct kvmb_policy *p, char **ret_error)
{
	struct kvmb_policy t = *p;
	int r;

	kvmb_policy_overlay(&t, &class->policy, KVMB_POLICY_CLASS);
	r = kvmb_policy_check(&t, ret_error);
	if (r < 0)
		return r;
	*p = t;
	return 0;
}

static int compare_name(const void *name, const void *guest)
{
	const struct kvmb_config_guest *g = guest;

	return strcmp(name, g->name);
}

static const struct kvmb_config_guest *find_guest(const struct layers *l)
{
	const struct kvmb_config *c = l->config;

	return c->n_guests ? bsearch(l->name, c->guests, c->n_guests, sizeof(*c->guests),
				     compare_name) :
			     NULL;
}

static void add_classes(const struct layers *l, struct kvmb_policy *p)
{
	for (size_t i = 0; i < l->config->n_classes; i++)
		if (kvmb_glob_match(l->config->classes[i].pattern, l->name))
			(void)kvmb_class_add(&l->config->classes[i], p, NULL);
}

/* Without a look at contradictions between metadata and the rest. */
static void stack(const struct layers *l, struct kvmb_policy *ret)
{
	const struct kvmb_config_guest *g = find_guest(l);

	kvmb_policy_builtin(ret);
	kvmb_policy_overlay(ret, &l->config->defaults, KVMB_POLICY_CONFIG);
	add_classes(l, ret);
	if (l->metadata)
		kvmb_policy_overlay(ret, l->metadata, KVMB_POLICY_METADATA);
	if (g)
		kvmb_policy_overlay(ret, &g->policy, KVMB_POLICY_GUEST);
	if (l->runtime)
		kvmb_policy_overlay(ret, l->runtime, KVMB_POLICY_RUNTIME);
}

void kvmb_config_policy(const struct kvmb_config *c, const char *name,
			const struct kvmb_policy *metadata, const struct kvmb_policy *runtime,
			struct kvmb_policy *ret)
{
	struct layers l = { c, name, metadata, runtime };

	stack(&l, ret);
	if (!metadata || !metadata->set || kvmb_policy_check(ret, NULL) >= 0)
		return;
	l.metadata = NULL;
	stack(&l, ret);
}

/* The first class that does not count. */
static int class_fault(const struct layers *l, char **ret_text)
{
	const struct kvmb_config *c = l->config;
	struct kvmb_policy p;

	kvmb_policy_builtin(&p);
	kvmb_policy_overlay(&p, &c->defaults, KVMB_POLICY_CONFIG);
	for (size_t i = 0; i < c->n_classes; i++) {
		_cleanup_free_ char *what = NULL;

		if (kvmb_glob_match(c->classes[i].pattern, l->name) &&
		    kvmb_class_add(&c->classes[i], &p, &what) < 0)
			return kvmb_explain(-EINVAL, ret_text, "[Class %s] does not count: %s",
					    c->classes[i].pattern, what ? what : "");
	}
	return 0;
}

int kvmb_config_policy_fault(const struct kvmb_config *c, const char *name,
			     const struct kvmb_policy *metadata, const struct kvmb_policy *runtime,
			     char **ret_text)
{
	const struct layers l = { c, name, metadata, runtime };
	_cleanup_free_ char *what = NULL;
	struct kvmb_policy p;

	stack(&l, &p);
	if (metadata && metadata->set && kvmb_policy_check(&p, &what) < 0)
		return kvmb_explain(-EINVAL, ret_text, "the metadata do not count: %s",
				    what ? what : "");
	return class_fault(&l, ret_text);
}

void kvmb_config_classes(const struct kvmb_config *c, const char *name,
			 const struct kvmb_policy *policy, const char *ret[static KVMB_FIELDS])
{
	struct kvmb_policy p;

	kvmb_policy_builtin(&p);
	kvmb_policy_overlay(&p, &c->defaults, KVMB_POLICY_CONFIG);
	for (unsigned int f = 0; f < KVMB_FIELDS; f++)
		ret[f] = NULL;
	for (size_t i = 0; i < c->n_classes; i++) {
		const struct kvmb_config_class *class = &c->classes[i];

		if (!kvmb_glob_match(class->pattern, name) || kvmb_class_add(class, &p, NULL) < 0)
			continue;
		for (unsigned int f = 0; f < KVMB_FIELDS; f++)
			if (class->policy.set & 1U << f && policy->source[f] == KVMB_POLICY_CLASS)
				ret[f] = class->pattern;
	}
}

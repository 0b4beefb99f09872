/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The effective policy of one guest: all that is meant for it, laid one over the other. Where the
 * whole would contradict itself, what comes with the guest gives way, then what is written for many
 * guests, then what was set before the configuration that it contradicts.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/num.h"
#include "base/str.h"
#include "config-internal.h"
#include "model/policy.h"

struct layers {
	const struct kvmb_config *config;
	const char *name;
	const struct kvmb_policy *metadata; /* or NULL */
	const struct kvmb_policy *runtime;  /* or NULL */
	bool classes_yield; /* to what is stronger; to what is weaker they always do */
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

static void add_stronger(const struct layers *l, struct kvmb_policy *p)
{
	const struct kvmb_config_guest *g = find_guest(l);

	if (l->metadata)
		kvmb_policy_overlay(p, l->metadata, KVMB_POLICY_METADATA);
	if (g)
		kvmb_policy_overlay(p, &g->policy, KVMB_POLICY_GUEST);
	if (l->runtime)
		kvmb_policy_overlay(p, l->runtime, KVMB_POLICY_RUNTIME);
}

static int check_with_stronger(const struct layers *l, struct kvmb_policy p, char **ret_error)
{
	add_stronger(l, &p);
	return kvmb_policy_check(&p, ret_error);
}

static int add_class(const struct layers *l, const struct kvmb_config_class *class,
		     struct kvmb_policy *p, char **ret_error)
{
	struct kvmb_policy t = *p;
	int r = kvmb_class_add(class, &t, ret_error);

	/* What contradicts itself without this class is not its fault. */
	if (r >= 0 && l->classes_yield && check_with_stronger(l, *p, NULL) >= 0)
		r = check_with_stronger(l, t, ret_error);
	if (r >= 0)
		*p = t;
	return r;
}

/* The reason comes first: a pattern may be longer than what a reader of it has room for. */
static int add_classes(const struct layers *l, struct kvmb_policy *p, char **ret_text)
{
	int fault = 0;

	for (size_t i = 0; i < l->config->n_classes; i++) {
		const struct kvmb_config_class *class = &l->config->classes[i];
		_cleanup_free_ char *what = NULL;

		if (!kvmb_glob_match(class->pattern, l->name) ||
		    add_class(l, class, p, ret_text ? &what : NULL) >= 0)
			continue;
		if (!fault)
			(void)kvmb_explain(0, ret_text, "%s, so [Class %s] does not count",
					   what ? what : "Values contradict each other",
					   class->pattern);
		fault = KVMB_UNCOUNTED_CLASS;
	}
	return fault;
}

static int stack(const struct layers *l, struct kvmb_policy *ret, char **ret_text)
{
	int fault;

	kvmb_policy_builtin(ret);
	kvmb_policy_overlay(ret, &l->config->defaults, KVMB_POLICY_CONFIG);
	fault = add_classes(l, ret, ret_text);
	add_stronger(l, ret);
	return fault;
}

/*
 * Who gives way, tried in this order. What is left by the last is checked when the configuration
 * is loaded. Values at run time were checked, too, but a configuration may have come since.
 */
static const int yields[] = {
	0,
	KVMB_UNCOUNTED_METADATA,
	KVMB_UNCOUNTED_CLASS,
	KVMB_UNCOUNTED_METADATA | KVMB_UNCOUNTED_CLASS,
	KVMB_UNCOUNTED_RUNTIME,
	KVMB_UNCOUNTED_METADATA | KVMB_UNCOUNTED_RUNTIME,
};

static struct layers without(const struct layers *all, int what)
{
	struct layers l = *all;

	if (what & KVMB_UNCOUNTED_METADATA || !l.config->host.metadata)
		l.metadata = NULL;
	if (what & KVMB_UNCOUNTED_RUNTIME)
		l.runtime = NULL;
	l.classes_yield = what & KVMB_UNCOUNTED_CLASS;
	return l;
}

/* What does not count; @ret_class: of the first class among it, or NULL */
static int settle(const struct layers *all, struct kvmb_policy *ret, char **ret_class)
{
	int fault = 0;

	for (size_t i = 0; i < ARRAY_SIZE(yields); i++) {
		struct layers l = without(all, yields[i]);
		_cleanup_free_ char *class = NULL;

		fault = stack(&l, ret, ret_class ? &class : NULL) |
			(yields[i] & ~KVMB_UNCOUNTED_CLASS);
		if (kvmb_policy_check(ret, NULL) < 0)
			continue;
		if (ret_class)
			*ret_class = TAKE_PTR(class);
		break;
	}
	return fault;
}

void kvmb_config_policy(const struct kvmb_config *c, const char *name,
			const struct kvmb_policy *metadata, const struct kvmb_policy *runtime,
			struct kvmb_policy *ret)
{
	const struct layers l = { c, name, metadata, runtime, false };

	(void)settle(&l, ret, NULL);
}

int kvmb_config_policy_fault(const struct kvmb_config *c, const char *name,
			     const struct kvmb_policy *metadata, const struct kvmb_policy *runtime,
			     char **ret_text)
{
	const struct layers all = { c, name, metadata, runtime, false }, l = without(&all, 0);
	_cleanup_free_ char *class = NULL, *what = NULL;
	struct kvmb_policy p;
	int fault = settle(&all, &p, &class);

	if (!ret_text || !fault)
		return fault;
	if (!(fault & ~KVMB_UNCOUNTED_CLASS)) {
		*ret_text = TAKE_PTR(class);
		return fault;
	}
	(void)stack(&l, &p, NULL);
	(void)kvmb_policy_check(&p, &what);
	return kvmb_explain(fault, ret_text, "%s do not count: %s",
			    fault & KVMB_UNCOUNTED_RUNTIME ? "the values set at run time" :
							     "the metadata",
			    what ? what : "they contradict others");
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
			if (class->policy.set & 1U << f && policy->source[f] == KVMB_POLICY_CLASS &&
			    kvmb_policy_agrees(&class->policy, policy, 1U << f))
				ret[f] = class->pattern;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for a guest, of all that is meant for it: in other words than those of
 * lib/config-policy.c. There each source is laid over the weaker ones; here each value is looked
 * for from the strongest source down.
 */
#ifndef KVMB_TESTS_LAYER_ORACLE_H
#define KVMB_TESTS_LAYER_ORACLE_H

#include <fnmatch.h>

#include "policy-world.h"

#define LAYERS 16

/* Weakest first. */
struct layers {
	const struct kvmb_policy *of[LAYERS];
	size_t n;
};

static inline void layers_add(struct layers *l, const struct kvmb_policy *p)
{
	assert_true(l->n < LAYERS);
	l->of[l->n++] = p;
}

/* Who decides of that value; NULL: nobody, it is built in. */
static inline const struct kvmb_policy *layers_say(const struct layers *l,
						   enum kvmb_policy_field field)
{
	for (size_t i = l->n; i > 0; i--)
		if (l->of[i - 1]->set >> field & 1)
			return l->of[i - 1];
	return NULL;
}

static inline bool layers_contradict(const struct layers *l)
{
	const struct kvmb_policy *guarantee = layers_say(l, KVMB_FIELD_GUARANTEE);
	const struct kvmb_policy *limit = layers_say(l, KVMB_FIELD_LIMIT);

	return guarantee && limit && guarantee->guarantee_bytes > limit->limit_bytes;
}

static inline struct kvmb_policy layers_policy(const struct layers *l)
{
	const struct kvmb_policy *say[KVMB_FIELDS];

	for (unsigned int f = 0; f < KVMB_FIELDS; f++)
		say[f] = layers_say(l, (enum kvmb_policy_field)f);
	return (struct kvmb_policy){
		.guarantee_bytes = say[KVMB_FIELD_GUARANTEE] ?
					   say[KVMB_FIELD_GUARANTEE]->guarantee_bytes : 0,
		.limit_bytes = say[KVMB_FIELD_LIMIT] ? say[KVMB_FIELD_LIMIT]->limit_bytes :
						       UINT64_MAX,
		.priority = say[KVMB_FIELD_PRIORITY] ? say[KVMB_FIELD_PRIORITY]->priority :
						       KVMB_PRIORITY_NORMAL,
		.mode = say[KVMB_FIELD_MODE] ? say[KVMB_FIELD_MODE]->mode : KVMB_MODE_PRESSURE,
	};
}

/* A class counts unless it contradicts what is weaker. */
static inline void layers_add_classes(struct layers *l, const struct kvmb_config *c,
				      const char *name)
{
	for (size_t i = 0; i < c->n_classes; i++) {
		if (fnmatch(c->classes[i].pattern, name, 0) != 0)
			continue;
		layers_add(l, &c->classes[i].policy);
		if (layers_contradict(l))
			l->n--;
	}
}

static inline void layers_add_own(struct layers *l, const struct kvmb_config *c, const char *name,
				  const struct kvmb_policy *runtime)
{
	for (size_t i = 0; i < c->n_guests; i++)
		if (strcmp(c->guests[i].name, name) == 0)
			layers_add(l, &c->guests[i].policy);
	if (runtime)
		layers_add(l, runtime);
}

/* Shares and refault target are nobody's promise: they are left out. */
static inline struct kvmb_policy layer_oracle(const struct kvmb_config *c,
					      const struct kvmb_guest_sample *g,
					      const struct kvmb_policy *runtime)
{
	struct layers weak = { .n = 0 }, all;

	layers_add(&weak, &c->defaults);
	layers_add_classes(&weak, c, g->name);
	all = weak;
	layers_add(&all, &g->metadata);
	layers_add_own(&all, c, g->name, runtime);
	if (!layers_contradict(&all))
		return layers_policy(&all);
	layers_add_own(&weak, c, g->name, runtime); /* the metadata do not count */
	return layers_policy(&weak);
}

#endif

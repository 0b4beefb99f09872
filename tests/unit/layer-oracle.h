/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for a guest, of all that is meant for it: in other words than those of
 * lib/config-policy.c. There each source is laid over the weaker ones; here each value is looked
 * for from the strongest source down. Where it would contradict itself, sources give way in turn.
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
		.backend = say[KVMB_FIELD_BACKEND] ? say[KVMB_FIELD_BACKEND]->backend :
						     KVMB_BACKEND_AUTO,
	};
}

/* All that is stronger than classes. */
static inline struct layers layers_own(struct layers l, const struct kvmb_config *c,
				       const struct kvmb_policy *metadata, const char *name,
				       const struct kvmb_policy *runtime)
{
	if (metadata)
		layers_add(&l, metadata);
	for (size_t i = 0; i < c->n_guests; i++)
		if (strcmp(c->guests[i].name, name) == 0)
			layers_add(&l, &c->guests[i].policy);
	if (runtime)
		layers_add(&l, runtime);
	return l;
}

struct layer_trial {
	bool metadata, runtime; /* they count */
	bool classes_yield;     /* to what is stronger */
};

static inline struct layers layers_try(const struct kvmb_config *c,
				       const struct kvmb_guest_sample *g,
				       const struct kvmb_policy *runtime, struct layer_trial t)
{
	const struct kvmb_policy *m = t.metadata && c->host.metadata ? &g->metadata : NULL;
	struct layers weak = { .n = 0 }, more, without, with;

	runtime = t.runtime ? runtime : NULL;
	layers_add(&weak, &c->defaults);
	for (size_t i = 0; i < c->n_classes; i++) {
		if (fnmatch(c->classes[i].pattern, g->name, 0) != 0)
			continue;
		more = weak;
		layers_add(&more, &c->classes[i].policy);
		without = layers_own(weak, c, m, g->name, runtime);
		with = layers_own(more, c, m, g->name, runtime);
		if (!layers_contradict(&more) &&
		    !(t.classes_yield && !layers_contradict(&without) && layers_contradict(&with)))
			weak = more;
	}
	return layers_own(weak, c, m, g->name, runtime);
}

/* Shares and refault target are nobody's promise: they are left out. */
static inline struct kvmb_policy layer_oracle(const struct kvmb_config *c,
					      const struct kvmb_guest_sample *g,
					      const struct kvmb_policy *runtime)
{
	static const struct layer_trial trials[] = {
		{ true, true, false },  { false, true, false }, { true, true, true },
		{ false, true, true },  { true, false, false }, { false, false, false },
	};
	struct layers l = { .n = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		l = layers_try(c, g, runtime, trials[i]);
		if (!layers_contradict(&l))
			break;
	}
	return layers_policy(&l);
}

#endif

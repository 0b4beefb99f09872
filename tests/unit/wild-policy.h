/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies from everywhere, for test-million.c: classes, metadata, guests of the file. */
#ifndef KVMB_TESTS_WILD_POLICY_H
#define KVMB_TESTS_WILD_POLICY_H

#include "random-world.h"

#define WILD_CLASSES 4

/* Some values of one; they may contradict others. */
static inline void wild_part(uint64_t *seed, struct kvmb_policy *p)
{
	random_policy(seed, p);
	p->set = (uint32_t)random_below(seed, 1U << KVMB_FIELDS);
}

static inline void wild_metadata(uint64_t *seed, struct kvmb_policy *p)
{
	if (random_one_in(seed, 2))
		wild_part(seed, p);
	else
		*p = (struct kvmb_policy){ .set = 0 };
}

static inline void wild_classes(uint64_t *seed, struct kvmb_config *c)
{
	static const char *const patterns[] = { "*", "vm*", "vm[0-3]", "?m2", "vm1", "another*" };

	c->n_classes = random_below(seed, WILD_CLASSES + 1);
	c->classes = calloc(WILD_CLASSES, sizeof(*c->classes));
	assert_non_null(c->classes);
	for (size_t i = 0; i < c->n_classes; i++) {
		(void)snprintf(c->classes[i].pattern, sizeof(c->classes[i].pattern), "%s",
			       patterns[random_below(seed, ARRAY_SIZE(patterns))]);
		wild_part(seed, &c->classes[i].policy);
	}
}

/* What names a guest is checked against the weaker when it is written: it does not contradict. */
static inline void wild_guests(uint64_t *seed, struct kvmb_config *c, size_t n)
{
	const uint32_t both = 1U << KVMB_FIELD_GUARANTEE | 1U << KVMB_FIELD_LIMIT;

	c->guests = calloc(n, sizeof(*c->guests));
	assert_non_null(c->guests);
	for (size_t i = 0; i < n; i++) {
		struct kvmb_config_guest *g = &c->guests[c->n_guests];

		if (!random_one_in(seed, 3))
			continue;
		(void)snprintf(g->name, sizeof(g->name), "vm%zu", i);
		wild_part(seed, &g->policy);
		g->policy.set = random_one_in(seed, 2) ? g->policy.set | both :
							 g->policy.set & ~both;
		c->n_guests++;
	}
}

#endif

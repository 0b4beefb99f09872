// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine's record of each guest: comes and goes with the samples, tells what changed. */
#include <errno.h>
#include <string.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"
#include "model/store.h"

#define REFAULT_BASE_NS (30 * NSEC_PER_SEC)

static ssize_t find_index(const struct kvmb_engine *e, const char *name)
{
	size_t low = 0, high = e->n_guests;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, e->guests[middle]->name);

		if (order == 0)
			return (ssize_t)middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

struct kvmb_engine_guest *kvmb_engine_find(const struct kvmb_engine *e, const char *name)
{
	ssize_t at = find_index(e, name);

	return at < 0 ? NULL : e->guests[at];
}

static void refault_rate_update(struct kvmb_refault_rate *rate, uint64_t now_ns, uint64_t pages)
{
	bool restarted = pages < rate->base_pages[1]; /* the scope is a new one */

	if (!rate->base_ns[1] || restarted) {
		rate->base_ns[0] = rate->base_ns[1] = now_ns;
		rate->base_pages[0] = rate->base_pages[1] = pages;
	} else if (u64_sub_sat(now_ns, rate->base_ns[1]) >= REFAULT_BASE_NS) {
		rate->base_ns[0] = rate->base_ns[1];
		rate->base_pages[0] = rate->base_pages[1];
		rate->base_ns[1] = now_ns;
		rate->base_pages[1] = pages;
	}
}

uint64_t kvmb_refault_rate_per_min(const struct kvmb_refault_rate *rate, uint64_t now_ns,
				   uint64_t pages)
{
	uint64_t passed_ns = u64_sub_sat(now_ns, rate->base_ns[0]);

	if (!passed_ns)
		return 0;
	return u64_mul_div(u64_sub_sat(pages, rate->base_pages[0]), NSEC_PER_MINUTE, passed_ns);
}

/* A store that comes into sight has counted all the time: the rate begins anew. */
static void refaults_update(struct kvmb_engine_guest *g, const struct kvmb_guest_sample *s,
			    uint64_t now_ns)
{
	if (!s->cgroup_valid)
		return;
	if (g->store_seen != s->store.valid)
		g->refaults = (struct kvmb_refault_rate){ { 0 }, { 0 } };
	g->store_seen = s->store.valid;
	refault_rate_update(&g->refaults, now_ns, kvmb_guest_refaults(s));
}

static struct kvmb_engine_guest *guest_new(const struct kvmb_guest_sample *s)
{
	struct kvmb_engine_guest *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	memcpy(g->name, s->name, sizeof(g->name));
	memcpy(g->uuid, s->uuid, sizeof(g->uuid));
	return g;
}

static void tell(const struct kvmb_engine *e,
		 void (*callback)(void *userdata, const char *name), const char *name)
{
	if (callback)
		callback(e->userdata, name);
}

/* Which list is ahead: <0 the record is of a guest that is gone, >0 the sample has a new one. */
static int compare(const struct kvmb_engine_guest *g, const struct kvmb_guest_sample *s)
{
	int order;

	if (!g || !s)
		return g ? -1 : 1;
	order = strcmp(g->name, s->name);
	/* The same name with another UUID is another guest. */
	return order == 0 && !streq(g->uuid, s->uuid) ? -1 : order;
}

/* Walk both ordered lists; what went is left at the front of @old, its number is returned. */
static size_t merge_guests(struct kvmb_engine *e, struct kvmb_engine_guest **old, size_t n_old,
			   const struct kvmb_sample *sample)
{
	size_t o = 0, n_gone = 0;

	for (size_t s = 0; o < n_old || s < sample->n_guests;) {
		struct kvmb_engine_guest *g = o < n_old ? old[o] : NULL;
		int order = compare(g, s < sample->n_guests ? &sample->guests[s] : NULL);

		if (order < 0) {
			old[n_gone++] = old[o++];
			continue;
		}
		if (order > 0)
			g = guest_new(&sample->guests[s]);
		else
			o++;
		/* One that found no memory is tried again at the next tick. */
		if (g)
			e->guests[e->n_guests++] = g;
		s++;
	}
	return n_gone;
}

int kvmb_engine_sync_guests(struct kvmb_engine *e, const struct kvmb_sample *sample)
{
	struct kvmb_engine_guest **old = e->guests;
	struct kvmb_engine_guest **new = calloc(sample->n_guests + 1, sizeof(*new));
	size_t n_old = e->n_guests, n_gone;

	if (!new)
		return -ENOMEM;
	e->guests = new;
	e->n_guests = 0;
	n_gone = merge_guests(e, old, n_old, sample);
	for (size_t i = 0; i < n_gone; i++) {
		tell(e, e->callbacks.guest_removed, old[i]->name);
		free(old[i]);
	}
	free(old);
	for (size_t i = 0; i < e->n_guests; i++)
		refaults_update(e->guests[i],
				kvmb_sample_find_name(sample, e->guests[i]->name), sample->now_ns);
	return kvmb_engine_list_absent(e, e->config);
}

int kvmb_engine_list_absent(struct kvmb_engine *e, const struct kvmb_config *c)
{
	const char **absent = calloc(c->n_guests + 1, sizeof(*absent));
	size_t n = 0;

	if (!absent)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_guests; i++)
		if (!kvmb_engine_find(e, c->guests[i].name))
			absent[n++] = c->guests[i].name;
	free(e->absent);
	e->absent = absent;
	e->n_absent = n;
	return 0;
}

static bool policy_differs(const struct kvmb_policy *a, const struct kvmb_policy *b)
{
	return a->set != b->set || a->shares != b->shares ||
	       a->guarantee_bytes != b->guarantee_bytes || a->limit_bytes != b->limit_bytes ||
	       a->refault_target_ppm != b->refault_target_ppm || a->priority != b->priority ||
	       a->mode != b->mode || a->backend != b->backend ||
	       memcmp(a->source, b->source, sizeof(a->source)) != 0;
}

/* The guest as the outside sees it now; true where that is news. */
static bool guest_refresh(struct kvmb_engine *e, struct kvmb_engine_guest *g,
			  enum kvmb_why excluded)
{
	const struct kvmb_state_guest *state = kvmb_state_find(e->state, g->uuid);
	enum kvmb_why degraded = state ? kvmb_state_degraded(state) : KVMB_WHY_NONE;
	uint64_t target_bytes = state ? state->target_bytes : 0;
	struct kvmb_policy policy = g->policy;
	bool changed = kvmb_engine_refresh_policy(e, g);

	changed = policy_differs(&policy, &g->policy) || excluded != g->excluded || changed ||
		  degraded != g->degraded || target_bytes != g->target_bytes;
	g->excluded = excluded;
	g->degraded = degraded;
	g->target_bytes = target_bytes;
	return changed;
}

void kvmb_engine_notify(struct kvmb_engine *e)
{
	_cleanup_free_ enum kvmb_why *excluded = calloc(e->n_guests + 1, sizeof(*excluded));

	if (!excluded)
		return;
	for (size_t i = 0; e->plan && i < e->plan->n_refusals; i++) {
		const struct kvmb_refusal *refusal = &e->plan->refusals[i];
		ssize_t at = refusal->kind == KVMB_ACTION_KINDS ? find_index(e, refusal->name) : -1;

		if (at >= 0)
			excluded[at] = refusal->why;
	}
	for (size_t i = 0; i < e->n_guests; i++) {
		struct kvmb_engine_guest *g = e->guests[i];
		bool changed = guest_refresh(e, g, excluded[i]);

		if (!g->announced)
			tell(e, e->callbacks.guest_added, g->name);
		else if (changed)
			tell(e, e->callbacks.guest_changed, g->name);
		g->announced = true;
	}
}

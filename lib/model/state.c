// SPDX-License-Identifier: LGPL-2.1-or-later
/* The state: its guests by UUID, its rates per minute, its copy. */
#include "model/state-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/policy.h"
#include "model/stuck.h"

static void rate_roll(struct kvmb_rate *rate, uint64_t slot)
{
	if (slot - rate->slot >= KVMB_RATE_SLOTS)
		memset(rate->sums, 0, sizeof(rate->sums));
	else
		for (uint64_t s = rate->slot + 1; s <= slot; s++)
			rate->sums[s % KVMB_RATE_SLOTS] = 0;
	rate->slot = slot;
}

void kvmb_rate_add(struct kvmb_rate *rate, uint64_t now_ns, uint64_t amount)
{
	uint64_t slot = now_ns / KVMB_RATE_SLOT_NS;
	uint64_t *sum;

	if (slot > rate->slot)
		rate_roll(rate, slot);
	sum = &rate->sums[rate->slot % KVMB_RATE_SLOTS];
	*sum = u64_add_sat(*sum, amount);
}

uint64_t kvmb_rate_sum(const struct kvmb_rate *rate, uint64_t now_ns)
{
	uint64_t newest = u64_max(rate->slot, now_ns / KVMB_RATE_SLOT_NS);
	uint64_t sum = 0;

	for (uint64_t i = 0; i < KVMB_RATE_SLOTS && i <= rate->slot; i++)
		if (newest - (rate->slot - i) < KVMB_RATE_SLOTS)
			sum = u64_add_sat(sum, rate->sums[(rate->slot - i) % KVMB_RATE_SLOTS]);
	return sum;
}

uint64_t kvmb_rate_left(const struct kvmb_rate *rate, uint64_t now_ns, uint64_t limit)
{
	return u64_sub_sat(limit, kvmb_rate_sum(rate, now_ns));
}

int kvmb_state_new(struct kvmb_state **ret)
{
	struct kvmb_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->fresh = true;
	*ret = s;
	return 0;
}

struct kvmb_state *kvmb_state_free(struct kvmb_state *s)
{
	if (s) {
		free(s->guests);
		free(s->reservations);
	}
	free(s);
	return NULL;
}

int kvmb_state_copy(const struct kvmb_state *s, struct kvmb_state **ret)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *s;
	/* one byte at least: malloc(0) may be NULL */
	copy->guests = malloc(s->n_guests * sizeof(*copy->guests) + 1);
	copy->reservations = malloc(s->n_reservations * sizeof(*copy->reservations) + 1);
	if (!copy->guests || !copy->reservations)
		return -ENOMEM;
	if (s->n_guests)
		memcpy(copy->guests, s->guests, s->n_guests * sizeof(*copy->guests));
	if (s->n_reservations)
		memcpy(copy->reservations, s->reservations,
		       s->n_reservations * sizeof(*copy->reservations));
	*ret = TAKE_PTR(copy);
	return 0;
}

/* Index of the first guest whose UUID is not less than @uuid. */
static size_t lower_bound(const struct kvmb_state *s, const char *uuid)
{
	size_t low = 0, high = s->n_guests;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->guests[mid].uuid, uuid) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct kvmb_state_guest *kvmb_state_find(const struct kvmb_state *s, const char *uuid)
{
	size_t i = lower_bound(s, uuid);

	return i < s->n_guests && streq(s->guests[i].uuid, uuid) ? &s->guests[i] : NULL;
}

enum kvmb_action_kind kvmb_state_pending(const struct kvmb_state *s,
					 const struct kvmb_guest_sample *g)
{
	const struct kvmb_state_guest *state = g->in_flight ? kvmb_state_find(s, g->uuid) : NULL;

	return state ? state->pending_kind : KVMB_ACTION_KINDS;
}

int kvmb_state_guest_init(struct kvmb_state_guest *g, const char *uuid, const char *name)
{
	int r;

	memset(g, 0, sizeof(*g));
	g->step_permyriad = PERMYRIAD;
	r = kvmb_str_copy(g->uuid, sizeof(g->uuid), uuid);
	return r < 0 ? r : kvmb_str_copy(g->name, sizeof(g->name), name);
}

int kvmb_state_guest(struct kvmb_state *s, const char *uuid, const char *name,
		     struct kvmb_state_guest **ret)
{
	size_t i = lower_bound(s, uuid);
	struct kvmb_state_guest made, *grown;
	int r;

	if (i < s->n_guests && streq(s->guests[i].uuid, uuid)) {
		*ret = &s->guests[i];
		return 0;
	}
	if (s->n_guests >= KVMB_GUESTS_MAX)
		return -ENOSPC;
	r = kvmb_state_guest_init(&made, uuid, name);
	if (r < 0)
		return r;
	grown = realloc(s->guests, (s->n_guests + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memmove(grown + i + 1, grown + i, (s->n_guests - i) * sizeof(*grown));
	made.seen_ns = s->last_ns;
	grown[i] = made;
	s->guests = grown;
	s->n_guests++;
	*ret = &grown[i];
	return 0;
}

int kvmb_state_set_runtime(struct kvmb_state *s, const char *uuid, const char *name,
			   const struct kvmb_policy *p)
{
	struct kvmb_state_guest *g;
	int r = kvmb_state_guest(s, uuid, name, &g);

	if (r < 0)
		return r;
	kvmb_policy_overlay(&g->runtime, p, KVMB_POLICY_RUNTIME);
	return 0;
}

void kvmb_state_drop_runtime(struct kvmb_state *s, const char *uuid, uint32_t fields)
{
	struct kvmb_state_guest *g = kvmb_state_find(s, uuid);

	if (g)
		kvmb_policy_unset(&g->runtime, fields);
}

int kvmb_state_request(struct kvmb_state *s, const char *uuid, const char *name, uint64_t bytes)
{
	struct kvmb_state_guest *g;
	int r = kvmb_state_guest(s, uuid, name, &g);

	if (r < 0)
		return r;
	g->request_bytes = bytes;
	g->request_until_ns = u64_add_sat(s->last_ns, KVMB_REQUEST_NS);
	return 0;
}

uint64_t kvmb_state_moved(const struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample)
{
	return u64_sub_sat(g->report_balloon_bytes, sample->balloon_bytes);
}

#define PAGE_BYTES 4096
#define REFAULTS_MIN 64                 /* any guest may read back that many pages a minute */
#define REFAULTS_KNOWN_NS (10 * NSEC_PER_SEC) /* as long as PSI's avg10 looks back */

uint64_t kvmb_state_refaults_allowed(const struct kvmb_policy *policy,
				     const struct kvmb_guest_sample *sample)
{
	uint64_t pages = u64_mul_div(sample->resident_bytes / PAGE_BYTES,
				     policy->refault_target_ppm, PPM);

	return u64_max(pages, REFAULTS_MIN);
}

bool kvmb_state_reads_back(const struct kvmb_state_guest *g, const struct kvmb_policy *policy,
			   const struct kvmb_guest_sample *sample, uint64_t now_ns)
{
	if (!sample->cgroup_valid || !g->counters.host_valid ||
	    u64_sub_sat(now_ns, g->counters.host_since_ns) < REFAULTS_KNOWN_NS)
		return true;
	return kvmb_rate_sum(&g->refaults, now_ns) > kvmb_state_refaults_allowed(policy, sample);
}

enum kvmb_why kvmb_state_degraded(const struct kvmb_state_guest *g)
{
	if (kvmb_stuck(g))
		return KVMB_WHY_BALLOON_STUCK;
	for (size_t i = 0; i < KVMB_ACTION_KINDS; i++)
		if (g->n_no_effect[i] >= KVMB_NO_EFFECT_MAX)
			return KVMB_WHY_NO_EFFECT;
	return KVMB_WHY_NONE;
}

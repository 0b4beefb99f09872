/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no plan may ever do, worked out from sample and configuration alone: in other words than
 * those of the gate, with sums that have room for anything, and with a ledger of its own.
 */
#ifndef KVMB_TESTS_PLAN_ORACLE_H
#define KVMB_TESTS_PLAN_ORACLE_H

#include "layer-oracle.h"

#define ORACLE_GUESTS 8
#define ORACLE_ENTRIES 4096
#define ORACLE_WRITES 64

typedef unsigned __int128 wide;

/* What was ordered to be taken, of whom and when; all of the last minute is in it. */
struct ledger {
	struct entry {
		uint64_t at_ns;
		size_t guest;
		uint64_t bytes;
	} entries[ORACLE_ENTRIES];
	size_t n;
	/* What the kernel said was written to swap, and when; as much as a world has ticks. */
	struct written {
		uint64_t at_ns, pages;
	} writes[ORACLE_WRITES];
	size_t n_writes;
	uint64_t last_pages;
	uint64_t from_bytes[ORACLE_GUESTS]; /* largest balloon that an order of ours began at */
	/* What was reserved, and what it held last; some ended meanwhile. */
	struct reserved {
		uint32_t id;
		uint64_t bytes, held_bytes, until_ns;
	} reserved[ORACLE_ENTRIES];
	size_t n_reserved;
	bool ksm_ordered; /* that KSM runs, at some time */
};

struct oracle {
	const struct kvmb_config *config;
	const struct kvmb_state *state; /* runtime policies only */
	const struct kvmb_sample *sample;
	const struct kvmb_plan *plan;
	struct ledger *ledger;
	const char *where; /* how to come here again */
};

#define REQUIRE(o, a, truth)                                                                       \
	do {                                                                                       \
		if (!(truth))                                                                      \
			oracle_fail(o, a, #truth);                                                 \
	} while (0)

static inline void oracle_fail(const struct oracle *o, const struct kvmb_action *a,
			       const char *promise)
{
	if (a)
		fail_msg("%s of %s: not %s; %s", kvmb_action_kind_to_string(a->kind), a->name,
			 promise, o->where);
	fail_msg("the plan: not %s; %s", promise, o->where);
}

static inline wide part_of(uint64_t v, uint32_t permyriad)
{
	return (wide)v * permyriad / 10000;
}

static inline wide less(wide a, wide b)
{
	return a > b ? a - b : 0;
}

/* Its number is the end of its UUID: samples have guests in any number. */
static inline size_t guest_number(const char *uuid)
{
	return (size_t)strtoul(uuid + 24, NULL, 10);
}

static inline const struct kvmb_guest_sample *oracle_guest(const struct oracle *o,
							   const struct kvmb_action *a)
{
	for (size_t i = 0; i < o->sample->n_guests; i++)
		if (strcmp(o->sample->guests[i].uuid, a->uuid) == 0 &&
		    strcmp(o->sample->guests[i].name, a->name) == 0)
			return &o->sample->guests[i];
	oracle_fail(o, a, "for a guest that is there");
	return NULL;
}

static inline struct kvmb_policy oracle_policy(const struct oracle *o,
					       const struct kvmb_guest_sample *g)
{
	const struct kvmb_state_guest *s = kvmb_state_find(o->state, g->uuid);

	return layer_oracle(o->config, g, s ? &s->runtime : NULL);
}

static inline bool oracle_reachable(const struct oracle *o, const struct kvmb_guest_sample *g)
{
	return o->sample->guests_valid && g->state == KVMB_GUEST_RUNNING &&
	       g->job_why == KVMB_WHY_NONE && g->facts_ns <= o->sample->now_ns &&
	       (o->sample->now_ns - g->facts_ns) / 1000 <= o->config->host.stale_usec;
}

/* Memory that is held fast, or nobody knows whether it is. */
static inline bool oracle_held(const struct kvmb_guest_sample *g)
{
	const struct kvmb_backing *b = &g->backing;

	return b->passthrough || b->encrypted || b->locked || b->hugetlb || b->unread ||
	       b->locked_bytes > g->maximum_bytes / 8 || b->hugetlb_bytes > g->maximum_bytes / 8;
}

static inline bool oracle_may_act(const struct oracle *o, const struct kvmb_policy *p)
{
	return p->mode >= KVMB_MODE_PRESSURE && o->config->host.mode >= KVMB_MODE_PRESSURE;
}

/* Never below it: the guarantee; what QEMU needs, and a quarter of what the host holds for it. */
static inline wide oracle_floor(const struct kvmb_guest_sample *g, const struct kvmb_policy *p)
{
	wide qemu = g->maximum_bytes / 8 < 64 * MIB ? g->maximum_bytes / 8 : 64 * MIB;
	wide held = g->cgroup_valid ? g->resident_bytes : g->rss_bytes;
	wide least;

	if (g->swap_bytes != KVMB_UNKNOWN)
		held += g->swap_bytes;
	held += g->store.out_bytes;
	if (held > UINT64_MAX)
		held = UINT64_MAX; /* no counter can say more */
	least = qemu + less(held, qemu) / 4;
	return least > p->guarantee_bytes ? least : p->guarantee_bytes;
}

static inline void require_balloon(const struct oracle *o, const struct kvmb_action *a,
				   const struct kvmb_guest_sample *g, const struct kvmb_policy *p)
{
	const struct kvmb_host_config *c = &o->config->host;
	uint64_t unused = g->unused_bytes;
	wide used = less(g->balloon_bytes, unused);
	wide room = part_of((uint64_t)used, c->guest_headroom_permyriad);

	room = room > c->guest_headroom_bytes ? room : c->guest_headroom_bytes;
	REQUIRE(o, a, g->has_balloon);
	REQUIRE(o, a, g->stats_why == KVMB_WHY_NONE && unused <= g->guest_total_bytes &&
			      g->guest_total_bytes <= g->maximum_bytes);
	REQUIRE(o, a, (wide)a->target_bytes + a->asked_bytes == g->balloon_bytes);
	REQUIRE(o, a, a->target_bytes % (2 * MIB) == 0);
	REQUIRE(o, a, a->target_bytes >= p->guarantee_bytes);
	REQUIRE(o, a, (wide)a->asked_bytes <= g->usable_bytes);
	if (a->rule != KVMB_RULE_GUEST_CACHE) {
		REQUIRE(o, a, a->target_bytes >= used + room);
		return;
	}
	REQUIRE(o, a, o->state->level >= KVMB_LEVEL_HARD && g->usable_bytes != KVMB_UNKNOWN);
	REQUIRE(o, a, (wide)a->asked_bytes + 2 * room <= g->usable_bytes);
}

/* What is to go to a store goes to none but one with room, and never to swap. */
static inline void require_way(const struct oracle *o, const struct kvmb_action *a,
			       const struct kvmb_guest_sample *g, const struct kvmb_policy *p)
{
	const struct kvmb_host_sample *host = &o->sample->host;
	bool far = p->backend == KVMB_BACKEND_FAR ||
		   (p->backend == KVMB_BACKEND_AUTO && !host->swap_total_bytes && g->store.valid);

	REQUIRE(o, a, a->kind != KVMB_ACTION_PAGEOUT || to_store(a) == far);
	REQUIRE(o, a, a->out_bytes == g->store.out_bytes);
	if (!to_store(a)) {
		REQUIRE(o, a, host->swap_total_bytes > 0 && p->backend != KVMB_BACKEND_FAR);
		return;
	}
	REQUIRE(o, a, g->store.valid && g->store.pool_bytes < g->store.limit_bytes);
	REQUIRE(o, a, !host->store.valid || host->store.pool_bytes < host->store.limit_bytes);
}

static inline void require_swap_out(const struct oracle *o, const struct kvmb_action *a,
				    const struct kvmb_guest_sample *g, const struct kvmb_policy *p)
{
	uint64_t resident = g->cgroup_valid ? g->resident_bytes : g->rss_bytes;
	wide idle = 0;

	REQUIRE(o, a, !g->backing.shared);
	require_way(o, a, g, p);
	REQUIRE(o, a, resident >= oracle_floor(g, p) + a->asked_bytes);
	REQUIRE(o, a, a->facts.floor_bytes >= oracle_floor(g, p));
	if (a->kind == KVMB_ACTION_HIGH)
		REQUIRE(o, a, p->priority == KVMB_PRIORITY_LOW &&
				      o->state->level >= KVMB_LEVEL_HARD);
	if (a->kind != KVMB_ACTION_PAGEOUT) {
		REQUIRE(o, a, g->cgroup_valid && g->cgroup[0]);
		return;
	}
	REQUIRE(o, a, g->pid > 0 && g->ages.source >= KVMB_AGING_DAMON);
	for (unsigned int i = 0; i < KVMB_AGE_BUCKETS; i++)
		if (kvmb_age_bucket_usec(i) >= a->idle_usec)
			idle += g->ages.cold_bytes[i];
	REQUIRE(o, a, a->idle_usec > 0 && a->asked_bytes <= idle);
}

static inline void require_taking(const struct oracle *o, const struct kvmb_action *a,
				  const struct kvmb_guest_sample *g, const struct kvmb_policy *p)
{
	const struct kvmb_host_config *c = &o->config->host;

	REQUIRE(o, a, oracle_may_act(o, p));
	REQUIRE(o, a, !oracle_held(g) && !g->in_flight);
	REQUIRE(o, a, a->asked_bytes >= MIB && a->asked_bytes <= c->step_bytes);
	REQUIRE(o, a, a->facts.valid_until_ns >= o->sample->now_ns);
	/* It stalls: then only a host hard up takes of it. */
	if (g->triggered ||
	    (g->psi_valid && g->psi.some_avg10_permyriad >= c->guest_pressure_some_permyriad))
		REQUIRE(o, a, o->state->level >= KVMB_LEVEL_HARD);
	if (a->kind == KVMB_ACTION_BALLOON)
		require_balloon(o, a, g, p);
	else
		require_swap_out(o, a, g, p);
}

/* No more than is its own: what it had before we began, within its limit. */
static inline void require_giving(const struct oracle *o, const struct kvmb_action *a,
				  const struct kvmb_guest_sample *g, const struct kvmb_policy *p)
{
	REQUIRE(o, a, g->has_balloon && a->asked_bytes > 0);
	REQUIRE(o, a, a->target_bytes <= g->maximum_bytes && a->target_bytes <= p->limit_bytes);
	REQUIRE(o, a, oracle_may_act(o, p) || a->rule == KVMB_RULE_RELEASE);
}

static inline void require_action(const struct oracle *o, const struct kvmb_action *a)
{
	const struct kvmb_guest_sample *g = oracle_guest(o, a);
	struct kvmb_policy p = oracle_policy(o, g);

	REQUIRE(o, a, oracle_reachable(o, g));
	if (a->kind == KVMB_ACTION_DEFLATE)
		require_giving(o, a, g, &p);
	else
		require_taking(o, a, g, &p);
}

/* Of one guest, or of all (SIZE_MAX): in the minute that ends now, this plan's included. */
static inline wide taken_in_minute(const struct oracle *o, size_t guest)
{
	uint64_t now_ns = o->sample->now_ns;
	wide sum = 0;

	for (size_t i = 0; i < o->ledger->n; i++) {
		const struct entry *e = &o->ledger->entries[i];

		if (now_ns - e->at_ns <= 60 * SEC && (guest == SIZE_MAX || e->guest == guest))
			sum += e->bytes;
	}
	for (size_t i = 0; i < o->plan->n_actions; i++) {
		const struct kvmb_action *a = &o->plan->actions[i];

		if (a->kind != KVMB_ACTION_DEFLATE &&
		    (guest == SIZE_MAX || guest_number(a->uuid) == guest))
			sum += a->asked_bytes;
	}
	return sum;
}

static inline void require_sums(const struct oracle *o)
{
	const struct kvmb_host_config *c = &o->config->host;
	const struct kvmb_host_sample *host = &o->sample->host;
	bool takes = false, limits = false, seen[ORACLE_GUESTS] = { false };
	wide swapped = 0;

	for (size_t i = 0; i < o->plan->n_actions; i++) {
		const struct kvmb_action *a = &o->plan->actions[i];
		size_t guest = guest_number(a->uuid);

		REQUIRE(o, a, !seen[guest]); /* one action a guest */
		seen[guest] = true;
		REQUIRE(o, a, a->kind != KVMB_ACTION_HIGH || !limits); /* one guest at a time */
		limits |= a->kind == KVMB_ACTION_HIGH;
		if (a->kind == KVMB_ACTION_DEFLATE)
			continue;
		takes = true;
		if (a->kind != KVMB_ACTION_BALLOON && !to_store(a))
			swapped += a->asked_bytes;
		REQUIRE(o, a, taken_in_minute(o, guest) <= c->guest_rate_bytes);
	}
	REQUIRE(o, NULL, !takes || taken_in_minute(o, SIZE_MAX) <= c->host_rate_bytes);
	REQUIRE(o, NULL, swapped + part_of(host->swap_total_bytes, c->swap_reserve_permyriad) <=
				 host->swap_free_bytes || !swapped);
}

static inline bool oracle_named(const struct oracle *o, const char *name)
{
	for (size_t i = 0; i < o->plan->n_refusals; i++)
		if (o->plan->refusals[i].kind == KVMB_ACTION_KINDS &&
		    o->plan->refusals[i].why != KVMB_WHY_NONE &&
		    strcmp(o->plan->refusals[i].name, name) == 0)
			return true;
	return false;
}

/* Whoever is left alone is named, with the reason. */
static inline void require_named(const struct oracle *o)
{
	for (size_t i = 0; i < o->sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &o->sample->guests[i];
		struct kvmb_policy p = oracle_policy(o, g);

		if (!oracle_reachable(o, g) || oracle_held(g) || !oracle_may_act(o, &p))
			REQUIRE(o, NULL, oracle_named(o, g->name));
	}
}

/* Samepage merging runs where it may, and where nobody else runs it. */
static inline void require_ksm(const struct oracle *o)
{
	const struct kvmb_ksm_order *k = &o->plan->ksm;
	const struct kvmb_ksm *now = &o->sample->host.ksm;

	if (!k->set || k->why != KVMB_WHY_NONE || !k->run)
		return;
	REQUIRE(o, NULL, o->config->host.ksm_auto && o->config->host.mode >= KVMB_MODE_PRESSURE);
	REQUIRE(o, NULL, now->valid && !now->advised);
	REQUIRE(o, NULL, now->run != 1 || o->ledger->ksm_ordered);
	REQUIRE(o, NULL, k->pages_to_scan <= 4096 && k->sleep_msec >= 20);
}

/* What the gate promises, whoever made the plan. */
static inline void oracle_gate(const struct oracle *o)
{
	for (size_t i = 0; i < o->plan->n_actions; i++)
		require_action(o, &o->plan->actions[i]);
	require_sums(o);
	require_named(o);
	require_ksm(o);
}

/* All that is asked for and whose time is not over, used or not. */
static inline wide reserved(const struct oracle *o)
{
	wide sum = 0;

	for (size_t i = 0; i < o->ledger->n_reserved; i++)
		if (o->ledger->reserved[i].until_ns > o->sample->now_ns)
			sum += o->ledger->reserved[i].bytes;
	return sum;
}

static inline struct reserved *ledger_reserved(const struct ledger *l, uint32_t id)
{
	for (size_t i = 0; i < l->n_reserved; i++)
		if (l->reserved[i].id == id)
			return (struct reserved *)&l->reserved[i];
	return NULL;
}

static inline bool oracle_open(const struct kvmb_reservation *r)
{
	return r->state == KVMB_RESERVATION_PENDING || r->state == KVMB_RESERVATION_READY;
}

/* Nothing that is not hard to avoid, or cold, is taken of who is to grow. */
static inline void require_spared(const struct oracle *o, const struct kvmb_reservation *r)
{
	for (size_t i = 0; i < o->plan->n_actions; i++) {
		const struct kvmb_action *a = &o->plan->actions[i];

		if (strcmp(a->uuid, r->uuid) != 0 || a->kind == KVMB_ACTION_DEFLATE ||
		    a->rule == KVMB_RULE_OPERATOR || a->rule == KVMB_RULE_LIMIT)
			continue;
		REQUIRE(o, a, o->plan->level >= KVMB_LEVEL_HARD ||
				      (a->kind == KVMB_ACTION_PAGEOUT &&
				       a->rule == KVMB_RULE_HOST_PRESSURE));
	}
}

/* They hold less and less, end in time, and what they hold is not to spare. */
static inline void require_reservations(const struct oracle *o)
{
	wide held = 0;

	for (size_t i = 0; i < o->state->n_reservations; i++) {
		const struct kvmb_reservation *r = &o->state->reservations[i];
		struct reserved *known = ledger_reserved(o->ledger, r->id);

		if (!oracle_open(r))
			continue;
		REQUIRE(o, NULL, known && r->held_bytes <= known->held_bytes);
		REQUIRE(o, NULL, r->until_ns > o->sample->now_ns);
		known->held_bytes = r->held_bytes;
		held += r->held_bytes;
		require_spared(o, r);
	}
	REQUIRE(o, NULL, !o->plan->spare_bytes ||
				 o->plan->spare_bytes + held <= o->sample->host.available_bytes);
}

/* Taken for the host: no more than it needs, in whole units of 4 MiB. */
static inline void require_need(const struct oracle *o)
{
	const struct kvmb_host_config *c = &o->config->host;
	const struct kvmb_host_sample *host = &o->sample->host;
	const struct kvmb_plan *plan = o->plan;
	wide most = part_of(host->total_bytes,
			    c->elevated_available_permyriad + 2 * c->hysteresis_permyriad) +
		    reserved(o);
	wide dying = part_of(host->total_bytes, c->emergency_available_permyriad);
	wide taken = 0;

	REQUIRE(o, NULL, !plan->need_bytes || !plan->spare_bytes);
	REQUIRE(o, NULL, plan->need_bytes <= most || plan->need_bytes <= c->step_bytes);
	REQUIRE(o, NULL, plan->spare_bytes <= host->available_bytes);
	REQUIRE(o, NULL, plan->level == KVMB_LEVEL_EMERGENCY ||
				 host->available_bytes >= dying);
	for (size_t i = 0; i < plan->n_actions; i++) {
		const struct kvmb_action *a = &plan->actions[i];

		if (a->rule == KVMB_RULE_GUEST_FREE || a->rule == KVMB_RULE_GUEST_CACHE ||
		    a->rule == KVMB_RULE_LAST_RESORT ||
		    (a->rule == KVMB_RULE_HOST_PRESSURE && a->kind != KVMB_ACTION_BALLOON))
			taken += a->asked_bytes;
	}
	REQUIRE(o, NULL, taken <= (wide)plan->need_bytes + 4 * MIB);
}

/* Of swap, in the minute until a second ago: the agent looks once a second at most. */
static inline wide written_in_minute(const struct oracle *o)
{
	uint64_t now_ns = o->sample->now_ns;
	wide sum = 0;

	for (size_t i = 0; i < o->ledger->n_writes; i++) {
		const struct written *w = &o->ledger->writes[i];

		if (now_ns - w->at_ns >= SEC && now_ns - w->at_ns <= 60 * SEC)
			sum += (wide)w->pages * 4096;
	}
	return sum;
}

static inline void require_writes(const struct oracle *o)
{
	wide limit = (wide)o->config->host.swap_write_bytes * 60, swapped = 0;

	for (size_t i = 0; i < o->plan->n_actions; i++)
		if (o->plan->actions[i].kind == KVMB_ACTION_RECLAIM ||
		    (o->plan->actions[i].kind == KVMB_ACTION_PAGEOUT &&
		     !to_store(&o->plan->actions[i])) ||
		    o->plan->actions[i].kind == KVMB_ACTION_HIGH)
			swapped += o->plan->actions[i].asked_bytes;
	REQUIRE(o, NULL, !limit || !swapped || o->plan->level == KVMB_LEVEL_EMERGENCY ||
				 swapped + written_in_minute(o) <= limit);
}

static inline void ledger_see(struct ledger *l, const struct kvmb_sample *s)
{
	if (l->last_pages && l->n_writes < ORACLE_WRITES)
		l->writes[l->n_writes++] = (struct written){
			s->now_ns, s->host.swap_out_pages - l->last_pages
		};
	l->last_pages = s->host.swap_out_pages;
}

/* What was asked for by the policy itself: for a need, and nothing back that was not taken. */
static inline void oracle_policy_too(const struct oracle *o)
{
	require_need(o);
	require_writes(o);
	require_reservations(o);
	for (size_t i = 0; i < o->plan->n_actions; i++) {
		const struct kvmb_action *a = &o->plan->actions[i];

		if (a->kind == KVMB_ACTION_DEFLATE)
			REQUIRE(o, a, a->target_bytes <=
					      o->ledger->from_bytes[guest_number(a->uuid)]);
		if (a->kind == KVMB_ACTION_PAGEOUT)
			REQUIRE(o, a, a->idle_usec >= o->config->host.cold_usec);
	}
}

/* The plan is carried out; what is older than a minute is no longer looked at. */
static inline void ledger_enter(struct oracle *o)
{
	struct ledger *l = o->ledger;
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (o->sample->now_ns - l->entries[i].at_ns <= 60 * SEC)
			l->entries[kept++] = l->entries[i];
	l->n = kept;
	l->ksm_ordered |= o->plan->ksm.set && o->plan->ksm.why == KVMB_WHY_NONE && o->plan->ksm.run;
	for (size_t i = 0; i < o->plan->n_actions; i++) {
		const struct kvmb_action *a = &o->plan->actions[i];
		size_t guest = guest_number(a->uuid);

		if (a->kind == KVMB_ACTION_DEFLATE)
			continue;
		assert_true(l->n < ORACLE_ENTRIES);
		l->entries[l->n++] = (struct entry){ o->sample->now_ns, guest, a->asked_bytes };
		if (a->kind == KVMB_ACTION_BALLOON)
			l->from_bytes[guest] = u64_max(l->from_bytes[guest],
						       oracle_guest(o, a)->balloon_bytes);
	}
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A million plans in random worlds, hostile ones among them: none breaks a promise of
 * plan-oracle.h. Half are the policy's own; half ask the gate for anything, in the same worlds.
 *
 * KVMB_SEED and KVMB_PLANS in the environment set another seed and number. A failure names the seed
 * of its world: with it, that world is the first.
 */
#include <errno.h>

#include "plan-oracle.h"
#include "plan/effect.h"
#include "plan/ksm.h"
#include "plan/validate.h"
#include "wild-policy.h"

#define TICKS 50

#ifdef __SANITIZE_ADDRESS__
#define PLANS 100000 /* five times as slow */
#else
#define PLANS 1000000
#endif

struct trial {
	struct world w;
	/* All guests that ever were; a sample has those that are there. */
	struct kvmb_guest_sample guests[ORACLE_GUESTS];
	size_t n_guests;
	/* Balloons move by our orders alone, so what is given back can be added up. */
	bool obedient;
	uint64_t begin_bytes[ORACLE_GUESTS];
	struct ledger ledger;
	uint64_t seed;
	char where[64];
	size_t n_plans;
	size_t n_seen[KVMB_ACTION_KINDS];
	size_t n_gave_all; /* obedient guests that had everything back */
	size_t n_why[KVMB_WHYS];
	size_t n_reserving, n_merging, n_metadata, n_classes;
};

/* Seeds next to each other make worlds that have nothing in common. */
static uint64_t mixed(uint64_t seed)
{
	seed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	seed = (seed ^ (seed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return seed ^ (seed >> 31);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static uint64_t extreme(uint64_t *seed, uint64_t otherwise)
{
	static const uint64_t ends[] = { 0, 1, MIB, UINT64_MAX - 1, UINT64_MAX };

	return random_one_in(seed, 25) ? ends[random_below(seed, ARRAY_SIZE(ends))] : otherwise;
}

static void wild_config(uint64_t *seed, struct kvmb_host_config *c)
{
	random_config(seed, c);
	c->mode = random_one_in(seed, 6) ? (enum kvmb_mode)random_below(seed, 4) :
					   KVMB_MODE_PROACTIVE;
	c->emergency_available_permyriad = (uint32_t)random_below(seed, 2000);
	c->hard_available_permyriad =
		c->emergency_available_permyriad + (uint32_t)random_below(seed, 2000);
	c->elevated_available_permyriad =
		c->hard_available_permyriad + (uint32_t)random_below(seed, 2000);
	c->hysteresis_permyriad = (uint32_t)random_below(seed, 1000);
	c->pressure_some_permyriad = (uint32_t)(1 + random_below(seed, 10000));
	c->guest_pressure_some_permyriad = (uint32_t)(1 + random_below(seed, 10000));
	c->swap_reserve_permyriad = (uint32_t)random_below(seed, 10001);
	c->stale_usec = (1 + random_below(seed, 60)) * USEC_PER_SEC;
	c->cold_usec = (5 + random_below(seed, 600)) * USEC_PER_SEC;
	c->step_bytes = extreme(seed, c->step_bytes);
	c->guest_rate_bytes = extreme(seed, c->guest_rate_bytes);
	c->host_rate_bytes = extreme(seed, c->host_rate_bytes);
	c->guest_headroom_bytes = extreme(seed, c->guest_headroom_bytes);
	if (random_one_in(seed, 10))
		c->guest_headroom_permyriad = (uint32_t)random_below(seed, 20000);
}

static void wild_backing(uint64_t *seed, struct kvmb_backing *b)
{
	*b = (struct kvmb_backing){
		.passthrough = random_one_in(seed, 60),
		.encrypted = random_one_in(seed, 60),
		.locked = random_one_in(seed, 60),
		.hugetlb = random_one_in(seed, 60),
		.shared = random_one_in(seed, 20),
		.unread = random_one_in(seed, 60),
		.reports_free = random_one_in(seed, 2),
		.locked_bytes = random_one_in(seed, 40) ? random_size(seed, 600) : 0,
		.hugetlb_bytes = random_one_in(seed, 40) ? random_size(seed, 600) : 0,
	};
}

static void wild_guest(struct trial *x, struct kvmb_guest_sample *g)
{
	uint64_t *seed = &x->seed, balloon = g->balloon_bytes, now_ns = x->w.sample->now_ns;

	random_guest(seed, now_ns, x->w.config->host.stale_usec, g);
	wild_backing(seed, &g->backing);
	g->job_why = random_one_in(seed, 40) ? KVMB_WHY_MIGRATING : KVMB_WHY_NONE;
	g->cgroup[0] = random_one_in(seed, 40) ? 0 : 'm';
	g->psi_valid = !random_one_in(seed, 20);
	if (random_one_in(seed, 40))
		g->pid = (int32_t)random_below(seed, 3);
	if (random_one_in(seed, 40))
		g->facts_ns = now_ns + random_below(seed, 3);
	if (random_one_in(seed, 20)) {
		g->resident_bytes = random_size(seed, 4096);
		g->swap_bytes = random_size(seed, 4096);
		g->rss_bytes = random_size(seed, 4096);
		g->maximum_bytes = random_size(seed, 4096);
	}
	if (random_one_in(seed, 100))
		wild_metadata(seed, &g->metadata);
	if (random_one_in(seed, 40))
		g->refault_anon = g->refault_file = random_size(seed, 1);
	if (random_one_in(seed, 40))
		g->balloon_bytes = random_size(seed, 4096);
	if (x->obedient) {
		g->balloon_bytes = balloon;
		g->maximum_bytes = 2048 * MIB;
		random_guest_told(seed, g);
	}
	/* As sources do it, for all that they have read. */
	kvmb_guest_check_stats(g, x->w.config->host.stale_usec);
}

/* It is as it was ordered, or as somebody else made it. */
static void wild_ksm(struct trial *x)
{
	const struct kvmb_plan *plan = x->w.plan;
	struct kvmb_ksm *k = &x->w.sample->host.ksm;

	if (!plan || !plan->ksm.set || plan->ksm.why != KVMB_WHY_NONE)
		return;
	k->run = plan->ksm.run;
	k->pages_to_scan = plan->ksm.pages_to_scan;
	k->sleep_msec = plan->ksm.sleep_msec;
}

/* For anybody, for one that is there, for one that never comes. */
static void wild_reservations(struct trial *x)
{
	struct kvmb_reservation wanted = { .bytes = random_size(&x->seed, 3000) };
	struct ledger *l = &x->ledger;
	uint32_t id;

	if (random_one_in(&x->seed, 12) && l->n_reserved)
		(void)kvmb_state_unreserve(x->w.state,
					   l->reserved[random_below(&x->seed, l->n_reserved)].id);
	/* Before the first tick nothing is reserved: there is no sample yet. */
	if (!random_one_in(&x->seed, 6) || x->w.state->fresh)
		return;
	wanted.until_ns = x->w.sample->now_ns + random_below(&x->seed, 60 * SEC);
	if (!random_one_in(&x->seed, 3))
		(void)snprintf(wanted.name, sizeof(wanted.name), "vm%u",
			       (unsigned int)random_below(&x->seed, ORACLE_GUESTS));
	if (kvmb_state_reserve(x->w.state, &wanted, &id) < 0)
		return;
	assert_true(l->n_reserved < ORACLE_ENTRIES);
	l->reserved[l->n_reserved++] = (struct reserved){ id, wanted.bytes, wanted.bytes,
							  wanted.until_ns };
}

static void wild_tick(struct trial *x)
{
	struct kvmb_sample *s = x->w.sample;

	/* Now and then hours: the host slept. */
	s->now_ns += random_one_in(&x->seed, 200) ? random_below(&x->seed, 86400 * SEC) :
						    random_below(&x->seed, 6 * SEC);
	s->guests_valid = !random_one_in(&x->seed, 20);
	random_host(&x->seed, &s->host);
	wild_ksm(x);
	wild_reservations(x);
	if (random_one_in(&x->seed, 20))
		s->host.available_bytes = s->host.total_bytes;
	ledger_see(&x->ledger, s);
	s->n_guests = 0;
	for (size_t i = 0; i < x->n_guests; i++) {
		wild_guest(x, &x->guests[i]);
		if (!random_one_in(&x->seed, 15))
			s->guests[s->n_guests++] = x->guests[i];
	}
}

static void wild_world(struct trial *x, uint64_t seed)
{
	struct kvmb_state_guest *s;

	(void)snprintf(x->where, sizeof(x->where), "KVMB_SEED=%llu", (unsigned long long)seed);
	x->seed = mixed(seed);
	x->n_guests = 1 + random_below(&x->seed, ORACLE_GUESTS);
	world_init(&x->w, x->n_guests);
	wild_config(&x->seed, &x->w.config->host);
	if (random_one_in(&x->seed, 2))
		random_policy(&x->seed, &x->w.config->defaults);
	wild_classes(&x->seed, x->w.config);
	wild_guests(&x->seed, x->w.config, x->n_guests);
	x->obedient = random_one_in(&x->seed, 2);
	x->ledger.n = x->ledger.n_writes = x->ledger.n_reserved = 0;
	x->ledger.ksm_ordered = false;
	x->ledger.last_pages = 0;
	memset(x->ledger.from_bytes, 0, sizeof(x->ledger.from_bytes));
	for (size_t i = 0; i < x->n_guests; i++) {
		x->guests[i] = x->w.sample->guests[i];
		x->guests[i].balloon_bytes = random_below(&x->seed, 1025) * 2 * MIB;
		x->begin_bytes[i] = x->guests[i].balloon_bytes;
		wild_metadata(&x->seed, &x->guests[i].metadata);
		s = world_state(&x->w, i);
		if (random_one_in(&x->seed, 2))
			random_policy(&x->seed, &s->runtime);
		if (random_one_in(&x->seed, 4)) {
			s->request_bytes = random_size(&x->seed, 512);
			s->request_until_ns = KVMB_REQUEST_NS;
		}
	}
}

static struct oracle oracle_of(struct trial *x, const struct kvmb_plan *plan)
{
	return (struct oracle){
		.config = x->w.config,
		.state = x->w.state,
		.sample = x->w.sample,
		.plan = plan,
		.ledger = &x->ledger,
		.where = x->where,
	};
}

/* A policy that asks for anything, of guests there are and of others. */
static void add_anything(struct trial *x, struct kvmb_plan *plan)
{
	const struct kvmb_guest_sample *g = &x->guests[random_below(&x->seed, x->n_guests)];
	struct kvmb_action a = {
		.kind = (enum kvmb_action_kind)random_below(&x->seed, KVMB_ACTION_KINDS),
		.rule = (enum kvmb_rule)random_below(&x->seed, KVMB_RULE_RELEASE),
		.asked_bytes = random_size(&x->seed, 300),
		.target_bytes = random_size(&x->seed, 3000),
		.idle_usec = random_size(&x->seed, 1) * 60,
	};

	memcpy(a.name, g->name, sizeof(a.name));
	memcpy(a.uuid, g->uuid, sizeof(a.uuid));
	if (random_one_in(&x->seed, 50))
		a.uuid[0] = 'f';
	assert_int_equal(kvmb_plan_add(plan, &a), 0);
}

static void add_any_ksm(struct trial *x, struct kvmb_plan *plan)
{
	plan->ksm = (struct kvmb_ksm_order){
		.set = random_one_in(&x->seed, 2),
		.run = random_one_in(&x->seed, 2),
		.pages_to_scan = (uint32_t)random_below(&x->seed, 10000),
		.sleep_msec = (uint32_t)random_below(&x->seed, 100),
	};
}

static void gate_plan(struct trial *x)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *state = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct oracle o;

	assert_int_equal(kvmb_state_copy(x->w.state, &state), 0);
	assert_int_equal(kvmb_state_advance(state, x->w.sample), 0);
	assert_int_equal(kvmb_plan_new(&plan), 0);
	for (size_t i = 0; i < 2 * x->n_guests; i++)
		add_anything(x, plan);
	add_any_ksm(x, plan);
	assert_int_equal(kvmb_plan_validate(x->w.config, state, x->w.sample, plan), 0);
	kvmb_ksm_validate(x->w.config, state, x->w.sample, plan);
	o = oracle_of(x, plan);
	o.state = state;
	oracle_gate(&o);
	x->n_plans++;
}

static void assert_same_again(const struct trial *x, const struct kvmb_state *before)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *next = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_free_ char *plans[2] = { NULL }, *second = NULL, *states = NULL, *again = NULL;

	assert_int_equal(kvmb_decide(x->w.config, before, x->w.sample, &next, &plan), 0);
	assert_int_equal(kvmb_plan_to_json(x->w.plan, &plans[0]), 0);
	assert_int_equal(kvmb_plan_to_json(plan, &second), 0);
	assert_int_equal(kvmb_state_to_json(x->w.state, &states), 0);
	assert_int_equal(kvmb_state_to_json(next, &again), 0);
	if (strcmp(plans[0], second) != 0 || strcmp(states, again) != 0)
		fail_msg("decided twice, not the same; %s", x->where);
}

/* What was put to the test by this plan. */
static void count(struct trial *x)
{
	const struct kvmb_plan *plan = x->w.plan;

	for (size_t i = 0; i < plan->n_actions; i++)
		x->n_seen[plan->actions[i].kind]++;
	for (size_t i = 0; i < plan->n_refusals; i++)
		x->n_why[plan->refusals[i].why]++;
	x->n_reserving += x->w.state->reserving;
	x->n_merging += plan->ksm.set && plan->ksm.why == KVMB_WHY_NONE && plan->ksm.run;
	for (size_t i = 0; i < x->w.sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &x->w.sample->guests[i];
		struct kvmb_policy p;

		kvmb_config_policy(x->w.config, g->name, &g->metadata, NULL, &p);
		x->n_metadata += p.source[KVMB_FIELD_GUARANTEE] == KVMB_POLICY_METADATA;
		x->n_classes += p.source[KVMB_FIELD_GUARANTEE] == KVMB_POLICY_CLASS;
	}
}

static void own_plan(struct trial *x)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *before = NULL;
	bool twice = random_one_in(&x->seed, 64);
	struct oracle o;

	if (twice)
		assert_int_equal(kvmb_state_copy(x->w.state, &before), 0);
	world_decide(&x->w);
	if (twice)
		assert_same_again(x, before);
	o = oracle_of(x, x->w.plan);
	oracle_gate(&o);
	oracle_policy_too(&o);
	ledger_enter(&o);
	count(x);
	x->n_plans++;
}

/* All of it, half of it, nothing; and the balloon with it, where it is obedient. */
static void carry_out(struct trial *x)
{
	for (size_t i = 0; i < x->w.plan->n_actions; i++) {
		const struct kvmb_action *a = &x->w.plan->actions[i];
		struct kvmb_guest_sample *g = &x->guests[guest_number(a->uuid)];
		struct kvmb_result r = { .action = *a };

		r.got_bytes = a->asked_bytes / (1 + random_below(&x->seed, 2));
		if (random_one_in(&x->seed, 3))
			r.got_bytes = 0;
		r.net_bytes = (int64_t)(r.got_bytes / 2);
		if (a->kind == KVMB_ACTION_BALLOON && random_one_in(&x->seed, 8))
			r.why = KVMB_WHY_BALLOON_STUCK;
		kvmb_state_apply_result(x->w.state, &r);
		if (a->kind == KVMB_ACTION_BALLOON)
			g->balloon_bytes -= r.got_bytes;
		if (a->kind == KVMB_ACTION_DEFLATE)
			g->balloon_bytes = u64_max(g->balloon_bytes,
						   r.got_bytes ? a->target_bytes : 0);
	}
	if (!x->obedient)
		return;
	for (size_t i = 0; i < x->n_guests; i++) {
		const struct kvmb_guest_sample *g = &x->guests[i];

		/* What was given back is part of what was taken. */
		if (g->balloon_bytes > x->begin_bytes[i])
			fail_msg("%s got back more than was taken; %s", g->name, x->where);
		x->n_gave_all += x->ledger.from_bytes[i] && g->balloon_bytes == x->begin_bytes[i];
	}
}

/* A property that nothing ever puts to the test is none. */
static void assert_all_seen(const struct trial *x, size_t least)
{
	for (size_t kind = 0; kind < KVMB_ACTION_KINDS; kind++)
		assert_true(x->n_seen[kind] > least);
	assert_true(x->n_gave_all > 10);
	assert_true(x->n_why[KVMB_WHY_REPORTING] > least);
	assert_true(x->n_why[KVMB_WHY_RESERVED] > least);
	assert_true(x->n_reserving > least);
	assert_true(x->n_merging > least);
	assert_true(x->n_metadata > least);
	assert_true(x->n_classes > least);
}

static void test_million(void **data)
{
	uint64_t seed = from_environment("KVMB_SEED", 1);
	uint64_t plans = from_environment("KVMB_PLANS", PLANS);
	struct trial *x = calloc(1, sizeof(*x));

	(void)data;
	assert_non_null(x);
	print_message("# %llu plans from KVMB_SEED=%llu on\n", (unsigned long long)plans,
		      (unsigned long long)seed);
	while (x->n_plans < plans) {
		wild_world(x, seed++);
		for (size_t i = 0; i < TICKS; i++) {
			wild_tick(x);
			gate_plan(x);
			own_plan(x);
			carry_out(x);
		}
		world_done(&x->w);
	}
	print_message("# seen: %zu reserving, %zu spared, %zu merging, %zu reporting, "
		      "%zu by metadata, %zu by class\n",
		      x->n_reserving, x->n_why[KVMB_WHY_RESERVED], x->n_merging,
		      x->n_why[KVMB_WHY_REPORTING], x->n_metadata, x->n_classes);
	if (plans >= PLANS)
		assert_all_seen(x, plans / 1000);
	free(x);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "no plan of a million breaks a promise, whoever asks for what", test_million);
	return tests_run("million", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy in a loop with a host that answers it: four guests of 1536 MiB on 4096 MiB of RAM, 1.5
 * times what there is. Figures are MiB. A guest has pages in use (hot ones among them), free ones
 * that the host has memory behind, and free ones it never touched; reclaim takes free and cold
 * pages before hot ones; swap is RAM that compresses to a third.
 */
#include <inttypes.h>

#include "plan/effect.h"
#include "policy-world.h"

#define N_GUESTS 4
#define TOTAL 4096
#define HOST_ITSELF 300
#define SWAP_TOTAL 4096
#define RESERVED 24 /* of a guest's kernel */
#define OVERHEAD 60 /* of QEMU */
#define GUARANTEE 400
#define TICK (2 * SEC)

struct vm {
	int64_t balloon, used, hot, free_backed;
	int64_t swapped;   /* of used and free_backed */
	int64_t refaulted; /* in this tick */
	uint64_t pages;    /* refaults so far */
	unsigned int n_turns; /* from taking to giving or back */
	int last;             /* +1 was given, -1 was taken by balloon */
	int64_t taken;        /* in this tick */
};

struct sim {
	struct world w;
	struct vm vm[N_GUESTS];
	int64_t others; /* what the host uses besides, beyond HOST_ITSELF */
	int64_t least_available;
	int64_t available;
	unsigned int tick;
};

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t backed(const struct vm *v)
{
	return v->used + v->free_backed;
}

static int64_t resident(const struct vm *v)
{
	return backed(v) - v->swapped;
}

/* As the host counts it: QEMU needs something for itself. */
static int64_t charged(const struct vm *v)
{
	return resident(v) + OVERHEAD;
}

static int64_t unused(const struct vm *v)
{
	return max64(v->balloon - RESERVED - v->used, 0);
}

/* The guest wants that much in use; where its balloon does not leave it as much it gets less. */
static void vm_use(struct vm *v, int64_t want)
{
	int64_t more = min64(want, v->balloon - RESERVED) - v->used;

	if (more > 0)
		v->free_backed -= min64(v->free_backed, more);
	else
		v->free_backed -= more;
	v->used += more;
	v->swapped = min64(v->swapped, backed(v));
}

static void vm_reclaim(struct vm *v, int64_t mib)
{
	v->swapped += min64(mib, max64(resident(v), 0));
}

/* Hot pages that were swapped out come back. */
static void vm_touch(struct vm *v)
{
	int64_t out = v->swapped - (backed(v) - min64(v->hot, v->used));

	v->refaulted = max64(out, 0);
	v->swapped -= v->refaulted;
	v->pages += (uint64_t)v->refaulted * 256;
}

static void vm_balloon(struct vm *v, int64_t target)
{
	int64_t delta = v->balloon - target;
	int64_t from_free = min64(max64(delta, 0), v->free_backed);

	assert_true(target >= v->used + RESERVED || delta < 0);
	v->free_backed -= from_free;
	v->swapped = min64(v->swapped, backed(v));
	v->balloon = target;
	if (v->last == (delta > 0 ? 1 : -1))
		v->n_turns++;
	v->last = delta > 0 ? -1 : 1;
}

static void sim_measure(struct sim *x)
{
	int64_t sum = HOST_ITSELF + x->others, swapped = 0;

	for (size_t i = 0; i < N_GUESTS; i++) {
		sum += charged(&x->vm[i]) + x->vm[i].swapped / 3;
		swapped += x->vm[i].swapped;
	}
	x->available = max64(TOTAL - sum, 0);
	x->least_available = min64(x->least_available, x->available);
	x->w.sample->host.available_bytes = (uint64_t)x->available * MIB;
	x->w.sample->host.swap_free_bytes = (uint64_t)(SWAP_TOTAL - swapped) * MIB;
}

static void sim_sample(struct sim *x)
{
	world_pass(&x->w, TICK);
	sim_measure(x);
	for (size_t i = 0; i < N_GUESTS; i++) {
		struct kvmb_guest_sample *g = world_guest(&x->w, i);
		const struct vm *v = &x->vm[i];

		g->balloon_bytes = (uint64_t)v->balloon * MIB;
		g->guest_total_bytes = (uint64_t)(v->balloon - RESERVED) * MIB;
		g->unused_bytes = g->usable_bytes = (uint64_t)unused(v) * MIB;
		g->caches_bytes = 0;
		g->resident_bytes = g->rss_bytes = (uint64_t)charged(v) * MIB;
		g->swap_bytes = (uint64_t)v->swapped * MIB;
		g->refault_anon = v->pages;
		g->psi.some_avg10_permyriad = (uint32_t)min64(v->refaulted * 50, 9000);
	}
}

static void sim_apply(struct sim *x)
{
	for (size_t i = 0; i < N_GUESTS; i++)
		x->vm[i].taken = 0;
	for (size_t i = 0; i < x->w.plan->n_actions; i++) {
		struct kvmb_result r = { .action = x->w.plan->actions[i] };
		struct vm *v = &x->vm[r.action.name[2] - '0'];
		int64_t before = charged(v);

		if (r.action.kind == KVMB_ACTION_RECLAIM)
			vm_reclaim(v, (int64_t)(r.action.asked_bytes / MIB));
		else
			vm_balloon(v, (int64_t)(r.action.target_bytes / MIB));
		if (r.action.kind != KVMB_ACTION_DEFLATE)
			v->taken = (int64_t)(r.action.asked_bytes / MIB);
		assert_true(charged(v) >= min64(before, GUARANTEE));
		r.got_bytes = r.action.asked_bytes;
		r.net_bytes = (before - charged(v)) * (int64_t)MIB;
		kvmb_state_apply_result(x->w.state, &r);
	}
}

static void sim_tick(struct sim *x)
{
	sim_sample(x);
	world_decide(&x->w);
	sim_apply(x);
	for (size_t i = 0; i < N_GUESTS; i++)
		vm_touch(&x->vm[i]);
	x->tick++;
	if (getenv("VERBOSE")) {
		print_message("# %2u %-9s need %4" PRIu64 " available %4" PRId64, x->tick,
			      kvmb_level_to_string(x->w.plan->level), x->w.plan->need_bytes / MIB,
			      x->available);
		for (size_t i = 0; i < N_GUESTS; i++)
			print_message(" | %4" PRId64 "%4" PRId64 "u%4" PRId64 "f %4" PRId64
				      "s %3" PRId64 "r",
				      x->vm[i].balloon, x->vm[i].used, x->vm[i].free_backed,
				      x->vm[i].swapped, x->vm[i].refaulted);
		print_message("\n");
	}
}

static void sim_init(struct sim *x)
{
	*x = (struct sim){ .least_available = TOTAL };
	world_init(&x->w, N_GUESTS);
	x->w.sample->host.total_bytes = TOTAL * MIB;
	x->w.sample->host.swap_total_bytes = SWAP_TOTAL * MIB;
	x->w.config->defaults.guarantee_bytes = GUARANTEE * MIB;
	x->w.config->defaults.set |= 1U << KVMB_FIELD_GUARANTEE;
	for (size_t i = 0; i < N_GUESTS; i++) {
		world_guest(&x->w, i)->maximum_bytes = 1536 * MIB;
		x->vm[i] =
			(struct vm){ .balloon = 1536, .used = 300, .hot = 300, .free_backed = 0 };
	}
}

/* They grow together by 50 MiB a tick until more is in use than the host has. */
static void sim_grow(struct sim *x)
{
	for (unsigned int t = 0; t < 14; t++) {
		for (size_t i = 0; i < N_GUESTS; i++) {
			vm_use(&x->vm[i], 300 + 50 * (t + 1));
			x->vm[i].hot = 500;
		}
		sim_tick(x);
	}
}

static int64_t taken_in(struct sim *x, unsigned int ticks)
{
	int64_t sum = 0;

	for (unsigned int t = 0; t < ticks; t++) {
		sim_tick(x);
		for (size_t i = 0; i < N_GUESTS; i++)
			sum += x->vm[i].taken;
	}
	return sum;
}

static void test_converges(void **data)
{
	struct sim x;

	(void)data;
	sim_init(&x);
	sim_grow(&x);
	for (unsigned int t = 0; t < 6; t++)
		sim_tick(&x);
	/* 20 ticks on: out of the woods, and never in an emergency. */
	assert_true(x.least_available > TOTAL * 4 / 100);
	assert_true(x.available >= TOTAL * 15 / 100);
	(void)taken_in(&x, 20);
	assert_true(x.available >= TOTAL * 15 / 100);
	assert_true(x.available <= TOTAL * 20 / 100);
	for (size_t i = 0; i < N_GUESTS; i++) {
		assert_true(charged(&x.vm[i]) >= GUARANTEE);
		assert_true(x.vm[i].n_turns <= 1);
		assert_int_equal(x.vm[i].refaulted, 0);
	}
	world_done(&x.w);
}

static void test_comes_to_rest(void **data)
{
	struct sim x;

	(void)data;
	sim_init(&x);
	sim_grow(&x);
	(void)taken_in(&x, 20);
	assert_int_equal(taken_in(&x, 100), 0);
	world_done(&x.w);
}

static void test_fair(void **data)
{
	struct sim x;

	(void)data;
	sim_init(&x);
	sim_grow(&x);
	(void)taken_in(&x, 20);
	for (size_t i = 1; i < N_GUESTS; i++)
		assert_true(llabs(resident(&x.vm[i]) - resident(&x.vm[0])) <= 16);
	world_done(&x.w);
}

static void test_free_goes_first(void **data)
{
	struct sim x;

	(void)data;
	sim_init(&x);
	/* vm0 and vm1 used a lot and freed most of it again; vm2 and vm3 grow into what is left. */
	for (size_t i = 0; i < 2; i++) {
		vm_use(&x.vm[i], 1150);
		vm_use(&x.vm[i], 500);
	}
	for (unsigned int t = 0; t < 40; t++) {
		for (size_t i = 2; i < N_GUESTS; i++)
			vm_use(&x.vm[i], min64(300 + 20 * t, 800));
		sim_tick(&x);
	}
	assert_true(x.available >= TOTAL * 15 / 100);
	for (size_t i = 0; i < 2; i++)
		assert_true(x.vm[i].balloon < 1536);
	for (size_t i = 0; i < N_GUESTS; i++)
		assert_int_equal(x.vm[i].swapped, 0);
	world_done(&x.w);
}

static void test_burst(void **data)
{
	unsigned int waited = 0;
	struct sim x;

	(void)data;
	sim_init(&x);
	for (size_t i = 0; i < 2; i++) {
		vm_use(&x.vm[i], 1400);
		vm_use(&x.vm[i], 500);
	}
	for (unsigned int t = 0; t < 60; t++) {
		for (size_t i = 2; i < N_GUESTS; i++)
			vm_use(&x.vm[i], min64(300 + 40 * t, 1300));
		sim_tick(&x);
	}
	assert_true(x.vm[0].balloon < 1000);
	/* Now vm0 wants its memory back. It must not wait longer than for the next look. */
	while (x.vm[0].used < 1100 && waited < 10) {
		vm_use(&x.vm[0], 1100);
		sim_tick(&x);
		waited++;
	}
	assert_int_equal(x.vm[0].balloon, 1536);
	assert_true(waited <= 2);
	(void)taken_in(&x, 40);
	assert_true(x.least_available > 0);
	assert_true(x.available >= TOTAL * 14 / 100);
	assert_true(x.vm[0].n_turns <= 2);
	world_done(&x.w);
}

static void test_all_given_back(void **data)
{
	struct sim x;

	(void)data;
	sim_init(&x);
	for (size_t i = 0; i < N_GUESTS; i++) {
		vm_use(&x.vm[i], 1000);
		vm_use(&x.vm[i], 400);
	}
	(void)taken_in(&x, 10);
	for (size_t i = 0; i < N_GUESTS; i++)
		assert_true(x.vm[i].balloon < 1536);
	/* vm3 is shut down and leaves its memory: after a while the others have theirs again. */
	x.vm[3].used = x.vm[3].hot = 10;
	x.vm[3].free_backed = 0;
	(void)taken_in(&x, 60);
	for (size_t i = 0; i < N_GUESTS; i++) {
		assert_int_equal(x.vm[i].balloon, 1536);
		assert_int_equal(world_state(&x.w, i)->target_bytes, 0);
	}
	assert_int_equal(taken_in(&x, 100), 0);
	world_done(&x.w);
}

/* Two guests hold free what they used; the host has a fifth more than where it gets elevated. */
static void calm(struct sim *x)
{
	sim_init(x);
	for (size_t i = 0; i < 2; i++) {
		vm_use(&x->vm[i], 900);
		vm_use(&x->vm[i], 400);
	}
	sim_measure(x);
	x->others = x->available - TOTAL * 18 / 100 - TOTAL * 12 / 100;
	assert_int_equal(taken_in(x, 5), 0);
}

static void test_fall_is_seen_ahead(void **data)
{
	struct sim x;
	int64_t taken = 0;

	(void)data;
	calm(&x);
	/* The host itself begins to use 3 % of the RAM each tick. */
	while (!taken && x.tick < 20) {
		x.others += TOTAL * 3 / 100;
		taken = taken_in(&x, 1);
	}
	assert_true(taken > 0);
	assert_int_equal(x.w.plan->level, KVMB_LEVEL_ELEVATED);
	assert_true(x.available >= TOTAL * 15 / 100);
	/* Nothing but what was free goes for a forecast. */
	for (size_t i = 0; i < x.w.plan->n_actions; i++)
		assert_int_equal(x.w.plan->actions[i].rule, KVMB_RULE_GUEST_FREE);
	/* The fall ends above the threshold: so does the forecast. */
	(void)taken_in(&x, 3);
	assert_int_equal(x.w.plan->level, KVMB_LEVEL_RELAXED);
	assert_int_equal(taken_in(&x, 10), 0);
	world_done(&x.w);
}

/* Whatever a guest gets back it runs through at once, and keeps nothing of it in use. */
static int64_t greedy_tick(struct sim *x)
{
	int64_t before[N_GUESTS], taken;

	for (size_t i = 0; i < N_GUESTS; i++)
		before[i] = x->vm[i].balloon;
	taken = taken_in(x, 1);
	for (size_t i = 0; i < N_GUESTS; i++)
		x->vm[i].free_backed += max64(x->vm[i].balloon - before[i], 0);
	return taken;
}

static void test_give_back_is_no_fall(void **data)
{
	int64_t given = 0;
	struct sim x;

	(void)data;
	sim_init(&x);
	for (size_t i = 0; i < 3; i++) {
		vm_use(&x.vm[i], 800);
		vm_use(&x.vm[i], 400);
	}
	vm_use(&x.vm[3], 700);
	for (unsigned int t = 0; t < 30; t++) {
		x.others += 20;
		(void)taken_in(&x, 1);
	}
	(void)taken_in(&x, 10);
	for (size_t i = 0; i < N_GUESTS; i++)
		given -= x.vm[i].balloon;
	/* vm3 ends its work, and a third of the host is available. */
	x.vm[3].used = x.vm[3].hot = 10;
	for (unsigned int t = 0; t < 100; t++) {
		assert_int_equal(greedy_tick(&x), 0);
		assert_int_equal(x.w.plan->level, KVMB_LEVEL_RELAXED);
	}
	for (size_t i = 0; i < N_GUESTS; i++)
		given += x.vm[i].balloon;
	assert_true(given >= TOTAL * 10 / 100);
	assert_true(x.available >= TOTAL * 19 / 100);
	assert_true(x.available <= TOTAL * 20 / 100);
	world_done(&x.w);
}

static void test_noise_is_not(void **data)
{
	struct sim x;

	(void)data;
	calm(&x);
	x.others += TOTAL * 13 / 100; /* 17 % are available, two above elevated */
	(void)taken_in(&x, 15);
	for (size_t i = 0; i < 100; i++) {
		int64_t wave = TOTAL * 18 / 1000 * (i % 2 ? 1 : -1);

		x.others += i ? wave : wave / 2;
		assert_int_equal(taken_in(&x, 1), 0);
	}
	world_done(&x.w);
}

static void test_proactive_finds_cold(void **data)
{
	struct sim x;

	(void)data;
	sim_init(&x);
	x.w.config->host.mode = x.w.config->defaults.mode = KVMB_MODE_PROACTIVE;
	x.w.config->defaults.set |= 1U << KVMB_FIELD_MODE;
	for (size_t i = 0; i < N_GUESTS; i++) {
		vm_use(&x.vm[i], 800);
		x.vm[i].hot = 450;
	}
	(void)taken_in(&x, 300);
	for (size_t i = 0; i < N_GUESTS; i++) {
		uint64_t pages = x.vm[i].pages;

		/* Most of the cold 350 MiB are out, and what came back stays within reason. */
		assert_true(resident(&x.vm[i]) < 600);
		assert_true(pages < 256 * 100);
	}
	world_done(&x.w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t,
		  "four guests promised 1.5 times the host converge in 20 ticks, above their "
		  "guarantees",
		  test_converges);
	TESTS_ADD(&t, "once the host has enough, nothing moves any more", test_comes_to_rest);
	TESTS_ADD(&t, "alike guests end up alike", test_fair);
	TESTS_ADD(&t, "while guests hold memory free, nothing of anybody is swapped",
		  test_free_goes_first);
	TESTS_ADD(&t, "a guest that needs its memory again has it with the next look", test_burst);
	TESTS_ADD(&t, "when the host has plenty again all is given back, and stays",
		  test_all_given_back);
	TESTS_ADD(&t, "a steep fall is met before the watermark, with free memory alone",
		  test_fall_is_seen_ahead);
	TESTS_ADD(&t, "what guests do with what they got back is no fall, and is not taken again",
		  test_give_back_is_no_fall);
	TESTS_ADD(&t, "noise of 1.8 % just above the watermark moves nothing",
		  test_noise_is_not);
	TESTS_ADD(&t, "proactive mode finds the cold pages and leaves the hot ones",
		  test_proactive_finds_cold);
	return tests_run("simulate", &t);
}

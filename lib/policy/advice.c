// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this host could promise its guests, by what they used in the worst hour of the last day. */
#include "policy/advice.h"

#include <string.h>

#include "base/num.h"
#include "model/ages.h"
#include "model/exclude.h"
#include "model/store.h"

#define HOUR_NS (60 * NSEC_PER_MINUTE)
#define DAMON_PERMYRIAD 7000 /* it samples: regions, not pages */
/* No measurement of what is in use is so good that more follows from it. */
#define MOST_PERMYRIAD (10 * PERMYRIAD)

void kvmb_advice_guest(const struct kvmb_guest_sample *g, uint64_t cold_usec, bool over_target,
		       struct kvmb_advice_guest *ret)
{
	uint64_t resident = kvmb_guest_resident(g);
	uint64_t swapped = g->swap_bytes == KVMB_UNKNOWN ? 0 : g->swap_bytes;

	*ret = (struct kvmb_advice_guest){
		.promised_bytes = g->maximum_bytes,
		.held_bytes = u64_add_sat(u64_add_sat(resident, swapped),
					  kvmb_store_ram(&g->store)),
		.all_bytes = kvmb_guest_held(g),
		.working_bytes = u64_sub_sat(resident, kvmb_ages_idle(&g->ages, cold_usec)),
		.known_permyriad = g->ages.source == KVMB_AGING_MODULE ? PERMYRIAD :
									 DAMON_PERMYRIAD,
		.over_target = over_target,
	};
	/* What it reads back was in use as well, and how much of the rest is nobody can tell. */
	if (over_target)
		ret->working_bytes = ret->all_bytes;
}

static uint64_t part(uint64_t bytes, uint64_t of_bytes)
{
	return u64_mul_div(bytes, PERMYRIAD, u64_max(of_bytes, 1));
}

struct sums {
	uint64_t promised, held, working, known, over, worst;
	uint64_t weighed; /* promised, by how well its ages are known */
};

static void add(struct sums *s, const struct kvmb_advice_guest *g)
{
	s->promised = u64_add_sat(s->promised, g->promised_bytes);
	s->held = u64_add_sat(s->held, g->held_bytes);
	s->working = u64_add_sat(s->working, g->working_bytes);
	s->worst = u64_max(s->worst, part(g->working_bytes, g->promised_bytes));
	s->weighed = u64_add_sat(s->weighed, permyriad_of(g->promised_bytes, g->known_permyriad));
	if (g->known_permyriad)
		s->known = u64_add_sat(s->known, g->promised_bytes);
	if (g->over_target)
		s->over = u64_add_sat(s->over, g->promised_bytes);
}

static void roll(struct kvmb_state_advice *s, uint64_t hour)
{
	uint64_t n = hour < s->hour ? KVMB_ADVICE_HOURS :
				      u64_min(hour - s->hour, KVMB_ADVICE_HOURS);
	size_t kept = (KVMB_ADVICE_HOURS - n) * sizeof(s->use_permyriad[0]);
	size_t gone = n * sizeof(s->use_permyriad[0]);

	memmove(s->use_permyriad + n, s->use_permyriad, kept);
	memmove(s->held_permyriad + n, s->held_permyriad, kept);
	memset(s->use_permyriad, 0, gone);
	memset(s->held_permyriad, 0, gone);
	s->hour = hour;
}

/* One more guest that is as unlike the others as the worst would move the sum by that. */
static uint32_t alike(const struct sums *sums, uint64_t n)
{
	uint64_t off = u64_sub_sat(sums->worst, part(sums->working, sums->promised)) / (n + 1);

	return (uint32_t)(u64_sub_sat(PERMYRIAD, off) * n / (n + 1));
}

void kvmb_advice_update(const struct kvmb_advice_look *l, struct kvmb_state_advice *s)
{
	struct sums sums = { 0 };

	roll(s, l->now_ns / HOUR_NS);
	for (size_t i = 0; i < l->n_guests; i++)
		add(&sums, &l->guests[i]);
	s->n_guests = l->n_guests;
	s->promised_bytes = sums.promised;
	s->room_bytes = l->room_bytes;
	s->swap_bytes = l->swap_bytes;
	s->known_permyriad = 0;
	if (!sums.promised || sums.known < sums.promised - sums.known)
		return;
	s->known_permyriad = (uint32_t)u64_min(part(sums.weighed, sums.promised), PERMYRIAD);
	s->calm_permyriad =
		(uint32_t)(PERMYRIAD - u64_min(part(sums.over, sums.promised), PERMYRIAD));
	s->alike_permyriad = alike(&sums, l->n_guests);
	/* 0 is not known; memory that is not used at all there is none. */
	s->use_permyriad[0] = u64_max(s->use_permyriad[0],
				      u64_max(part(sums.working, sums.promised), 1));
	s->held_permyriad[0] = u64_max(s->held_permyriad[0],
				       u64_max(part(sums.held, sums.promised), 1));
}

/* Not 0. */
static uint64_t most_of(const uint64_t *hours)
{
	uint64_t most = 1;

	for (size_t i = 0; i < KVMB_ADVICE_HOURS; i++)
		most = u64_max(most, hours[i]);
	return most;
}

static uint64_t confidence(const struct kvmb_state_advice *s)
{
	uint64_t n = 0, c;

	for (size_t i = 0; i < KVMB_ADVICE_HOURS; i++)
		n += s->use_permyriad[i] != 0;
	c = permyriad_of(n * PERMYRIAD / KVMB_ADVICE_HOURS, s->known_permyriad);
	return permyriad_of(permyriad_of(c, s->alike_permyriad), s->calm_permyriad);
}

/* What working sets leave room for, unless what is touched would not fit into memory and swap. */
static void advise(const struct kvmb_state_advice *s, struct kvmb_advice *a)
{
	uint64_t by_use = PERMYRIAD * PERMYRIAD / most_of(s->use_permyriad);
	uint64_t all = u64_mul_div(u64_add_sat(s->room_bytes, s->swap_bytes), PERMYRIAD,
				   s->room_bytes);
	uint64_t by_swap = u64_mul_div(all, PERMYRIAD, most_of(s->held_permyriad));

	a->basis = by_swap < by_use ? KVMB_ADVICE_SWAP : KVMB_ADVICE_WORKING_SET;
	a->advised_permyriad = (uint32_t)u64_min(u64_min(by_use, by_swap), MOST_PERMYRIAD);
	a->confidence_permyriad = (uint32_t)confidence(s);
}

void kvmb_advice(const struct kvmb_state_advice *s, struct kvmb_advice *ret)
{
	struct kvmb_advice a = { UINT32_MAX, UINT32_MAX, UINT32_MAX, KVMB_ADVICE_NO_GUESTS };

	if (s->n_guests && s->promised_bytes && !s->room_bytes)
		a.basis = KVMB_ADVICE_NO_FIGURES;
	if (s->n_guests && s->promised_bytes && s->room_bytes) {
		a.ratio_permyriad = (uint32_t)u64_min(part(s->promised_bytes, s->room_bytes),
						      UINT32_MAX - 1);
		a.basis = KVMB_ADVICE_NO_AGES;
		if (s->known_permyriad)
			advise(s, &a);
	}
	*ret = a;
}

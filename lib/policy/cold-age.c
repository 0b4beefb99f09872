// SPDX-License-Identifier: LGPL-2.1-or-later
/* What of a guest is cold, by what it touched again. */
#include "policy/cold-age.h"

#include <string.h>

#include "base/num.h"
#include "model/ages.h"

#define PAGE_BYTES 4096
/* Minutes to look on first: fewer say little of the next one, and a start is no usual time. */
#define WARM_UP_MINUTES 5
/* Ages that were away for longer are taken for new ones: what happened meanwhile nobody saw. */
#define GAP_MINUTES 5
/* As long as a refault counts in the rate: raised once for each of them. */
#define RAISE_NS (65 * NSEC_PER_SEC)
/* Slow, or the guest would have to suffer anew each few minutes to keep what it is owed. */
#define LOWER_NS (10 * NSEC_PER_MINUTE)

/* Promotions come with the passes of aging: a minute without a pass would look quiet. */
static uint64_t minute_ns(const struct kvmb_cold_look *l)
{
	return u64_max(NSEC_PER_MINUTE, u64_mul_sat(l->config->aging_usec, NSEC_PER_USEC));
}

/* Until then nothing can have been seen touched again after it was cold. */
static uint64_t blind_ns(const struct kvmb_cold_look *l)
{
	return u64_mul_sat(l->config->cold_usec, NSEC_PER_USEC);
}

static bool goes_on(const struct kvmb_cold_look *l, const struct kvmb_state_cold *s)
{
	const struct kvmb_ages *a = &l->guest->ages;

	if (a->source != s->source || a->told_ns < s->told_ns ||
	    a->told_ns - s->told_ns > GAP_MINUTES * minute_ns(l))
		return false;
	for (size_t i = 0; s->minute_ns && i < KVMB_AGE_BUCKETS; i++)
		if (a->promoted_bytes[i] < s->promoted_bytes[i])
			return false;
	return true;
}

static void begin(const struct kvmb_ages *a, struct kvmb_state_cold *s)
{
	s->source = a->source;
	s->since_ns = s->told_ns = a->told_ns;
	s->minute_ns = 0;
	s->judged = false;
}

static void begin_minute(const struct kvmb_ages *a, struct kvmb_state_cold *s)
{
	s->minute_ns = a->told_ns;
	memcpy(s->promoted_bytes, a->promoted_bytes, sizeof(s->promoted_bytes));
}

/*
 * No page can be touched after it was idle for five seconds more often than each five seconds.
 * Twice the guest, for QEMU maps more than the guest was promised.
 */
static bool possible(const struct kvmb_cold_look *l, uint64_t bytes, uint64_t elapsed_ns)
{
	uint64_t times = elapsed_ns / (kvmb_age_bucket_usec(1) * NSEC_PER_USEC) + 1;

	return bytes <= u64_mul_sat(u64_mul_sat(l->guest->maximum_bytes, 2), times);
}

static void remember(struct kvmb_state_cold *s, uint8_t bucket)
{
	if (s->n_minutes == KVMB_COLD_MINUTES)
		memmove(s->minutes, s->minutes + 1, --s->n_minutes);
	s->minutes[s->n_minutes++] = bucket;
}

/* A whole minute: what would have come back from each idle time on, and the least that is fine. */
static bool judge(const struct kvmb_cold_look *l, uint64_t elapsed_ns, struct kvmb_state_cold *s)
{
	const struct kvmb_ages *a = &l->guest->ages;
	uint64_t allowed = kvmb_state_refaults_allowed(l->policy, l->guest);
	uint64_t back_pages[KVMB_AGE_BUCKETS] = { 0 }, bytes = 0;
	uint8_t best = KVMB_AGE_BUCKETS;

	for (size_t i = KVMB_AGE_BUCKETS - 1; i >= 1; i--) {
		bytes = u64_add_sat(bytes, a->promoted_bytes[i] - s->promoted_bytes[i]);
		back_pages[i] = u64_mul_div(bytes / PAGE_BYTES, NSEC_PER_MINUTE, elapsed_ns);
		if (back_pages[i] <= allowed)
			best = (uint8_t)i;
	}
	if (!possible(l, bytes, elapsed_ns))
		return false;
	memcpy(s->back_pages, back_pages, sizeof(s->back_pages));
	s->judged = true;
	remember(s, best);
	return true;
}

static void count_minute(const struct kvmb_cold_look *l, struct kvmb_state_cold *s)
{
	const struct kvmb_ages *a = &l->guest->ages;
	uint64_t elapsed_ns = a->told_ns - s->minute_ns;

	if (a->told_ns - s->since_ns < blind_ns(l))
		return;
	if (!s->minute_ns) {
		begin_minute(a, s);
		return;
	}
	if (elapsed_ns < minute_ns(l))
		return;
	if (judge(l, elapsed_ns, s))
		begin_minute(a, s);
	else
		begin(a, s);
}

/* ---- What it really suffered ------------------------------------------------------------- */

/* One above what can be seen as cold at all: from there on nothing is. */
static uint32_t highest(const struct kvmb_cold_look *l)
{
	return kvmb_age_first_bucket(kvmb_ages_oldest(l->config->aging_usec)) + 1;
}

static void feel(const struct kvmb_cold_look *l, struct kvmb_state_cold *s)
{
	uint64_t since_ns = u64_sub_sat(l->now_ns, s->floor_ns);
	struct kvmb_cold_age used;

	if (l->over_target && (!s->floor_bucket || since_ns >= RAISE_NS)) {
		kvmb_cold_age(l, s, &used);
		s->floor_bucket = (uint32_t)u64_min(kvmb_age_first_bucket(used.idle_usec) + 1,
						    highest(l));
		s->floor_ns = l->now_ns;
	} else if (!l->over_target && s->floor_bucket && since_ns >= LOWER_NS) {
		s->floor_bucket--;
		s->floor_ns = l->now_ns;
	}
	if (s->floor_bucket <= kvmb_age_first_bucket(l->config->cold_usec))
		s->floor_bucket = 0;
}

/* Since when it is waited for somebody to tell: seen first, at work again, or the last who did. */
static void nobody_tells(const struct kvmb_cold_look *l, bool works, struct kvmb_state_cold *s)
{
	if (!works || !s->since_ns || s->source != KVMB_AGING_NONE)
		s->since_ns = l->now_ns;
	s->source = KVMB_AGING_NONE;
}

void kvmb_cold_age_update(const struct kvmb_cold_look *l, struct kvmb_state_cold *s)
{
	const struct kvmb_ages *a = &l->guest->ages;
	bool works = l->guest->state == KVMB_GUEST_RUNNING && !l->off;

	if (a->source < KVMB_AGING_DAMON || !works) {
		nobody_tells(l, works, s);
		return;
	}
	if (!goes_on(l, s))
		begin(a, s);
	s->told_ns = a->told_ns;
	if (a->source == KVMB_AGING_MODULE)
		count_minute(l, s);
	feel(l, s);
}

/* ---- The threshold ----------------------------------------------------------------------- */

/* By nearest rank; 0 without any minute. */
static uint32_t percentile(const struct kvmb_state_cold *s)
{
	size_t n_of[KVMB_AGE_BUCKETS + 1] = { 0 }, seen = 0;
	size_t rank = (s->n_minutes * KVMB_COLD_PERCENT + 99) / 100;
	uint32_t bucket = 0;

	for (size_t i = 0; i < s->n_minutes; i++)
		n_of[s->minutes[i]]++;
	while (seen < rank)
		seen += n_of[++bucket];
	return bucket;
}

static uint64_t warm_up_usec(const struct kvmb_cold_look *l, const struct kvmb_state_cold *s)
{
	uint64_t all_ns = u64_add_sat(blind_ns(l), WARM_UP_MINUTES * minute_ns(l));
	uint64_t gone_ns = u64_sub_sat(l->now_ns, s->since_ns);

	return (s->source == KVMB_AGING_NONE ? all_ns : u64_sub_sat(all_ns, gone_ns)) /
	       NSEC_PER_USEC;
}

static void demand(struct kvmb_cold_age *a, uint32_t *bucket, uint32_t wanted,
		   enum kvmb_cold_basis basis)
{
	if (wanted <= *bucket)
		return;
	*bucket = wanted;
	a->basis = basis;
	a->idle_usec = kvmb_age_bucket_usec(wanted);
}

void kvmb_cold_age(const struct kvmb_cold_look *l, const struct kvmb_state_cold *s,
		   struct kvmb_cold_age *ret)
{
	uint32_t bucket = kvmb_age_first_bucket(l->config->cold_usec);
	bool told = s->source == KVMB_AGING_MODULE && s->n_minutes;
	struct kvmb_cold_age a = {
		.idle_usec = l->config->cold_usec,
		.basis = KVMB_COLD_CONFIGURED,
		.n_minutes = told ? s->n_minutes : 0,
		.judged = told && s->judged,
		.allowed_pages = kvmb_state_refaults_allowed(l->policy, l->guest),
		.warm_up_usec = warm_up_usec(l, s),
	};

	if (told) {
		demand(&a, &bucket, percentile(s), KVMB_COLD_MINUTES_PAST);
		demand(&a, &bucket, s->minutes[s->n_minutes - 1], KVMB_COLD_LAST_MINUTE);
	}
	demand(&a, &bucket, s->floor_bucket, KVMB_COLD_REFAULTS);
	if (a.judged && bucket < KVMB_AGE_BUCKETS)
		a.back_pages = s->back_pages[bucket];
	*ret = a;
}

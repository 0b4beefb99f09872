// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Buckets of idle time: doubling ones, for what policy asks is "how much for about how long", from
 * seconds to a day, and a sample of 1,000 guests is to stay small.
 */
#include "model/ages.h"

#include "base/num.h"

#define FIRST_USEC (5 * USEC_PER_SEC)

uint64_t kvmb_age_bucket_usec(unsigned int i)
{
	if (i >= KVMB_AGE_BUCKETS)
		return UINT64_MAX;
	return i ? FIRST_USEC << (i - 1) : 0;
}

/* The bucket that @usec is in. */
static unsigned int bucket(uint64_t usec)
{
	unsigned int i = KVMB_AGE_BUCKETS - 1;

	while (usec < kvmb_age_bucket_usec(i))
		i--;
	return i;
}

unsigned int kvmb_age_first_bucket(uint64_t usec)
{
	unsigned int i = 0;

	while (kvmb_age_bucket_usec(i) < usec)
		i++;
	return i;
}

uint64_t kvmb_ages_oldest(uint64_t period_usec)
{
	return kvmb_age_bucket_usec(bucket(KVMB_AGE_PERIODS * period_usec));
}

uint64_t kvmb_ages_idle(const struct kvmb_ages *a, uint64_t usec)
{
	uint64_t sum = 0;

	for (unsigned int i = kvmb_age_first_bucket(usec); i < KVMB_AGE_BUCKETS; i++)
		sum = u64_add_sat(sum, a->cold_bytes[i]);
	return sum;
}

bool kvmb_ages_current(const struct kvmb_ages *a, uint64_t now_ns, uint64_t stale_usec)
{
	return a->source != KVMB_AGING_NONE && a->told_ns && a->told_ns <= now_ns &&
	       (now_ns - a->told_ns) / NSEC_PER_USEC <= stale_usec;
}

bool kvmb_ages_fresh(const struct kvmb_ages *a, uint64_t now_ns, uint64_t stale_usec)
{
	return a->source >= KVMB_AGING_DAMON && kvmb_ages_current(a, now_ns, stale_usec);
}

uint64_t kvmb_ages_cold(const struct kvmb_ages *a, uint64_t usec, uint64_t now_ns,
			uint64_t stale_usec)
{
	return kvmb_ages_fresh(a, now_ns, stale_usec) ? kvmb_ages_idle(a, usec) : 0;
}

void kvmb_ages_add(struct kvmb_ages *a, uint64_t idle_usec, uint64_t bytes)
{
	uint64_t *to = &a->cold_bytes[bucket(idle_usec)];

	*to = u64_add_sat(*to, bytes);
}

void kvmb_ages_promote(struct kvmb_ages *a, uint64_t idle_usec, uint64_t bytes)
{
	uint64_t *to = &a->promoted_bytes[bucket(idle_usec)];

	*to = u64_add_sat(*to, bytes);
}

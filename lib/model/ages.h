/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory by how long it has been idle. */
#ifndef KVMB_MODEL_AGES_H
#define KVMB_MODEL_AGES_H

#include <kvmballoon.h>

/**
 * kvmb_age_first_bucket() - the first bucket that holds nothing younger than @usec
 * KVMB_AGE_BUCKETS where there is none.
 */
unsigned int kvmb_age_first_bucket(uint64_t usec);

/** kvmb_ages_add() - book @bytes that were idle for @idle_usec into cold_bytes */
void kvmb_ages_add(struct kvmb_ages *a, uint64_t idle_usec, uint64_t bytes);

/** kvmb_ages_promote() - the same into promoted_bytes: touched after it was idle for so long */
void kvmb_ages_promote(struct kvmb_ages *a, uint64_t idle_usec, uint64_t bytes);

/**
 * kvmb_ages_cold() - bytes idle for @usec or longer that page-out can find now; 0 where the ages
 * are too old, or know no addresses
 * @stale_usec: older ages than that are too old
 */
uint64_t kvmb_ages_cold(const struct kvmb_ages *a, uint64_t usec, uint64_t now_ns,
			uint64_t stale_usec);

/* Ages, counted in periods of aging, go no higher: pages that are older stay at that. */
#define KVMB_AGE_PERIODS 250

/** kvmb_ages_oldest() - the greatest idle time at which memory can be seen as cold */
uint64_t kvmb_ages_oldest(uint64_t period_usec);

/** kvmb_ages_current() - did a source, any of them, tell these of late? */
bool kvmb_ages_current(const struct kvmb_ages *a, uint64_t now_ns, uint64_t stale_usec);

/** kvmb_ages_fresh() - can page-out be told what is cold? */
bool kvmb_ages_fresh(const struct kvmb_ages *a, uint64_t now_ns, uint64_t stale_usec);

#endif

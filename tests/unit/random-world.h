/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worlds by a seed: from sensible to hostile, for properties that must hold in every one of them.
 */
#ifndef KVMB_TESTS_RANDOM_WORLD_H
#define KVMB_TESTS_RANDOM_WORLD_H

#include "policy-world.h"

static inline uint64_t random_next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 20;
}

static inline uint64_t random_below(uint64_t *seed, uint64_t n)
{
	return random_next(seed) % n;
}

static inline bool random_one_in(uint64_t *seed, uint64_t n)
{
	return random_below(seed, n) == 0;
}

/* Mostly some MiB, at times what no honest guest would say. */
static inline uint64_t random_size(uint64_t *seed, uint64_t mib)
{
	switch (random_below(seed, 40)) {
	case 0:
		return 0;
	case 1:
		return KVMB_UNKNOWN;
	case 2:
		return UINT64_MAX - random_below(seed, 1000);
	case 3:
		return random_next(seed) << 20;
	default:
		return random_below(seed, mib * MIB);
	}
}

static inline void random_host(uint64_t *seed, struct kvmb_host_sample *h)
{
	h->total_bytes = 4096 * MIB;
	/* It jumps, or falls on from where it was. */
	if (random_one_in(seed, 3))
		h->available_bytes = random_below(seed, random_one_in(seed, 2) ? 4096 * MIB :
										 700 * MIB);
	else
		h->available_bytes = u64_sub_sat(h->available_bytes,
						 random_below(seed, 400 * MIB));
	h->swap_total_bytes = random_one_in(seed, 5) ? 0 : 1024 * MIB;
	h->swap_free_bytes = random_below(seed, h->swap_total_bytes + 1);
	h->swap_out_pages += random_below(seed, 20000);
	h->swap_reads += random_below(seed, 100);
	h->swap_read_usec += random_below(seed, 12 * USEC_PER_SEC);
	h->psi_valid = !random_one_in(seed, 10);
	h->psi.some_avg10_permyriad = (uint32_t)random_below(seed, 1500);
	h->triggered = random_one_in(seed, 10);
	h->ksm.valid = !random_one_in(seed, 20);
	h->ksm.advised = random_one_in(seed, 50);
	/* It is as it was ordered, or as somebody else has it. */
	h->ksm.run = random_one_in(seed, 40) ? (uint32_t)random_below(seed, 3) : h->ksm.run;
	h->ksm.full_scans += random_below(seed, 2);
	h->ksm.saved_bytes = random_size(seed, 4096);
	h->ksm.cpu_usec += random_below(seed, 2 * USEC_PER_SEC);
}

static inline void random_guest_told(uint64_t *seed, struct kvmb_guest_sample *g)
{
	g->guest_total_bytes = random_size(seed, 2048);
	g->unused_bytes = random_size(seed, 2048);
	g->usable_bytes = random_size(seed, 2048);
	g->caches_bytes = random_size(seed, 2048);
	g->swap_in_bytes = random_size(seed, 4096);
	g->major_faults = random_size(seed, 1);
	g->stats_age_usec = random_below(seed, 12 * USEC_PER_SEC);
	if (random_one_in(seed, 2)) { /* an honest one */
		g->guest_total_bytes = u64_sub_sat(g->balloon_bytes, 20 * MIB);
		g->unused_bytes = random_below(seed, g->guest_total_bytes + 1);
		g->usable_bytes = g->unused_bytes;
		g->caches_bytes = 0;
	}
}

/* Mostly the module's, that go on; at times what no histogram can hold. */
static inline void random_ages(uint64_t *seed, uint64_t now_ns, struct kvmb_ages *a)
{
	if (random_one_in(seed, 50))
		a->source = (enum kvmb_aging)random_below(seed, KVMB_AGINGS);
	a->told_ns = now_ns - random_below(seed, random_one_in(seed, 50) ? 600 * SEC : 2 * SEC);
	for (size_t i = 0; i < KVMB_AGE_BUCKETS; i++) {
		a->cold_bytes[i] = random_size(seed, 64);
		if (random_one_in(seed, 1000))
			a->promoted_bytes[i] = random_size(seed, 64);
		a->promoted_bytes[i] += random_below(seed, 64) * 4096;
	}
}

/* From none to full; what it counts goes on, at times from the beginning. */
static inline void random_store(uint64_t *seed, struct kvmb_store *s)
{
	if (random_one_in(seed, 10))
		*s = (struct kvmb_store){ .valid = random_one_in(seed, 2) };
	if (!s->valid)
		return;
	s->limit_bytes = random_one_in(seed, 3) ? random_below(seed, 512 * MIB) : KVMB_UNKNOWN;
	s->out_bytes = u64_min(random_size(seed, 1024), INT64_MAX);
	s->pool_bytes = u64_min(random_size(seed, 256), INT64_MAX);
	s->metadata_bytes = random_below(seed, 16 * MIB);
	s->faults += random_below(seed, random_one_in(seed, 4) ? 300 : 20);
}

static inline void random_stores(uint64_t seed, struct kvmb_host_store *s)
{
	*s = (struct kvmb_host_store){ .valid = !random_one_in(&seed, 3) };
	if (!s->valid)
		return;
	s->pool_bytes = random_below(&seed, 1024 * MIB);
	s->limit_bytes = random_one_in(&seed, 3) ? random_below(&seed, 1024 * MIB) : KVMB_UNKNOWN;
}

static inline void random_guest(uint64_t *seed, uint64_t now_ns, uint64_t stale_usec,
				struct kvmb_guest_sample *g)
{
	uint64_t own = ~*seed;

	g->state = random_one_in(seed, 10) ? KVMB_GUEST_PAUSED : KVMB_GUEST_RUNNING;
	g->has_balloon = !random_one_in(seed, 10);
	g->cgroup_valid = !random_one_in(seed, 10);
	g->in_flight = random_one_in(seed, 6);
	g->triggered = random_one_in(seed, 15);
	g->facts_ns = now_ns - random_below(seed, 11 * SEC);
	g->maximum_bytes = 2048 * MIB;
	g->balloon_bytes = random_below(seed, 2049) * MIB;
	g->resident_bytes = random_below(seed, 2048 * MIB);
	g->rss_bytes = random_below(seed, 2048 * MIB);
	g->swap_bytes = random_below(seed, 512 * MIB);
	g->psi.some_avg10_permyriad = (uint32_t)random_below(seed, 1200);
	g->refault_anon += random_below(seed, random_one_in(seed, 4) ? 300 : 20);
	g->backing.locked = random_one_in(seed, 20);
	g->backing.shared = random_one_in(seed, 20);
	g->backing.reports_free = random_one_in(seed, 2);
	random_guest_told(seed, g);
	kvmb_guest_check_stats(g, stale_usec);
	random_ages(&own, now_ns, &g->ages);
	random_store(&own, &g->store);
}

static inline void random_config(uint64_t *seed, struct kvmb_host_config *h)
{
	h->mode = (enum kvmb_mode)(KVMB_MODE_OBSERVE + random_below(seed, 3));
	h->step_bytes = (2 + random_below(seed, 200)) * MIB;
	h->guest_rate_bytes = random_below(seed, 1024) * MIB;
	h->host_rate_bytes = random_below(seed, 2048) * MIB;
	h->guest_headroom_bytes = random_below(seed, 128) * MIB;
	h->guest_headroom_permyriad = (uint32_t)random_below(seed, 3000);
	h->swap_write_bytes = random_one_in(seed, 3) ? random_below(seed, 50 * MIB) : 0;
	h->swap_latency_usec = random_below(seed, USEC_PER_SEC);
	h->ksm_auto = random_one_in(seed, 2);
	h->metadata = random_one_in(seed, 2);
}

static inline void random_policy(uint64_t *seed, struct kvmb_policy *p)
{
	uint64_t guarantee = random_below(seed, 1024) * MIB;

	*p = (struct kvmb_policy){
		.set = (1U << KVMB_FIELDS) - 1,
		.guarantee_bytes = guarantee,
		.limit_bytes = random_one_in(seed, 3) ? guarantee + random_below(seed, 1024) * MIB :
							UINT64_MAX,
		.shares = (uint32_t)(1 + random_below(seed, 5000)),
		.priority = (enum kvmb_priority)random_below(seed, 3),
		.refault_target_ppm = 2000,
		.mode = (enum kvmb_mode)(random_one_in(seed, 2) ? 3 : random_below(seed, 4)),
		.backend = (enum kvmb_backend)(guarantee / MIB % KVMB_BACKENDS),
	};
}

/* The next sample, some time later. */
static inline void random_tick(uint64_t *seed, struct world *w)
{
	struct kvmb_sample *s = w->sample;

	s->now_ns += random_below(seed, 6 * SEC);
	s->guests_valid = !random_one_in(seed, 20);
	random_host(seed, &s->host);
	random_stores(~*seed, &s->host.store);
	if (w->plan && w->plan->ksm.set && w->plan->ksm.why == KVMB_WHY_NONE) {
		s->host.ksm.run = w->plan->ksm.run;
		s->host.ksm.pages_to_scan = w->plan->ksm.pages_to_scan;
		s->host.ksm.sleep_msec = w->plan->ksm.sleep_msec;
	}
	for (size_t i = 0; i < s->n_guests; i++)
		random_guest(seed, s->now_ns, w->config->host.stale_usec, &s->guests[i]);
}

static inline void random_world(uint64_t *seed, struct world *w)
{
	world_init(w, 1 + random_below(seed, 8));
	random_config(seed, &w->config->host);
	for (size_t i = 0; i < w->sample->n_guests; i++)
		random_policy(seed, &world_state(w, i)->runtime);
}

#endif

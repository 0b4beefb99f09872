// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 5: AIMD back-off by what a guest feels. */
#include "policy/damp.h"

#include "base/num.h"
#include "model/exclude.h"
#include "model/store.h"

#define STEP_MIN_PERMYRIAD 625      /* 1/16: 4 MiB of the default step, still worth an action */
#define STEP_GROW_PERMYRIAD 500     /* a second: a full step again after 20 quiet seconds */
#define RECLAIM_PAUSE_NS (10 * NSEC_PER_SEC) /* as long as avg10 looks back */
#define BALLOON_PAUSE_MIN_SEC 30
#define BALLOON_PAUSE_MAX_SEC 600
#define SWAP_IN_BYTES_PER_SEC MIB   /* inside the guest: 256 pages a second are felt */
#define MAJOR_FAULTS_PER_SEC 100    /* inside the guest: about one disk's worth of seeks */

static bool scope_pressure(const struct kvmb_damp *d, const struct kvmb_state_guest *s)
{
	const struct kvmb_guest_sample *g = d->guest;

	if (!g->triggered && !kvmb_guest_stalls(d->config, g))
		return false;
	return d->level < KVMB_LEVEL_HARD || kvmb_state_reads_back(s, d->policy, g, d->now_ns);
}

static bool count_refaults(const struct kvmb_damp *d, struct kvmb_state_guest *s,
			   struct kvmb_feel *feel)
{
	uint64_t refaults = kvmb_guest_refaults(d->guest);
	bool store_valid = d->guest->store.valid;

	if (!d->guest->cgroup_valid)
		return false;
	/* A store that comes into sight has counted all the time. */
	if (s->counters.host_valid && s->counters.store_valid == store_valid)
		kvmb_rate_add(&s->refaults, d->now_ns, u64_sub_sat(refaults, s->counters.refaults));
	else if (!s->counters.host_valid)
		s->counters.host_since_ns = d->now_ns;
	s->counters.refaults = refaults;
	s->counters.store_valid = store_valid;
	s->counters.host_valid = true;
	feel->refaults_per_min = kvmb_rate_sum(&s->refaults, d->now_ns);
	feel->refaults_allowed = kvmb_state_refaults_allowed(d->policy, d->guest);
	return feel->refaults_per_min > feel->refaults_allowed;
}

static uint64_t per_second(uint64_t now, uint64_t before, uint64_t elapsed_ns)
{
	if (now == KVMB_UNKNOWN || before == KVMB_UNKNOWN || !elapsed_ns)
		return 0;
	return u64_mul_div(u64_sub_sat(now, before), NSEC_PER_SEC, elapsed_ns);
}

/* The guest swaps or reads its programs back; its statistics come less often than our ticks. */
static bool busy_inside(const struct kvmb_damp *d, struct kvmb_state_guest *s)
{
	const struct kvmb_guest_sample *g = d->guest;
	uint64_t told_ns = u64_sub_sat(d->now_ns, u64_mul_sat(g->stats_age_usec, NSEC_PER_USEC));
	struct kvmb_state_counters *c = &s->counters;
	uint64_t elapsed_ns = u64_sub_sat(told_ns, c->guest_ns);
	bool first = c->guest_ns == 0, busy;

	if (elapsed_ns < NSEC_PER_SEC / 2) /* the same message as before */
		return false;
	busy = !first &&
	       (per_second(g->swap_in_bytes, c->swap_in_bytes, elapsed_ns) >=
			SWAP_IN_BYTES_PER_SEC ||
		per_second(g->major_faults, c->major_faults, elapsed_ns) >= MAJOR_FAULTS_PER_SEC);
	c->guest_ns = told_ns;
	c->swap_in_bytes = g->swap_in_bytes;
	c->major_faults = g->major_faults;
	return busy;
}

static bool inside_pressure(const struct kvmb_damp *d, struct kvmb_state_guest *s)
{
	const struct kvmb_estimate *e = d->estimate;
	bool busy;

	if (!e->told)
		return false;
	busy = busy_inside(d, s);
	if (e->usable_bytes < e->headroom_bytes / 2)
		return true;
	/* With plenty usable these are new programs and files being read, not a lack of memory. */
	return busy && e->usable_bytes < u64_mul_sat(e->headroom_bytes, 2);
}

static void damp_reclaim(const struct kvmb_damp *d, bool felt, struct kvmb_state_guest *s)
{
	uint64_t grow = u64_mul_div(d->elapsed_ns, STEP_GROW_PERMYRIAD, NSEC_PER_SEC);

	if (d->now_ns < s->reclaim_after_ns)
		return;
	if (felt) {
		s->step_permyriad = (uint32_t)u64_max(s->step_permyriad / 2, STEP_MIN_PERMYRIAD);
		s->reclaim_after_ns = d->now_ns + RECLAIM_PAUSE_NS;
		return;
	}
	s->step_permyriad = (uint32_t)u64_min(u64_add_sat(s->step_permyriad, grow), PERMYRIAD);
}

static void damp_balloon(const struct kvmb_damp *d, bool felt, struct kvmb_state_guest *s)
{
	const uint64_t calm_ns = BALLOON_PAUSE_MAX_SEC * NSEC_PER_SEC;

	if (d->now_ns < s->balloon_after_ns)
		return;
	if (!felt) {
		if (d->now_ns - s->balloon_after_ns > calm_ns)
			s->balloon_pause_sec = 0;
		return;
	}
	s->balloon_pause_sec = (uint32_t)u64_clamp((uint64_t)s->balloon_pause_sec * 2,
						   BALLOON_PAUSE_MIN_SEC, BALLOON_PAUSE_MAX_SEC);
	s->balloon_after_ns = d->now_ns + s->balloon_pause_sec * NSEC_PER_SEC;
}

void kvmb_damp_update(const struct kvmb_damp *d, struct kvmb_state_guest *s, struct kvmb_feel *ret)
{
	struct kvmb_feel feel = { 0 };

	feel.over_target = count_refaults(d, s, &feel);
	feel.scope_pressure = scope_pressure(d, s);
	feel.inside_pressure = inside_pressure(d, s);
	damp_reclaim(d, feel.scope_pressure || feel.over_target, s);
	damp_balloon(d, feel.inside_pressure, s);
	*ret = feel;
}

uint64_t kvmb_damp_step(const struct kvmb_host_config *c, const struct kvmb_state_guest *s,
			enum kvmb_level level)
{
	/* In an emergency the kernel takes from everybody, without asking who can spare it. */
	if (level == KVMB_LEVEL_EMERGENCY)
		return c->step_bytes;
	return permyriad_of(c->step_bytes, s->step_permyriad);
}

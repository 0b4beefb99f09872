// SPDX-License-Identifier: LGPL-2.1-or-later
/* The stages one after the other: pressure, a view of each guest, then the rules by rank. */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "model/ages.h"
#include "model/exclude.h"
#include "model/store.h"
#include "model/swap-guard.h"
#include "policy/reservation.h"
#include "policy/reserve.h"
#include "policy/trend.h"
#include "policy/turn.h"

/*
 * A drop by less than the hysteresis is noise; where there is none, by less than 1 %. What was
 * given back in the last minute guests may use at once: were that taken for a fall, it would be
 * taken again, and given back, and so on.
 */
static uint64_t no_fall(const struct kvmb_turn *t)
{
	uint64_t total_bytes = t->sample->host.total_bytes;
	uint64_t noise = u64_max(permyriad_of(total_bytes, t->config->host.hysteresis_permyriad),
				 total_bytes / 100);

	return u64_add_sat(noise, kvmb_rate_sum(&t->state->given, t->sample->now_ns));
}

static struct kvmb_outlook look(struct kvmb_turn *t)
{
	struct kvmb_state *s = t->state;
	uint64_t used_bytes;
	uint64_t held_bytes = kvmb_reservations_update(&t->config->host, t->sample, s,
						       &used_bytes);

	kvmb_trend_expect(&s->trend, used_bytes);
	kvmb_trend_see(&s->trend, t->sample->now_ns, t->sample->host.available_bytes);
	return (struct kvmb_outlook){
		.ahead_bytes = kvmb_trend_ahead(&s->trend, no_fall(t)),
		.reserve_bytes = kvmb_reserve_update(&s->own_use, t->sample),
		.reserved_bytes = held_bytes,
	};
}

static void update_host(struct kvmb_turn *t)
{
	const struct kvmb_host_config *c = &t->config->host;
	const struct kvmb_host_sample *host = &t->sample->host;
	const struct kvmb_outlook outlook = look(t);
	struct kvmb_state *s = t->state;

	kvmb_pressure_update(c, host, &outlook, s, &t->host);
	if (s->level != KVMB_LEVEL_RELAXED && t->host.level == KVMB_LEVEL_RELAXED)
		s->relaxed_ns = t->sample->now_ns;
	if (s->own_use.last_bytes)
		t->own_use_bytes = u64_add_sat(s->own_use.last_bytes, outlook.reserve_bytes);
	if (t->host.level < KVMB_LEVEL_HARD)
		s->hard_ns = 0;
	else if (!s->hard_ns)
		s->hard_ns = t->sample->now_ns;
	s->level = t->host.level;
	s->base_level = t->host.base_level;
	s->pressed = t->host.pressed;
	s->swap_short = t->host.swap_short;
	s->falling = t->host.falling;
	s->reserving = t->host.reserving;
	t->plan->level = t->host.level;
	t->plan->need_bytes = t->host.need_bytes;
	t->plan->spare_bytes = t->host.spare_bytes;
	t->unit_bytes = u64_clamp(c->step_bytes, 1, KVMB_UNIT_BYTES);
	t->host_rate_left_bytes = kvmb_rate_left(&s->taken, t->sample->now_ns, c->host_rate_bytes);
	t->swap_room_bytes = kvmb_swap_room(t->config, s, t->sample, &t->swap_room_why);
}

static void update_cold(const struct kvmb_turn *t, struct kvmb_view *v)
{
	const struct kvmb_cold_look look = {
		.config = &t->config->host,
		.policy = &v->policy,
		.guest = v->guest,
		.now_ns = t->sample->now_ns,
		.over_target = v->feel.over_target,
		.off = v->mode == KVMB_MODE_OFF,
	};

	kvmb_cold_age_update(&look, &v->state->cold);
	kvmb_cold_age(&look, &v->state->cold, &v->cold);
	v->cold_bytes = kvmb_view_idle(t, v, v->cold.idle_usec);
}

/*
 * Did a wait for reports end well, or so long ago that another one may begin? That it holds nothing
 * free now is but its word: it could say so each time that the wait is nearly over.
 */
static bool reported(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	uint64_t fallen = u64_sub_sat(v->state->unreported_bytes, v->estimate.resident_bytes);

	return kvmb_view_worth_it(t, v, fallen) ||
	       t->sample->now_ns - v->state->unreported_ns >= NSEC_PER_MINUTE;
}

/* Since when it holds free what should have come back by itself. */
static void update_unreported(const struct kvmb_turn *t, struct kvmb_view *v)
{
	uint64_t *since_ns = &v->state->unreported_ns;
	bool holds = kvmb_view_worth_it(t, v, v->estimate.gain_bytes);

	if (!v->guest->backing.reports_free || (*since_ns && !holds && reported(t, v)))
		*since_ns = 0;
	if (!v->guest->backing.reports_free || *since_ns || !holds)
		return;
	*since_ns = t->sample->now_ns;
	v->state->unreported_bytes = v->estimate.resident_bytes;
}

static void update_view(struct kvmb_turn *t, const struct kvmb_guest_sample *g, struct kvmb_view *v)
{
	struct kvmb_damp damp = {
		.config = &t->config->host,
		.policy = &v->policy,
		.guest = g,
		.estimate = &v->estimate,
		.level = t->host.level,
		.now_ns = t->sample->now_ns,
		.elapsed_ns = t->elapsed_ns,
	};

	*v = (struct kvmb_view){ .guest = g, .state = kvmb_state_find(t->state, g->uuid) };
	kvmb_guest_policy(t->config, g, v->state, &v->policy);
	v->mode = kvmb_guest_mode(t->config, &v->policy);
	v->backend = kvmb_guest_backend(&v->policy, &t->sample->host, g, NULL);
	v->fit = kvmb_guest_unfit(t->config, g, t->sample->now_ns) == KVMB_WHY_NONE;
	v->awaited = kvmb_reservations_await(t->state, g->uuid);
	kvmb_estimate_guest(&t->config->host, &v->policy, g, kvmb_state_moved(v->state, g),
			    &v->estimate);
	v->aged = kvmb_ages_fresh(&g->ages, t->sample->now_ns, t->config->host.stale_usec);
	if (v->fit)
		kvmb_damp_update(&damp, v->state, &v->feel);
	update_cold(t, v);
	update_unreported(t, v);
	/* The host's own look outranks what the guest says; by one age for all, to compare them. */
	v->idle_bytes = v->aged ? kvmb_view_idle(t, v, t->config->host.cold_usec) :
				  kvmb_view_gain(t, v);
}

static int apply_rules(struct kvmb_turn *t)
{
	int (*const rules[])(struct kvmb_turn *) = {
		kvmb_give_to_guests, kvmb_serve_requests, kvmb_hold_limits,
		kvmb_take_for_host,  kvmb_take_proactive, kvmb_give_spare,
	};
	int r = kvmb_turn_learn(t);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(rules); i++)
		r = rules[i](t);
	return r;
}

/* Guests that may have changed or gone are left as they are. */
static int run_guests(struct kvmb_turn *t)
{
	const struct kvmb_sample *sample = t->sample;
	_cleanup_free_ struct kvmb_view *views = NULL;
	_cleanup_free_ struct kvmb_claim *claims = NULL;
	_cleanup_free_ struct kvmb_view **claimants = NULL;

	if (!sample->guests_valid || !sample->n_guests)
		return sample->guests_valid ? kvmb_turn_learn(t) : 0;
	t->n = sample->n_guests;
	t->views = views = calloc(t->n, sizeof(*views));
	t->claims = claims = calloc(t->n, sizeof(*claims));
	t->claimants = claimants = calloc(t->n, sizeof(*claimants));
	if (!views || !claims || !claimants)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		update_view(t, &sample->guests[i], &t->views[i]);
	return apply_rules(t);
}

int kvmb_policy_run(const struct kvmb_config *c, const struct kvmb_sample *sample,
		    uint64_t elapsed_ns, struct kvmb_state *state, struct kvmb_plan *plan)
{
	struct kvmb_turn t = {
		.config = c,
		.sample = sample,
		.state = state,
		.plan = plan,
		.elapsed_ns = elapsed_ns,
	};
	int r;

	update_host(&t);
	r = run_guests(&t);
	if (r >= 0)
		kvmb_turn_ksm(&t);
	return r;
}

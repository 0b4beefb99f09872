// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stage 4: the host is short; what is used, cheapest for the guests first.
 *
 * 1. What guests hold free and the host has memory behind: by balloon, costs them nothing.
 * 2. What they have not touched for long, where that is known: page-out, coldest first.
 * 3. What was idle for ColdAge at least, though they want some of it back: for a host hard up.
 * 4. Their caches, by balloon, for a host hard up: they read from their disks what they miss.
 * 5. Reclaim of their scopes, a step each, by shares.
 * 6. A limit for seconds, for one guest of the lowest class: last-resort.c.
 * 7. Where none of that works: what they hold free without memory behind it, so that they do not
 *    grow.
 *
 * Guests that are only observed are shared among in a round of their own: what would be asked of
 * them must not be missing from what is asked of the others.
 */
#include "base/num.h"
#include "model/exclude.h"
#include "policy/turn.h"

enum means {
	GUEST_FREE,
	COLD,
	COOL,
	CACHES,
	RECLAIM,
	GROWTH,
};

/*
 * Short, but not hard up: then it is better to wait for what is cheap than to take at once what is
 * dear, from guests of a higher class or by swapping where others hold free memory.
 */
static bool patient(const struct kvmb_turn *t)
{
	return t->host.level < KVMB_LEVEL_HARD;
}

static bool in_round(const struct kvmb_view *v, bool observed)
{
	return v->fit && v->mode != KVMB_MODE_OFF &&
	       kvmb_guest_forbids(v->guest, KVMB_ACTION_KINDS) == KVMB_WHY_NONE &&
	       (v->mode == KVMB_MODE_OBSERVE) == observed;
}

static uint64_t cool_bytes(const struct kvmb_turn *t, const struct kvmb_view *v)
{
	return kvmb_view_idle(t, v, t->config->host.cold_usec);
}

static enum kvmb_why why_not(const struct kvmb_turn *t, const struct kvmb_view *v, enum means means)
{
	enum kvmb_why why;

	if (means == COLD)
		return kvmb_view_no_pageout(t, v);
	/* What is made for it would be taken from it. Cold memory is not what it grows into. */
	if (v->awaited && patient(t))
		return KVMB_WHY_RESERVED;
	if (means == COOL)
		return kvmb_view_no_pageout_of(t, v, cool_bytes(t, v));
	if (means == RECLAIM)
		return kvmb_view_no_reclaim(t, v);
	if (means == CACHES)
		return kvmb_view_no_balloon_of(t, v, v->estimate.cache_bytes);
	why = kvmb_view_no_balloon(t, v);
	if (why == KVMB_WHY_NONE && !kvmb_view_worth_it(t, v, v->estimate.free_bytes))
		return KVMB_WHY_TOO_SMALL;
	if (why == KVMB_WHY_NONE && kvmb_view_reporting(t, v))
		return KVMB_WHY_REPORTING;
	return why;
}

/* What may go to swap of @bytes: a step, less where the guest needed back what went before. */
static void claim_swap_out(const struct kvmb_turn *t, const struct kvmb_view *v, uint64_t bytes,
			   struct kvmb_claim *c)
{
	uint64_t step = u64_max(kvmb_damp_step(&t->config->host, v->state, t->host.level),
				t->unit_bytes);

	c->later_bytes = u64_min(bytes, kvmb_view_rate_left(t, v));
	c->cap_bytes = u64_min(u64_min(t->config->host.step_bytes, step), c->later_bytes);
}

static struct kvmb_claim claim_of(const struct kvmb_turn *t, const struct kvmb_view *v,
				  enum means means)
{
	const struct kvmb_estimate *e = &v->estimate;
	uint64_t most = u64_min(t->config->host.step_bytes, kvmb_view_rate_left(t, v));
	struct kvmb_claim c = {
		.priority = v->policy.priority,
		.shares = (uint32_t)u64_max(v->policy.shares, KVMB_SHARES_MIN),
		.have_bytes = u64_sub_sat(e->resident_bytes, v->policy.guarantee_bytes),
		.idle_bytes = v->idle_bytes,
	};

	switch (means) {
	case GUEST_FREE:
		c.later_bytes = u64_min(kvmb_view_gain(t, v), kvmb_view_rate_left(t, v));
		c.cap_bytes = u64_min(most, c.later_bytes);
		break;
	case COLD:
		claim_swap_out(t, v, v->cold_bytes, &c);
		break;
	case COOL:
		claim_swap_out(t, v, cool_bytes(t, v), &c);
		break;
	case CACHES:
		c.cap_bytes = u64_min(most, e->cache_bytes);
		break;
	case RECLAIM:
		claim_swap_out(t, v, e->reclaimable_bytes, &c);
		break;
	case GROWTH:
		/* Memory that was never touched has no age. */
		c.have_bytes = u64_sub_sat(v->guest->balloon_bytes, v->policy.guarantee_bytes);
		c.idle_bytes = e->free_bytes;
		c.cap_bytes = u64_min(most, e->free_bytes);
		break;
	}
	return c;
}

static int act(struct kvmb_turn *t, struct kvmb_view *v, enum means means, uint64_t bytes)
{
	switch (means) {
	case GUEST_FREE:
		return kvmb_turn_balloon(t, v, KVMB_RULE_GUEST_FREE, bytes);
	case COLD:
		return kvmb_turn_pageout(t, v, KVMB_RULE_HOST_PRESSURE, v->cold.idle_usec, bytes);
	case COOL:
		return kvmb_turn_pageout(t, v, KVMB_RULE_HOST_PRESSURE, t->config->host.cold_usec,
					 bytes);
	case CACHES:
		return kvmb_turn_balloon(t, v, KVMB_RULE_GUEST_CACHE, bytes);
	case RECLAIM:
		return kvmb_turn_reclaim(t, v, KVMB_RULE_HOST_PRESSURE, bytes);
	case GROWTH:
		return kvmb_turn_balloon(t, v, KVMB_RULE_HOST_PRESSURE, bytes);
	}
	return 0;
}

static bool comes_by_itself(enum kvmb_why why)
{
	return why == KVMB_WHY_IN_FLIGHT || why == KVMB_WHY_REPORTING;
}

/* Can give now, or is just about to give and can go on after that. */
static bool claims(const struct kvmb_turn *t, const struct kvmb_view *v, enum means means,
		   struct kvmb_claim *ret)
{
	enum kvmb_why why = why_not(t, v, means);

	if (why != KVMB_WHY_NONE && !(comes_by_itself(why) && patient(t)))
		return false;
	*ret = claim_of(t, v, means);
	if (why != KVMB_WHY_NONE)
		ret->cap_bytes = 0;
	return true;
}

/* Of what is asked by that means, what goes to the host's swap. */
static bool to_swap(const struct kvmb_view *v, enum means means)
{
	if (means == COLD || means == COOL)
		return v->backend != KVMB_BACKEND_FAR;
	return means == RECLAIM;
}

/*
 * Those that swap can give later what swap has room for, no more, the lowest class first: a class
 * above that has stores must not wait for them in vain. Return: what all of them can give later.
 */
static uint64_t bound_later(struct kvmb_turn *t, enum means means, size_t n)
{
	uint64_t room = t->swap_room_bytes, sum = 0;

	for (enum kvmb_priority p = KVMB_PRIORITY_LOW; p <= KVMB_PRIORITY_HIGH; p++) {
		for (size_t i = 0; i < n; i++) {
			struct kvmb_claim *c = &t->claims[i];

			if (c->priority != p)
				continue;
			if (to_swap(t->claimants[i], means)) {
				c->later_bytes = u64_min(c->later_bytes, room);
				room -= c->later_bytes;
			}
			sum = u64_add_sat(sum, c->later_bytes);
		}
	}
	return sum;
}

/*
 * Those that swap get no more than swap has room for, in proportion, @sum what they would. In whole
 * units: of what all up to here have, each gets what those before it have not.
 */
static void cap_to_swap(struct kvmb_turn *t, enum means means, size_t n, uint64_t sum)
{
	uint64_t so_far = 0, had = 0;

	for (size_t i = 0; i < n; i++) {
		struct kvmb_claim *c = &t->claims[i];
		uint64_t has;

		if (!to_swap(t->claimants[i], means))
			continue;
		so_far = u64_add_sat(so_far, c->give_bytes);
		has = align_down(u64_mul_div(so_far, t->swap_room_bytes, sum), t->unit_bytes);
		c->cap_bytes = has - had;
		had = has;
	}
}

/*
 * Shares @need among the first @n claims. Where some swap and others have stores, swap's room
 * bounds those that swap, and stores give the rest; where all swap, @need is within it already.
 */
static uint64_t share(struct kvmb_turn *t, enum means means, size_t n, uint64_t need)
{
	uint64_t given = kvmb_share(t->claims, n, need, t->unit_bytes, patient(t)), sum = 0;
	size_t n_swap = 0;

	for (size_t i = 0; i < n; i++) {
		if (!to_swap(t->claimants[i], means))
			continue;
		n_swap++;
		sum = u64_add_sat(sum, t->claims[i].give_bytes);
	}
	if (n_swap == n || sum <= t->swap_room_bytes)
		return given;
	cap_to_swap(t, means, n, sum);
	return kvmb_share(t->claims, n, need, t->unit_bytes, patient(t));
}

/* Asks the guests of a round for @need; *need is what is missing still. */
static int ask(struct kvmb_turn *t, enum means means, bool observed, uint64_t *need)
{
	uint64_t given, later;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; *need && i < t->n; i++) {
		struct kvmb_view *v = &t->views[i];

		if (v->acted || !in_round(v, observed) || !claims(t, v, means, &t->claims[n]))
			continue;
		t->claimants[n++] = v;
	}
	later = bound_later(t, means, n);
	given = share(t, means, n, *need);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (t->claims[i].give_bytes)
			r = act(t, t->claimants[i], means, t->claims[i].give_bytes);
	if (means != GROWTH)
		*need = u64_sub_sat(*need, patient(t) ? u64_max(given, later) : given);
	return r;
}

/* What may leave memory: to stores what their guests can give, to swap what has room there. */
static uint64_t room_outside(const struct kvmb_turn *t, enum means means, bool observed)
{
	uint64_t room = t->swap_room_bytes;
	struct kvmb_claim c;

	for (size_t i = 0; i < t->n; i++) {
		const struct kvmb_view *v = &t->views[i];

		if (!to_swap(v, means) && !v->acted && in_round(v, observed) &&
		    claims(t, v, means, &c))
			room = u64_add_sat(room, c.later_bytes);
	}
	return room;
}

static int ask_swap_out(struct kvmb_turn *t, enum means means, bool observed, uint64_t *need)
{
	uint64_t part = u64_min(*need, room_outside(t, means, observed)), left = part;
	int r = ask(t, means, observed, &left);

	*need -= part - left;
	return r;
}

/* What is being taken already by actions that have not ended. */
static uint64_t on_its_way(const struct kvmb_turn *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct kvmb_view *v = &t->views[i];

		/* A limit takes at once, and then only holds. */
		if (v->guest->in_flight && v->state->pending_kind != KVMB_ACTION_DEFLATE &&
		    v->state->pending_kind != KVMB_ACTION_HIGH)
			sum = u64_add_sat(sum, v->state->pending_bytes);
	}
	return sum;
}

/* Reasons that a reader of "why was nothing taken here" is looking for. */
static int explain_view(struct kvmb_turn *t, const struct kvmb_view *v)
{
	enum kvmb_why swap;
	int r;

	if (v->acted)
		return 0;
	if (t->host_rate_left_bytes < t->unit_bytes)
		return kvmb_turn_refuse(t, v, KVMB_ACTION_RECLAIM, KVMB_WHY_HOST_RATE);
	r = kvmb_turn_refuse(t, v, KVMB_ACTION_BALLOON, why_not(t, v, GUEST_FREE));
	if (r < 0 || !t->host.missing)
		return r;
	swap = why_not(t, v, RECLAIM);
	/* Its store is what an aged one would use, not what is coarse. */
	if (swap == KVMB_WHY_NOT_COLD || (v->aged && v->backend == KVMB_BACKEND_FAR))
		swap = why_not(t, v, COLD);
	return kvmb_turn_refuse(t, v, v->aged ? KVMB_ACTION_PAGEOUT : KVMB_ACTION_RECLAIM, swap);
}

static int round_of(struct kvmb_turn *t, bool observed)
{
	uint64_t missing = t->host.need_bytes - t->host.ahead_need_bytes, way = on_its_way(t);
	uint64_t need = u64_min(u64_sub_sat(t->host.need_bytes, way), t->host_rate_left_bytes);
	uint64_t soon = need - u64_min(u64_sub_sat(missing, way), need);
	int r = ask(t, GUEST_FREE, observed, &need);

	if (r >= 0 && (t->host.missing || t->host.ahead_need_bytes))
		r = ask_swap_out(t, COLD, observed, &need);
	need = u64_sub_sat(need, soon); /* coarse reclaim is for what is missing already */
	if (r >= 0 && t->host.missing && !patient(t))
		r = ask_swap_out(t, COOL, observed, &need);
	if (r >= 0 && t->host.missing && !patient(t))
		r = ask(t, CACHES, observed, &need);
	if (!observed && t->host.missing)
		t->unmet_bytes = need;
	if (r >= 0 && t->host.missing)
		r = ask_swap_out(t, RECLAIM, observed, &need);
	if (r >= 0 && t->host.missing)
		r = ask(t, GROWTH, observed, &need);
	if (r >= 0 && !observed)
		kvmb_take_last_resort(t, need);
	for (size_t i = 0; r >= 0 && i < t->n; i++)
		if (in_round(&t->views[i], observed))
			r = explain_view(t, &t->views[i]);
	return r;
}

int kvmb_take_for_host(struct kvmb_turn *t)
{
	int r;

	if (!t->host.need_bytes)
		return 0;
	r = round_of(t, false);
	return r < 0 ? r : round_of(t, true);
}

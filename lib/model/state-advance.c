// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One tick of the state: guests that came, guests that went, time that begins anew after a restart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/state-internal.h"
#include "model/stuck.h"
#include "model/swap-guard.h"

/* A guest that is away for longer is not coming back from a restart of libvirtd. */
#define FORGET_NS (10 * NSEC_PER_MINUTE)
/* Saved with its balloon out it may be restored the next morning, and then it is ours to undo. */
#define FORGET_BALLOON_NS (24 * 60 * NSEC_PER_MINUTE)

/* Whatever a state file says. */
#define RESERVATION_LEFT_MAX_NS (KVMB_RESERVE_TIMEOUT_MAX_USEC * NSEC_PER_USEC)

static void rate_rebase(struct kvmb_rate *rate, uint64_t now_ns)
{
	uint64_t sum = kvmb_rate_sum(rate, 0);

	memset(rate, 0, sizeof(*rate));
	kvmb_rate_add(rate, now_ns, sum);
}

static void rebase(struct kvmb_state *s, uint64_t now_ns)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct kvmb_state_guest *g = &s->guests[i];

		g->seen_ns = now_ns;
		g->request_until_ns = u64_add_sat(g->request_until_ns, now_ns);
		g->reclaim_after_ns = u64_add_sat(g->reclaim_after_ns, now_ns);
		g->balloon_after_ns = u64_add_sat(g->balloon_after_ns, now_ns);
		g->high_after_ns = u64_add_sat(g->high_after_ns, now_ns);
		g->stuck_until_ns = u64_add_sat(g->stuck_until_ns, now_ns);
		rate_rebase(&g->taken, now_ns);
		g->cold.floor_ns = now_ns;
		for (size_t k = 0; k < KVMB_ACTION_KINDS; k++)
			g->retry_ns[k] = u64_add_sat(g->retry_ns[k], now_ns);
	}
	for (size_t i = 0; i < s->n_reservations; i++) {
		uint64_t *until_ns = &s->reservations[i].until_ns;

		*until_ns = u64_add_sat(u64_min(*until_ns, RESERVATION_LEFT_MAX_NS), now_ns);
	}
	s->advice.hour = now_ns / (60 * NSEC_PER_MINUTE);
	if (s->ksm.retry_ns)
		s->ksm.retry_ns = u64_add_sat(s->ksm.retry_ns, now_ns);
	rate_rebase(&s->taken, now_ns);
	s->relaxed_ns = now_ns;
	s->fresh = false;
}

static int compare_uuid(const void *a, const void *b)
{
	const struct kvmb_guest_sample *const *x = a, *const *y = b;

	return strcmp((*x)->uuid, (*y)->uuid);
}

static int order_by_uuid(const struct kvmb_sample *sample, const struct kvmb_guest_sample ***ret)
{
	const struct kvmb_guest_sample **list = malloc(sample->n_guests * sizeof(*list) + 1);

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < sample->n_guests; i++)
		list[i] = &sample->guests[i];
	qsort(list, sample->n_guests, sizeof(*list), compare_uuid);
	*ret = list;
	return 0;
}

/*
 * The domain was started anew: what was known of its memory is void, what the operator set is not.
 * One that comes up with no more than we had left it was saved and restored (by managedsave, say),
 * balloon and all: that is still ours to give back. One that boots begins at its currentMemory.
 */
static void restart(struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample)
{
	if (sample->balloon_bytes > g->target_bytes)
		g->target_bytes = g->before_bytes = 0;
	g->request_bytes = g->pending_bytes = 0;
	g->step_permyriad = PERMYRIAD;
	g->reclaim_after_ns = g->balloon_after_ns = 0;
	g->balloon_pause_sec = g->n_barren = 0;
	g->barren_until_ns = g->unreported_ns = g->high_after_ns = 0;
	kvmb_stuck_clear(g);
	g->seen_balloon_bytes = g->report_ns = g->report_balloon_bytes = 0;
	memset(&g->counters, 0, sizeof(g->counters));
	memset(&g->cold, 0, sizeof(g->cold));
	memset(&g->refaults, 0, sizeof(g->refaults));
	memset(g->n_no_effect, 0, sizeof(g->n_no_effect));
	memset(g->retry_ns, 0, sizeof(g->retry_ns));
}

/* Reports come every second at most, and what is known of their age is as coarse. */
#define REPORT_NS (NSEC_PER_SEC / 2)

static void see_report(struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample,
		       uint64_t now_ns)
{
	uint64_t age_ns = u64_mul_sat(sample->stats_age_usec, NSEC_PER_USEC);
	uint64_t told_ns = u64_sub_sat(now_ns, age_ns);

	if (told_ns >= u64_add_sat(g->report_ns, REPORT_NS)) {
		/* It was told at some time since the last tick. */
		g->report_ns = told_ns;
		g->report_balloon_bytes = g->seen_balloon_bytes;
	}
	g->report_balloon_bytes = u64_max(g->report_balloon_bytes, sample->balloon_bytes);
	g->seen_balloon_bytes = sample->balloon_bytes;
}

static void see(struct kvmb_state_guest *g, const struct kvmb_guest_sample *sample, uint64_t now_ns)
{
	if (g->pid && sample->pid && g->pid != sample->pid)
		restart(g, sample);
	if (sample->pid)
		g->pid = sample->pid;
	g->seen_ns = now_ns;
	if (!streq(g->name, sample->name))
		memcpy(g->name, sample->name, sizeof(g->name));
	kvmb_stuck_see(g, sample);
	see_report(g, sample, now_ns);
	if (!sample->in_flight)
		g->pending_bytes = 0;
	/* All that we took is back, and no order of ours is open. */
	if (!sample->in_flight && g->target_bytes >= g->before_bytes &&
	    sample->balloon_bytes >= g->before_bytes)
		g->target_bytes = g->before_bytes = 0;
}

static bool keep_unseen(const struct kvmb_state_guest *g, uint64_t now_ns)
{
	uint64_t keep_ns = g->target_bytes ? FORGET_BALLOON_NS : FORGET_NS;

	return g->runtime.set || u64_sub_sat(now_ns, g->seen_ns) < keep_ns;
}

/* Both lists are ordered by UUID; @out has room for KVMB_GUESTS_MAX or for all of both. */
static size_t merge(const struct kvmb_state *s, const struct kvmb_guest_sample *const *seen,
		    const struct kvmb_sample *sample, struct kvmb_state_guest *out)
{
	size_t room = KVMB_GUESTS_MAX - sample->n_guests; /* for those not seen */
	size_t i = 0, k = 0, n = 0;

	while (i < s->n_guests || k < sample->n_guests) {
		int order = i == s->n_guests	     ? 1 :
			    k == sample->n_guests ? -1 :
						    strcmp(s->guests[i].uuid, seen[k]->uuid);

		if (order < 0) {
			if (room && keep_unseen(&s->guests[i], sample->now_ns)) {
				out[n++] = s->guests[i];
				room--;
			}
			i++;
			continue;
		}
		if (order == 0)
			out[n] = s->guests[i++];
		else if (n && streq(out[n - 1].uuid, seen[k]->uuid))
			n--; /* told twice: the later one counts */
		else
			(void)kvmb_state_guest_init(&out[n], seen[k]->uuid, seen[k]->name);
		see(&out[n++], seen[k++], sample->now_ns);
	}
	return n;
}

static int take_in_guests(struct kvmb_state *s, const struct kvmb_sample *sample)
{
	_cleanup_free_ const struct kvmb_guest_sample **seen = NULL;
	struct kvmb_state_guest *merged;
	size_t room = u64_min(s->n_guests + sample->n_guests, KVMB_GUESTS_MAX);
	int r = order_by_uuid(sample, &seen);

	if (r < 0)
		return r;
	merged = malloc(room * sizeof(*merged) + 1);
	if (!merged)
		return -ENOMEM;
	s->n_guests = merge(s, seen, sample, merged);
	free(s->guests);
	s->guests = merged;
	return 0;
}

int kvmb_state_advance(struct kvmb_state *s, const struct kvmb_sample *sample)
{
	int r;

	if (sample->now_ns < s->last_ns || sample->n_guests > KVMB_GUESTS_MAX)
		return -EINVAL;
	if (s->fresh)
		rebase(s, sample->now_ns);
	if (sample->guests_valid) {
		r = take_in_guests(s, sample);
		if (r < 0)
			return r;
	}
	kvmb_swap_guard_see(&s->swap, &sample->host, sample->now_ns);
	s->last_ns = sample->now_ns;
	return 0;
}

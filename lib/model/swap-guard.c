// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the host's swap can bear. */
#include "model/swap-guard.h"

#define PAGE_BYTES 4096
#define MINUTE_SEC 60
/* A burst of ticks must not make means of a few reads each. */
#define LOOK_NS NSEC_PER_SEC
/* Of fewer, one that was slow by chance is the mean: they wait for more, as long as SLOW_NS. */
#define READS_MIN 16
/* The worst of so long counts, or each pause would end itself. */
#define SLOW_NS (10 * NSEC_PER_SEC)

/* A counter that goes back began anew: then nothing is known of what came between. */
static uint64_t grown(uint64_t now, uint64_t before)
{
	return u64_sub_sat(now, before);
}

void kvmb_swap_guard_see(struct kvmb_swap_guard *g, const struct kvmb_host_sample *host,
			 uint64_t now_ns)
{
	if (g->seen && now_ns - g->at_ns < LOOK_NS)
		return;
	if (g->seen)
		kvmb_rate_add(&g->written, now_ns,
			      u64_mul_sat(grown(host->swap_out_pages, g->out_pages), PAGE_BYTES));
	g->seen = true;
	g->at_ns = now_ns;
	g->out_pages = host->swap_out_pages;
}

static void begin_reads(struct kvmb_swap_guard *g, const struct kvmb_host_sample *host,
			uint64_t now_ns)
{
	g->reads = host->swap_reads;
	g->read_usec = host->swap_read_usec;
	g->reads_ns = now_ns;
}

/* Enough reads, or so slow that no fast ones can make up for it, or all that there are for long. */
static bool can_be_judged(uint64_t reads, uint64_t usec, uint64_t age_ns, uint64_t limit_usec)
{
	if (age_ns < LOOK_NS)
		return false;
	return reads >= READS_MIN || usec > u64_mul_sat(limit_usec, READS_MIN) ||
	       age_ns >= SLOW_NS;
}

void kvmb_swap_latency_see(struct kvmb_swap_guard *g, const struct kvmb_config *c,
			   const struct kvmb_host_sample *host, uint64_t now_ns)
{
	uint64_t reads = grown(host->swap_reads, g->reads);
	uint64_t usec = grown(host->swap_read_usec, g->read_usec);
	uint64_t mean_usec = reads ? usec / reads : 0;
	uint64_t age_ns = u64_sub_sat(now_ns, g->reads_ns);

	/* None ever, or not readable then: what came since may be all that there was since boot. */
	if (!g->reads || host->swap_reads < g->reads || host->swap_read_usec < g->read_usec) {
		begin_reads(g, host, now_ns);
		return;
	}
	if (!can_be_judged(reads, usec, age_ns, c->host.swap_latency_usec))
		return;
	begin_reads(g, host, now_ns);
	if (mean_usec < g->latency_usec && now_ns - g->latency_ns < SLOW_NS)
		return;
	g->latency_usec = mean_usec;
	g->latency_ns = now_ns;
}

/* Actions that have not ended: what they write is not, or not wholly, in the counters yet. */
static bool writes(const struct kvmb_state_guest *g)
{
	if (g->pending_kind == KVMB_ACTION_PAGEOUT)
		return g->pending_backend != KVMB_BACKEND_FAR;
	return g->pending_kind == KVMB_ACTION_RECLAIM || g->pending_kind == KVMB_ACTION_HIGH;
}

static uint64_t on_its_way(const struct kvmb_state *s, const struct kvmb_sample *sample)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sample->n_guests; i++) {
		const struct kvmb_guest_sample *g = &sample->guests[i];
		const struct kvmb_state_guest *state =
			g->in_flight ? kvmb_state_find(s, g->uuid) : NULL;

		if (state && writes(state))
			sum = u64_add_sat(sum, state->pending_bytes);
	}
	return sum;
}

uint64_t kvmb_swap_room(const struct kvmb_config *c, const struct kvmb_state *s,
			const struct kvmb_sample *sample, enum kvmb_why *ret_why)
{
	const struct kvmb_host_sample *host = &sample->host;
	uint64_t room = u64_sub_sat(host->swap_free_bytes,
				    permyriad_of(host->swap_total_bytes,
						 c->host.swap_reserve_permyriad));
	uint64_t limit = u64_mul_sat(c->host.swap_write_bytes, MINUTE_SEC), left;

	*ret_why = KVMB_WHY_SWAP_RESERVE;
	if (!limit || s->level >= KVMB_LEVEL_EMERGENCY)
		return room;
	left = u64_sub_sat(kvmb_rate_left(&s->swap.written, sample->now_ns, limit),
			   on_its_way(s, sample));
	if (left >= room)
		return room;
	*ret_why = KVMB_WHY_SWAP_WRITES;
	return left;
}

bool kvmb_swap_slow(const struct kvmb_config *c, const struct kvmb_state *s, uint64_t now_ns)
{
	return c->host.swap_latency_usec && s->level < KVMB_LEVEL_EMERGENCY &&
	       s->swap.latency_usec > c->host.swap_latency_usec &&
	       u64_sub_sat(now_ns, s->swap.latency_ns) < SLOW_NS;
}

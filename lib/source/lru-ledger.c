/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ages within the oldest generation. */
#include "source/lru-ledger.h"

#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "model/ages.h"

static uint64_t sum(const struct kvmb_lru_ledger *l)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < l->n; i++)
		pages = u64_add_sat(pages, l->cohorts[i].pages);
	return pages;
}

/*
 * The first of two neighbours that lose the least by being made one, for their age. What they were
 * made of counts, too: else the oldest would take in one after the other, and never grow old.
 */
static size_t nearest(const struct kvmb_lru_ledger *l, uint64_t now_ns)
{
	uint64_t least = UINT64_MAX;
	size_t best = 0;

	for (size_t i = 0; i + 1 < l->n; i++) {
		uint64_t since_ns = l->cohorts[i + 1].since_ns;
		uint64_t lost = u64_sub_sat(since_ns, l->cohorts[i].first_ns);
		uint64_t age = u64_max(u64_sub_sat(now_ns, since_ns), 1);
		uint64_t share = u64_mul_div(lost, PPM, age);

		if (share < least) {
			least = share;
			best = i;
		}
	}
	return best;
}

/* Together they are as young as the younger one. */
static void merge(struct kvmb_lru_ledger *l, size_t i)
{
	struct kvmb_lru_cohort *older = &l->cohorts[i], *younger = older + 1;

	older->since_ns = younger->since_ns;
	older->pages = u64_add_sat(older->pages, younger->pages);
	memmove(younger, younger + 1, (l->n - i - 2) * sizeof(*younger));
	l->n--;
}

static void come(struct kvmb_lru_ledger *l, uint64_t since_ns, uint64_t pages, uint64_t now_ns)
{
	if (!pages)
		return;
	if (l->n == KVMB_LRU_COHORTS)
		merge(l, nearest(l, now_ns));
	l->cohorts[l->n++] = (struct kvmb_lru_cohort){ since_ns, since_ns, pages };
}

static void leave(struct kvmb_lru_ledger *l, uint64_t pages)
{
	size_t gone = 0;

	while (gone < l->n && pages > 0) {
		struct kvmb_lru_cohort *c = &l->cohorts[gone];
		uint64_t part = u64_min(c->pages, pages);

		c->pages -= part;
		pages -= part;
		if (!c->pages)
			gone++;
	}
	memmove(l->cohorts, l->cohorts + gone, (l->n - gone) * sizeof(l->cohorts[0]));
	l->n -= gone;
}

/* Since when the pages of gens[i] were not touched, as far as we know. */
static uint64_t idle_since_ns(const struct kvmb_lru_ledger *l, const struct kvmb_lruvec *v,
			      size_t i, uint64_t now_ns)
{
	uint64_t idle_ns = u64_mul_sat(kvmb_lru_gen_idle_usec(v, i), NSEC_PER_USEC);

	return u64_max(u64_sub_sat(now_ns, idle_ns), l->begun_ns);
}

void kvmb_lru_ledger_update(struct kvmb_lru_ledger *l, const struct kvmb_lruvec *v, uint64_t now_ns)
{
	uint64_t since_ns, pages, known;

	if (!v->n)
		return;
	if (!l->begun_ns)
		l->begun_ns = now_ns;
	since_ns = idle_since_ns(l, v, 0, now_ns);
	if (v->gens[0].seq > l->oldest_seq)
		come(l, since_ns, l->second_pages, now_ns);
	pages = v->gens[0].pages;
	known = sum(l);
	leave(l, u64_sub_sat(known, pages));
	come(l, since_ns, u64_sub_sat(pages, known), now_ns);
	l->oldest_seq = v->gens[0].seq;
	l->second_pages = v->n > 1 ? v->gens[1].pages : 0;
}

static void add(struct kvmb_ages *ages, uint64_t since_ns, uint64_t pages, uint64_t now_ns)
{
	kvmb_ages_add(ages, u64_sub_sat(now_ns, since_ns) / NSEC_PER_USEC,
		      u64_mul_sat(pages, (uint64_t)sysconf(_SC_PAGESIZE)));
}

void kvmb_lru_ledger_book(const struct kvmb_lru_ledger *l, const struct kvmb_lruvec *v,
			  uint64_t now_ns, struct kvmb_ages *ret)
{
	for (size_t i = 0; i < l->n; i++)
		add(ret, l->cohorts[i].since_ns, l->cohorts[i].pages, now_ns);
	for (size_t i = 1; i < v->n; i++)
		add(ret, idle_since_ns(l, v, i, now_ns), v->gens[i].pages, now_ns);
}

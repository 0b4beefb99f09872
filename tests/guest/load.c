// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One operation = visiting a few pages of the hot set; open loop, so that a stall shows as
 * latency.
 */
#include "load.h"

#include <time.h>

#define SECOND_NS   1000000000ull
#define LATE_MAX_NS SECOND_NS

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

void load_meter_reset(struct load_meter *m, uint64_t now_ns)
{
	*m = (struct load_meter){ 0 };
	latency_reset(&m->latency, now_ns);
}

void load_set_rate(struct load *l, unsigned int rate, unsigned int op_pages, uint64_t now_ns)
{
	l->rate = rate;
	l->op_pages = op_pages;
	l->due_ns = now_ns;
}

static uint64_t visit_pages(struct load *l, struct arena *a)
{
	uint64_t bad = 0;

	for (unsigned int i = 0; i < l->op_pages; i++) {
		const uint64_t page = hotset_next(&l->hot);

		bad += !arena_touch(a, page);
		l->write_credit += l->write_percent;
		if (l->write_credit >= 100) {
			l->write_credit -= 100;
			arena_rewrite(a, page);
		}
	}
	return bad;
}

/* One operation that was due at @due_ns, and ran from @began_ns to @now. */
static void meter_add(struct load_meter *m, const struct load *l, uint64_t began_ns, uint64_t now,
		      uint64_t bad)
{
	latency_add(&m->latency, now - l->due_ns);
	m->pages += l->op_pages;
	m->bad += bad;
	m->busy_ns += now - began_ns;
}

static void give_up_late(struct load *l, uint64_t now, uint64_t period_ns)
{
	const uint64_t missed = (now - l->due_ns) / period_ns;

	l->window.missed += missed;
	l->total.missed += missed;
	l->due_ns += missed * period_ns;
}

uint64_t load_run(struct load *l, struct arena *a, uint64_t now)
{
	const uint64_t began_ns = now;
	uint64_t period_ns, bad;

	if (l->rate == 0 || hotset_pages(&l->hot) == 0)
		return LOAD_IDLE;
	if (now < l->due_ns)
		return l->due_ns - now;
	period_ns = SECOND_NS / l->rate;
	bad = visit_pages(l, a);
	now = now_ns();
	meter_add(&l->window, l, began_ns, now, bad);
	meter_add(&l->total, l, began_ns, now, bad);
	l->due_ns += period_ns;
	if (now > l->due_ns + LATE_MAX_NS)
		give_up_late(l, now, period_ns);
	return now < l->due_ns ? l->due_ns - now : 0;
}

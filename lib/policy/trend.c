// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 1: the trend of available memory, in integers. */
#include "policy/trend.h"

#include <string.h>

#include "base/num.h"

#define GAP_NS NSEC_PER_SEC            /* of points: a burst of ticks must not fill the window */
#define WINDOW_NS (20 * NSEC_PER_SEC)  /* eight ticks of 2 s, and some delay */
#define SPAN_NS (4 * NSEC_PER_SEC)     /* two ticks: one step alone is no trend */
#define RECENT_NS (2 * NSEC_PER_SEC)   /* a tick: it must still go on */
#define POINTS_MIN 3
#define NSEC_PER_MSEC (NSEC_PER_SEC / 1000)

static void drop_first(struct kvmb_trend *t, size_t n)
{
	t->n -= n;
	memmove(t->at_ns, t->at_ns + n, t->n * sizeof(*t->at_ns));
	memmove(t->available_bytes, t->available_bytes + n, t->n * sizeof(*t->available_bytes));
}

void kvmb_trend_see(struct kvmb_trend *t, uint64_t now_ns, uint64_t available_bytes)
{
	size_t old = 0;

	while (old < t->n && (t->at_ns[old] > now_ns || now_ns - t->at_ns[old] > WINDOW_NS))
		old++;
	drop_first(t, old);
	if (t->n && (t->at_ns[t->n - 1] >= now_ns ||
		     (t->n > 1 && t->at_ns[t->n - 1] - t->at_ns[t->n - 2] < GAP_NS)))
		t->n--;
	if (t->n == KVMB_TREND_POINTS)
		drop_first(t, 1);
	t->at_ns[t->n] = now_ns;
	t->available_bytes[t->n++] = available_bytes;
}

void kvmb_trend_expect(struct kvmb_trend *t, uint64_t taken_bytes)
{
	for (size_t i = 0; i < t->n; i++)
		t->available_bytes[i] = u64_sub_sat(t->available_bytes[i], taken_bytes);
}

/* Least squares over the points from @first on; a rise is a fall of nothing. */
static uint64_t fall_since(const struct kvmb_trend *t, size_t first)
{
	__int128 sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, n = (__int128)(t->n - first);
	__int128 over, under;

	for (size_t i = first; i < t->n; i++) {
		int64_t x = (int64_t)((t->at_ns[i] - t->at_ns[first]) / NSEC_PER_MSEC);
		int64_t y = u64_diff(t->available_bytes[first], t->available_bytes[i]);

		sum_x += x;
		sum_y += y;
		sum_xx += (__int128)x * x;
		sum_xy += (__int128)x * y;
	}
	under = n * sum_xx - sum_x * sum_x;
	over = (n * sum_xy - sum_x * sum_y) * 1000;
	if (under <= 0 || over <= 0)
		return 0;
	return over / under > INT64_MAX ? INT64_MAX : (uint64_t)(over / under);
}

uint64_t kvmb_trend_fall(const struct kvmb_trend *t, uint64_t least_bytes)
{
	size_t last = t->n - 1, recent;

	if (t->n < POINTS_MIN || t->at_ns[last] - t->at_ns[0] < SPAN_NS ||
	    t->available_bytes[last] >= t->available_bytes[0] ||
	    t->available_bytes[0] - t->available_bytes[last] < least_bytes)
		return 0;
	for (recent = last; t->at_ns[last] - t->at_ns[recent] < RECENT_NS;)
		recent--;
	return u64_min(fall_since(t, 0), fall_since(t, recent));
}

uint64_t kvmb_trend_ahead(const struct kvmb_trend *t, uint64_t least_bytes)
{
	uint64_t fall = kvmb_trend_fall(t, least_bytes);

	return t->n ? u64_sub_sat(t->available_bytes[t->n - 1],
				  u64_mul_sat(fall, KVMB_TREND_AHEAD_SEC)) :
		      UINT64_MAX;
}

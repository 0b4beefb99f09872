// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 3: min-funding revocation with an idle tax, in whole units and integers. */
#include "policy/share.h"

#include "base/num.h"

struct class {
	struct kvmb_claim *claims;
	size_t n;
	enum kvmb_priority priority;
	uint64_t unit_bytes;
};

static uint64_t in_use(const struct kvmb_claim *c)
{
	return u64_sub_sat(c->have_bytes, c->idle_bytes);
}

/*
 * The most bytes that cost no more than @cost, those in use first. Bytes in use are cheap: up to
 * all of them there is the first bound, above it the second, and it is the lesser that holds.
 */
static uint64_t keep_for(const struct kvmb_claim *c, uint64_t cost)
{
	uint64_t used = in_use(c);

	return u64_min(u64_mul_sat(cost, KVMB_IDLE_COST),
		       u64_add_sat(cost, used - used / KVMB_IDLE_COST));
}

static uint64_t give_at(const struct kvmb_claim *c, uint64_t line, uint64_t unit)
{
	uint64_t keep = keep_for(c, u64_mul_sat(line, c->shares));

	return align_down(u64_min(u64_sub_sat(c->have_bytes, keep), c->cap_bytes), unit);
}

static uint64_t sum_at(const struct class *k, uint64_t line)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->n; i++)
		if (k->claims[i].priority == k->priority)
			sum = u64_add_sat(sum, give_at(&k->claims[i], line, k->unit_bytes));
	return sum;
}

/* What all that it holds costs; it cannot overflow, for it is less than what it holds. */
static uint64_t cost(const struct kvmb_claim *c)
{
	return c->have_bytes - (in_use(c) - in_use(c) / KVMB_IDLE_COST);
}

/* No line is of use above what the dearest costs per share. */
static uint64_t top_line(const struct class *k)
{
	uint64_t top = 0;

	for (size_t i = 0; i < k->n; i++)
		if (k->claims[i].priority == k->priority)
			top = u64_max(top, cost(&k->claims[i]) / k->claims[i].shares);
	return top;
}

/* The highest line at which the class gives at least @need; it is known to at line 0. */
static uint64_t find_line(const struct class *k, uint64_t need)
{
	uint64_t low = 0, high = u64_add_sat(top_line(k), 1);

	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (sum_at(k, mid) >= need)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static uint64_t share_class(const struct class *k, uint64_t need)
{
	bool all = sum_at(k, 0) <= need;
	uint64_t line = all ? 0 : find_line(k, need);
	uint64_t above = all ? 0 : sum_at(k, line + 1);
	uint64_t rest = u64_sub_sat(need, above), sum = 0;

	for (size_t i = 0; i < k->n; i++) {
		struct kvmb_claim *c = &k->claims[i];
		uint64_t most, least, more;

		if (c->priority != k->priority)
			continue;
		most = give_at(c, line, k->unit_bytes);
		least = all ? 0 : give_at(c, line + 1, k->unit_bytes);
		more = u64_min(most - least, rest);
		rest -= more;
		c->give_bytes = least + more;
		sum += c->give_bytes;
	}
	return sum;
}

static uint64_t later(const struct class *k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->n; i++)
		if (k->claims[i].priority == k->priority)
			sum = u64_add_sat(sum, k->claims[i].later_bytes);
	return sum;
}

uint64_t kvmb_share(struct kvmb_claim *claims, size_t n, uint64_t need_bytes, uint64_t unit_bytes,
		    bool patient)
{
	uint64_t unit = u64_max(unit_bytes, 1);
	uint64_t left = align_down(u64_add_sat(need_bytes, unit - 1), unit), total = 0;

	for (size_t i = 0; i < n; i++)
		claims[i].give_bytes = 0;
	for (enum kvmb_priority p = KVMB_PRIORITY_LOW; p <= KVMB_PRIORITY_HIGH && left; p++) {
		const struct class k = { claims, n, p, unit };
		uint64_t got = share_class(&k, left);

		left = u64_sub_sat(left, patient ? u64_max(got, later(&k)) : got);
		total += got;
	}
	return total;
}

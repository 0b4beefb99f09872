/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ages from DAMON: a kdamond for each guest, that samples its memory by regions. Good where hot
 * memory lies together, blind where it is scattered. A region is of address space, so what of it is
 * resident is asked for each.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/residency.h"
#include "base/str.h"
#include "model/ages.h"
#include "source/age-source.h"
#include "source/damon.h"
#include "source/guest-memory.h"

/*
 * Of an aggregation. To DAMON two counts are the same if they differ by no more than a tenth of the
 * highest; below ten samples those are only equal ones, so that one access makes a region young.
 */
#define SAMPLES 9
/* Of a period: regions are split and merged once in each, so they follow what the guest does. */
#define AGGREGATIONS 8
/* 250 ms: reading regions waits for the end of an aggregation. 20 ms: costs time of a processor. */
#define SAMPLE_MIN_USEC (20 * USEC_PER_MSEC)
#define SAMPLE_MAX_USEC (250 * USEC_PER_MSEC)

/* All that the guest has mapped is looked up, to count what is resident. */
#define PAUSE_USEC (5 * USEC_PER_SEC)

struct age_damon {
	const struct kvmb_root *root;
	int32_t pid;
	int map_fd;
	uint64_t aggregation_usec;
	struct kvmb_range *watched; /* by address */
	size_t n_watched;
	struct kvmb_damon *damon;
	pthread_mutex_t lock; /* of the kdamond: read() and find() take turns */
};

struct regions {
	struct kvmb_damon_region *list; /* by address */
	size_t n;
};

/* Mapped memory that is of one age, resident or not. */
struct piece {
	struct kvmb_range range;
	uint64_t age;
};

struct pieces {
	struct piece *list;
	size_t n;
};

static void age_damon_close(void *handle)
{
	struct age_damon *d = handle;

	(void)kvmb_damon_free(d->damon);
	(void)kvmb_close(d->map_fd);
	pthread_mutex_destroy(&d->lock);
	free(d->watched);
	free(d);
}

static void age_damon_closep(struct age_damon **d)
{
	if (*d)
		age_damon_close(*d);
}

/* ---- Begin ------------------------------------------------------------------------------- */

/* DAMON begins with the regions it is given: as many as it is to have at least. */
static int cut(const struct kvmb_range *ranges, size_t n, struct kvmb_range **ret, size_t *ret_n)
{
	_cleanup_free_ struct kvmb_range *parts = NULL;
	uint64_t total = 0, part;
	size_t n_parts = 0;

	for (size_t i = 0; i < n; i++)
		total = u64_add_sat(total, ranges[i].length_bytes);
	part = total / KVMB_DAMON_REGIONS_MIN;
	part = align_down(part, part < 2 * MIB ? 64 * KIB : 2 * MIB);
	for (size_t i = 0; i < n; i++) {
		uint64_t end = ranges[i].hva + ranges[i].length_bytes;

		for (uint64_t at = ranges[i].hva; at < end; at += u64_min(part, end - at)) {
			if (kvmb_grow(&parts, n_parts, sizeof(*parts)) < 0)
				return -ENOMEM;
			parts[n_parts++] = (struct kvmb_range){ at, u64_min(part, end - at) };
		}
	}
	*ret = TAKE_PTR(parts);
	*ret_n = n_parts;
	return 0;
}

static int watch(struct age_damon *d, uint64_t period_usec, char *why)
{
	struct kvmb_damon_setup setup = { .pid = d->pid };
	_cleanup_free_ struct kvmb_range *parts = NULL;
	int r = cut(d->watched, d->n_watched, &parts, &setup.n_ranges);

	if (r < 0)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "agent");
	setup.sample_usec = u64_clamp(period_usec / (SAMPLES * AGGREGATIONS), SAMPLE_MIN_USEC,
				      SAMPLE_MAX_USEC);
	setup.aggregation_usec = SAMPLES * setup.sample_usec;
	setup.ranges = parts;
	d->aggregation_usec = setup.aggregation_usec;
	return kvmb_damon_start(d->root, &setup, &d->damon, why);
}

static int find_memory(struct age_damon *d, char *why)
{
	int r = kvmb_guest_memory_read(d->root, d->pid, &d->watched, &d->n_watched);

	if (r >= 0)
		d->map_fd = r = kvmb_residency_open(d->root, d->pid);
	return r < 0 ? kvmb_str_errno(why, KVMB_TEXT_SIZE, r, "memory of QEMU") : r;
}

static int age_damon_open(const struct kvmb_age_target *t, uint64_t period_usec, void **ret,
			  char *why)
{
	_cleanup_(age_damon_closep) struct age_damon *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -ENOMEM, "agent");
	d->root = t->root;
	d->pid = t->pid;
	d->map_fd = -1;
	(void)pthread_mutex_init(&d->lock, NULL);
	r = find_memory(d, why);
	if (r >= 0)
		r = watch(d, period_usec, why);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(d);
	return 0;
}

/* ---- What is mapped, and which of it is cold --------------------------------------------- */

/* Memory was plugged in that nobody watches: only a new kdamond does. */
static bool has_grown(const struct age_damon *d, const struct kvmb_range *mapped, size_t n)
{
	uint64_t unwatched = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t begin = mapped[i].hva, end = begin + mapped[i].length_bytes;

		unwatched = u64_add_sat(unwatched, end - begin);
		for (size_t k = 0; k < d->n_watched; k++) {
			const struct kvmb_range *w = &d->watched[k];
			uint64_t from = u64_max(begin, w->hva);
			uint64_t to = u64_min(end, w->hva + w->length_bytes);

			unwatched -= u64_sub_sat(to, from);
		}
	}
	return unwatched >= KVMB_GUEST_MEMORY_MIN_BYTES;
}

/* The mapping in pieces, by address: cold ones with their age, all between them with age 0. */
static int add_pieces(const struct regions *regions, const struct kvmb_range *mapped,
		      struct pieces *pieces)
{
	uint64_t at = mapped->hva, end = at + mapped->length_bytes;

	for (size_t i = 0; at < end; i++) {
		const struct kvmb_damon_region *r = i < regions->n ? &regions->list[i] : NULL;
		uint64_t begin = r ? u64_clamp(r->begin, at, end) : end;
		uint64_t next = r ? u64_clamp(r->end, begin, end) : end;
		struct piece two[] = { { { at, begin - at }, 0 },
				       { { begin, next - begin }, r ? r->age : 0 } };

		for (size_t k = 0; k < ARRAY_SIZE(two); k++) {
			if (!two[k].range.length_bytes)
				continue;
			if (kvmb_grow(&pieces->list, pieces->n, sizeof(two[k])) < 0)
				return -ENOMEM;
			pieces->list[pieces->n++] = two[k];
		}
		at = next;
	}
	return 0;
}

/* Asked anew each time: what was cold a while ago may be in use by now. */
static int read_regions(struct age_damon *d, struct regions *ret)
{
	int r;

	pthread_mutex_lock(&d->lock);
	r = kvmb_damon_regions(d->damon, &ret->list, &ret->n);
	pthread_mutex_unlock(&d->lock);
	return r;
}

/* The list is the caller's to free, also on failure. */
static int read_pieces(struct age_damon *d, struct pieces *pieces)
{
	_cleanup_free_ struct kvmb_range *mapped = NULL;
	struct regions regions = { 0 };
	size_t n = 0;
	int asked = read_regions(d, &regions);
	int r = kvmb_guest_memory_read(d->root, d->pid, &mapped, &n);

	/* A guest that is gone is the reason for whatever DAMON says. */
	if (r >= 0)
		r = asked < 0 ? asked : has_grown(d, mapped, n) ? -ESTALE : 0;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = add_pieces(&regions, &mapped[i], pieces);
	free(regions.list);
	return r;
}

/* ---- What is asked ----------------------------------------------------------------------- */

static int book(const struct age_damon *d, const struct pieces *pieces, struct kvmb_ages *ages)
{
	for (size_t i = 0; i < pieces->n; i++) {
		const struct piece *p = &pieces->list[i];
		uint64_t bytes;
		int r = kvmb_residency_count(d->map_fd, &p->range, 1, UINT64_MAX, &bytes);

		if (r < 0)
			return r;
		kvmb_ages_add(ages, u64_mul_sat(p->age, d->aggregation_usec), bytes);
	}
	return 0;
}

static int age_damon_read(void *handle, struct kvmb_ages *ret)
{
	struct kvmb_ages ages = { 0 };
	struct age_damon *d = handle;
	struct pieces pieces = { 0 };
	int r = read_pieces(d, &pieces);

	if (r >= 0)
		r = book(d, &pieces, &ages);
	free(pieces.list);
	if (r < 0)
		return r;
	*ret = ages;
	return 0;
}

static int compare_age(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->age != y->age)
		return x->age < y->age ? 1 : -1;
	return x->range.hva < y->range.hva ? -1 : x->range.hva > y->range.hva;
}

/* Coldest first; none that was in use just now, however little idle time is asked for. */
static void keep_cold(struct pieces *pieces, uint64_t aggregation_usec, uint64_t idle_usec)
{
	size_t n = 0;

	for (size_t i = 0; i < pieces->n; i++) {
		uint64_t age = pieces->list[i].age;

		if (age && u64_mul_sat(age, aggregation_usec) >= idle_usec)
			pieces->list[n++] = pieces->list[i];
	}
	if (n)
		qsort(pieces->list, n, sizeof(pieces->list[0]), compare_age);
	pieces->n = n;
}

static int find_resident(const struct age_damon *d, const struct pieces *pieces,
			 uint64_t most_bytes, struct kvmb_cold *ret)
{
	_cleanup_free_ struct kvmb_range *ranges = NULL;
	size_t n = 0;

	for (size_t i = 0; i < pieces->n && most_bytes > 0; i++) {
		int r = kvmb_residency_split(d->map_fd, &pieces->list[i].range, &most_bytes,
					     &ranges, &n);

		if (r < 0)
			return r;
	}
	*ret = (struct kvmb_cold){ TAKE_PTR(ranges), n };
	return 0;
}

static int age_damon_find(void *handle, uint64_t idle_usec, uint64_t most_bytes,
			  struct kvmb_cold *ret)
{
	struct age_damon *d = handle;
	struct pieces pieces = { 0 };
	int r = read_pieces(d, &pieces);

	if (r >= 0) {
		keep_cold(&pieces, d->aggregation_usec, idle_usec);
		r = find_resident(d, &pieces, most_bytes, ret);
	}
	free(pieces.list);
	return r;
}

const struct kvmb_age_source_ops kvmb_age_source_damon = {
	.kind = KVMB_AGING_DAMON,
	.pause_usec = PAUSE_USEC,
	.open = age_damon_open,
	.read = age_damon_read,
	.find = age_damon_find,
	.close = age_damon_close,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the daemon's answers on ages, and believes nothing in them that cannot be. */
#include "ages.h"

#include <errno.h>

#include "util.h"

#define PAGE_BYTES UINT64_C(4096)
#define BLOCK_BYTES_MAX (UINT64_C(1) << 40)
/* Slots of memory that a VM may have: KVM_USER_MEM_SLOTS. */
#define EXTENTS_MAX 32764

uint64_t ages_times(uint64_t unit_usec, uint64_t n)
{
	return n && unit_usec > (UINT64_MAX - 1) / n ? UINT64_MAX - 1 : unit_usec * n;
}

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - 1 - b ? UINT64_MAX - 1 : a + b;
}

int histogram_read(sd_bus_message *m, struct histogram *ret)
{
	struct histogram h = { .n = 0 };
	struct histogram_bucket b;
	const char *source;
	int r;

	if (!sd_bus_message_has_signature(m, "sa(ttt)"))
		return -EBADMSG;
	r = sd_bus_message_read(m, "s", &source);
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(ttt)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(ttt)", &b.idle_usec, &b.resident_bytes,
						  &b.promoted_bytes)) > 0) {
		if (h.n == HISTOGRAM_BUCKETS_MAX ||
		    (h.n && b.idle_usec <= h.buckets[h.n - 1].idle_usec))
			return -EBADMSG;
		h.buckets[h.n++] = b;
	}
	if (r < 0 || !h.n)
		return r < 0 ? r : -EBADMSG;
	snprintf(h.source, sizeof(h.source), "%s", source);
	*ret = h;
	return 0;
}

uint64_t histogram_idle(const struct histogram *h, size_t i)
{
	uint64_t sum = 0;

	for (; i < h->n; i++)
		sum = add_sat(sum, h->buckets[i].resident_bytes);
	return sum;
}

static struct kvmb_map_extent *extents_add(struct kvmb_map *map)
{
	size_t n = map->n_extents;

	/* Grows when n is a power of two. */
	if ((n & (n - 1)) == 0) {
		struct kvmb_map_extent *grown =
			reallocarray(map->extents, n ? n * 2 : 1, sizeof(*grown));

		if (!grown)
			return NULL;
		map->extents = grown;
	}
	map->n_extents++;
	return &map->extents[n];
}

static int read_extent(sd_bus_message *m, struct kvmb_map *map)
{
	struct kvmb_map_extent *e;
	const void *ages;
	uint64_t gpa;
	size_t n;
	int r = sd_bus_message_read_basic(m, 't', &gpa);

	if (r >= 0)
		r = sd_bus_message_read_array(m, 'y', &ages, &n);
	if (r < 0)
		return r;
	if (map->n_extents == EXTENTS_MAX || n > (UINT64_MAX - gpa) / map->block_bytes)
		return -EBADMSG;
	e = extents_add(map);
	if (!e)
		return -ENOMEM;
	*e = (struct kvmb_map_extent){ gpa, n, ages };
	return 0;
}

static int read_extents(sd_bus_message *m, struct kvmb_map *map)
{
	int r = sd_bus_message_enter_container(m, 'a', "(tay)");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "tay")) > 0) {
		r = read_extent(m, map);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

int map_read(sd_bus_message *m, struct map *ret)
{
	struct kvmb_map map = { .n_extents = 0 };
	int r;

	if (!sd_bus_message_has_signature(m, "tta(tay)"))
		return -EBADMSG;
	r = sd_bus_message_read(m, "tt", &map.block_bytes, &map.unit_usec);
	if (r >= 0 && (map.block_bytes < PAGE_BYTES || map.block_bytes > BLOCK_BYTES_MAX ||
		       (map.block_bytes & (map.block_bytes - 1)) != 0))
		r = -EBADMSG;
	if (r >= 0)
		r = read_extents(m, &map);
	if (r < 0) {
		free(map.extents);
		return r;
	}
	*ret = (struct map){ map, sd_bus_message_ref(m) };
	return 0;
}

void map_clear(struct map *m)
{
	free(m->map.extents);
	sd_bus_message_unref(m->reply);
	*m = (struct map){ .reply = NULL };
}

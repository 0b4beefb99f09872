// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source/age-map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kvmb_map_new(uint64_t block_bytes, uint64_t unit_usec, struct kvmb_map **ret)
{
	struct kvmb_map *map = calloc(1, sizeof(*map));

	if (!map)
		return -ENOMEM;
	map->block_bytes = block_bytes;
	map->unit_usec = unit_usec;
	*ret = map;
	return 0;
}

struct kvmb_map *kvmb_map_free(struct kvmb_map *map)
{
	if (!map)
		return NULL;
	for (size_t i = 0; i < map->n_extents; i++)
		free((uint8_t *)map->extents[i].ages);
	free(map->extents);
	free(map);
	return NULL;
}

static int extend(struct kvmb_map_extent *e, const uint8_t *ages, size_t n)
{
	uint8_t *all = realloc((uint8_t *)e->ages, e->n_blocks + n);

	if (!all)
		return -ENOMEM;
	memcpy(all + e->n_blocks, ages, n);
	e->ages = all;
	e->n_blocks += n;
	return 0;
}

int kvmb_map_append(struct kvmb_map *map, uint64_t gpa, const uint8_t *ages, size_t n)
{
	struct kvmb_map_extent *last = map->n_extents ? &map->extents[map->n_extents - 1] : NULL;
	struct kvmb_map_extent *extents;
	int r;

	if (!n)
		return 0;
	if (last && last->gpa + last->n_blocks * map->block_bytes == gpa)
		return extend(last, ages, n);
	extents = reallocarray(map->extents, map->n_extents + 1, sizeof(*extents));
	if (!extents)
		return -ENOMEM;
	map->extents = extents;
	extents[map->n_extents] = (struct kvmb_map_extent){ .gpa = gpa };
	r = extend(&extents[map->n_extents], ages, n);
	if (r >= 0)
		map->n_extents++;
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Age maps: made block by block, freed as a whole. */
#ifndef KVMB_SOURCE_AGE_MAP_H
#define KVMB_SOURCE_AGE_MAP_H

#include <kvmballoon.h>

#include "base/cleanup.h"

/** kvmb_map_new() - without extents */
int kvmb_map_new(uint64_t block_bytes, uint64_t unit_usec, struct kvmb_map **ret);
struct kvmb_map *kvmb_map_free(struct kvmb_map *map);
KVMB_DEFINE_CLEANUP(struct kvmb_map *, kvmb_map_free);

/** kvmb_map_append() - blocks from @gpa on; joined with the last extent where they follow it */
int kvmb_map_append(struct kvmb_map *map, uint64_t gpa, const uint8_t *ages, size_t n);

#endif

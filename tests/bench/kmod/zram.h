/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's only swap, /dev/zram0: what far memory is measured against. Errors end the program. */
#ifndef KVMB_BENCH_ZRAM_H
#define KVMB_BENCH_ZRAM_H

#include <stddef.h>
#include <stdint.h>

struct zram_use {
	uint64_t stored_bytes; /* compressed */
	uint64_t pool_bytes;
	uint64_t record_bytes; /* of all pools of this kind: words and records of their blobs */
};

/** zram_check() - it is there, and has LZ4 */
void zram_check(void);

/** zram_out() - MADV_PAGEOUT, once */
void zram_out(void *memory, size_t bytes);

/** zram_use() - the host's caches must not be merged (slab_nomerge) */
struct zram_use zram_use(void);

/** zram_slot_bytes() - what its table has for a page, whatever is in it */
uint64_t zram_slot_bytes(void);

#endif

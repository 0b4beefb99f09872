/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own compressors, on whole pages. */
#ifndef _KVMS_COMPRESSOR_H
#define _KVMS_COMPRESSOR_H

#include <linux/lz4.h>
#include <linux/mm.h>
#include <linux/types.h>

#define KVMS_COMPRESS_ROOM	LZ4_COMPRESSBOUND(PAGE_SIZE)

/**
 * struct kvms_compressor - a way to make a page smaller
 * @id: KVM_SWAP_COMPRESSOR_*
 * @compress_bytes, @decompress_bytes: work memory, 0: none
 * @compress: a page to @limit bytes at most: how many, or 0 where they are not enough; may write
 *            up to KVMS_COMPRESS_ROOM
 * @decompress: @bytes to a page; false: they are not of one
 */
struct kvms_compressor {
	u32 id;
	size_t (*compress_bytes)(void);
	size_t (*decompress_bytes)(void);
	size_t (*compress)(void *work, const void *page, void *to, size_t limit);
	bool (*decompress)(void *work, const void *from, size_t bytes, void *page);
};

/** kvms_compressor_find() - NULL: there is none with that id */
const struct kvms_compressor *kvms_compressor_find(u32 id);

/** kvms_compressor_mask() - 1 << id of each */
u32 kvms_compressor_mask(void);

#endif

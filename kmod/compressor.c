// SPDX-License-Identifier: GPL-2.0-only
/* LZ4 for speed, zstd for size. */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/zstd.h>

#include <uapi/kvm_swap.h>

#include "compressor.h"

static size_t none(void)
{
	return 0;
}

static size_t lz4_work(void)
{
	return LZ4_MEM_COMPRESS;
}

/* Where there is room for the worst LZ4 does not look at the end all the time: that is faster. */
static size_t lz4_compress(void *work, const void *page, void *to, size_t limit)
{
	size_t n = LZ4_compress_default(page, to, PAGE_SIZE, KVMS_COMPRESS_ROOM, work);

	return n <= limit ? n : 0;
}

static bool lz4_decompress(void *work, const void *from, size_t bytes, void *page)
{
	return LZ4_decompress_safe(from, page, bytes, PAGE_SIZE) == PAGE_SIZE;
}

static zstd_parameters zstd_page_params(void)
{
	return zstd_get_params(zstd_default_clevel(), PAGE_SIZE);
}

static size_t zstd_compress_work(void)
{
	zstd_parameters params = zstd_page_params();

	return zstd_cctx_workspace_bound(&params.cParams);
}

static size_t zstd_compress(void *work, const void *page, void *to, size_t limit)
{
	zstd_parameters params = zstd_page_params();
	zstd_cctx *context = zstd_init_cctx(work, zstd_compress_work());
	size_t n = context ? zstd_compress_cctx(context, to, limit, page, PAGE_SIZE, &params) : 0;

	return zstd_is_error(n) ? 0 : n;
}

static bool zstd_decompress(void *work, const void *from, size_t bytes, void *page)
{
	zstd_dctx *context = zstd_init_dctx(work, zstd_dctx_workspace_bound());

	return context &&
	       zstd_decompress_dctx(context, page, PAGE_SIZE, from, bytes) == PAGE_SIZE;
}

static const struct kvms_compressor compressors[] = {
	{ KVM_SWAP_COMPRESSOR_LZ4, lz4_work, none, lz4_compress, lz4_decompress },
	{ KVM_SWAP_COMPRESSOR_ZSTD, zstd_compress_work, zstd_dctx_workspace_bound, zstd_compress,
	  zstd_decompress },
};

const struct kvms_compressor *kvms_compressor_find(u32 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(compressors); i++)
		if (compressors[i].id == id)
			return &compressors[i];
	return NULL;
}

u32 kvms_compressor_mask(void)
{
	unsigned int i;
	u32 mask = 0;

	for (i = 0; i < ARRAY_SIZE(compressors); i++)
		mask |= BIT(compressors[i].id);
	return mask;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a store of guest memory needs: device-private pages (CONFIG_DEVICE_PRIVATE) with the names
 * that Linux 7 gives them, migration to and from them, zsmalloc, compressors, the crypto API.
 */
#include <crypto/aead.h>
#include <linux/ioport.h>
#include <linux/lz4.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/psi.h>
#include <linux/zsmalloc.h>
#include <linux/zstd.h>

#ifndef CONFIG_DEVICE_PRIVATE
#error "no CONFIG_DEVICE_PRIVATE"
#endif

struct probed {
	struct dev_pagemap pagemap;
	struct dev_pagemap_ops ops;
	struct migrate_vma args;
	unsigned long pfns[2];
	char bytes[64];
};

static void folio_free(struct folio *folio)
{
}

int probe_region(struct probed *p);
int probe_region(struct probed *p)
{
	struct resource *res = request_free_mem_region(&iomem_resource, PAGE_SIZE, "probe");

	p->ops.folio_free = folio_free;
	zone_device_page_init(pfn_to_page(res->start >> PAGE_SHIFT), &p->pagemap, 0);
	memunmap_pages(&p->pagemap);
	return IS_ERR(memremap_pages(&p->pagemap, NUMA_NO_NODE));
}

int probe_migrate(struct probed *p, struct page *page);
int probe_migrate(struct probed *p, struct page *page)
{
	migrate_vma_pages(&p->args);
	migrate_vma_finalize(&p->args);
	migrate_device_pages(p->pfns, p->pfns, 1);
	migrate_device_finalize(p->pfns, p->pfns, 1);
	return migrate_vma_setup(&p->args) + migrate_device_pfns(p->pfns, 1) +
	       folio_maybe_mapped_shared(page_folio(page)) + !page_pgmap(page) +
	       !vma_alloc_folio(GFP_HIGHUSER_MOVABLE, 0, p->args.vma, 0);
}

long probe_pressure(unsigned long *flags);
long probe_pressure(unsigned long *flags)
{
	psi_memstall_enter(flags);
	psi_memstall_leave(flags);
	return si_mem_available() + !pfn_to_online_page(0);
}

unsigned long probe_pool(struct probed *p, struct zs_pool *pool);
unsigned long probe_pool(struct probed *p, struct zs_pool *pool)
{
	unsigned long handle = zs_malloc(pool, 1, GFP_KERNEL, NUMA_NO_NODE);

	zs_obj_write(pool, handle, p->bytes, 1);
	zs_obj_read_end(pool, handle, 1, zs_obj_read_begin(pool, handle, 1, p->bytes));
	zs_free(pool, handle);
	zs_destroy_pool(pool);
	return zs_get_total_pages(pool) + zs_lookup_class_index(pool, 1) +
	       CONFIG_ZSMALLOC_CHAIN_SIZE + !zs_create_pool("probe");
}

unsigned long probe_compressors(struct probed *p);
unsigned long probe_compressors(struct probed *p)
{
	zstd_parameters params = zstd_get_params(zstd_default_clevel(), 1);
	zstd_cctx *c = zstd_init_cctx(p, zstd_cctx_workspace_bound(&params.cParams));
	zstd_dctx *d = zstd_init_dctx(p, zstd_dctx_workspace_bound());

	return LZ4_compress_default(p->bytes, p->bytes, 1, 1, p) +
	       LZ4_decompress_safe(p->bytes, p->bytes, 1, 1) +
	       zstd_compress_cctx(c, p->bytes, 1, p->bytes, 1, &params) +
	       zstd_is_error(zstd_decompress_dctx(d, p->bytes, 1, p->bytes, 1));
}

int probe_cipher(struct aead_request *req, u8 *key);
int probe_cipher(struct aead_request *req, u8 *key)
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ASYNC);

	return crypto_aead_setkey(tfm, key, 32) + crypto_aead_setauthsize(tfm, 16) +
	       crypto_aead_encrypt(req) + crypto_aead_decrypt(req);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages as blobs in zsmalloc. A page that is one word repeated takes no blob: the word stays where
 * a handle would be.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/zsmalloc.h>

#include "store.h"

/* As much as a compressor ever writes; and what the cipher adds. */
#define TEXT_BYTES	(sizeof(struct kvms_label) + KVMS_COMPRESS_ROOM + KVMS_TAG_BYTES)

static struct kvms_label *context_label(struct kvms_context *c)
{
	return (struct kvms_label *)c->text;
}

static u8 *context_blob(struct kvms_context *c)
{
	return c->text + sizeof(struct kvms_label);
}

static void context_free(struct kvms_store *s, struct kvms_context *c)
{
	if (c->request)
		kvms_cipher_request_free(c->request);
	kfree_sensitive(c->text);
	kvfree_sensitive(c->decompress, s->compressor->decompress_bytes());
	kvfree_sensitive(c->compress, s->compressor->compress_bytes());
	*c = (struct kvms_context){ 0 };
}

static bool work_new(size_t bytes, void **ret)
{
	if (bytes)
		*ret = kvmalloc(bytes, GFP_KERNEL);
	return !bytes || *ret;
}

static int context_init(struct kvms_store *s, struct kvms_context *c, bool writes)
{
	mutex_init(&c->mutex);
	c->text = kmalloc(TEXT_BYTES, GFP_KERNEL);
	if (s->cipher)
		c->request = kvms_cipher_request(s->cipher);
	if (!c->text || (s->cipher && !c->request) ||
	    !work_new(writes ? 0 : s->compressor->decompress_bytes(), &c->decompress) ||
	    !work_new(writes ? s->compressor->compress_bytes() : 0, &c->compress)) {
		context_free(s, c);
		return -ENOMEM;
	}
	return 0;
}

static void contexts_free(struct kvms_store *s)
{
	while (s->n_readers)
		context_free(s, &s->readers[--s->n_readers]);
	kfree(s->readers);
	context_free(s, &s->writer);
}

static int contexts_init(struct kvms_store *s)
{
	unsigned int n = clamp(num_online_cpus(), 2U, (unsigned int)KVMS_READERS_MAX);
	int ret = context_init(s, &s->writer, true);

	if (ret)
		return ret;
	s->readers = kcalloc(n, sizeof(*s->readers), GFP_KERNEL);
	if (!s->readers)
		ret = -ENOMEM;
	while (!ret && s->n_readers < n) {
		ret = context_init(s, &s->readers[s->n_readers], false);
		if (!ret)
			s->n_readers++;
	}
	if (ret)
		contexts_free(s);
	return ret;
}

/* ---- The pool's own records -------------------------------------------------------------- */

/*
 * zsmalloc keeps a word for each blob, and a record for a few pages together: for as many as leave
 * least over when they are cut into pieces of one size. It tells neither, nor how large it is.
 */
#define RECORD_BYTES	56
#define PARTS		64 /* of a byte */

static unsigned int pieces_of_record(size_t bytes)
{
	unsigned int pages, best = 1;

	for (pages = 2; pages <= CONFIG_ZSMALLOC_CHAIN_SIZE && !is_power_of_2(bytes); pages++)
		if (pages * PAGE_SIZE % bytes < best * PAGE_SIZE % bytes)
			best = pages;
	return best * PAGE_SIZE / bytes;
}

/* Its smallest size is two steps; sizes that make as many pieces are one. */
static void shares_init(struct kvms_store *s)
{
	unsigned int i;

	for (i = 0; i < KVMS_CLASSES; i++) {
		size_t blob = (i + 1) * KVMS_CLASS_BYTES - sizeof(unsigned long);
		size_t bytes = (2 + zs_lookup_class_index(s->pool, blob)) * KVMS_CLASS_BYTES;

		s->shares[i] = RECORD_BYTES * PARTS / pieces_of_record(bytes);
	}
}

/* A blob has its word in front. */
static u64 record_share(const struct kvms_store *s, size_t bytes)
{
	return s->shares[(bytes + sizeof(unsigned long) - 1) / KVMS_CLASS_BYTES];
}

u64 kvms_store_record_bytes(const struct kvms_store *s, u64 blobs)
{
	return blobs * sizeof(unsigned long) + atomic64_read(&s->record_parts) / PARTS;
}

/* ---- Beginning and end ------------------------------------------------------------------- */

int kvms_store_init(struct kvms_store *s, const struct kvms_compressor *compressor, bool encrypt)
{
	int ret = 0;

	s->compressor = compressor;
	if (encrypt)
		ret = kvms_cipher_new(&s->cipher);
	if (ret)
		return ret;
	s->pool = zs_create_pool("kvm_swap");
	if (!s->pool) {
		ret = -ENOMEM;
		goto out_cipher;
	}
	ret = contexts_init(s);
	if (ret)
		goto out_pool;
	shares_init(s);
	return 0;
out_pool:
	zs_destroy_pool(s->pool);
out_cipher:
	kvms_cipher_free(s->cipher);
	return ret;
}

void kvms_store_free(struct kvms_store *s)
{
	contexts_free(s);
	zs_destroy_pool(s->pool);
	kvms_cipher_free(s->cipher);
}

/* ---- Put --------------------------------------------------------------------------------- */

static bool is_same_filled(const void *page, unsigned long *ret_word)
{
	const unsigned long *words = page;
	unsigned int i;

	for (i = 1; i < PAGE_SIZE / sizeof(*words); i++)
		if (words[i] != words[0])
			return false;
	*ret_word = words[0];
	return true;
}

static void label_fill(const struct kvms_store *s, struct kvms_label *label, unsigned long where,
		       u64 generation, size_t bytes)
{
	*label = (struct kvms_label){
		.store = cpu_to_le64(s->id),
		.where = cpu_to_le64(where),
		.generation = cpu_to_le64(generation),
		.bytes = cpu_to_le64(bytes),
	};
}

/* s->writer's blob is ready: its length with what the cipher adds, or an error. */
static int compress(struct kvms_store *s, const void *page, unsigned long where, u64 generation)
{
	struct kvms_context *c = &s->writer;
	size_t tag = s->cipher ? KVMS_TAG_BYTES : 0;
	size_t bytes = s->compressor->compress(c->compress, page, context_blob(c),
					       KVMS_BLOB_MAX - tag);
	int ret;

	if (!bytes)
		return -E2BIG;
	if (!s->cipher)
		return bytes;
	label_fill(s, context_label(c), where, generation, bytes);
	ret = kvms_cipher_seal(c->request, context_label(c), bytes);
	return ret ?: bytes + tag;
}

static int blob_new(struct kvms_store *s, int node, size_t bytes, unsigned long *ret_handle)
{
	/* The page is locked and unmapped: what there is at once, and no more. */
	const gfp_t gfp = GFP_NOWAIT | __GFP_NORETRY | __GFP_NOWARN | __GFP_HIGHMEM |
			  __GFP_MOVABLE;
	unsigned long handle = zs_malloc(s->pool, bytes, gfp, node);

	if (IS_ERR_VALUE(handle))
		return -ENOMEM;
	zs_obj_write(s->pool, handle, context_blob(&s->writer), bytes);
	*ret_handle = handle;
	return 0;
}

int kvms_store_put(struct kvms_store *s, struct page *page, unsigned long where,
		   struct kvms_far_slot *ret_slot, unsigned long *ret_data)
{
	u64 generation = atomic64_inc_return(&s->generation);
	void *from = kmap_local_page(page);
	enum kvms_slot_type type = KVMS_SLOT_SAME;
	int bytes = 0, ret = 0;

	if (generation >= KVMS_GENERATION_MAX) {
		ret = -E2BIG;
	} else if (!is_same_filled(from, ret_data)) {
		type = KVMS_SLOT_DATA;
		bytes = compress(s, from, where, generation);
		ret = bytes < 0 ? bytes : blob_new(s, page_to_nid(page), bytes, ret_data);
	}
	kunmap_local(from);
	if (ret)
		return ret;
	*ret_slot = (struct kvms_far_slot){ generation, bytes, type };
	atomic64_add(bytes, &s->stored_bytes);
	if (type == KVMS_SLOT_SAME)
		atomic64_inc(&s->same_filled);
	else
		atomic64_add(record_share(s, bytes), &s->record_parts);
	return 0;
}

void kvms_store_drop(struct kvms_store *s, struct kvms_far_slot slot, unsigned long data)
{
	if (!slot.bytes) { /* no blob */
		atomic64_dec(&s->same_filled);
		return;
	}
	zs_free(s->pool, data);
	atomic64_sub(record_share(s, slot.bytes), &s->record_parts);
	atomic64_sub(slot.bytes, &s->stored_bytes);
}

/* ---- Get --------------------------------------------------------------------------------- */

/* Nothing is written where the blob is, so it need not be copied, unless it is in two pieces. */
static int load_plain(struct kvms_store *s, struct kvms_context *c, void *page,
		      struct kvms_far_slot slot, unsigned long handle)
{
	void *blob = zs_obj_read_begin(s->pool, handle, slot.bytes, context_blob(c));
	bool ok = s->compressor->decompress(c->decompress, blob, slot.bytes, page);

	zs_obj_read_end(s->pool, handle, slot.bytes, blob);
	return ok ? 0 : -EBADMSG;
}

/* What the cipher has checked must not change afterwards: a copy does not. */
static void blob_read(struct kvms_store *s, struct kvms_context *c, unsigned long handle,
		      size_t bytes)
{
	void *blob = zs_obj_read_begin(s->pool, handle, bytes, context_blob(c));

	if (blob != context_blob(c))
		memcpy(context_blob(c), blob, bytes);
	zs_obj_read_end(s->pool, handle, bytes, blob);
}

static int load_sealed(struct kvms_store *s, struct kvms_context *c, void *page,
		       unsigned long where, struct kvms_far_slot slot)
{
	size_t bytes = slot.bytes - KVMS_TAG_BYTES;
	int ret;

	label_fill(s, context_label(c), where, slot.generation, bytes);
	ret = kvms_cipher_open(c->request, context_label(c), bytes);
	if (ret)
		return ret;
	return s->compressor->decompress(c->decompress, context_blob(c), bytes, page) ? 0 :
										      -EBADMSG;
}

/* Those who fault on different processors seldom meet. */
static struct kvms_context *reader_get(struct kvms_store *s)
{
	struct kvms_context *c = &s->readers[raw_smp_processor_id() % s->n_readers];

	mutex_lock(&c->mutex);
	return c;
}

int kvms_store_get(struct kvms_store *s, struct page *page, unsigned long where,
		   struct kvms_far_slot slot, unsigned long data)
{
	void *to = kmap_local_page(page);
	struct kvms_context *c;
	int ret = 0;

	if (slot.type == KVMS_SLOT_SAME) {
		memset64(to, data, PAGE_SIZE / sizeof(u64));
	} else {
		c = reader_get(s);
		if (s->cipher)
			blob_read(s, c, data, slot.bytes);
		ret = s->cipher ? load_sealed(s, c, to, where, slot) :
				  load_plain(s, c, to, slot, data);
		mutex_unlock(&c->mutex);
	}
	kunmap_local(to);
	if (ret == -EBADMSG)
		atomic64_inc(&s->integrity_failures);
	return ret;
}

/* ---- Size -------------------------------------------------------------------------------- */

u64 kvms_store_bytes(const struct kvms_store *s)
{
	return (u64)zs_get_total_pages(s->pool) << PAGE_SHIFT;
}

u64 kvms_store_context_bytes(const struct kvms_store *s)
{
	size_t each = kmalloc_size_roundup(TEXT_BYTES) +
		      (s->cipher ? kmalloc_size_roundup(kvms_cipher_request_bytes(s->cipher)) : 0);

	return each * (s->n_readers + 1) + s->compressor->compress_bytes() +
	       s->compressor->decompress_bytes() * s->n_readers;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages as blobs: compressed, encrypted, one allocation of zsmalloc each. Knows nothing of guests
 * or page tables. A blob is told by a word of 64 bits outside of the pool, struct kvms_far_slot.
 */
#ifndef _KVMS_STORE_H
#define _KVMS_STORE_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "cipher.h"
#include "compressor.h"

/* More than this, tag included, and the page stays where it is: the pool would gain a tenth. */
#define KVMS_BLOB_MAX	2990

enum kvms_slot_type {
	KVMS_SLOT_FREE,
	KVMS_SLOT_DATA, /* in the pool */
	KVMS_SLOT_SAME, /* one word repeated, which is the page's data */
	KVMS_SLOT_LOST, /* in the pool, but it failed its check: a drain leaves it */
	KVMS_SLOT_HOME, /* it came home, and whoever held the device page just then drops it */
};

/**
 * struct kvms_far_slot - what is remembered of a page that is out, but its handle
 * @generation: how many blobs the store has had: in the cipher's nonce, never used twice
 * @bytes: length of the blob
 * @type: enum kvms_slot_type
 */
struct kvms_far_slot {
	u64 generation:48;
	u64 bytes:13;
	u64 type:3;
};

#define KVMS_GENERATION_MAX	((1ULL << 48) - 1)

/* Room for work on one page at a time; nothing is allocated while it is in use. */
struct kvms_context {
	struct mutex mutex; /* of all of it */
	void *compress;   /* work memory, NULL where it only reads */
	void *decompress; /* the same, NULL where none is needed */
	u8 *text;         /* associated data, then the blob */
	struct aead_request *request; /* NULL without encryption */
};

#define KVMS_READERS_MAX	8

#define KVMS_CLASS_BYTES	16 /* blobs of zsmalloc differ in size by that */
#define KVMS_CLASSES		((KVMS_BLOB_MAX + 8) / KVMS_CLASS_BYTES + 1)

/**
 * struct kvms_store - the blobs of one guest
 * @id: of this store, in the associated data: no other one's blob can be taken for its own
 * @writer: who uses it is kept out by the caller (vm->mutex)
 * @readers: for as many who fault, and for those who fetch
 * @shares: what a blob of a size has of the pool's record of its pages, in parts of a byte
 * @same_filled, @stored_bytes, @record_parts: of all blobs there are
 */
struct kvms_store {
	u64 id;
	struct zs_pool *pool;
	const struct kvms_compressor *compressor;
	struct crypto_aead *cipher;
	struct kvms_context writer;
	struct kvms_context *readers;
	unsigned int n_readers;
	u16 shares[KVMS_CLASSES];
	atomic64_t generation;
	atomic64_t same_filled;
	atomic64_t stored_bytes;
	atomic64_t record_parts;
	atomic64_t integrity_failures;
};

/**
 * kvms_store_init() - the compressor and, if wanted, the cipher with a new random key
 * Return: 0, -ENOENT this kernel has no such cipher, -ENOMEM. Sleeps.
 */
int kvms_store_init(struct kvms_store *s, const struct kvms_compressor *compressor, bool encrypt);

/** kvms_store_free() - all blobs are gone; so is the key */
void kvms_store_free(struct kvms_store *s);

/**
 * kvms_store_put() - make a blob of a page
 * @where: number of the device page that stands for it
 * @ret_data: its handle, or the word that it is full of
 * Enters no reclaim: the page is locked. Uses s->writer.
 * Return: 0, -E2BIG it does not compress, -ENOMEM.
 */
int kvms_store_put(struct kvms_store *s, struct page *page, unsigned long where,
		   struct kvms_far_slot *ret_slot, unsigned long *ret_data);

/**
 * kvms_store_get() - the page again
 * Allocates nothing, waits for others who read only. Process context.
 * Return: 0; or @page has undefined content: -EBADMSG: it is not what was put; what else the cipher
 * says is no loss.
 */
int kvms_store_get(struct kvms_store *s, struct page *page, unsigned long where,
		   struct kvms_far_slot slot, unsigned long data);

/** kvms_store_drop() - the blob is not needed any more. Any context but interrupts. */
void kvms_store_drop(struct kvms_store *s, struct kvms_far_slot slot, unsigned long data);

/** kvms_store_bytes() - memory that the pool takes */
u64 kvms_store_bytes(const struct kvms_store *s);

/** kvms_store_context_bytes() - and what work on pages takes */
u64 kvms_store_context_bytes(const struct kvms_store *s);

/** kvms_store_record_bytes() - and the pool's own records of @blobs, were its pages full */
u64 kvms_store_record_bytes(const struct kvms_store *s, u64 blobs);

#endif

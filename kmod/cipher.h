/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AES-256-GCM on blobs, in place. The key is random, in no hand but the kernel's, and erased with
 * the cipher.
 */
#ifndef _KVMS_CIPHER_H
#define _KVMS_CIPHER_H

#include <linux/types.h>

struct aead_request;
struct crypto_aead;

#define KVMS_TAG_BYTES	16

/**
 * struct kvms_label - what a blob is bound to, ahead of it in memory; not secret, not stored
 * @store: whose it is
 * @where: device page that stands for the page
 * @generation: number of the blob: also the nonce, so never used twice with a key
 * @bytes: what the page was compressed to
 */
struct kvms_label {
	__le64 store;
	__le64 where;
	__le64 generation;
	__le64 bytes;
};

/** kvms_cipher_new() - with a new key. -ENOENT: this kernel has none; -ENOMEM. Sleeps. */
int kvms_cipher_new(struct crypto_aead **ret);

/** kvms_cipher_free() - NULL: there is none */
void kvms_cipher_free(struct crypto_aead *cipher);

/** kvms_cipher_request() - for one user at a time; NULL: no memory */
struct aead_request *kvms_cipher_request(struct crypto_aead *cipher);
void kvms_cipher_request_free(struct aead_request *request);
size_t kvms_cipher_request_bytes(struct crypto_aead *cipher);

/**
 * kvms_cipher_seal() - encrypt @bytes behind @label, and put a tag after them
 * @label: in memory of kmalloc(), as is what follows it
 * Return: 0 or what the kernel says.
 */
int kvms_cipher_seal(struct aead_request *request, struct kvms_label *label, size_t bytes);

/** kvms_cipher_open() - the reverse. -EBADMSG: not what was sealed with this label and key */
int kvms_cipher_open(struct aead_request *request, struct kvms_label *label, size_t bytes);

#endif

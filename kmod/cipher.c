// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's gcm(aes), synchronous: a fault may sleep, but has nobody to wait for.
 *
 * Nonce: 4 bytes of 0, then the generation, in network order. A store has one key and counts its
 * blobs, so no nonce comes twice; 2^48 of them are the end of a store.
 */
#include <crypto/aead.h>
#include <linux/err.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "cipher.h"

#define KEY_BYTES	32
#define NONCE_BYTES	12

static int set_key(struct crypto_aead *cipher)
{
	u8 key[KEY_BYTES];
	int ret = get_random_bytes_wait(key, sizeof(key));

	if (!ret)
		ret = crypto_aead_setkey(cipher, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	return ret ?: crypto_aead_setauthsize(cipher, KVMS_TAG_BYTES);
}

int kvms_cipher_new(struct crypto_aead **ret)
{
	struct crypto_aead *cipher = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ASYNC);
	int r;

	if (IS_ERR(cipher))
		return PTR_ERR(cipher) == -ENOMEM ? -ENOMEM : -ENOENT;
	r = set_key(cipher);
	if (r)
		crypto_free_aead(cipher);
	else
		*ret = cipher;
	return r;
}

/* The kernel erases the key with it. */
void kvms_cipher_free(struct crypto_aead *cipher)
{
	if (cipher)
		crypto_free_aead(cipher);
}

struct aead_request *kvms_cipher_request(struct crypto_aead *cipher)
{
	return aead_request_alloc(cipher, GFP_KERNEL);
}

void kvms_cipher_request_free(struct aead_request *request)
{
	aead_request_free(request);
}

size_t kvms_cipher_request_bytes(struct crypto_aead *cipher)
{
	return sizeof(struct aead_request) + crypto_aead_reqsize(cipher);
}

static int run(struct aead_request *request, struct kvms_label *label, size_t bytes,
	       int (*how)(struct aead_request *request))
{
	u8 nonce[NONCE_BYTES] = { 0 };
	struct scatterlist text;
	size_t tag = how == crypto_aead_decrypt ? KVMS_TAG_BYTES : 0;

	put_unaligned_be64(le64_to_cpu(label->generation), nonce + 4);
	sg_init_one(&text, label, sizeof(*label) + bytes + KVMS_TAG_BYTES);
	aead_request_set_callback(request, CRYPTO_TFM_REQ_MAY_SLEEP, NULL, NULL);
	aead_request_set_ad(request, sizeof(*label));
	aead_request_set_crypt(request, &text, &text, bytes + tag, nonce);
	return how(request);
}

int kvms_cipher_seal(struct aead_request *request, struct kvms_label *label, size_t bytes)
{
	return run(request, label, bytes, crypto_aead_encrypt);
}

int kvms_cipher_open(struct aead_request *request, struct kvms_label *label, size_t bytes)
{
	return run(request, label, bytes, crypto_aead_decrypt);
}

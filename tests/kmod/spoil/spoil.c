// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For a test: blobs of a store are spoiled on their way into the pool, by a probe on the allocator,
 * so that kvm_swap itself needs no hook. No other user of zsmalloc may write meanwhile.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>

#define NOT	0
#define FIRST	1 /* flip a bit of the first byte */
#define LAST	2 /* of the last one: of the tag */
#define SWAP	3 /* put the blob before in place of it */

static unsigned int how;
module_param(how, uint, 0600);
MODULE_PARM_DESC(how, "0 not, 1 first byte, 2 last byte, 3 replace by the blob before");

static unsigned int spoiled;
module_param(spoiled, uint, 0600);
MODULE_PARM_DESC(spoiled, "blobs that were");

static unsigned int equal;
module_param(equal, uint, 0600);
MODULE_PARM_DESC(equal, "blobs that were as the one before, of all that were seen");

static u8 before[PAGE_SIZE], now[PAGE_SIZE];
static size_t before_bytes;

static void spoil(u8 *blob, size_t bytes)
{
	if (how == FIRST)
		blob[0] ^= 1;
	else if (how == LAST)
		blob[bytes - 1] ^= 0x80;
	else if (how == SWAP && bytes == before_bytes)
		memcpy(blob, before, bytes);
	else
		return;
	spoiled++;
}

/* zs_obj_write(pool, handle, blob, bytes) */
static int on_write(struct kprobe *probe, struct pt_regs *regs)
{
	u8 *blob = (u8 *)regs->dx;
	size_t bytes = regs->cx;

	if (bytes > sizeof(now))
		return 0;
	memcpy(now, blob, bytes);
	if (bytes == before_bytes && !memcmp(before, now, bytes))
		equal++;
	spoil(blob, bytes);
	memcpy(before, now, bytes);
	before_bytes = bytes;
	return 0;
}

static struct kprobe probe = { .symbol_name = "zs_obj_write", .pre_handler = on_write };

static int __init spoil_init(void)
{
	return register_kprobe(&probe);
}

static void __exit spoil_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(spoil_init);
module_exit(spoil_exit);
MODULE_DESCRIPTION("Test of kvm_swap: blobs that are not what was stored");
MODULE_LICENSE("GPL");

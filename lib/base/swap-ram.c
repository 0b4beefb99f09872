/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RAM that swap itself occupies: zram devices in use as swap, and the zswap pool. */
#include "base/swap-ram.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"

/* Column of mm_stat: orig_data_size compr_data_size mem_used_total ... */
#define MEM_USED_COLUMN 2

int kvmb_parse_zram_mm_stat(const char *text, uint64_t *ret_bytes)
{
	const char *line, *word, *cursor = text;
	size_t len;
	uint64_t v;

	line = kvmb_next_line(&cursor, &len);
	if (!line)
		return -EBADMSG;
	cursor = line;
	for (int i = 0; i <= MEM_USED_COLUMN; i++) {
		size_t n;

		word = kvmb_next_word(&cursor, line + len, &n);
		if (!word || kvmb_parse_u64_n(word, n, &v) < 0)
			return -EBADMSG;
	}
	*ret_bytes = v;
	return 0;
}

/* "/dev/zram7" -> 7. Some distributions list a link's target, so only the last part counts. */
static bool parse_zram_name(const char *name, size_t len, unsigned int *ret)
{
	uint64_t v;

	for (size_t i = len; i > 0; i--) {
		if (name[i - 1] == '/') {
			name += i;
			len -= i;
			break;
		}
	}
	if (len < 5 || strncmp(name, "zram", 4) != 0)
		return false;
	if (kvmb_parse_u64_n(name + 4, len - 4, &v) < 0 || v > INT_MAX)
		return false;
	*ret = (unsigned int)v;
	return true;
}

int kvmb_parse_swaps(const char *text, unsigned int *ids, size_t size)
{
	const char *cursor = text, *line, *word;
	size_t len, word_len, n = 0;

	line = kvmb_next_line(&cursor, &len);
	if (!line || len < 8 || strncmp(line, "Filename", 8) != 0)
		return -EBADMSG;
	while (n < size && (line = kvmb_next_line(&cursor, &len))) {
		const char *at = line;

		word = kvmb_next_word(&at, line + len, &word_len);
		if (word && parse_zram_name(word, word_len, &ids[n]))
			n++;
	}
	return (int)n;
}

static int zram_used(const struct kvmb_root *root, unsigned int id, uint64_t *ret_bytes)
{
	char path[64], text[512];
	int r;

	(void)snprintf(path, sizeof(path), "block/zram%u/mm_stat", id);
	r = kvmb_read_at(root->sys_fd, path, text, sizeof(text), NULL);
	return r < 0 ? r : kvmb_parse_zram_mm_stat(text, ret_bytes);
}

int kvmb_swap_ram_read(const struct kvmb_root *root, uint64_t zswap_bytes, uint64_t *ret_bytes)
{
	unsigned int ids[KVMB_ZRAM_MAX];
	char text[8192]; /* 32 areas of at most some 100 bytes */
	uint64_t sum = zswap_bytes, used;
	int n, r;

	r = kvmb_read_at(root->proc_fd, "swaps", text, sizeof(text), NULL);
	if (r == -ENOENT) { /* a kernel without swap */
		*ret_bytes = sum;
		return 0;
	}
	if (r < 0)
		return r;
	n = kvmb_parse_swaps(text, ids, ARRAY_SIZE(ids));
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		r = zram_used(root, ids[i], &used);
		if (r == -ENOENT) /* removed since /proc/swaps was read */
			continue;
		if (r < 0)
			return r;
		sum = u64_add_sat(sum, used);
	}
	*ret_bytes = sum;
	return 0;
}

int kvmb_swap_ram_now(const struct kvmb_root *root, uint64_t *ret_bytes)
{
	static const struct kvmb_pair_field fields[] = { { "Zswap", 0 } };
	char text[16384]; /* meminfo has about 1.6 KiB */
	uint64_t zswap = 0;
	int r;

	r = kvmb_read_at(root->proc_fd, "meminfo", text, sizeof(text), NULL);
	if (r < 0)
		return r;
	(void)kvmb_parse_pairs(text, fields, ARRAY_SIZE(fields), &zswap);
	return kvmb_swap_ram_read(root, zswap, ret_bytes);
}

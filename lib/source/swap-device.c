/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long reads of the host's swap devices take. */
#include "source/swap-device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"

#define READS_COLUMN 0
#define READ_MSEC_COLUMN 3
#define COLUMNS 4 /* of 11 and more */

static bool is_word(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && strncmp(word, text, len) == 0;
}

/* "/dev/sda2" -> "sda2"; a path that cannot be a device's is none. */
static bool device_name(const char *path, size_t len, struct kvmb_swap_device *ret)
{
	size_t from = len;

	while (from && path[from - 1] != '/')
		from--;
	len -= from;
	if (!len || len >= sizeof(ret->name) || path[from] == '.')
		return false;
	memcpy(ret->name, path + from, len);
	ret->name[len] = '\0';
	return true;
}

int kvmb_parse_swap_devices(const char *text, struct kvmb_swap_device *devices, size_t size)
{
	const char *cursor = text, *line, *path, *type;
	size_t len, path_len, type_len, n = 0;

	line = kvmb_next_line(&cursor, &len);
	if (!line || len < 8 || strncmp(line, "Filename", 8) != 0)
		return -EBADMSG;
	while (n < size && (line = kvmb_next_line(&cursor, &len))) {
		const char *at = line;

		path = kvmb_next_word(&at, line + len, &path_len);
		type = path ? kvmb_next_word(&at, line + len, &type_len) : NULL;
		if (type && is_word(type, type_len, "partition") &&
		    device_name(path, path_len, &devices[n]))
			n++;
	}
	return (int)n;
}

int kvmb_parse_block_stat(const char *text, uint64_t *ret_reads, uint64_t *ret_usec)
{
	const char *cursor = text, *line, *word;
	uint64_t v[COLUMNS];
	size_t len, n;

	line = kvmb_next_line(&cursor, &len);
	if (!line)
		return -EBADMSG;
	cursor = line;
	for (size_t i = 0; i < COLUMNS; i++) {
		word = kvmb_next_word(&cursor, line + len, &n);
		if (!word || kvmb_parse_u64_n(word, n, &v[i]) < 0)
			return -EBADMSG;
	}
	*ret_reads = v[READS_COLUMN];
	*ret_usec = u64_mul_sat(v[READ_MSEC_COLUMN], USEC_PER_MSEC);
	return 0;
}

static int add_device(const struct kvmb_root *root, const char *name, uint64_t *reads,
		      uint64_t *usec)
{
	char path[KVMB_DEVICE_SIZE + 32], text[512];
	uint64_t more_reads, more_usec;
	int r;

	(void)snprintf(path, sizeof(path), "class/block/%.63s/stat", name);
	r = kvmb_read_at(root->sys_fd, path, text, sizeof(text), NULL);
	if (r == -ENOENT || r == -ENODEV) /* removed since /proc/swaps was read */
		return 0;
	if (r < 0)
		return r;
	r = kvmb_parse_block_stat(text, &more_reads, &more_usec);
	if (r < 0)
		return r;
	*reads = u64_add_sat(*reads, more_reads);
	*usec = u64_add_sat(*usec, more_usec);
	return 0;
}

int kvmb_swap_device_read(const struct kvmb_root *root, struct kvmb_host_sample *ret)
{
	struct kvmb_swap_device devices[KVMB_SWAP_DEVICES_MAX];
	char text[8192]; /* 32 areas of at most some 100 bytes */
	uint64_t reads = 0, usec = 0;
	int n, r = kvmb_read_at(root->proc_fd, "swaps", text, sizeof(text), NULL);

	if (r < 0 && r != -ENOENT) /* a kernel without swap */
		return r;
	n = r < 0 ? 0 : kvmb_parse_swap_devices(text, devices, ARRAY_SIZE(devices));
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		r = add_device(root, devices[i].name, &reads, &usec);
		if (r < 0)
			return r;
	}
	ret->swap_reads = reads;
	ret->swap_read_usec = usec;
	return 0;
}

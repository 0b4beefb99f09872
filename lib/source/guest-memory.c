/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest memory among the mappings of QEMU. */
#include "source/guest-memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"

#define MAPS_MAX (4 * MIB) /* some 40,000 mappings; QEMU has hundreds */

struct mapping {
	uint64_t begin;
	uint64_t end;
	bool is_memory; /* readable, writable, and of a kind that can be paged out */
};

/* Hexadecimal digits up to @stop, which is passed over. */
static int parse_hex(const char **cursor, const char *end, char stop, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p;

	for (p = *cursor; p < end && *p != stop; p++) {
		int digit = *p >= '0' && *p <= '9' ? *p - '0' :
			    *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : -1;

		if (digit < 0 || v >> 60)
			return -EBADMSG;
		v = v << 4 | (unsigned int)digit;
	}
	if (p == *cursor || p == end)
		return -EBADMSG;
	*cursor = p + 1;
	*ret = v;
	return 0;
}

/* Devices and huge pages cannot be paged out, and the heap and the stack are QEMU's own. */
static bool is_memory_name(const char *name, size_t len)
{
	static const char *const not_memory[] = { "[heap]", "[stack]", "/anon_hugepage",
						  "anon_inode:" };
	char text[16];

	kvmb_str_format(text, sizeof(text), "%.*s", (int)u64_min(len, sizeof(text) - 1), name);
	for (size_t i = 0; i < ARRAY_SIZE(not_memory); i++)
		if (kvmb_str_skip(text, not_memory[i]))
			return false;
	return !kvmb_str_skip(text, "/dev/") || kvmb_str_skip(text, "/dev/shm/") ||
	       kvmb_str_skip(text, "/dev/zero");
}

/* "BEGIN-END rw-p OFFSET DEVICE INODE   NAME"; there may be no name, or one with blanks. */
static int parse_mapping(const char *line, size_t len, struct mapping *ret)
{
	const char *cursor = line, *end = line + len, *modes = NULL;
	size_t word_len, name_len;

	if (parse_hex(&cursor, end, '-', &ret->begin) < 0 ||
	    parse_hex(&cursor, end, ' ', &ret->end) < 0 || ret->begin >= ret->end)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		const char *word = kvmb_next_word(&cursor, end, &word_len);

		if (!word)
			return -EBADMSG;
		if (!modes && word_len != 4)
			return -EBADMSG;
		modes = modes ? modes : word;
	}
	while (cursor < end && *cursor == ' ')
		cursor++;
	name_len = (size_t)(end - cursor);
	ret->is_memory = modes[0] == 'r' && modes[1] == 'w' && is_memory_name(cursor, name_len);
	return 0;
}

/* Ranges that turned out too small for a guest's memory go when the next one begins. */
static int add(struct kvmb_range **ranges, size_t *n, const struct mapping *m)
{
	struct kvmb_range *last = *n ? &(*ranges)[*n - 1] : NULL;

	if (last && last->hva + last->length_bytes > m->begin)
		return -EBADMSG;
	if (last && last->hva + last->length_bytes == m->begin) {
		last->length_bytes += m->end - m->begin;
		return 0;
	}
	if (last && last->length_bytes < KVMB_GUEST_MEMORY_MIN_BYTES)
		(*n)--;
	if (kvmb_grow(ranges, *n, sizeof(**ranges)) < 0)
		return -ENOMEM;
	(*ranges)[(*n)++] =
		(struct kvmb_range){ .hva = m->begin, .length_bytes = m->end - m->begin };
	return 0;
}

int kvmb_parse_guest_memory(const char *text, struct kvmb_range **ret, size_t *ret_n)
{
	_cleanup_free_ struct kvmb_range *ranges = NULL;
	const char *line;
	size_t len, n = 0;

	while ((line = kvmb_next_line(&text, &len))) {
		struct mapping m;
		int r = parse_mapping(line, len, &m);

		if (r >= 0 && m.is_memory)
			r = add(&ranges, &n, &m);
		if (r < 0)
			return r;
	}
	if (n && ranges[n - 1].length_bytes < KVMB_GUEST_MEMORY_MIN_BYTES)
		n--;
	if (!n)
		return -ENODATA;
	*ret = TAKE_PTR(ranges);
	*ret_n = n;
	return 0;
}

int kvmb_guest_memory_read(const struct kvmb_root *root, int32_t pid, struct kvmb_range **ret,
			   size_t *ret_n)
{
	_cleanup_free_ char *text = NULL;
	char path[32];
	int r;

	(void)snprintf(path, sizeof(path), "%d/maps", pid);
	r = kvmb_read_alloc_at(root->proc_fd, path, MAPS_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* a process on its way out has none */
	return *text ? kvmb_parse_guest_memory(text, ret, ret_n) : -ESRCH;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks over lines, words, and the "key value" files of the kernel.
 */
#include <string.h>

#include "base/num.h"
#include "base/parse.h"

const char *kvmb_next_line(const char **cursor, size_t *ret_len)
{
	const char *line = *cursor, *end;

	if (!line || !*line)
		return NULL;
	end = strchrnul(line, '\n');
	*ret_len = (size_t)(end - line);
	*cursor = *end ? end + 1 : NULL;
	return line;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

const char *kvmb_next_word(const char **cursor, const char *end, size_t *ret_len)
{
	const char *word = *cursor, *tail;

	while (word < end && is_blank(*word))
		word++;
	for (tail = word; tail < end && !is_blank(*tail);)
		tail++;
	*cursor = tail;
	*ret_len = (size_t)(tail - word);
	return tail > word ? word : NULL;
}

/* "key value", "Key: value", "Key: value kB" */
static bool parse_pair(const char *line, size_t len, struct kvmb_pair *ret)
{
	const char *cursor = line, *end = line + len;
	size_t key_len, value_len, unit_len;
	const char *key = kvmb_next_word(&cursor, end, &key_len);
	const char *value = kvmb_next_word(&cursor, end, &value_len);
	const char *unit = kvmb_next_word(&cursor, end, &unit_len);
	uint64_t v;

	if (!key || !value || kvmb_parse_u64_n(value, value_len, &v) < 0)
		return false;
	if (key_len > 1 && key[key_len - 1] == ':')
		key_len--;
	if (unit && unit_len == 2 && memcmp(unit, "kB", 2) == 0)
		v = u64_mul_sat(v, KIB);
	else if (unit)
		return false;
	*ret = (struct kvmb_pair){ .key = key, .key_len = key_len, .value = v };
	return true;
}

bool kvmb_next_pair(const char **cursor, struct kvmb_pair *ret)
{
	const char *line;
	size_t len;

	while ((line = kvmb_next_line(cursor, &len)))
		if (parse_pair(line, len, ret))
			return true;
	return false;
}

bool kvmb_pair_is(const struct kvmb_pair *pair, const char *key)
{
	return strlen(key) == pair->key_len && memcmp(key, pair->key, pair->key_len) == 0;
}

uint64_t kvmb_parse_pairs(const char *text, const struct kvmb_pair_field *fields, size_t n,
			  void *out)
{
	struct kvmb_pair pair;
	uint64_t seen = 0;

	while (kvmb_next_pair(&text, &pair)) {
		for (size_t i = 0; i < n && i < 64; i++) {
			if (seen & UINT64_C(1) << i || !kvmb_pair_is(&pair, fields[i].key))
				continue;
			memcpy((char *)out + fields[i].offset, &pair.value, sizeof(pair.value));
			seen |= UINT64_C(1) << i;
			break;
		}
	}
	return seen;
}

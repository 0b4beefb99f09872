// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table of names that are never removed. */
#include "names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"

static bool same(const char *known, const char *name, size_t length)
{
	return strncmp(known, name, length) == 0 && !known[length];
}

/* FNV-1a */
static size_t hash(const char *name, size_t length)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* The slot of the name, or the free one where it belongs. */
static size_t find_slot(const struct names *s, const char *name, size_t length)
{
	size_t i = hash(name, length) & (s->n_slots - 1);

	while (s->slots[i] && !same(s->list[s->slots[i] - 1], name, length))
		i = (i + 1) & (s->n_slots - 1);
	return i;
}

static int grow(struct names *s)
{
	size_t n = s->n_slots ? s->n_slots * 2 : 1024;
	uint32_t *slots = calloc(n, sizeof(*slots));
	char **list = realloc(s->list, n / 2 * sizeof(*list));

	if (list)
		s->list = list;
	if (!slots || !list) {
		free(slots);
		return -ENOMEM;
	}
	free(s->slots);
	s->slots = slots;
	s->n_slots = n;
	for (size_t i = 0; i < s->n; i++)
		slots[find_slot(s, list[i], strlen(list[i]))] = (uint32_t)i + 1;
	return 0;
}

int names_number(struct names *s, const char *name, size_t length, size_t *ret)
{
	size_t slot;

	if (s->n && s->next >= s->n)
		s->next = 0;
	if (s->n && same(s->list[s->next], name, length)) {
		*ret = s->next++;
		return 0;
	}
	if (s->n * 2 >= s->n_slots && grow(s) < 0)
		return -ENOMEM;
	slot = find_slot(s, name, length);
	if (!s->slots[slot]) {
		if (s->n == FEED_VMS_MAX)
			return -ENOSPC;
		s->list[s->n] = strndup(name, length);
		if (!s->list[s->n])
			return -ENOMEM;
		s->slots[slot] = (uint32_t)++s->n;
	}
	*ret = s->slots[slot] - 1;
	s->next = *ret + 1;
	return 0;
}

void names_clear(struct names *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i]);
	free(s->list);
	free(s->slots);
	*s = (struct names){ .list = NULL };
}

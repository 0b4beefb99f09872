// SPDX-License-Identifier: GPL-2.0-or-later
/* What keys do to the view of top, and the orders they choose. */
#include <string.h>

#include "top.h"
#include "util.h"

/* An order's figure; what is not known counts as nothing. */
static uint64_t sort_value(const struct machine *m, enum top_sort sort)
{
	uint64_t v = 0;

	switch (sort) {
	case TOP_SORT_RESIDENT:
		v = m->resident_bytes;
		break;
	case TOP_SORT_SWAP:
		v = m->swap_bytes;
		break;
	case TOP_SORT_REFAULTS:
		v = m->refaults_per_min;
		break;
	case TOP_SORT_PRESSURE:
		v = m->psi_some == UINT32_MAX ? 0 : m->psi_some;
		break;
	case TOP_SORT_NAME:
	case TOP_SORTS:
		break;
	}
	return v == UINT64_MAX ? 0 : v;
}

static int compare(const void *pa, const void *pb, void *userdata)
{
	const struct top_view *v = userdata;
	const struct machine *a = pa, *b = pb;
	uint64_t va = sort_value(a, v->sort), vb = sort_value(b, v->sort);
	/* Names go up, figures go down: the large ones are those one looks for. */
	int r = va == vb ? strcmp(a->name, b->name) : va > vb ? -1 : 1;

	return v->reverse ? -r : r;
}

void top_sort(struct top_view *v)
{
	if (v->machines.n)
		qsort_r(v->machines.items, v->machines.n, sizeof(*v->machines.items), compare, v);
}

static void scroll(struct top_view *v, bool down, size_t lines)
{
	if (down)
		v->offset += lines; /* top_draw() keeps it in range */
	else
		v->offset -= lines < v->offset ? lines : v->offset;
}

/* Sequences that the cursor keys send, and letters for those who have none. */
static bool scroll_key(struct top_view *v, const char *key)
{
	static const struct { const char *sequence; bool down; bool page; } keys[] = {
		{ "\033[A", false, false }, { "\033OA", false, false }, { "k", false, false },
		{ "\033[B", true, false },  { "\033OB", true, false },  { "j", true, false },
		{ "\033[5~", false, true }, { "b", false, true },
		{ "\033[6~", true, true },  { " ", true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i].sequence) == 0) {
			scroll(v, keys[i].down, keys[i].page ? v->rows : 1);
			return true;
		}
	return false;
}

static enum top_key letter(struct top_view *v, char key)
{
	static const char orders[TOP_SORTS + 1] = "nmsfp";
	const char *order = strchr(orders, key);

	if (key == 'q' || key == 'Q')
		return TOP_QUIT;
	if (key == 'r')
		v->reverse = !v->reverse;
	else if (order)
		v->sort = (enum top_sort)(order - orders);
	return TOP_REDRAW;
}

/* Whether a sequence is all there: "\033[" ends with a letter or '~', "\033O" with one more. */
static bool is_complete(const char *held, size_t n)
{
	if (n < 2)
		return false;
	if (held[1] == '[')
		return n > 2 && held[n - 1] >= '@' && held[n - 1] <= '~';
	return held[1] != 'O' || n == 3;
}

static enum top_key one_byte(struct top_view *v, char byte)
{
	size_t n = strlen(v->held);

	if (!n && byte != '\033') {
		char key[] = { byte, '\0' };

		return scroll_key(v, key) ? TOP_REDRAW : letter(v, byte);
	}
	v->held[n++] = byte;
	v->held[n] = '\0';
	if (is_complete(v->held, n))
		(void)scroll_key(v, v->held);
	/* What is too long for a key we know is dropped as well. */
	if (is_complete(v->held, n) || n == sizeof(v->held) - 1)
		v->held[0] = '\0';
	return TOP_REDRAW;
}

enum top_key top_keys(struct top_view *v, const char *keys)
{
	for (; *keys; keys++)
		if (one_byte(v, *keys) == TOP_QUIT)
			return TOP_QUIT;
	return TOP_REDRAW;
}

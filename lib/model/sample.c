/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples: making, ordering, finding.
 */
#include "model/sample.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "model/guest.h"

int kvmb_sample_new(size_t n_guests, struct kvmb_sample **ret)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (n_guests > KVMB_GUESTS_MAX)
		return -E2BIG;
	s->guests = calloc(n_guests ? n_guests : 1, sizeof(*s->guests));
	if (!s->guests)
		return -ENOMEM;
	s->n_guests = n_guests;
	for (size_t i = 0; i < n_guests; i++)
		kvmb_guest_init(&s->guests[i]);
	*ret = TAKE_PTR(s);
	return 0;
}

struct kvmb_sample *kvmb_sample_free(struct kvmb_sample *s)
{
	if (s)
		free(s->guests);
	free(s);
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	const struct kvmb_guest_sample *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void kvmb_sample_sort(struct kvmb_sample *s)
{
	qsort(s->guests, s->n_guests, sizeof(*s->guests), compare_names);
}

struct kvmb_guest_sample *kvmb_sample_find_name(const struct kvmb_sample *s, const char *name)
{
	size_t low = 0, high = s->n_guests;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(name, s->guests[middle].name);

		if (c == 0)
			return &s->guests[middle];
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

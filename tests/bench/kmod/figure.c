// SPDX-License-Identifier: GPL-2.0-or-later
#include "figure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

void figure_say(const struct conditions *c, const struct figure *f)
{
	struct utsname host;

	(void)uname(&host);
	printf("{\"bench\": \"kmod\", \"figure\": \"%s\", \"kernel\": \"%s\", \"guest_mib\": %zu, "
	       "\"mapping\": \"%s\", \"%s\": \"%s\", \"unit\": \"%s\", \"value\": %" PRIu64,
	       f->name, host.release, c->guest_bytes >> 20, c->mapping,
	       c->content ? "content" : "hot", c->content ?: c->hot, f->unit, f->value);
	if (f->at_most)
		printf(", \"at_most\": %" PRIu64, f->at_most);
	if (f->at_least)
		printf(", \"at_least\": %" PRIu64, f->at_least);
	if (f->at_most || f->at_least)
		printf(", \"met\": %s", (!f->at_most || f->value <= f->at_most) &&
					f->value >= f->at_least ? "true" : "false");
	printf("}\n");
	fflush(stdout);
}

uint64_t permille(uint64_t a, uint64_t b)
{
	return b ? (1000 * a + b / 2) / b : 0;
}

void series_add(struct series *s, uint64_t value)
{
	if (s->n < sizeof(s->values) / sizeof(s->values[0]))
		s->values[s->n++] = value;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t series_median(const struct series *s)
{
	struct series sorted = *s;

	if (!s->n)
		return 0;
	qsort(sorted.values, sorted.n, sizeof(sorted.values[0]), compare);
	return sorted.values[sorted.n / 2];
}

uint64_t series_mean(const struct series *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->values[i];
	return s->n ? sum / s->n : 0;
}

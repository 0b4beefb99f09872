// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines of made-up loads. What is used is a part of what is provisioned, in permyriad. */
#include "generate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/util.h"
#include "trace.h"

#define DAY_SEC 86400U
#define USED_MIN 300  /* permyriad: a kernel and its services */
#define USED_MAX 9500 /* it keeps some free */
#define GROUP_VMS 50  /* machines of one application */
#define NAME_SIZE 24 /* any number fits */

struct random {
	uint64_t state;
};

/* What a machine, or a group of them, is going through. */
struct burst {
	uint32_t until_step;
	int height; /* permyriad */
};

struct load {
	struct random random;
	struct burst burst;
	enum pattern pattern;
	int base, swing; /* permyriad: least by night, and how much more by day */
	uint32_t phase_sec;
	int drift; /* a slow random walk around the rest */
};

struct group {
	struct random random;
	struct burst burst;
};

struct generator {
	struct feed feed; /* first: feed_ops get this one */
	struct generate_params params;
	uint64_t step, n_steps;
	struct load *loads;
	struct group *groups;
	struct feed_vm *vms;
	char (*names)[NAME_SIZE];
};

static const char *const pattern_names[PATTERNS] = { "diurnal", "bursty", "correlated", "mixed" };

/*
 * Sizes as fleets have them: the logarithm about normal around 4 and 8 GiB, with a few large ones.
 * Parts of 64, so that one draw of 6 bits picks.
 */
static const struct {
	uint8_t parts, gib;
} sizes[] = { { 4, 1 }, { 13, 2 }, { 19, 4 }, { 15, 8 }, { 8, 16 }, { 4, 32 }, { 1, 64 } };

/* How busy each hour of the day is, in percent of the swing; between them, a straight line. */
static const uint8_t hours[25] = { 12, 8, 5, 3, 2, 5, 14, 32, 58, 80, 92, 97, 90,
				   94, 100, 98, 93, 84, 70, 58, 48, 38, 28, 19, 12 };

const char *pattern_to_string(enum pattern p)
{
	return pattern_names[p];
}

int pattern_from_string(const char *s)
{
	for (int i = 0; i < PATTERNS; i++)
		if (strcmp(s, pattern_names[i]) == 0)
			return i;
	return -EINVAL;
}

/* SplitMix64: any seed is a good one, and neighbours have nothing in common. */
static uint64_t draw(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Below @n, of 32 bits. */
static uint32_t below(struct random *r, uint32_t n)
{
	return (uint32_t)((draw(r) >> 32) * n >> 32);
}

static uint64_t draw_size(struct random *r)
{
	uint32_t at = below(r, 64);
	size_t i = 0;

	while (at >= sizes[i].parts)
		at -= sizes[i++].parts;
	return (uint64_t)sizes[i].gib << 30;
}

/* Three of four follow the hours of one place, give or take two; the rest those of any. */
static uint32_t draw_phase(struct random *r)
{
	return below(r, 4) ? below(r, 4 * 3600) : below(r, DAY_SEC);
}

static void init_vm(struct generator *g, size_t i)
{
	struct load *l = &g->loads[i];

	l->random.state = g->params.seed * UINT64_C(0x2545f4914f6cdd1d) + i;
	(void)draw(&l->random);
	l->pattern = g->params.pattern;
	if (l->pattern == PATTERN_MIXED)
		l->pattern = (enum pattern)below(&l->random, PATTERN_MIXED);
	l->base = 1200 + (int)below(&l->random, 3300);
	l->swing = l->pattern == PATTERN_DIURNAL ? 800 + (int)below(&l->random, 2400) : 300;
	l->phase_sec = draw_phase(&l->random);
	(void)snprintf(g->names[i], NAME_SIZE, "vm-%06zu", i + 1);
	g->vms[i] = (struct feed_vm){ g->names[i], draw_size(&l->random), 0 };
}

/* @seldom steps apart in the mean, half an hour to six hours long. */
static int burst(struct random *r, struct burst *b, const struct generator *g, uint32_t seldom)
{
	uint32_t step = (uint32_t)g->step, least = (uint32_t)(1800 / g->params.step_sec) + 1;

	if (step < b->until_step)
		return b->height;
	if (below(r, seldom))
		return 0;
	b->until_step = step + least + below(r, 11 * least);
	b->height = 1000 + (int)below(r, 3000);
	return b->height;
}

/* Steps in so many days; 1 at least. */
static uint32_t steps_in(const struct generator *g, uint32_t days)
{
	return (uint32_t)(days * DAY_SEC / g->params.step_sec) + 1;
}

static int by_day(const struct load *l, uint64_t time_sec)
{
	uint64_t at = time_sec + DAY_SEC - l->phase_sec;
	uint32_t second = (uint32_t)(at % DAY_SEC), hour = second / 3600, rest = second % 3600;
	int percent100 = hours[hour] * 100 +
			 ((int)hours[hour + 1] - (int)hours[hour]) * (int)(rest / 36);
	bool weekend = at / DAY_SEC % 7 >= 5;

	return l->swing * percent100 / 10000 * (weekend ? 6 : 10) / 10;
}

/* Once a week, at three in the morning, everybody installs updates for an hour. */
static int patch_night(uint64_t time_sec)
{
	uint64_t at = time_sec % (UINT64_C(7) * DAY_SEC);

	return at >= 2 * DAY_SEC + 3 * 3600 && at < 2 * DAY_SEC + 4 * 3600 ? 2000 : 0;
}

static uint64_t use(struct generator *g, size_t i, uint64_t time_sec)
{
	struct load *l = &g->loads[i];
	int part = l->base + by_day(l, time_sec);

	l->drift = (l->drift + (int)below(&l->random, 61) - 30) * 63 / 64;
	part += l->drift;
	if (l->pattern == PATTERN_BURSTY)
		part += burst(&l->random, &l->burst, g, steps_in(g, 1));
	if (l->pattern == PATTERN_CORRELATED)
		part += g->groups[i / GROUP_VMS].burst.height + patch_night(time_sec);
	part = part < USED_MIN ? USED_MIN : part > USED_MAX ? USED_MAX : part;
	/* In whole pages. */
	return g->vms[i].provisioned_bytes / 10000 * (uint64_t)part & ~UINT64_C(4095);
}

static int generator_next(struct feed *f, struct feed_step *ret, char **ret_error)
{
	struct generator *g = (struct generator *)f;
	uint64_t time_sec = g->step * g->params.step_sec;

	if (g->step == g->n_steps)
		return 0;
	for (size_t i = 0; i * GROUP_VMS < g->params.n_vms; i++) {
		struct group *group = &g->groups[i];

		group->burst.height = burst(&group->random, &group->burst, g, steps_in(g, 4));
	}
	for (size_t i = 0; i < g->params.n_vms; i++)
		g->vms[i].used_bytes = use(g, i, time_sec);
	g->step++;
	*ret = (struct feed_step){ time_sec, g->params.step_sec, g->vms, g->params.n_vms };
	return 1;
}

static void generator_free(struct feed *f)
{
	struct generator *g = (struct generator *)f;

	free(g->loads);
	free(g->groups);
	free(g->vms);
	free(g->names);
	free(g);
}

static const struct feed_ops generator_ops = { generator_next, generator_free };

int feed_generate(const struct generate_params *p, struct feed **ret)
{
	struct generator *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->feed.ops = &generator_ops;
	g->params = *p;
	g->n_steps = (p->days * DAY_SEC + p->step_sec - 1) / p->step_sec;
	g->loads = calloc(p->n_vms, sizeof(*g->loads));
	g->groups = calloc(p->n_vms / GROUP_VMS + 1, sizeof(*g->groups));
	g->vms = calloc(p->n_vms, sizeof(*g->vms));
	g->names = calloc(p->n_vms, sizeof(*g->names));
	if (!g->loads || !g->groups || !g->vms || !g->names) {
		generator_free(&g->feed);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->n_vms; i++)
		init_vm(g, i);
	for (size_t i = 0; i * GROUP_VMS < p->n_vms; i++)
		g->groups[i].random.state = ~p->seed + i;
	*ret = &g->feed;
	return 0;
}

int generate_print(const struct generate_params *p, FILE *f)
{
	_cleanup_(feed_freep) struct feed *feed = NULL;
	struct feed_step s;
	char *error = NULL;
	int r = feed_generate(p, &feed);

	if (r < 0)
		return r;
	fputs(TRACE_HEADER "\n", f);
	while (!ferror(f) && generator_next(feed, &s, &error) > 0)
		for (size_t i = 0; i < s.n_vms; i++)
			fprintf(f, "%" PRIu64 ",%s,%" PRIu64 ",%" PRIu64 "\n", s.time_sec,
				s.vms[i].name, s.vms[i].provisioned_bytes, s.vms[i].used_bytes);
	errno = 0;
	return fflush(f) == 0 && !ferror(f) ? 0 : -(errno ?: EIO);
}

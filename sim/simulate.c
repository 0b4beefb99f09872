// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps come once and go to a fleet for each ratio: what is read or made is not kept. */
#include "simulate.h"

#include <errno.h>
#include <stdio.h>

#include "cli/util.h"

/* In a round of decide.c one action takes what the agent's many may take in a minute. */
static struct kvmb_config pace(const struct kvmb_config *c)
{
	struct kvmb_config paced = *c;

	paced.host.step_bytes = c->host.guest_rate_bytes;
	return paced;
}

static bool has_limit(const struct kvmb_config *c)
{
	struct kvmb_policy p;

	if (c->defaults.limit_bytes != UINT64_MAX)
		return true;
	for (size_t i = 0; i < c->n_guests; i++) {
		kvmb_config_policy(c, c->guests[i].name, NULL, NULL, &p);
		if (p.limit_bytes != UINT64_MAX)
			return true;
	}
	return false;
}

/* The policy also takes from guests of a host that has plenty: then none may sleep. */
static bool takes_unasked(const struct kvmb_config *c)
{
	return c->host.mode == KVMB_MODE_PROACTIVE || has_limit(c);
}

static int too_large(const struct fleet *f, const struct feed_step *step, size_t vm,
		     char **ret_error)
{
	if (asprintf(ret_error, "%s is larger than a host takes at a ratio of %u.%02u",
		     step->vms[vm].name, f->ratio_percent / 100, f->ratio_percent % 100) < 0)
		return -ENOMEM;
	return -E2BIG;
}

static int run_step(struct fleet *fleets, size_t n, const struct feed_step *step, char **ret_error)
{
	for (size_t i = 0; i < n; i++) {
		size_t vm;
		int r = fleet_step(&fleets[i], step, &vm);

		if (r == -E2BIG)
			return too_large(&fleets[i], step, vm, ret_error);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run(struct fleet *fleets, size_t n, struct feed *feed, char **ret_error)
{
	struct feed_step step;
	bool any = false;
	int r;

	for (;;) {
		r = feed->ops->next(feed, &step, ret_error);
		if (r > 0)
			r = run_step(fleets, n, &step, ret_error);
		else if (r == 0)
			return any ? 0 : -ENODATA;
		if (r < 0)
			return r;
		any = true;
	}
}

int simulate(const struct simulation *s, struct feed *feed, struct fleet_report *reports,
	     char **ret_error)
{
	const struct kvmb_config config = pace(s->config);
	const bool every_host = s->every_host || takes_unasked(&config);
	struct fleet fleets[RATIOS_MAX];
	int r;

	for (size_t i = 0; i < s->n_ratios; i++)
		fleets[i] = (struct fleet){
			.params = { &config, s->host_memory_bytes, s->host_swap_bytes,
				    every_host },
			.ratio_percent = s->ratios_percent[i],
		};
	r = run(fleets, s->n_ratios, feed, ret_error);
	for (size_t i = 0; i < s->n_ratios; i++) {
		if (r >= 0)
			fleet_report(&fleets[i], &reports[i]);
		fleet_clear(&fleets[i]);
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host as the policy sees it, and what its plans do.
 *
 * The agent has 150 ticks in a step of five minutes. They are played in rounds a little longer than
 * the minute over which the policy counts its rates; in each, one action may take from a guest what
 * the agent may take in a minute (simulate.c sets Step= to GuestRate=).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define ROUND_SEC 75
#define NS_PER_SEC UINT64_C(1000000000)
#define USEC_PER_SEC UINT64_C(1000000)
#define PAGE_BYTES 4096
/* A page comes from a solid state disk in about that, and the guest waits. */
#define PAGE_STALL_USEC 100
#define START_NS NS_PER_SEC /* a sample's time is never 0 */

static int compare_names(const void *a, const void *b, void *data)
{
	const struct feed_vm *vms = data;

	return strcmp(vms[*(const uint32_t *)a].name, vms[*(const uint32_t *)b].name);
}

static void init_guest(struct kvmb_guest_sample *g, const char *name, uint32_t vm)
{
	*g = (struct kvmb_guest_sample){
		.pid = (int32_t)vm + 1,
		.state = KVMB_GUEST_RUNNING,
		.has_balloon = true,
		.psi_valid = true,
		.cgroup_valid = true,
		.stats_why = KVMB_WHY_NONE,
		/* Amounts, not what came back after how long: that is learnt by the minute. */
		.ages.source = KVMB_AGING_DAMON,
	};
	(void)snprintf(g->name, sizeof(g->name), "%s", name);
	/* What differs comes first: the policy's state is searched by UUID. */
	(void)snprintf(g->uuid, sizeof(g->uuid), "%08x-0000-4000-8000-000000000000", vm);
	(void)snprintf(g->cgroup, sizeof(g->cgroup), "machine.slice/%u.scope", vm);
}

/* The machines that run, by name. */
static int list_guests(struct host *h, const struct vm *vms, const struct feed_step *step)
{
	struct kvmb_guest_sample *guests = calloc(h->n_members, sizeof(*guests));
	uint32_t *numbers = calloc(h->n_members, sizeof(*numbers));
	size_t n = 0;

	if (!guests || !numbers) {
		free(guests);
		free(numbers);
		return -ENOMEM;
	}
	for (size_t i = 0; i < h->n_members; i++)
		if (vms[h->members[i]].present)
			numbers[n++] = h->members[i];
	qsort_r(numbers, n, sizeof(*numbers), compare_names, (void *)step->vms);
	for (size_t i = 0; i < n; i++)
		init_guest(&guests[i], step->vms[numbers[i]].name, numbers[i]);
	free(h->sample.guests);
	free(h->guests);
	h->sample.guests = guests;
	h->sample.n_guests = n;
	h->guests = numbers;
	h->changed = false;
	return 0;
}

static void tell_ages(const struct vm *v, uint64_t now_sec, struct kvmb_guest_sample *g)
{
	uint64_t *cold = g->ages.cold_bytes;

	memset(cold, 0, sizeof(g->ages.cold_bytes));
	cold[0] = v->used_bytes - v->used_out_bytes;
	for (unsigned int i = 0; i < v->n_idle; i++)
		cold[vm_age_bucket(now_sec - v->idle[i].since_sec)] += v->idle[i].bytes;
}

/*
 * All that a step brings comes in its first round, and the policy counts by the minute: it is told
 * what came in one minute of the step.
 */
static void tell_refaults(struct vm *v, uint64_t seconds, struct kvmb_guest_sample *g)
{
	uint64_t pages = (v->refault_bytes - v->told_bytes) / PAGE_BYTES;
	uint64_t stall = pages * PAGE_STALL_USEC * 10000 / (seconds * USEC_PER_SEC);

	v->told_bytes = v->refault_bytes;
	v->told_pages += seconds > 60 ? pages * 60 / seconds : pages;
	g->refault_anon = v->told_pages;
	g->psi.some_avg10_permyriad = stall < 10000 ? (uint32_t)stall : 10000;
}

static void tell_guest(const struct vm *v, uint64_t now_ns, struct kvmb_guest_sample *g)
{
	g->facts_ns = g->ages.told_ns = now_ns;
	g->maximum_bytes = v->provisioned_bytes;
	g->balloon_bytes = g->guest_total_bytes = v->balloon_bytes;
	g->resident_bytes = g->rss_bytes = vm_resident_bytes(v);
	g->swap_bytes = vm_out_bytes(v);
	g->unused_bytes = g->usable_bytes = vm_free_bytes(v);
	tell_ages(v, (now_ns - START_NS) / NS_PER_SEC, g);
}

static void tell_host(const struct host_params *p, const struct host_sums *s,
		      struct kvmb_host_sample *host)
{
	int64_t available = host_available(p, s);

	host->total_bytes = p->memory_bytes;
	host->available_bytes = host->free_bytes = available > 0 ? (uint64_t)available : 0;
	host->swap_total_bytes = p->swap_bytes;
	host->swap_free_bytes = p->swap_bytes > s->out_bytes ? p->swap_bytes - s->out_bytes : 0;
}

static struct vm *find_guest(const struct host *h, struct vm *vms, const char *name)
{
	size_t low = 0, high = h->sample.n_guests;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, h->sample.guests[mid].name);

		if (order == 0)
			return &vms[h->guests[mid]];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static void act(struct host *h, struct vm *v, const struct kvmb_action *a, uint64_t now_sec)
{
	struct host_totals *t = &h->totals;

	switch (a->kind) {
	case KVMB_ACTION_BALLOON:
		t->balloon_bytes += vm_balloon(v, a->target_bytes);
		break;
	case KVMB_ACTION_DEFLATE:
		vm_deflate(v, a->target_bytes);
		vm_grow(v);
		break;
	case KVMB_ACTION_RECLAIM:
	case KVMB_ACTION_HIGH:
		t->swapped_bytes += vm_reclaim(v, a->asked_bytes);
		break;
	case KVMB_ACTION_PAGEOUT:
		t->swapped_bytes += vm_pageout(v, a->asked_bytes, a->idle_usec / USEC_PER_SEC,
					       now_sec);
		break;
	case KVMB_ACTION_KINDS:
		break;
	}
}

/* Return: number of actions, or -errno. */
static int decide_round(const struct host_params *p, struct host *h, struct vm *vms,
			uint64_t now_sec)
{
	struct kvmb_state *next = NULL;
	struct kvmb_plan *plan = NULL;
	struct host_sums s;
	int r;

	host_sum(p, h, vms, &s);
	tell_host(p, &s, &h->sample.host);
	h->sample.now_ns = START_NS + now_sec * NS_PER_SEC;
	h->sample.guests_valid = true;
	for (size_t i = 0; i < h->sample.n_guests; i++)
		tell_guest(&vms[h->guests[i]], h->sample.now_ns, &h->sample.guests[i]);
	r = kvmb_decide(p->config, h->state, &h->sample, &next, &plan);
	if (r < 0)
		return r;
	kvmb_state_free(h->state);
	h->state = next;
	for (size_t i = 0; i < plan->n_actions; i++) {
		struct vm *v = find_guest(h, vms, plan->actions[i].name);

		if (v)
			act(h, v, &plan->actions[i], now_sec);
	}
	r = (int)plan->n_actions;
	kvmb_plan_free(plan);
	h->totals.n_decided += h->sample.n_guests;
	return r;
}

int host_decide(const struct host_params *p, struct host *h, struct vm *vms,
		const struct feed_step *step)
{
	uint64_t n_rounds = step->seconds / ROUND_SEC;
	int r = h->state ? 0 : kvmb_state_new(&h->state);

	if (r >= 0 && (h->changed || !h->sample.guests))
		r = list_guests(h, vms, step);
	if (r < 0)
		return r;
	for (size_t i = 0; i < h->sample.n_guests; i++)
		tell_refaults(&vms[h->guests[i]], step->seconds, &h->sample.guests[i]);
	r = decide_round(p, h, vms, step->time_sec);
	for (uint64_t i = 1; r > 0 && i < n_rounds; i++)
		r = decide_round(p, h, vms, step->time_sec + i * ROUND_SEC);
	return r < 0 ? r : 0;
}

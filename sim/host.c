// SPDX-License-Identifier: GPL-2.0-or-later
/* A step of one host: the machines move, the policy acts, and the kernel makes up for the rest. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>

#define PERMYRIAD 10000U
#define OWN_PART 64 /* of RAM is the host's own: kernel, agent, libvirt */

/*
 * After the last step in which something was at stake the policy is still asked for so long: its
 * pauses (at most ten minutes) end, and its doubling pauses are forgotten after another ten.
 */
#define CALM_SEC 1800
/* What a guest read back too often is cold later: 16 steps at most, one less in ten minutes. */
#define FORGIVEN_SEC (3 * 3600)
/* More is to be available than where the policy relaxes, in permyriad: it may look ahead. */
#define MARGIN_PERMYRIAD 500

int host_add(struct host *h, uint32_t vm, uint64_t provisioned_bytes)
{
	if (h->n_members == h->room) {
		size_t room = h->room ? h->room * 2 : 16;
		uint32_t *members = realloc(h->members, room * sizeof(*members));

		if (!members)
			return -ENOMEM;
		h->members = members;
		h->room = room;
	}
	h->members[h->n_members++] = vm;
	h->provisioned_bytes += provisioned_bytes;
	return 0;
}

void host_clear(struct host *h)
{
	free(h->members);
	free(h->guests);
	free(h->sample.guests);
	kvmb_state_free(h->state);
	*h = (struct host){ .members = NULL };
}

static bool is_tight(const struct kvmb_host_config *c, const struct vm *v)
{
	uint64_t unused = vm_free_bytes(v);

	return unused < c->guest_headroom_bytes ||
	       unused < v->used_bytes / PERMYRIAD * c->guest_headroom_permyriad ||
	       v->used_bytes < v->want_bytes;
}

void host_sum(const struct host_params *p, const struct host *h, const struct vm *vms,
	      struct host_sums *ret)
{
	struct host_sums s = { 0 };

	for (size_t i = 0; i < h->n_members; i++) {
		const struct vm *v = &vms[h->members[i]];

		s.refault_bytes += v->refault_bytes;
		if (!v->present)
			continue;
		s.n_present++;
		s.resident_bytes += vm_resident_bytes(v);
		s.out_bytes += vm_out_bytes(v);
		s.ballooned |= v->balloon_bytes < v->provisioned_bytes;
		s.tight |= is_tight(&p->config->host, v);
	}
	*ret = s;
}

int64_t host_available(const struct host_params *p, const struct host_sums *s)
{
	return (int64_t)(p->memory_bytes - p->memory_bytes / OWN_PART) - (int64_t)s->resident_bytes;
}

static void move(struct host *h, struct vm *vms, const struct feed_step *step)
{
	for (size_t i = 0; i < h->n_members; i++) {
		struct vm *v = &vms[h->members[i]];
		uint64_t want = step->vms[h->members[i]].used_bytes;

		h->changed |= v->present != (want != FEED_ABSENT);
		if (want != FEED_ABSENT)
			vm_step(v, want, step->time_sec);
		else if (v->present)
			vm_off(v);
	}
}

/* Above that nothing is to be done for the host; the step before tells how fast that changes. */
static uint64_t comfort(const struct host_params *p)
{
	const struct kvmb_host_config *c = &p->config->host;
	uint64_t part = c->elevated_available_permyriad + c->hysteresis_permyriad +
			MARGIN_PERMYRIAD;

	return p->memory_bytes / PERMYRIAD * part;
}

/* The host is or may soon be short, a guest feels it, or there is something to give back. */
static bool at_stake(const struct host_params *p, const struct host *h, const struct host_sums *s)
{
	int64_t available = host_available(p, s), least = (int64_t)comfort(p);

	if (available < least || 2 * available - (int64_t)h->last_available_bytes < least)
		return true;
	return s->ballooned || s->tight || h->changed;
}

static void stay_awake(struct host *h, uint64_t until_sec)
{
	if (h->awake_until_sec < until_sec)
		h->awake_until_sec = until_sec;
}

static bool awake(const struct host_params *p, struct host *h, const struct host_sums *s,
		  uint64_t now_sec)
{
	int64_t available = host_available(p, s);

	if (s->refault_bytes != h->last_refault_bytes)
		stay_awake(h, now_sec + FORGIVEN_SEC);
	else if (at_stake(p, h, s))
		stay_awake(h, now_sec + CALM_SEC);
	h->last_available_bytes = available > 0 ? (uint64_t)available : 0;
	h->last_refault_bytes = s->refault_bytes;
	return p->every_host || now_sec < h->awake_until_sec;
}

static uint64_t part_of(uint64_t amount, uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)amount * part / whole) : 0;
}

static uint64_t easy_bytes(const struct vm *v)
{
	return v->idle_bytes + v->freed_bytes;
}

static uint64_t hard_bytes(const struct vm *v)
{
	return v->used_bytes - v->used_out_bytes;
}

/* Takes @need from all, from each as much as it has of the whole. Return: what was got. */
static uint64_t take_from_all(struct host *h, struct vm *vms, uint64_t need,
			      uint64_t (*has)(const struct vm *))
{
	uint64_t whole = 0, got = 0;

	for (size_t i = 0; i < h->n_members; i++)
		whole += has(&vms[h->members[i]]);
	if (need > whole)
		need = whole;
	for (size_t i = 0; i < h->n_members && got < need; i++) {
		struct vm *v = &vms[h->members[i]];
		uint64_t part = part_of(has(v), need, whole) + 1; /* rounded up: got must do */

		part = part < need - got ? part : need - got;
		got += vm_reclaim(v, part < has(v) ? part : has(v));
	}
	return got;
}

/* The kernel's own reclaim knows no guarantee, and of idle memory no age worth the name. */
static void kernel_reclaim(const struct host_params *p, struct host *h, struct vm *vms,
			   const struct host_sums *s)
{
	int64_t available = host_available(p, s);
	uint64_t need = available < 0 ? (uint64_t)-available : 0;
	uint64_t room = p->swap_bytes > s->out_bytes ? p->swap_bytes - s->out_bytes : 0, got;

	if (!need)
		return;
	h->totals.n_oom_steps += need > room;
	need = need < room ? need : room;
	got = take_from_all(h, vms, need, easy_bytes);
	got += take_from_all(h, vms, need - got, hard_bytes);
	h->totals.kernel_bytes += got;
}

static void count(struct host *h, const struct vm *vms, const struct host_sums *s,
		  const struct feed_step *step)
{
	struct host_totals *t = &h->totals;

	t->n_steps++;
	t->n_vm_steps += s->n_present;
	t->vm_seconds += s->n_present * step->seconds;
	t->refault_bytes = s->refault_bytes;
	for (size_t i = 0; i < h->n_members; i++)
		t->n_violations += vm_violated(&vms[h->members[i]]);
}

int host_step(const struct host_params *p, struct host *h, struct vm *vms,
	      const struct feed_step *step)
{
	struct host_sums s;
	int r = 0;

	move(h, vms, step);
	host_sum(p, h, vms, &s);
	if (awake(p, h, &s, step->time_sec) && s.n_present) {
		r = host_decide(p, h, vms, step);
		host_sum(p, h, vms, &s);
	}
	kernel_reclaim(p, h, vms, &s);
	count(h, vms, &s, step);
	return r;
}

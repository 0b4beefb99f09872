/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Switches a guest's balloon statistics on where it does not send them. */
#include "source/libvirt-period.h"

#include <libvirt/virterror.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "wrap/virt.h"

/* Younger statistics are on; the same age at which the policy by default believes no more. */
#define STATS_OLD_USEC (10 * USEC_PER_SEC)
/* A guest whose driver is not there answers never, however often it is told to. */
#define TRIES_MAX 3
#define TRY_GAP_NS (10 * NSEC_PER_SEC)

struct period_job {
	struct kvmb_job job;
	virDomainPtr domain; /* a reference */
	int period_sec;
	int id;
	char uuid[KVMB_UUID_SIZE];
	bool no_balloon;
};

static void period_drop(struct kvmb_job *job)
{
	struct period_job *p = (struct period_job *)job;

	(void)virDomainFree(p->domain);
	free(p);
}

static void period_run(struct kvmb_job *job)
{
	struct period_job *p = (struct period_job *)job;
	virConnectPtr conn = virDomainGetConnect(p->domain);

	if (virDomainSetMemoryStatsPeriod(p->domain, p->period_sec, VIR_DOMAIN_AFFECT_LIVE) == 0)
		return;
	/*
	 * QEMU's driver says "internal error" for "the model must be virtio" and has no better code
	 * for it; a lost connection gets that same code, but is lost.
	 */
	p->no_balloon = virGetLastErrorCode() == VIR_ERR_INTERNAL_ERROR &&
			virConnectIsAlive(conn) > 0;
}

static bool period_wanted(const struct kvmb_libvirt_guest *g, uint64_t now_ns)
{
	if (g->period_in_flight || g->no_balloon || g->sample.state != KVMB_GUEST_RUNNING)
		return false;
	if (g->n_periods >= TRIES_MAX)
		return false;
	if (g->n_periods > 0 && now_ns - g->period_ns < TRY_GAP_NS)
		return false;
	/* KVMB_UNKNOWN, where there are none at all, is larger still. */
	return g->sample.stats_age_usec > STATS_OLD_USEC;
}

void kvmb_libvirt_period_ask(struct kvmb_worker *w, virDomainPtr domain, uint64_t interval_usec,
			     uint64_t now_ns, struct kvmb_libvirt_guest *g)
{
	struct period_job *p;

	if (!period_wanted(g, now_ns))
		return;
	p = calloc(1, sizeof(*p));
	if (!p)
		return;
	if (virDomainRef(domain) < 0) {
		free(p);
		return;
	}
	p->job.run = period_run;
	p->job.drop = period_drop;
	p->domain = domain;
	p->period_sec = (int)u64_clamp(interval_usec / USEC_PER_SEC, 1, INT_MAX);
	p->id = g->id;
	memcpy(p->uuid, g->sample.uuid, sizeof(p->uuid));
	g->period_in_flight = true;
	g->n_periods++;
	g->period_ns = now_ns;
	kvmb_worker_submit(w, &p->job);
}

void kvmb_libvirt_period_take(struct kvmb_worker *w, struct kvmb_libvirt_guest *guests, size_t n)
{
	struct kvmb_job *job;

	while ((job = kvmb_worker_done(w))) {
		struct period_job *p = (struct period_job *)job;
		struct kvmb_libvirt_guest *g = kvmb_libvirt_guest_find(guests, n, p->uuid);

		if (g && g->id == p->id) {
			g->period_in_flight = false;
			g->no_balloon = p->no_balloon;
		}
		job->drop(job);
	}
}

static int compare_uuid(const void *key, const void *item)
{
	const struct kvmb_libvirt_guest *g = item;

	return strcmp(key, g->sample.uuid);
}

struct kvmb_libvirt_guest *kvmb_libvirt_guest_find(struct kvmb_libvirt_guest *guests, size_t n,
						   const char *uuid)
{
	return n ? bsearch(uuid, guests, n, sizeof(*guests), compare_uuid) : NULL;
}

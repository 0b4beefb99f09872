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
/* A guest whose driver is not there answers never, however often it was told to. */
#define PERIODS_MAX 3
#define GAP_MIN_NS (10 * NSEC_PER_SEC)
/* A failed call is tried again for ever: a backup or a migration may last for hours. */
#define GAP_MAX_NS (600 * NSEC_PER_SEC)
#define GAP_DOUBLED_MAX 6 /* which is beyond GAP_MAX_NS */

struct period_job {
	struct kvmb_job job;
	virDomainPtr domain; /* a reference */
	int period_sec;
	int id;
	char uuid[KVMB_UUID_SIZE];
	bool failed;
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
	p->failed = true;
	/*
	 * QEMU's driver says "internal error" for "the model must be virtio" and has no better code
	 * for it; a lost connection gets that same code, but is lost.
	 */
	p->no_balloon = virGetLastErrorCode() == VIR_ERR_INTERNAL_ERROR &&
			virConnectIsAlive(conn) > 0;
}

/* Doubled by each failure in a row, as every one of them may hold a thread of libvirtd's up. */
static uint64_t gap_ns(const struct kvmb_libvirt_guest *g)
{
	unsigned int n = g->n_period_faults;

	return u64_min(GAP_MIN_NS << (n < GAP_DOUBLED_MAX ? n : GAP_DOUBLED_MAX), GAP_MAX_NS);
}

static bool period_wanted(const struct kvmb_libvirt_guest *g, uint64_t now_ns)
{
	if (g->period_in_flight || g->no_balloon || g->sample.state != KVMB_GUEST_RUNNING)
		return false;
	if (g->n_periods >= PERIODS_MAX)
		return false;
	if (g->period_ns > 0 && u64_sub_sat(now_ns, g->period_ns) < gap_ns(g))
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
	kvmb_worker_submit(w, &p->job);
}

static void period_done(const struct period_job *p, uint64_t now_ns, struct kvmb_libvirt_guest *g)
{
	g->period_in_flight = false;
	g->no_balloon = p->no_balloon;
	g->period_ns = now_ns;
	if (p->failed) {
		g->n_period_faults++;
		return;
	}
	g->n_period_faults = 0;
	g->n_periods++;
}

void kvmb_libvirt_period_take(struct kvmb_worker *w, uint64_t now_ns,
			      struct kvmb_libvirt_guest *guests, size_t n)
{
	struct kvmb_job *job;

	while ((job = kvmb_worker_done(w))) {
		struct period_job *p = (struct period_job *)job;
		struct kvmb_libvirt_guest *g = kvmb_libvirt_guest_find(guests, n, p->uuid);

		if (g && g->id == p->id)
			period_done(p, now_ns, g);
		job->drop(job);
	}
}

bool kvmb_libvirt_period_asked(const struct kvmb_libvirt_guest *g, uint64_t now_ns)
{
	return g->n_periods >= PERIODS_MAX && u64_sub_sat(now_ns, g->period_ns) >= GAP_MIN_NS;
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

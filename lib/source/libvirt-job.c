/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks libvirt which guests it migrates, saves or takes a snapshot of. */
#include "source/libvirt-job.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "source/libvirt-period.h"

#define PERIOD_MIN_NS (2 * NSEC_PER_SEC)
#define PERIOD_PER_GUEST_NS (NSEC_PER_SEC / 100)

struct item {
	virDomainPtr domain; /* a reference */
	char uuid[KVMB_UUID_SIZE];
	int id;
	bool told;
	enum kvmb_why why;
};

struct kvmb_job_batch {
	struct kvmb_job job;
	uint64_t period_ns;
	size_t n;
	struct item items[];
};

/* A backup reads disks only, and libvirt lets balloons be set meanwhile. */
enum kvmb_why kvmb_libvirt_job_why(int operation)
{
	switch (operation) {
	case VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN:
	case VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT:
		return KVMB_WHY_MIGRATING;
	case VIR_DOMAIN_JOB_OPERATION_SAVE:
	case VIR_DOMAIN_JOB_OPERATION_RESTORE:
	case VIR_DOMAIN_JOB_OPERATION_DUMP:
		return KVMB_WHY_SAVING;
	case VIR_DOMAIN_JOB_OPERATION_SNAPSHOT:
	case VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT:
		return KVMB_WHY_SNAPSHOT;
	default:
		return KVMB_WHY_NONE;
	}
}

static void ask(struct item *item)
{
	virTypedParameterPtr params = NULL;
	int type = VIR_DOMAIN_JOB_NONE, n = 0, operation = 0;

	if (virDomainGetJobStats(item->domain, &type, &params, &n, 0) < 0)
		return;
	item->told = true;
	if (type == VIR_DOMAIN_JOB_BOUNDED || type == VIR_DOMAIN_JOB_UNBOUNDED)
		(void)virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
	item->why = kvmb_libvirt_job_why(operation);
	virTypedParamsFree(params, n);
}

static void batch_run(struct kvmb_job *job)
{
	struct kvmb_job_batch *b = (struct kvmb_job_batch *)job;

	for (size_t i = 0; i < b->n; i++)
		ask(&b->items[i]);
}

static void batch_drop(struct kvmb_job *job)
{
	struct kvmb_job_batch *b = (struct kvmb_job_batch *)job;

	for (size_t i = 0; i < b->n; i++)
		(void)virDomainFree(b->items[i].domain);
	free(b);
}

struct kvmb_job_batch *kvmb_libvirt_job_begin(size_t n)
{
	struct kvmb_job_batch *b = calloc(1, sizeof(*b) + n * sizeof(b->items[0]));

	if (!b)
		return NULL;
	b->job.run = batch_run;
	b->job.drop = batch_drop;
	b->period_ns = u64_max(PERIOD_MIN_NS, u64_mul_sat(n, PERIOD_PER_GUEST_NS));
	return b;
}

void kvmb_libvirt_job_add(struct kvmb_job_batch *b, virDomainPtr domain, uint64_t now_ns,
			  struct kvmb_libvirt_guest *g)
{
	struct item *item;

	if (!b || !g->asked || g->sample.facts_ns != now_ns || now_ns < g->job_due_ns)
		return;
	if (virDomainRef(domain) < 0)
		return;
	g->job_due_ns = u64_add_sat(now_ns, b->period_ns);
	item = &b->items[b->n++];
	item->domain = domain;
	item->id = g->id;
	memcpy(item->uuid, g->sample.uuid, sizeof(item->uuid));
}

bool kvmb_libvirt_job_submit(struct kvmb_worker *w, struct kvmb_job_batch *b)
{
	if (b && b->n > 0) {
		kvmb_worker_submit(w, &b->job);
		return true;
	}
	free(b);
	return false;
}

bool kvmb_libvirt_job_take(struct kvmb_worker *w, struct kvmb_libvirt_guest *guests, size_t n)
{
	struct kvmb_job *job = kvmb_worker_done(w);
	const struct kvmb_job_batch *b = (struct kvmb_job_batch *)job;

	if (!b)
		return false;
	for (size_t i = 0; i < b->n; i++) {
		const struct item *item = &b->items[i];
		struct kvmb_libvirt_guest *g = kvmb_libvirt_guest_find(guests, n, item->uuid);

		/*
		 * Without an answer the last word stands, for however long. libvirt answers in the
		 * middle of all of these jobs; where it does not, somebody else holds the guest's
		 * lock, and taking memory from it meanwhile is no safer than before.
		 */
		if (g && g->id == item->id && item->told)
			g->job_why = item->why;
	}
	job->drop(job);
	return true;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes guests' policies into the metadata of their definitions. */
#include "source/libvirt-metadata.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"
#include "base/worker.h"
#include "model/policy.h"
#include "source/domain-xml.h"
#include "wrap/virt.h"

/* Nobody who stops an agent should wait longer for a libvirtd that hangs. */
#define STOP_USEC USEC_PER_SEC
/* More than people type while libvirtd hangs. */
#define ORDERS_MAX 64

struct kvmb_metadata_writer {
	struct kvmb_worker *worker;
	struct kvmb_virt *virt;
	size_t n_orders;
};

struct order_job {
	struct kvmb_job job;
	struct kvmb_virt *virt; /* a reference */
	struct kvmb_metadata_order order;
};

static int fail(struct kvmb_metadata_order *o)
{
	return kvmb_virt_error(o->text, sizeof(o->text));
}

/* A guest that runs and is persistent has both, and they may differ. */
struct definition {
	const char *name;
	unsigned int read_flags;
	unsigned int write_flags;
};

/* In the order of writing: the one that goes to a disk, which may be full, comes first. */
enum { NEXT_START, THIS_RUN, DEFINITIONS };
static const struct definition definitions[DEFINITIONS] = {
	[NEXT_START] = { "for its next start", VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_AFFECT_CONFIG },
	[THIS_RUN] = { "of its run", 0, VIR_DOMAIN_AFFECT_LIVE },
};

/* What cannot be understood is not replaced: it may have values that somebody relies on. */
static int read_policy(virDomainPtr domain, const struct definition *d,
		       struct kvmb_metadata_order *o, struct kvmb_policy *ret)
{
	_cleanup_free_ char *text = virDomainGetXMLDesc(domain, d->read_flags);
	struct kvmb_backing backing = { 0 };
	struct kvmb_metadata m;
	int r;

	if (!text)
		return fail(o);
	r = kvmb_parse_domain(text, &backing, &m);
	if (r < 0)
		return kvmb_str_errno(o->text, sizeof(o->text), r, "the definition of the guest");
	if (m.error[0]) {
		kvmb_str_format(o->text, sizeof(o->text),
				"the metadata of the definition %s are at fault, mend or remove "
				"them with virsh metadata: %s", d->name, m.error);
		return -EINVAL;
	}
	*ret = m.policy;
	return 0;
}

static int change_policy(const struct kvmb_policy_change *c, struct kvmb_policy *p,
			 struct kvmb_metadata_order *o)
{
	_cleanup_free_ char *what = NULL;
	int r;

	kvmb_policy_unset(p, c->unset);
	kvmb_policy_overlay(p, &c->values, KVMB_POLICY_METADATA);
	r = kvmb_policy_check(p, &what);
	if (r < 0)
		kvmb_str_format(o->text, sizeof(o->text), "%s", what ? what : "");
	return r;
}

static int write_policy(virDomainPtr domain, const struct definition *d,
			const struct kvmb_policy *p, struct kvmb_metadata_order *o)
{
	_cleanup_free_ char *text = NULL;
	int r = p->set ? kvmb_metadata_format(p, &text) : 0;

	if (r < 0)
		return kvmb_str_errno(o->text, sizeof(o->text), r, "the metadata");
	/* Without a text libvirt takes the element away. */
	if (virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, text, KVMB_METADATA_PREFIX,
				 KVMB_METADATA_URI, d->write_flags) < 0)
		return fail(o);
	return 0;
}

/* Each has its own values and keeps them. Nothing is written before all of it can be. */
static int change_definitions(virDomainPtr domain, struct kvmb_metadata_order *o)
{
	const bool has[DEFINITIONS] = {
		[NEXT_START] = virDomainIsPersistent(domain) > 0,
		[THIS_RUN] = virDomainIsActive(domain) > 0,
	};
	struct kvmb_policy p[DEFINITIONS];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < DEFINITIONS; i++) {
		if (has[i])
			r = read_policy(domain, &definitions[i], o, &p[i]);
		if (has[i] && r >= 0)
			r = change_policy(&o->change, &p[i], o);
	}
	for (size_t i = 0; r >= 0 && i < DEFINITIONS; i++)
		if (has[i])
			r = write_policy(domain, &definitions[i], &p[i], o);
	return r;
}

static int carry_out(struct kvmb_virt *virt, struct kvmb_metadata_order *o)
{
	_cleanup_(kvmb_virt_putp) virConnectPtr conn = kvmb_virt_get(virt);
	_cleanup_(kvmb_virt_domain_freep) virDomainPtr domain = NULL;

	if (!conn) {
		kvmb_str_format(o->text, sizeof(o->text), "libvirt is not connected");
		return -ENOTCONN;
	}
	domain = virDomainLookupByUUIDString(conn, o->uuid);
	return domain ? change_definitions(domain, o) : fail(o);
}

static void order_run(struct kvmb_job *job)
{
	struct order_job *j = (struct order_job *)job;

	j->order.error = carry_out(j->virt, &j->order);
}

static void order_drop(struct kvmb_job *job)
{
	struct order_job *j = (struct order_job *)job;

	(void)kvmb_virt_unref(j->virt);
	free(j);
}

int kvmb_metadata_writer_new(struct kvmb_virt *virt, struct kvmb_metadata_writer **ret)
{
	struct kvmb_metadata_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	r = kvmb_worker_new("kvmb-virt-meta", &w->worker);
	if (r < 0) {
		free(w);
		return r;
	}
	w->virt = kvmb_virt_ref(virt);
	*ret = w;
	return 0;
}

struct kvmb_metadata_writer *kvmb_metadata_writer_free(struct kvmb_metadata_writer *w)
{
	if (!w)
		return NULL;
	(void)kvmb_worker_free(w->worker, STOP_USEC, NULL);
	(void)kvmb_virt_unref(w->virt);
	free(w);
	return NULL;
}

int kvmb_metadata_writer_fd(const struct kvmb_metadata_writer *w)
{
	return kvmb_worker_fd(w->worker);
}

int kvmb_metadata_writer_submit(struct kvmb_metadata_writer *w, const char *uuid,
				const struct kvmb_policy_change *change)
{
	struct order_job *j;

	if (w->n_orders >= ORDERS_MAX)
		return -EBUSY;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->job.run = order_run;
	j->job.drop = order_drop;
	j->virt = kvmb_virt_ref(w->virt);
	j->order.change = *change;
	(void)kvmb_str_copy(j->order.uuid, sizeof(j->order.uuid), uuid);
	w->n_orders++;
	kvmb_worker_submit(w->worker, &j->job);
	return 0;
}

bool kvmb_metadata_writer_next(struct kvmb_metadata_writer *w, struct kvmb_metadata_order *ret)
{
	struct kvmb_job *job = kvmb_worker_done(w->worker);

	if (!job)
		return false;
	*ret = ((struct order_job *)job)->order;
	job->drop(job);
	w->n_orders--;
	return true;
}

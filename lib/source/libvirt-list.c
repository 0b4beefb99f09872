/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bulk calls: all guests are listed when one came or went, and now and then in case nobody
 * told; else those that are known are asked. To list them libvirt looks at each of its domains, and
 * waits for one whose hook script it runs. That script may be waiting for us: it reserves room for
 * its guest, and we have to go on with the others (see data/libvirt-hook).
 */
#include <stdlib.h>

#include "base/num.h"
#include "source/libvirt-internal.h"
#include "wrap/virt.h"

#define LIST_NS NSEC_PER_MINUTE

/*
 * NOWAIT: a guest that has a job (it migrates, say) is told without what QEMU would have to be
 * asked for, rather than holding up all others.
 */
#define STATS (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BALLOON)
#define NOWAIT VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
#define RUNNING VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE

void kvmb_libvirt_list_forget(struct kvmb_libvirt_session *s)
{
	for (size_t i = 0; s->domains && s->domains[i]; i++)
		(void)virDomainFree(s->domains[i]);
	free(s->domains);
	s->domains = NULL;
	s->list_ns = 0;
}

/* For want of memory: next time all are listed again. */
static void keep(struct kvmb_libvirt_session *s, uint64_t now_ns, virDomainStatsRecordPtr *records,
		 size_t n)
{
	kvmb_libvirt_list_forget(s);
	s->domains = calloc(n + 1, sizeof(virDomainPtr));
	if (!s->domains)
		return;
	for (size_t i = 0; i < n; i++) {
		if (virDomainRef(records[i]->dom) < 0) {
			kvmb_libvirt_list_forget(s);
			return;
		}
		s->domains[i] = records[i]->dom;
	}
	s->list_ns = u64_add_sat(now_ns, LIST_NS);
}

static bool take_unlisted(struct kvmb_libvirt *lv)
{
	bool unlisted;

	(void)pthread_mutex_lock(&lv->lock);
	unlisted = lv->unlisted;
	lv->unlisted = false;
	(void)pthread_mutex_unlock(&lv->lock);
	return unlisted;
}

int kvmb_libvirt_list(struct kvmb_libvirt *lv, uint64_t now_ns, virDomainStatsRecordPtr **ret)
{
	struct kvmb_libvirt_session *s = &lv->session;
	bool list = take_unlisted(lv) || now_ns >= s->list_ns || !s->domains[0];
	int n = list ? virConnectGetAllDomainStats(s->conn, STATS, ret, RUNNING | NOWAIT) :
		       virDomainListGetStats(s->domains, STATS, ret, NOWAIT);

	if (n < 0) {
		s->list_ns = 0;
		return kvmb_virt_error(s->error, sizeof(s->error));
	}
	if (list)
		keep(s, now_ns, *ret, (size_t)n);
	return n;
}

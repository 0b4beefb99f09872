/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's memory is: from libvirt's definition of it, and from the kernel. */
#include "source/libvirt-backing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "source/domain-xml.h"
#include "source/process-memory.h"

#define RETRY_NS (10 * NSEC_PER_SEC)
/* A device that is plugged in pins at once, but libvirt's event tells that sooner. */
#define PROCESS_NS (5 * NSEC_PER_SEC)
#define NEVER_NS UINT64_MAX

/* libvirt answers from its memory: no job is needed, and QEMU is not asked. */
static void read_definition(virDomainPtr domain, uint64_t now_ns, struct kvmb_libvirt_guest *g)
{
	_cleanup_free_ char *text = virDomainGetXMLDesc(domain, 0);

	g->backing.unread = !text || kvmb_parse_domain(text, &g->backing, &g->metadata) < 0;
	g->definition_due_ns = g->backing.unread ? u64_add_sat(now_ns, RETRY_NS) : NEVER_NS;
}

void kvmb_libvirt_backing_update(const struct kvmb_root *root, virDomainPtr domain, uint64_t now_ns,
				 struct kvmb_libvirt_guest *g)
{
	if (now_ns >= g->definition_due_ns)
		read_definition(domain, now_ns, g);
	if (g->sample.pid > 0 && now_ns >= g->process_due_ns) {
		g->process_due_ns = u64_add_sat(now_ns, PROCESS_NS);
		/* One that is ending keeps what it had. */
		(void)kvmb_process_memory_read(root, g->sample.pid, &g->backing);
	}
	g->sample.backing = g->backing;
	g->sample.metadata = g->metadata.policy;
	memcpy(g->sample.metadata_error, g->metadata.error, sizeof(g->metadata.error));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy in a domain's metadata: one element of our namespace, whose attributes are the keys of
 * kvm-balloond.conf(5).
 *
 *	<metadata>
 *	  <balloon:policy xmlns:balloon="https://linux-kvm.org/kvm-balloond/policy/1.0"
 *	                  Guarantee="512M" Priority="high"/>
 *	</metadata>
 *
 * Whoever may define the domain writes it, so it is hostile: all of it counts, or nothing.
 * data/kvm-balloond-policy.rng says the same as a schema.
 */
#ifndef KVMB_SOURCE_METADATA_XML_H
#define KVMB_SOURCE_METADATA_XML_H

#include <kvmballoon.h>

#define KVMB_METADATA_URI "https://linux-kvm.org/kvm-balloond/policy/1.0"
#define KVMB_METADATA_PREFIX "balloon" /* where we are the first to write it */

struct _xmlNode;

struct kvmb_metadata {
	struct kvmb_policy policy;  /* `set` is empty where there is none, or none that counts */
	char error[KVMB_TEXT_SIZE]; /* why it does not, and what is allowed; or "" */
};

/** kvmb_metadata_read() - of a <domain>; pure */
void kvmb_metadata_read(const struct _xmlNode *domain, struct kvmb_metadata *ret);

/**
 * kvmb_metadata_format() - the members in @p->set as an element without prefix and namespace
 * That is how libvirt wants it: it puts both in. Return: 0 with a malloc'ed text, or -ENOMEM.
 */
int kvmb_metadata_format(const struct kvmb_policy *p, char **ret);

#endif

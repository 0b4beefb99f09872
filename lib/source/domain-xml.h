/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's definition of a running domain says of the guest's memory, and of its policy. */
#ifndef KVMB_SOURCE_DOMAIN_XML_H
#define KVMB_SOURCE_DOMAIN_XML_H

#include "source/metadata-xml.h"

/**
 * kvmb_parse_domain() - the facts of a <domain>; pure
 * @ret: passthrough, encrypted, locked, hugetlb and shared are set; the figures are left alone
 * @ret_metadata: what its metadata say; where they are at fault that is in it, and no failure
 *
 * passthrough: a hostdev, interface or disk that QEMU drives by VFIO or vDPA. shared: a device
 * whose back end is another process that maps the guest's memory (vhost-user, virtiofs), or memory
 * in a file that anybody may map. A memfd that QEMU alone has is not: it is swapped out like other
 * memory.
 *
 * Return: 0, -EBADMSG no domain or no XML, -E2BIG, -ENOMEM.
 */
int kvmb_parse_domain(const char *text, struct kvmb_backing *ret,
		      struct kvmb_metadata *ret_metadata);

#endif

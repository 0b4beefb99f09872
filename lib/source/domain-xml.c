/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's definition of a running domain says of the guest's memory, and of its policy. */
#include "source/domain-xml.h"

#include <errno.h>

#include "base/num.h"
#include "wrap/xml.h"

/* Devices that reach into the guest's memory, by an attribute of theirs or of a part of theirs. */
static const struct {
	const char *device;
	const char *part; /* NULL: the device itself */
	const char *attribute;
	const char *value;
	bool pins; /* all of the memory; else another process maps it */
} devices[] = {
	{ "hostdev", NULL, "type", "pci", true },
	{ "hostdev", NULL, "type", "mdev", true },
	{ "interface", NULL, "type", "hostdev", true },
	{ "interface", NULL, "type", "vdpa", true },
	{ "interface", NULL, "type", "vhostuser", false },
	{ "disk", NULL, "type", "nvme", true }, /* QEMU's own driver of it, on VFIO */
	{ "disk", NULL, "type", "vhostvdpa", true },
	{ "disk", NULL, "type", "vhostuser", false },
	{ "filesystem", "driver", "type", "virtiofs", false },
	{ "video", "driver", "name", "vhostuser", false },
};

static void take_device(const struct _xmlNode *device, struct kvmb_backing *b)
{
	if (kvmb_xml_is(device, "memballoon"))
		b->reports_free = kvmb_xml_has(device, "freePageReporting", "on");
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct _xmlNode *part = device;

		if (!kvmb_xml_is(device, devices[i].device))
			continue;
		if (devices[i].part)
			part = kvmb_xml_child(device, devices[i].part);
		if (!kvmb_xml_has(part, devices[i].attribute, devices[i].value))
			continue;
		*(devices[i].pins ? &b->passthrough : &b->shared) = true;
	}
}

/* For all memory, or for that of a NUMA node. */
static bool access_shared(const struct _xmlNode *domain, const struct _xmlNode *backing)
{
	const struct _xmlNode *numa = kvmb_xml_child(kvmb_xml_child(domain, "cpu"), "numa");
	const struct _xmlNode *cell = kvmb_xml_child(numa, "cell");

	if (kvmb_xml_has(kvmb_xml_child(backing, "access"), "mode", "shared"))
		return true;
	while (cell && !kvmb_xml_has(cell, "memAccess", "shared"))
		cell = kvmb_xml_next(cell, "cell");
	return cell;
}

static void take_backing(const struct _xmlNode *domain, struct kvmb_backing *b)
{
	const struct _xmlNode *backing = kvmb_xml_child(domain, "memoryBacking");

	b->locked = kvmb_xml_child(backing, "locked");
	b->hugetlb = kvmb_xml_child(backing, "hugepages");
	/* libvirt takes a file for it unless told to take a memfd, which only QEMU has. */
	b->shared = access_shared(domain, backing) &&
		    !kvmb_xml_has(kvmb_xml_child(backing, "source"), "type", "memfd");
}

int kvmb_parse_domain(const char *text, struct kvmb_backing *ret,
		      struct kvmb_metadata *ret_metadata)
{
	_cleanup_(kvmb_xml_freep) struct kvmb_xml *x = NULL;
	const struct _xmlNode *domain, *device;
	struct kvmb_backing b = *ret;
	int r = kvmb_xml_parse(text, &x);

	if (r < 0)
		return r;
	domain = kvmb_xml_root(x);
	if (!kvmb_xml_is(domain, "domain"))
		return -EBADMSG;
	b.passthrough = b.reports_free = false;
	b.encrypted = kvmb_xml_child(domain, "launchSecurity");
	take_backing(domain, &b);
	device = kvmb_xml_child(kvmb_xml_child(domain, "devices"), NULL);
	for (; device; device = kvmb_xml_next(device, NULL))
		take_device(device, &b);
	kvmb_metadata_read(domain, ret_metadata);
	*ret = b;
	return 0;
}

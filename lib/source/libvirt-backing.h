/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest's memory is: read from libvirt's definition of it when the guest is new or was
 * changed, and every few seconds from what the kernel accounts to its QEMU. Private to
 * source/libvirt*.c.
 */
#ifndef KVMB_SOURCE_LIBVIRT_BACKING_H
#define KVMB_SOURCE_LIBVIRT_BACKING_H

#include "source/libvirt-guest.h"

/** kvmb_libvirt_backing_update() - bring the sample's `backing` up to date, reading what is due */
void kvmb_libvirt_backing_update(const struct kvmb_root *root, virDomainPtr domain, uint64_t now_ns,
				 struct kvmb_libvirt_guest *g);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes guests' policies into the metadata of their definitions, from a thread of its own, for
 * libvirtd may hold it up. One caller thread.
 *
 * A guest that runs has two definitions, of its run and for its next start. What stands in each in
 * our namespace is read first, and only the values that are named change; where it cannot be read,
 * neither is written. Metadata of other namespaces stay as they are.
 */
#ifndef KVMB_SOURCE_LIBVIRT_METADATA_H
#define KVMB_SOURCE_LIBVIRT_METADATA_H

#include <kvmballoon.h>

struct kvmb_metadata_writer;
struct kvmb_virt;

/* What to write, and what came of it. */
struct kvmb_metadata_order {
	char uuid[KVMB_UUID_SIZE];
	struct kvmb_policy_change change;
	int error;                 /* 0, or -errno as kvmb_virt_error() has it */
	char text[KVMB_TEXT_SIZE]; /* why not, in libvirt's words */
};

/** kvmb_metadata_writer_new() - start the thread; @virt: a reference is taken. 0 or -errno. */
int kvmb_metadata_writer_new(struct kvmb_virt *virt, struct kvmb_metadata_writer **ret);

/** kvmb_metadata_writer_free() - returns within about a second, even if libvirtd hangs; NULL */
struct kvmb_metadata_writer *kvmb_metadata_writer_free(struct kvmb_metadata_writer *w);

/** kvmb_metadata_writer_fd() - readable (POLLIN) when an order is done */
int kvmb_metadata_writer_fd(const struct kvmb_metadata_writer *w);

/** kvmb_metadata_writer_submit() - 0, -ENOMEM, or -EBUSY: too many wait already */
int kvmb_metadata_writer_submit(struct kvmb_metadata_writer *w, const char *uuid,
				const struct kvmb_policy_change *change);

/** kvmb_metadata_writer_next() - an order that is done; false: there is none */
bool kvmb_metadata_writer_next(struct kvmb_metadata_writer *w, struct kvmb_metadata_order *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples: making, ordering, finding.
 */
#ifndef KVMB_MODEL_SAMPLE_H
#define KVMB_MODEL_SAMPLE_H

#include <kvmballoon.h>

#include "base/cleanup.h"

struct kvmb_json;

KVMB_DEFINE_CLEANUP(struct kvmb_sample *, kvmb_sample_free);

/** kvmb_sample_new() - @n_guests guests, each as kvmb_guest_init() leaves it */
int kvmb_sample_new(size_t n_guests, struct kvmb_sample **ret);

/** kvmb_sample_sort() - into the order that kvmb_sample_find_name() and the policy rely on */
void kvmb_sample_sort(struct kvmb_sample *s);

/** kvmb_sample_find_name() - NULL if there is none. Binary search. */
struct kvmb_guest_sample *kvmb_sample_find_name(const struct kvmb_sample *s, const char *name);

/* The JSON form as part of something larger; else as kvmb_sample_to_json() and its counterpart. */
int kvmb_sample_to_object(const struct kvmb_sample *s, struct kvmb_json **ret);
int kvmb_sample_from_object(const struct kvmb_json *o, struct kvmb_sample **ret, char **ret_error);

/* Member "store" of a guest's object, and "stores" of a sample's. Absent: there is none. */
int kvmb_store_to_json(const struct kvmb_store *s, struct kvmb_json *guest);
int kvmb_store_from_json(const struct kvmb_json *guest, struct kvmb_store *ret, const char *path,
			 char **ret_error);
int kvmb_host_store_to_json(const struct kvmb_host_store *s, struct kvmb_json *sample);
int kvmb_host_store_from_json(const struct kvmb_json *sample, struct kvmb_host_store *ret,
			      char **ret_error);

/* Members "metadata" and "metadata_error" of a guest's object; both may be absent. */
int kvmb_metadata_to_json(const struct kvmb_guest_sample *g, struct kvmb_json *guest);
int kvmb_metadata_from_json(const struct kvmb_json *guest, struct kvmb_guest_sample *g,
			    const char *path, char **ret_error);

#endif

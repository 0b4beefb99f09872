/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration objects: what the library itself needs beyond the public header.
 */
#ifndef KVMB_CONFIGURATION_H
#define KVMB_CONFIGURATION_H

#include <kvmballoon.h>

#include "base/cleanup.h"

KVMB_DEFINE_CLEANUP(struct kvmb_config *, kvmb_config_free);

struct kvmb_json;

/* JSON form, for recordings: what decides, not where it was written; -EBADMSG names the fault. */
int kvmb_config_to_object(const struct kvmb_config *c, struct kvmb_json **ret);
int kvmb_config_from_object(const struct kvmb_json *o, struct kvmb_config **ret, char **ret_error);

int kvmb_config_copy(const struct kvmb_config *c, struct kvmb_config **ret);

/* Of all that is meant for a guest; bits. */
enum kvmb_uncounted {
	KVMB_UNCOUNTED_CLASS = 1, /* one or more that match */
	KVMB_UNCOUNTED_METADATA = 2,
	KVMB_UNCOUNTED_RUNTIME = 4,
};

/**
 * kvmb_config_policy_fault() - what of all that is meant for a guest does not count, and why
 * Arguments as kvmb_config_policy(). @ret_text: of the strongest of it; NULL without memory
 * Return: bits of enum kvmb_uncounted; 0: all counts.
 */
int kvmb_config_policy_fault(const struct kvmb_config *c, const char *name,
			     const struct kvmb_policy *metadata, const struct kvmb_policy *runtime,
			     char **ret_text);

/**
 * kvmb_config_classes() - the patterns that a guest's policy has its values of source CLASS from
 * @ret: NULL for all others; they live as long as @c
 */
void kvmb_config_classes(const struct kvmb_config *c, const char *name,
			 const struct kvmb_policy *policy, const char *ret[static KVMB_FIELDS]);

#endif

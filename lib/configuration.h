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

#endif

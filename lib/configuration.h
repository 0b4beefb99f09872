/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration objects: what the library itself needs beyond the public header.
 */
#ifndef KVMB_CONFIGURATION_H
#define KVMB_CONFIGURATION_H

#include <kvmballoon.h>

#include "base/cleanup.h"

KVMB_DEFINE_CLEANUP(struct kvmb_config *, kvmb_config_free);

int kvmb_config_copy(const struct kvmb_config *c, struct kvmb_config **ret);

#endif

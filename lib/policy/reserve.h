/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 1: what the host itself uses besides its guests, and how much more it did of late. */
#ifndef KVMB_POLICY_RESERVE_H
#define KVMB_POLICY_RESERVE_H

#include <kvmballoon.h>

#include "model/state.h"

/**
 * kvmb_reserve_update() - take in the sample; how far the host is below its peak of ten minutes
 *
 * The host's own use is total - available - what its guests hold - RAM that swap occupies. What it
 * used for 10 s on end it may want again.
 * Return: peak - present use. Where the sample does not tell what each guest holds, that of the
 * last one that did, until its peak is ten minutes old.
 */
uint64_t kvmb_reserve_update(struct kvmb_own_use *u, const struct kvmb_sample *sample);

#endif

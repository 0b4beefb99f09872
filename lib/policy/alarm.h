/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of all means: the host is hard up, and nothing is left to take. Pure. */
#ifndef KVMB_POLICY_ALARM_H
#define KVMB_POLICY_ALARM_H

#include <kvmballoon.h>

#include "model/state.h"

/**
 * kvmb_alarm_update() - raise or end the alarm in @s
 * @host: where its mode keeps the agent from taking anything, there is no alarm
 * @plan: as the gate has let it through
 *
 * It is raised when for ten seconds nothing was taken or being taken for a need of a host that is
 * hard up, and ends when for ten seconds something was, or when nothing is missing.
 */
void kvmb_alarm_update(const struct kvmb_host_config *host, const struct kvmb_sample *sample,
		       const struct kvmb_plan *plan, struct kvmb_state *s);

#endif

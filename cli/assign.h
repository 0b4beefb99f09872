/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KEY=VALUE on the command line: read, and sent as the a{sv} of the daemon. */
#ifndef CTL_ASSIGN_H
#define CTL_ASSIGN_H

#include <kvmballoon.h>

#include "ctl.h"

struct assignments {
	struct kvmb_policy values; /* those in its `set` */
	uint32_t unset;            /* bit mask of kvmb_policy_field: "KEY=", to be taken away */
};

/** assign_parse() - @may_unset: "KEY=" is allowed; prints what is wrong; an exit status */
int assign_parse(int n, char **operands, bool may_unset, struct assignments *ret);

/** assign_append() - the a{sv} of SetPolicy; 0 or a negative errno */
int assign_append(sd_bus_message *m, const struct kvmb_policy *p);

/** assign_append_unset() - the names of fields as an array */
int assign_append_unset(sd_bus_message *m, uint32_t unset);

#endif

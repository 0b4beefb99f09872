/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two pages of the verb status, from what was read off the bus. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "ctl.h"
#include "fields.h"

void status_print_host(const struct ctl *ctl, const struct manager *m,
		       const struct machines *machines);
/** status_print_problems() - what an operator should look at, machine by machine */
void status_print_problems(const struct ctl *ctl, const struct machines *machines);
/** status_print_far() - where cold memory goes, and what is out */
void status_print_far(const struct ctl *ctl, const struct machine *m);

int status_print_machine(const struct ctl *ctl, const struct machine *m);

#endif

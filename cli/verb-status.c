// SPDX-License-Identifier: GPL-2.0-or-later
/* status: the host, or one machine, in full. */
#include <errno.h>

#include "bus.h"
#include "fact.h"
#include "figure.h"
#include "json.h"
#include "status.h"
#include "util.h"

static int print_host(const struct ctl *ctl, const struct manager *m,
		      const struct machines *machines)
{
	status_print_host(ctl, m, machines);
	status_print_problems(ctl, machines);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int status_of_host(struct ctl *ctl)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(manager_clear) struct manager m;
	_cleanup_(machines_clear) struct machines machines = { 0 };
	int r = bus_get_manager(ctl, &m, &error);

	if (r >= 0 && !ctl->json)
		r = bus_get_machines(ctl, &machines, &error);
	if (r < 0)
		return bus_failed(ctl, &error, r, NULL);
	r = ctl->json ? json_print_manager(&m) : print_host(ctl, &m, &machines);
	return r < 0 ? ctl_errno(r, "cannot print the status") : CTL_OK;
}

static int status_of_machine(struct ctl *ctl, const char *name)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(machine_clear) struct machine m;
	int r = bus_get_machine(ctl, name, &m, &error);

	if (r < 0)
		return bus_failed(ctl, &error, r, name);
	r = ctl->json ? json_print_machine(&m) : status_print_machine(ctl, &m);
	return r < 0 ? ctl_errno(r, "cannot print the status") : CTL_OK;
}

int ctl_verb_status(struct ctl *ctl, int n, char **operands)
{
	return n ? status_of_machine(ctl, operands[0]) : status_of_host(ctl);
}

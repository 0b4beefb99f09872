/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts with machines on them, at one overcommit ratio. */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "host.h"

struct fleet {
	struct host_params params;
	uint32_t ratio_percent; /* provisioned to RAM */
	struct vm *vms;         /* by number */
	size_t n_vms, vm_room;
	struct host *hosts;
	size_t n_hosts, host_room;
};

struct fleet_report {
	uint32_t ratio_percent;
	size_t n_hosts;
	size_t n_vms;
	struct host_totals totals;
	size_t worst_host; /* from 1: most steps over RAM and swap, then most violations */
	struct host_totals worst;
};

/**
 * fleet_step() - place machines that are new, and run one step
 * Return: 0, -E2BIG where a machine is larger than a host takes (its number in *ret_vm), -errno.
 */
int fleet_step(struct fleet *f, const struct feed_step *step, size_t *ret_vm);
void fleet_report(const struct fleet *f, struct fleet_report *ret);
void fleet_clear(struct fleet *f);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Places machines first-fit, in the order of their coming; a machine stays where it is. */
#include "fleet.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t host_takes(const struct fleet *f)
{
	return f->params.memory_bytes * f->ratio_percent / 100;
}

static int add_host(struct fleet *f)
{
	struct host *hosts;
	size_t room = f->host_room ? f->host_room * 2 : 64;

	if (f->n_hosts == f->host_room) {
		hosts = realloc(f->hosts, room * sizeof(*hosts));
		if (!hosts)
			return -ENOMEM;
		f->hosts = hosts;
		f->host_room = room;
	}
	f->hosts[f->n_hosts++] = (struct host){ .members = NULL };
	return 0;
}

static int add_vm(struct fleet *f, uint64_t provisioned_bytes)
{
	struct vm *vms;
	size_t room = f->vm_room ? f->vm_room * 2 : 256;

	if (f->n_vms == f->vm_room) {
		vms = realloc(f->vms, room * sizeof(*vms));
		if (!vms)
			return -ENOMEM;
		f->vms = vms;
		f->vm_room = room;
	}
	vm_init(&f->vms[f->n_vms++], provisioned_bytes);
	return 0;
}

static int place(struct fleet *f, uint64_t provisioned_bytes)
{
	uint64_t most = host_takes(f);
	size_t i = 0;
	int r;

	if (provisioned_bytes > most)
		return -E2BIG;
	while (i < f->n_hosts && f->hosts[i].provisioned_bytes > most - provisioned_bytes)
		i++;
	r = i == f->n_hosts ? add_host(f) : 0;
	if (r >= 0)
		r = add_vm(f, provisioned_bytes);
	return r < 0 ? r : host_add(&f->hosts[i], (uint32_t)f->n_vms - 1, provisioned_bytes);
}

int fleet_step(struct fleet *f, const struct feed_step *step, size_t *ret_vm)
{
	int r = 0;

	while (f->n_vms < step->n_vms) {
		size_t vm = f->n_vms;

		r = place(f, step->vms[vm].provisioned_bytes);
		if (r == -E2BIG)
			*ret_vm = vm;
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r >= 0 && i < f->n_hosts; i++)
		r = host_step(&f->params, &f->hosts[i], f->vms, step);
	return r;
}

static void add_totals(struct host_totals *sum, const struct host_totals *t)
{
	sum->n_vm_steps += t->n_vm_steps;
	sum->n_violations += t->n_violations;
	sum->n_oom_steps += t->n_oom_steps;
	sum->n_steps += t->n_steps;
	sum->vm_seconds += t->vm_seconds;
	sum->refault_bytes += t->refault_bytes;
	sum->balloon_bytes += t->balloon_bytes;
	sum->swapped_bytes += t->swapped_bytes;
	sum->kernel_bytes += t->kernel_bytes;
	sum->n_decided += t->n_decided;
}

static bool worse(const struct host_totals *a, const struct host_totals *b)
{
	if (a->n_oom_steps != b->n_oom_steps)
		return a->n_oom_steps > b->n_oom_steps;
	return a->n_violations > b->n_violations;
}

void fleet_report(const struct fleet *f, struct fleet_report *ret)
{
	struct fleet_report r = {
		.ratio_percent = f->ratio_percent,
		.n_hosts = f->n_hosts,
		.n_vms = f->n_vms,
	};

	for (size_t i = 0; i < f->n_hosts; i++) {
		const struct host_totals *t = &f->hosts[i].totals;

		add_totals(&r.totals, t);
		if (!i || worse(t, &r.worst)) {
			r.worst = *t;
			r.worst_host = i + 1;
		}
	}
	*ret = r;
}

void fleet_clear(struct fleet *f)
{
	for (size_t i = 0; i < f->n_hosts; i++)
		host_clear(&f->hosts[i]);
	free(f->hosts);
	free(f->vms);
	*f = (struct fleet){ .vms = NULL };
}

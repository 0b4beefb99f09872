/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine for actuators: a tree with one guest. */
#include "act.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

void write_pressure(const char *tree, const char *text)
{
	tree_write(tree, "sys/fs/cgroup/" SCOPE "/memory.pressure", text);
}

void write_current(const char *tree, uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", bytes);
	tree_write(tree, "sys/fs/cgroup/" SCOPE "/memory.current", text);
}

void write_cgroup_of(const char *tree, int pid, const char *scope)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "proc/%d/cgroup", pid);
	snprintf(text, sizeof(text), "0::/%s/libvirt/emulator\n", scope);
	tree_write(tree, path, text);
}

char *machine_new(void)
{
	char *tree = tree_new();

	tree_write_host(tree);
	tree_write_scope(tree, SCOPE, 100 * MIB);
	write_pressure(tree, CALM);
	write_cgroup_of(tree, PID, SCOPE);
	return tree;
}

struct kvmb_action action(enum kvmb_action_kind kind, uint64_t asked_bytes)
{
	struct kvmb_action a = { .kind = kind, .pid = PID, .asked_bytes = asked_bytes };

	a.facts.guest_limit_permyriad = 1000;
	kvmb_str_copy(a.name, sizeof(a.name), "alpha");
	kvmb_str_copy(a.cgroup, sizeof(a.cgroup), SCOPE);
	return a;
}

int apply(struct kvmb_actuator *act, const struct kvmb_action *a, bool cancel,
	  struct kvmb_result *ret)
{
	atomic_bool flag;

	atomic_init(&flag, cancel);
	memset(ret, 0x5a, sizeof(*ret));
	return act->ops->apply(act->ctx, a, &flag, ret);
}

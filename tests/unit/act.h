/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine for actuators: a tree with one guest, "alpha", whose QEMU has number PID. */
#ifndef KVMB_TEST_ACT_H
#define KVMB_TEST_ACT_H

#include "actuator/actuator.h"
#include "tree.h"

#define SCOPE TREE_SCOPE(1, "alpha")
#define RECLAIM_FILE "sys/fs/cgroup/" SCOPE "/memory.reclaim"
#define CALM "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n"
#define PID 77

/** machine_new() - 100 MiB resident, no pressure; tree_free() it */
char *machine_new(void);
void write_pressure(const char *tree, const char *text);
void write_current(const char *tree, uint64_t bytes);
/** write_cgroup_of() - process @pid is in @scope */
void write_cgroup_of(const char *tree, int pid, const char *scope);

/** action() - of that guest */
struct kvmb_action action(enum kvmb_action_kind kind, uint64_t asked_bytes);

/** apply() - with rubbish in the result: an actuator must set all that it promises to */
int apply(struct kvmb_actuator *act, const struct kvmb_action *a, bool cancel,
	  struct kvmb_result *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One host: its machines, the policy's state, and what a step does to them.
 *
 * kvmb_decide() is called for a host as long as something is at stake, and for a while after that:
 * see host.c. A host that is asleep would get empty plans.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "feed.h"
#include "vm.h"

/* What all hosts of a fleet have in common. */
struct host_params {
	const struct kvmb_config *config;
	uint64_t memory_bytes;
	uint64_t swap_bytes;
	bool every_host; /* decide for each host in each step, at stake or not */
};

struct host_totals {
	uint64_t n_vm_steps;
	uint64_t n_violations;     /* VM-steps */
	uint64_t n_oom_steps;      /* host-steps with more demand than RAM and swap */
	uint64_t n_steps;
	uint64_t vm_seconds;
	uint64_t refault_bytes;
	uint64_t balloon_bytes;    /* taken by the policy, by balloon */
	uint64_t swapped_bytes;    /* taken by the policy, to swap */
	uint64_t kernel_bytes;     /* what the kernel had to swap out itself */
	uint64_t n_decided;        /* VM-steps for which the policy was asked, rounds counted */
};

/* Of the machines that run now. */
struct host_sums {
	uint64_t resident_bytes;
	uint64_t out_bytes;
	uint64_t refault_bytes; /* since the beginning */
	size_t n_present;
	bool ballooned; /* one at least has less than it was promised */
	bool tight;     /* one has less free than the headroom that the policy wants to leave it */
};

struct host {
	uint64_t provisioned_bytes;
	uint32_t *members; /* numbers of machines, in the order of their coming */
	size_t n_members, room;
	struct host_totals totals;
	/* when to decide */
	uint64_t awake_until_sec;
	uint64_t last_available_bytes;
	uint64_t last_refault_bytes;
	bool changed; /* a machine came or went: the sample's list is out of date */
	/* the policy's; made when it is asked for the first time */
	struct kvmb_state *state;
	struct kvmb_sample sample;
	uint32_t *guests; /* numbers of the sample's guests, by name */
};

/** host_step() - one step of all its machines. Return: 0 or -errno. */
int host_step(const struct host_params *p, struct host *h, struct vm *vms,
	      const struct feed_step *step);
int host_add(struct host *h, uint32_t vm, uint64_t provisioned_bytes);
void host_clear(struct host *h);

/** host_sum() - over the machines that run */
void host_sum(const struct host_params *p, const struct host *h, const struct vm *vms,
	      struct host_sums *ret);
/** host_available() - RAM less what is resident and the host's own; negative: too little */
int64_t host_available(const struct host_params *p, const struct host_sums *s);

/**
 * host_decide() - decide.c: ask the policy, and do what it says; again for each round of a minute
 * or so that fits in the step, until nothing is to be done
 */
int host_decide(const struct host_params *p, struct host *h, struct vm *vms,
		const struct feed_step *step);

#endif

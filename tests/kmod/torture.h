/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the torture share: chance, what the processes tell each other, the calls. */
#ifndef KVMB_TESTS_KMOD_TORTURE_H
#define KVMB_TESTS_KMOD_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKERS 4
#define GUESTS_EACH 3 /* VMs of one worker at a time */

/* ---- Chance: the same seed gives the same choices ---------------------------------------- */

struct chance {
	uint64_t state; /* never 0 */
};

uint64_t chance_next(struct chance *c);

static inline uint64_t chance_below(struct chance *c, uint64_t n)
{
	return chance_next(c) % n;
}

static inline bool chance_one_in(struct chance *c, uint64_t n)
{
	return !chance_below(c, n);
}

/** chance_number() - one that is likely to hurt: 0, a bound, beside one, all ones, or any */
uint64_t chance_number(struct chance *c);

/* ---- Shared by all processes ------------------------------------------------------------- */

struct tally {
	atomic_ulong vms, reslots, runs, attached, accepted, refused, faults, left;
	atomic_ulong odd_errno, odd_answer, changed;
};

/* Where a VM's descriptor is, for others to fetch; pid 0: nowhere. It may be gone any moment. */
struct published {
	atomic_int pid;
	atomic_int fd;
};

struct shared {
	atomic_bool stop;
	struct tally tally;
	struct published vms[WORKERS * GUESTS_EACH];
};

/* ---- The parts --------------------------------------------------------------------------- */

/** torture_worker() - what one process does until it is told to stop, or leaves on its own */
void torture_worker(struct shared *shared, unsigned int index, uint64_t seed)
	__attribute__((noreturn));

/** torture_call() - one random call on a guest descriptor, its answer judged */
void torture_call(struct shared *shared, struct chance *c, int guest_fd);

/** torture_attach() - KVM_SWAP_ATTACH, now and then with rubbish. Return: descriptor or -1. */
int torture_attach(struct shared *shared, struct chance *c, int device, int vm_fd);

#endif

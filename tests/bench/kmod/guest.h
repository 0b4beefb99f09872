/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiny guest (tests/kmod/vm.h) that touches a set of pages: once, or all the time, on up to four
 * vCPUs. Errors end the program.
 */
#ifndef KVMB_BENCH_GUEST_H
#define KVMB_BENCH_GUEST_H

#include <pthread.h>

#include "../../kmod/vm.h"

#define GUEST_VCPUS 4

/* Written by the guest and by us: one a vCPU. */
struct guest_word {
	volatile uint32_t rounds; /* times that it touched its share of the set */
	volatile uint32_t go;     /* go on with the next round */
};

struct guest_vcpu {
	int fd;
	void *run;
	struct guest_word *word;
	uint32_t word_gpa, list_gpa, list_end; /* its share of the list */
	pthread_t thread;
};

struct guest {
	struct vm vm;
	size_t n_vcpus;
	struct guest_vcpu vcpus[GUEST_VCPUS];
	uint8_t *control; /* code, words, then the list of what to touch */
	size_t control_size;
	size_t n_hot;
};

/** guest_new() - a guest of so many bytes, all of them touched once */
void guest_new(struct guest *g, size_t bytes, enum vm_backing backing, size_t n_vcpus);
void guest_free(struct guest *g);

/** guest_new_huge() - the same, mapped huge, with one vCPU. False, and no guest, if it is not. */
bool guest_new_huge(struct guest *g, size_t bytes);

/** guest_set_hot() - which pages it touches from now on; not while it runs */
void guest_set_hot(struct guest *g, const uint8_t *hot);

/** guest_round() - the first vCPU touches its share once */
void guest_round(struct guest *g);

/** guest_start() - all vCPUs touch their shares, round after round, until guest_stop() */
void guest_start(struct guest *g);
void guest_stop(struct guest *g);

/** guest_rounds() - how often, all vCPUs together */
uint64_t guest_rounds(const struct guest *g);

#endif

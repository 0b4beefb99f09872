/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that times its own accesses by its time stamp counter. Errors end the program. */
#ifndef KVMB_BENCH_TIMED_H
#define KVMB_BENCH_TIMED_H

#include "../../kmod/vm.h"

struct timed {
	struct vm *vm;
	uint8_t *control; /* code, list of addresses, results */
	size_t control_size;
	size_t max_pages;
	size_t n;
};

/** timed_new() - for lists of up to @max_pages; takes slot 30, below VM_BASE */
void timed_new(struct timed *t, struct vm *vm, size_t max_pages);
void timed_free(struct timed *t);

/** timed_clear(), timed_add() - the list: pages of the guest's memory */
void timed_clear(struct timed *t);
void timed_add(struct timed *t, size_t page);

/**
 * timed_run() - the guest writes a 0 into the first byte of each page of the list
 * Return: what each of them took, in ticks; valid until the next run.
 */
const uint32_t *timed_run(struct timed *t);

/** timed_ns() - ticks as nanoseconds */
uint64_t timed_ns(const struct timed *t, uint64_t ticks);

#endif

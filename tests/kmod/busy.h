/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPUs that run all the time, each with pages of its own. */
#ifndef KVMB_TESTS_KMOD_BUSY_H
#define KVMB_TESTS_KMOD_BUSY_H

#include <pthread.h>

#include "vm.h"

/* @first, @n: pages that it counts in, round after round */
struct busy {
	struct vm *vm;
	int vcpu_fd;
	void *run;
	pthread_t thread;
	size_t first;
	size_t n;
};

/** busy_start() - a new vCPU of that number, in a thread of its own */
void busy_start(struct busy *b, struct vm *vm, unsigned int id, size_t first, size_t n);
void busy_stop(struct busy *b);

/** busy_round() - wait until each of @count vCPUs has touched all of its pages */
void busy_round(const struct busy *b, size_t count);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting by CLOCK_MONOTONIC: the time, and condition variables with a deadline. */
#ifndef KVMB_BASE_WAIT_H
#define KVMB_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define KVMB_FOREVER UINT64_MAX

uint64_t kvmb_now_ns(void);

/** kvmb_deadline_ns() - now and @usec; KVMB_FOREVER where that is too far away to be counted */
uint64_t kvmb_deadline_ns(uint64_t usec);

/** kvmb_cond_init() - for kvmb_cond_wait() */
void kvmb_cond_init(pthread_cond_t *cond);

/** kvmb_cond_wait() - false once @deadline_ns has passed; may return true for no reason */
bool kvmb_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns);

#endif

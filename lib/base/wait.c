/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting by CLOCK_MONOTONIC: the time, and condition variables with a deadline. */
#include "base/wait.h"

#include <errno.h>
#include <time.h>

#include "base/num.h"

uint64_t kvmb_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

uint64_t kvmb_deadline_ns(uint64_t usec)
{
	return u64_add_sat(kvmb_now_ns(), u64_mul_sat(usec, NSEC_PER_USEC));
}

void kvmb_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

bool kvmb_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(deadline_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(deadline_ns % NSEC_PER_SEC),
	};

	if (deadline_ns == KVMB_FOREVER)
		return pthread_cond_wait(cond, lock) == 0;
	return pthread_cond_timedwait(cond, lock, &t) != ETIMEDOUT;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread with a queue of jobs, for calls that may block: libvirt, cgroup writes, madvise.
 *
 * A job is embedded in the caller's object and belongs to the worker from kvmb_worker_submit()
 * until kvmb_worker_done() hands it back (or its drop() is called).
 */
#ifndef KVMB_BASE_WORKER_H
#define KVMB_BASE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kvmb_job {
	struct kvmb_job *next;               /* the worker's */
	void (*run)(struct kvmb_job *job);   /* in the worker's thread */
	void (*drop)(struct kvmb_job *job);  /* frees it; called where nobody fetches it any more */
};

struct kvmb_worker;

/**
 * kvmb_worker_new() - start the thread
 * @name: of the thread, at most 15 bytes, longer ones are cut
 *
 * All signals are blocked in the thread.
 * Return: 0 or -errno.
 */
int kvmb_worker_new(const char *name, struct kvmb_worker **ret);

/** kvmb_worker_submit() - queue a job; first in, first out. Cannot fail. */
void kvmb_worker_submit(struct kvmb_worker *w, struct kvmb_job *job);

/** kvmb_worker_done() - next finished job, now the caller's again; NULL if there is none */
struct kvmb_job *kvmb_worker_done(struct kvmb_worker *w);

/** kvmb_worker_fd() - readable (POLLIN) while kvmb_worker_done() has a job to hand back */
int kvmb_worker_fd(const struct kvmb_worker *w);

/**
 * kvmb_worker_free() - stop; jobs not begun and results not fetched are dropped
 * @timeout_usec: how long the running job may still take; UINT64_MAX: as long as it needs
 * @ret_left: optional; set to true where the running job did not end in time. The thread is then
 * left behind: it drops its job when that returns, and frees itself. Whatever the job uses must
 * therefore be owned by the job.
 *
 * Return: NULL. @w may be NULL.
 */
struct kvmb_worker *kvmb_worker_free(struct kvmb_worker *w, uint64_t timeout_usec, bool *ret_left);

#endif

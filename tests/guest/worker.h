/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker: all state of the workload, its main loop and its commands. */
#ifndef KVMB_GUEST_WORKER_H
#define KVMB_GUEST_WORKER_H

#include <stdbool.h>

#include "arena.h"
#include "job.h"
#include "load.h"
#include "port.h"
#include "reply.h"

/**
 * struct worker - one running workload
 * @waiting: id of the command that gets the result of the job, when @has_waiting
 * @quit:    leave the main loop
 */
struct worker {
	struct port port;
	struct arena arena;
	struct load load;
	struct job job;
	bool has_waiting;
	char waiting[REPLY_ID_MAX];
	bool quit;
};

/** worker_command() - execute one line, which is taken apart in place, and reply */
void worker_command(struct worker *w, char *line);

/** worker_job_done() - send the result of the finished job to whom waits for it */
void worker_job_done(struct worker *w);

/** worker_run() - serve until `quit`; Return: 0 or -errno */
int worker_run(struct worker *w);

#endif

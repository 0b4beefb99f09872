// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lanes: a thread and a queue each; results go to one list that an eventfd announces. */
#include "executor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/wait.h"

/*
 * How long a stop waits for the lanes; longer than a step of reclaim, shorter than systemd's
 * patience.
 */
#define JOIN_SEC 3

struct job {
	TAILQ_ENTRY(job) link;
	atomic_bool cancel;
	struct kvmb_action action;
	struct kvmb_result result;
	struct kvmb_range ranges[];
};

TAILQ_HEAD(job_list, job);

struct lane {
	pthread_t thread;
	pthread_cond_t wake;
	struct job_list queue;
	struct job *running;
	struct kvmb_executor *executor;
};

struct kvmb_executor {
	pthread_mutex_t lock; /* everything below, and the lanes' queue and running */
	unsigned int refs;    /* the owner, and each lane that runs */
	bool stop;
	size_t n_queued;
	int event_fd;
	struct job_list done;
	struct lane lanes[KVMB_LANES];
	struct kvmb_actuator table[KVMB_ACTION_KINDS];
};

static enum kvmb_lane lane_of(enum kvmb_action_kind kind)
{
	switch (kind) {
	case KVMB_ACTION_RECLAIM:
		return KVMB_LANE_RECLAIM;
	case KVMB_ACTION_PAGEOUT:
		return KVMB_LANE_PAGEOUT;
	case KVMB_ACTION_HIGH:
		return KVMB_LANE_HIGH;
	default:
		return KVMB_LANE_BALLOON;
	}
}

static void jobs_free(struct job_list *list)
{
	struct job *job;

	while ((job = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, job, link);
		free(job);
	}
}

static void table_free(struct kvmb_actuator table[KVMB_ACTION_KINDS])
{
	for (size_t i = 0; i < KVMB_ACTION_KINDS; i++) {
		void *ctx = table[i].ctx;

		if (!ctx)
			continue;
		if (table[i].ops->free)
			table[i].ops->free(ctx);
		for (size_t k = i; k < KVMB_ACTION_KINDS; k++)
			if (table[k].ctx == ctx)
				table[k].ctx = NULL;
	}
}

static void executor_unref(struct kvmb_executor *x)
{
	bool last;

	pthread_mutex_lock(&x->lock);
	last = --x->refs == 0;
	pthread_mutex_unlock(&x->lock);
	if (!last)
		return;
	for (size_t i = 0; i < KVMB_LANES; i++) {
		jobs_free(&x->lanes[i].queue);
		pthread_cond_destroy(&x->lanes[i].wake);
	}
	jobs_free(&x->done);
	table_free(x->table);
	(void)close(x->event_fd);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

/*
 * Has it waited so long that its facts are old? Behind a thrashing guest that takes minutes, and
 * the amount was right for the guest as it was. Giving back is right at any time.
 */
static bool is_stale(const struct kvmb_action *a, uint64_t now_ns)
{
	uint64_t until_ns = a->facts.valid_until_ns;

	return a->kind != KVMB_ACTION_DEFLATE && until_ns && now_ns > until_ns;
}

static void job_run(struct kvmb_executor *x, struct job *job)
{
	const struct kvmb_actuator *actuator = &x->table[job->action.kind];
	uint64_t start_ns = kvmb_now_ns();

	if (is_stale(&job->action, start_ns)) {
		job->result.error = -ESTALE;
		job->result.why = KVMB_WHY_FACTS_STALE;
	} else {
		job->result.error = actuator->ops->apply(actuator->ctx, &job->action,
							 &job->cancel, &job->result);
	}
	job->result.duration_usec = (kvmb_now_ns() - start_ns) / NSEC_PER_USEC;
	job->result.action = job->action;
	job->result.action.ranges = NULL;
	job->result.action.n_ranges = 0;
}

/* Called with the lock held; drops it while the action runs. */
static void lane_turn(struct lane *lane, struct job *job)
{
	struct kvmb_executor *x = lane->executor;
	const uint64_t one = 1;

	TAILQ_REMOVE(&lane->queue, job, link);
	x->n_queued--;
	lane->running = job;
	pthread_mutex_unlock(&x->lock);
	job_run(x, job);
	pthread_mutex_lock(&x->lock);
	lane->running = NULL;
	TAILQ_INSERT_TAIL(&x->done, job, link);
	(void)!write(x->event_fd, &one, sizeof(one));
}

static void *lane_main(void *arg)
{
	struct lane *lane = arg;
	struct kvmb_executor *x = lane->executor;

	pthread_mutex_lock(&x->lock);
	while (!x->stop) {
		struct job *job = TAILQ_FIRST(&lane->queue);

		if (job)
			lane_turn(lane, job);
		else
			pthread_cond_wait(&lane->wake, &x->lock);
	}
	pthread_mutex_unlock(&x->lock);
	executor_unref(x);
	return NULL;
}

/* The embedding program's signals are for its own threads. */
static int lane_start(struct lane *lane)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&lane->thread, NULL, lane_main, lane);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static void lane_join(struct lane *lane, const struct timespec *deadline)
{
	if (pthread_timedjoin_np(lane->thread, NULL, deadline) != 0)
		(void)pthread_detach(lane->thread);
}

static void executor_stop(struct kvmb_executor *x, size_t n_lanes)
{
	struct timespec deadline;

	pthread_mutex_lock(&x->lock);
	x->stop = true;
	for (size_t i = 0; i < n_lanes; i++) {
		if (x->lanes[i].running)
			atomic_store(&x->lanes[i].running->cancel, true);
		pthread_cond_signal(&x->lanes[i].wake);
	}
	pthread_mutex_unlock(&x->lock);
	(void)clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += JOIN_SEC;
	for (size_t i = 0; i < n_lanes; i++)
		lane_join(&x->lanes[i], &deadline);
}

int kvmb_executor_new(const struct kvmb_actuator table[KVMB_ACTION_KINDS],
		      struct kvmb_executor **ret)
{
	struct kvmb_executor *x = calloc(1, sizeof(*x));
	int r = 0;

	if (!x)
		return -ENOMEM;
	x->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (x->event_fd < 0) {
		r = -errno;
		free(x);
		return r;
	}
	x->refs = 1;
	TAILQ_INIT(&x->done);
	pthread_mutex_init(&x->lock, NULL);
	for (size_t i = 0; i < KVMB_LANES; i++) {
		TAILQ_INIT(&x->lanes[i].queue);
		pthread_cond_init(&x->lanes[i].wake, NULL);
		x->lanes[i].executor = x;
	}
	for (size_t i = 0; i < KVMB_LANES; i++) {
		x->refs++;
		r = lane_start(&x->lanes[i]);
		if (r < 0) {
			x->refs--;
			executor_stop(x, i);
			executor_unref(x);
			return r;
		}
	}
	memcpy(x->table, table, sizeof(x->table));
	*ret = x;
	return 0;
}

struct kvmb_executor *kvmb_executor_free(struct kvmb_executor *x)
{
	if (!x)
		return NULL;
	executor_stop(x, KVMB_LANES);
	executor_unref(x);
	return NULL;
}

int kvmb_executor_fd(const struct kvmb_executor *x)
{
	return x->event_fd;
}

static struct job *job_new(const struct kvmb_action *a)
{
	struct job *job = calloc(1, sizeof(*job) + a->n_ranges * sizeof(job->ranges[0]));

	if (!job)
		return NULL;
	job->action = *a;
	job->action.ranges = NULL;
	if (a->n_ranges) {
		memcpy(job->ranges, a->ranges, a->n_ranges * sizeof(job->ranges[0]));
		job->action.ranges = job->ranges;
	}
	return job;
}

/* Called with the lock held. @uuid: NULL for every guest. */
static void cancel_queued(struct lane *lane, const char *uuid)
{
	struct job *job;

	TAILQ_FOREACH(job, &lane->queue, link)
		if (!uuid || strcmp(job->action.uuid, uuid) == 0)
			atomic_store(&job->cancel, true);
}

/* Called with the lock held. */
static void cancel_all(struct lane *lane, const char *uuid)
{
	if (lane->running && (!uuid || strcmp(lane->running->action.uuid, uuid) == 0))
		atomic_store(&lane->running->cancel, true);
	cancel_queued(lane, uuid);
}

int kvmb_executor_submit(struct kvmb_executor *x, const struct kvmb_action *a)
{
	struct lane *lane = &x->lanes[lane_of(a->kind)];
	struct job *job;

	if ((unsigned int)a->kind >= KVMB_ACTION_KINDS)
		return -EINVAL;
	job = job_new(a);
	if (!job)
		return -ENOMEM;
	pthread_mutex_lock(&x->lock);
	if (x->n_queued >= KVMB_GUESTS_MAX) {
		pthread_mutex_unlock(&x->lock);
		free(job);
		return -ENOBUFS;
	}
	x->n_queued++;
	/* Give-back goes before everything that takes, which must not undo it afterwards. */
	if (a->kind == KVMB_ACTION_DEFLATE) {
		cancel_queued(lane, a->uuid);
		TAILQ_INSERT_HEAD(&lane->queue, job, link);
	} else {
		TAILQ_INSERT_TAIL(&lane->queue, job, link);
	}
	pthread_cond_signal(&lane->wake);
	pthread_mutex_unlock(&x->lock);
	return 0;
}

void kvmb_executor_cancel(struct kvmb_executor *x, const char *uuid)
{
	pthread_mutex_lock(&x->lock);
	cancel_all(&x->lanes[KVMB_LANE_RECLAIM], uuid);
	cancel_all(&x->lanes[KVMB_LANE_PAGEOUT], uuid);
	cancel_all(&x->lanes[KVMB_LANE_HIGH], uuid);
	pthread_mutex_unlock(&x->lock);
}

void kvmb_executor_end_limits(struct kvmb_executor *x)
{
	pthread_mutex_lock(&x->lock);
	cancel_all(&x->lanes[KVMB_LANE_HIGH], NULL);
	pthread_mutex_unlock(&x->lock);
}

int kvmb_executor_next(struct kvmb_executor *x, struct kvmb_result *ret)
{
	struct job *job;
	uint64_t count;

	pthread_mutex_lock(&x->lock);
	job = TAILQ_FIRST(&x->done);
	if (job)
		TAILQ_REMOVE(&x->done, job, link);
	if (TAILQ_EMPTY(&x->done))
		(void)!read(x->event_fd, &count, sizeof(count));
	pthread_mutex_unlock(&x->lock);
	if (!job)
		return 0;
	*ret = job->result;
	free(job);
	return 1;
}

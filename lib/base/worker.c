/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread with a queue of jobs, for calls that may block. */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/wait.h"

struct job_list {
	struct kvmb_job *first;
	struct kvmb_job *last;
};

/* Everything below is protected by `lock`. */
struct kvmb_worker {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* queue, stop or ended */
	pthread_t thread;
	struct job_list queue;
	struct job_list done;
	bool stop;     /* no further job is begun */
	bool ended;    /* the thread touches nothing any more, but for `orphan` */
	bool orphan;   /* nobody waits: the thread frees */
	int event_fd;  /* constant; readable: something is done */
};

static void list_push(struct job_list *l, struct kvmb_job *job)
{
	job->next = NULL;
	if (l->last)
		l->last->next = job;
	else
		l->first = job;
	l->last = job;
}

static struct kvmb_job *list_pop(struct job_list *l)
{
	struct kvmb_job *job = l->first;

	if (!job)
		return NULL;
	l->first = job->next;
	if (!l->first)
		l->last = NULL;
	return job;
}

static void list_drop(struct job_list *l)
{
	struct kvmb_job *job;

	while ((job = list_pop(l)))
		job->drop(job);
}

/* Nobody else knows @w any more. */
static void worker_destroy(struct kvmb_worker *w)
{
	list_drop(&w->queue);
	list_drop(&w->done);
	(void)kvmb_close(w->event_fd);
	(void)pthread_cond_destroy(&w->changed);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Next job to run, or NULL when the worker stops. With the lock held. */
static struct kvmb_job *wait_for_job(struct kvmb_worker *w)
{
	while (!w->stop && !w->queue.first)
		(void)pthread_cond_wait(&w->changed, &w->lock);
	return w->stop ? NULL : list_pop(&w->queue);
}

/* With the lock held. */
static void push_done(struct kvmb_worker *w, struct kvmb_job *job)
{
	uint64_t one = 1;

	list_push(&w->done, job);
	(void)!write(w->event_fd, &one, sizeof(one));
}

static void *worker_main(void *userdata)
{
	struct kvmb_worker *w = userdata;
	struct kvmb_job *job;
	bool orphan;

	(void)pthread_mutex_lock(&w->lock);
	while ((job = wait_for_job(w))) {
		(void)pthread_mutex_unlock(&w->lock);
		job->run(job);
		(void)pthread_mutex_lock(&w->lock);
		push_done(w, job);
	}
	w->ended = true;
	orphan = w->orphan;
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	if (orphan)
		worker_destroy(w);
	return NULL;
}

/* Signals are the main thread's business; a thread inherits the mask it was created under. */
static int start_thread(struct kvmb_worker *w, const char *name)
{
	char short_name[16];
	sigset_t all, old;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&w->thread, NULL, worker_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0)
		return -r;
	(void)strncpy(short_name, name, sizeof(short_name) - 1);
	short_name[sizeof(short_name) - 1] = '\0';
	(void)pthread_setname_np(w->thread, short_name);
	return 0;
}

int kvmb_worker_new(const char *name, struct kvmb_worker **ret)
{
	struct kvmb_worker *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	(void)pthread_mutex_init(&w->lock, NULL);
	kvmb_cond_init(&w->changed);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = w->event_fd < 0 ? -errno : start_thread(w, name);
	if (r < 0) {
		worker_destroy(w);
		return r;
	}
	*ret = w;
	return 0;
}

void kvmb_worker_submit(struct kvmb_worker *w, struct kvmb_job *job)
{
	(void)pthread_mutex_lock(&w->lock);
	list_push(&w->queue, job);
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
}

struct kvmb_job *kvmb_worker_done(struct kvmb_worker *w)
{
	struct kvmb_job *job;
	uint64_t count;

	(void)pthread_mutex_lock(&w->lock);
	job = list_pop(&w->done);
	if (!w->done.first)
		(void)!read(w->event_fd, &count, sizeof(count));
	(void)pthread_mutex_unlock(&w->lock);
	return job;
}

int kvmb_worker_fd(const struct kvmb_worker *w)
{
	return w->event_fd;
}

struct kvmb_worker *kvmb_worker_free(struct kvmb_worker *w, uint64_t timeout_usec, bool *ret_left)
{
	uint64_t deadline_ns = kvmb_deadline_ns(timeout_usec);
	bool ended;

	if (!w)
		return NULL;
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_broadcast(&w->changed);
	while (!w->ended && kvmb_cond_wait(&w->changed, &w->lock, deadline_ns))
		;
	ended = w->ended;
	if (!ended) {
		w->orphan = true;
		(void)pthread_detach(w->thread);
	}
	(void)pthread_mutex_unlock(&w->lock);
	if (ended) {
		(void)pthread_join(w->thread, NULL);
		worker_destroy(w);
	}
	if (ret_left)
		*ret_left = !ended;
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for PSI triggers in a thread of its own and tells through an eventfd. */
#include "source/psi-watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"

/* The number of the descriptor that ends the thread; triggers begin at 1. */
#define STOP_ID 0

struct trigger {
	int64_t id;
	int fd;
	bool fired;
};

struct kvmb_psi_watch {
	pthread_mutex_t lock; /* triggers and n_triggers */
	struct trigger *triggers; /* ordered by id, for they are given in order */
	size_t n_triggers;
	int64_t last_id;
	pthread_t thread;
	bool running;
	int epoll_fd;
	int event_fd; /* something fired */
	int stop_fd;  /* the thread should end */
};

static int compare_id(const void *key, const void *item)
{
	const int64_t *id = key;
	const struct trigger *t = item;

	return *id < t->id ? -1 : *id > t->id;
}

/* With the lock held. */
static struct trigger *find(struct kvmb_psi_watch *w, int64_t id)
{
	if (w->n_triggers == 0)
		return NULL;
	return bsearch(&id, w->triggers, w->n_triggers, sizeof(*w->triggers), compare_id);
}

/*
 * A number is looked up, not a pointer kept: the trigger may have been removed since the event was
 * taken. POLLERR (the group is gone) does not end, so nothing is waited for there any more.
 */
static void take_event(struct kvmb_psi_watch *w, const struct epoll_event *event)
{
	struct trigger *t;
	uint64_t one = 1;
	bool fired = false;

	(void)pthread_mutex_lock(&w->lock);
	t = find(w, (int64_t)event->data.u64);
	if (t && event->events & EPOLLERR) {
		(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, t->fd, NULL);
	} else if (t && event->events & EPOLLPRI) {
		t->fired = true;
		fired = true;
	}
	(void)pthread_mutex_unlock(&w->lock);
	if (fired)
		(void)!write(w->event_fd, &one, sizeof(one));
}

static void *watch_main(void *userdata)
{
	struct kvmb_psi_watch *w = userdata;
	struct epoll_event events[64];

	for (;;) {
		int n = epoll_wait(w->epoll_fd, events, ARRAY_SIZE(events), -1);

		if (n < 0 && errno != EINTR)
			return NULL; /* only if the descriptor were wrong */
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == STOP_ID)
				return NULL;
			take_event(w, &events[i]);
		}
	}
}

static int start_thread(struct kvmb_psi_watch *w)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = STOP_ID };
	sigset_t all, old;
	int r;

	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->stop_fd, &event) < 0)
		return -errno;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&w->thread, NULL, watch_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0)
		return -r;
	w->running = true;
	(void)pthread_setname_np(w->thread, "kvmb-psi");
	return 0;
}

KVMB_DEFINE_CLEANUP(struct kvmb_psi_watch *, kvmb_psi_watch_free);

int kvmb_psi_watch_new(struct kvmb_psi_watch **ret)
{
	_cleanup_(kvmb_psi_watch_freep) struct kvmb_psi_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	(void)pthread_mutex_init(&w->lock, NULL);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->event_fd < 0 || w->stop_fd < 0)
		return -EMFILE;
	r = start_thread(w);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(w);
	return 0;
}

struct kvmb_psi_watch *kvmb_psi_watch_free(struct kvmb_psi_watch *w)
{
	uint64_t one = 1;

	if (!w)
		return NULL;
	if (w->running) {
		(void)!write(w->stop_fd, &one, sizeof(one));
		(void)pthread_join(w->thread, NULL);
	}
	for (size_t i = 0; i < w->n_triggers; i++)
		(void)kvmb_close(w->triggers[i].fd);
	free(w->triggers);
	(void)kvmb_close(w->epoll_fd);
	(void)kvmb_close(w->event_fd);
	(void)kvmb_close(w->stop_fd);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

int kvmb_psi_watch_fd(const struct kvmb_psi_watch *w)
{
	return w->event_fd;
}

void kvmb_psi_watch_clear(struct kvmb_psi_watch *w)
{
	uint64_t count;

	(void)!read(w->event_fd, &count, sizeof(count));
}

/* With the lock held, so that the thread finds the entry even if the trigger fires at once. */
static int64_t add_trigger(struct kvmb_psi_watch *w, int fd)
{
	struct epoll_event event = { .events = EPOLLPRI, .data.u64 = (uint64_t)w->last_id + 1 };
	int r = kvmb_grow(&w->triggers, w->n_triggers, sizeof(*w->triggers));

	if (r < 0)
		return r;
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	w->triggers[w->n_triggers++] = (struct trigger){ .id = ++w->last_id, .fd = fd };
	return w->last_id;
}

int64_t kvmb_psi_watch_add(struct kvmb_psi_watch *w, int trigger_fd)
{
	int64_t id;

	(void)pthread_mutex_lock(&w->lock);
	id = add_trigger(w, trigger_fd);
	(void)pthread_mutex_unlock(&w->lock);
	if (id < 0)
		(void)kvmb_close(trigger_fd);
	return id;
}

void kvmb_psi_watch_remove(struct kvmb_psi_watch *w, int64_t id)
{
	struct trigger *t;
	int fd = -1;

	(void)pthread_mutex_lock(&w->lock);
	t = find(w, id);
	if (t) {
		size_t at = (size_t)(t - w->triggers);

		fd = t->fd;
		w->n_triggers--;
		memmove(t, t + 1, (w->n_triggers - at) * sizeof(*t));
	}
	(void)pthread_mutex_unlock(&w->lock);
	/* Leaves the epoll set by itself: nobody else holds this descriptor. */
	(void)kvmb_close(fd);
}

bool kvmb_psi_watch_take(struct kvmb_psi_watch *w, int64_t id)
{
	struct trigger *t;
	bool fired;

	(void)pthread_mutex_lock(&w->lock);
	t = find(w, id);
	fired = t && t->fired;
	if (t)
		t->fired = false;
	(void)pthread_mutex_unlock(&w->lock);
	return fired;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle of the libvirt source: start, stop, and the newest snapshot for its one caller. */
#include "source/libvirt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/libvirt-internal.h"
#include "wrap/virt.h"

/* Nobody who stops an agent should wait longer for a libvirtd that hangs. */
#define STOP_USEC USEC_PER_SEC
/* A call that takes this long is as good as no connection: say so before keep-alive cuts it. */
#define SILENT_NS (5 * NSEC_PER_SEC)

void kvmb_libvirt_ref(struct kvmb_libvirt *lv)
{
	atomic_fetch_add(&lv->refs, 1);
}

void kvmb_libvirt_unref(struct kvmb_libvirt *lv)
{
	if (atomic_fetch_sub(&lv->refs, 1) != 1)
		return;
	(void)kvmb_worker_free(lv->session.period, 0, NULL);
	(void)kvmb_worker_free(lv->session.jobs, 0, NULL);
	kvmb_root_close(&lv->root);
	(void)kvmb_virt_unref(lv->virt);
	(void)kvmb_close(lv->event_fd);
	(void)pthread_cond_destroy(&lv->wake);
	(void)pthread_mutex_destroy(&lv->lock);
	free(lv->guests);
	free(lv->session.guests);
	free(lv);
}

void kvmb_libvirt_notify(struct kvmb_libvirt *lv)
{
	uint64_t one = 1;

	(void)!write(lv->event_fd, &one, sizeof(one));
}

static void thread_run(struct kvmb_job *job)
{
	kvmb_libvirt_run((struct kvmb_libvirt *)job);
}

static void thread_drop(struct kvmb_job *job)
{
	kvmb_libvirt_unref((struct kvmb_libvirt *)job);
}

static void unrefp(struct kvmb_libvirt **lv)
{
	if (*lv)
		kvmb_libvirt_unref(*lv);
}

static int init(struct kvmb_libvirt *lv, const char *root_path)
{
	int r;

	lv->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lv->event_fd < 0)
		return -errno;
	r = kvmb_root_open(root_path, &lv->root);
	if (r < 0)
		return r;
	kvmb_str_format(lv->status.error, sizeof(lv->status.error), "not connected yet");
	r = kvmb_worker_new("kvmb-virt-stats", &lv->session.period);
	if (r >= 0)
		r = kvmb_worker_new("kvmb-virt-jobs", &lv->session.jobs);
	return r < 0 ? r : kvmb_worker_new("kvmb-libvirt", &lv->thread);
}

int kvmb_libvirt_new(struct kvmb_virt *virt, const char *root_path, uint64_t interval_usec,
		     bool look_only, struct kvmb_libvirt **ret)
{
	_cleanup_(unrefp) struct kvmb_libvirt *lv = calloc(1, sizeof(*lv));
	int r;

	if (!lv)
		return -ENOMEM;
	atomic_init(&lv->refs, 1);
	lv->job.run = thread_run;
	lv->job.drop = thread_drop;
	lv->root = (struct kvmb_root)KVMB_ROOT_INIT;
	lv->virt = kvmb_virt_ref(virt);
	lv->interval_usec = interval_usec;
	lv->look_only = look_only;
	(void)pthread_mutex_init(&lv->lock, NULL);
	kvmb_cond_init(&lv->wake);
	r = init(lv, root_path);
	if (r < 0)
		return r;
	kvmb_libvirt_ref(lv); /* the thread's */
	kvmb_worker_submit(lv->thread, &lv->job);
	*ret = TAKE_PTR(lv);
	return 0;
}

struct kvmb_libvirt *kvmb_libvirt_free(struct kvmb_libvirt *lv)
{
	if (!lv)
		return NULL;
	(void)pthread_mutex_lock(&lv->lock);
	lv->stop = true;
	(void)pthread_cond_broadcast(&lv->wake);
	(void)pthread_mutex_unlock(&lv->lock);
	kvmb_worker_free(lv->thread, STOP_USEC, NULL);
	kvmb_libvirt_unref(lv);
	return NULL;
}

int kvmb_libvirt_fd(const struct kvmb_libvirt *lv)
{
	return lv->event_fd;
}

void kvmb_libvirt_kick(struct kvmb_libvirt *lv)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->kicked = true;
	(void)pthread_cond_broadcast(&lv->wake);
	(void)pthread_mutex_unlock(&lv->lock);
}

void kvmb_libvirt_set_interval(struct kvmb_libvirt *lv, uint64_t interval_usec)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->interval_usec = interval_usec;
	(void)pthread_cond_broadcast(&lv->wake);
	(void)pthread_mutex_unlock(&lv->lock);
}

/* With the lock held. */
static void tell_status(const struct kvmb_libvirt *lv, uint64_t now_ns,
			struct kvmb_libvirt_status *ret)
{
	*ret = lv->status;
	if (lv->call_ns == 0 || u64_sub_sat(now_ns, lv->call_ns) < SILENT_NS)
		return;
	ret->connected = false;
	kvmb_str_format(ret->error, sizeof(ret->error), "libvirt has not answered for %u s",
			(unsigned int)u64_min((now_ns - lv->call_ns) / NSEC_PER_SEC, UINT32_MAX));
}

/* Statistics age while nobody asks for them, too. */
static void add_age(struct kvmb_guest_sample *guests, size_t n, uint64_t now_ns)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t since_usec = u64_sub_sat(now_ns, guests[i].facts_ns) / NSEC_PER_USEC;

		guests[i].stats_age_usec = u64_add_sat(guests[i].stats_age_usec, since_usec);
	}
}

int kvmb_libvirt_take(struct kvmb_libvirt *lv, struct kvmb_guest_sample **ret, size_t *ret_n,
		      struct kvmb_libvirt_status *ret_status)
{
	struct kvmb_guest_sample *guests = NULL;
	uint64_t count, now_ns = kvmb_now_ns();
	size_t n;
	int r = 0;

	(void)!read(lv->event_fd, &count, sizeof(count));
	(void)pthread_mutex_lock(&lv->lock);
	tell_status(lv, now_ns, ret_status);
	n = lv->n_guests;
	if (n > 0) {
		guests = malloc(n * sizeof(*guests));
		if (guests)
			memcpy(guests, lv->guests, n * sizeof(*guests));
		else
			r = -ENOMEM;
	}
	(void)pthread_mutex_unlock(&lv->lock);
	if (r < 0)
		return r;
	add_age(guests, n, now_ns);
	*ret = guests;
	*ret_n = n;
	return 0;
}

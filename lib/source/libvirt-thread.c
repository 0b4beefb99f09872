/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread of the libvirt source: connect with back-off, a snapshot per interval or kick. */
#include <errno.h>

#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/libvirt-internal.h"

#define BACKOFF_MIN_NS (NSEC_PER_SEC / 2)
#define BACKOFF_MAX_NS (30 * NSEC_PER_SEC)
/* Between two snapshots, however often events ask: a hundred guests may start at once. */
#define GAP_NS (NSEC_PER_SEC / 5)

static void begin_call(struct kvmb_libvirt *lv)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->call_ns = kvmb_now_ns();
	(void)pthread_mutex_unlock(&lv->lock);
}

static void end_call(struct kvmb_libvirt *lv)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->call_ns = 0;
	(void)pthread_mutex_unlock(&lv->lock);
}

static void tell_connected(struct kvmb_libvirt *lv)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->closed = false;
	lv->kicked = true; /* the first snapshot is due now */
	lv->status.connected = true;
	lv->status.complete = false;
	lv->status.n_connects++;
	lv->status.error[0] = '\0';
	(void)pthread_mutex_unlock(&lv->lock);
	kvmb_libvirt_notify(lv);
}

static void tell_disconnected(struct kvmb_libvirt *lv)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->status.connected = false;
	lv->status.complete = false;
	kvmb_str_format(lv->status.error, sizeof(lv->status.error), "%s", lv->session.error);
	(void)pthread_mutex_unlock(&lv->lock);
	kvmb_libvirt_notify(lv);
}

/*
 * The connection lives, but libvirt would not tell the guests. With what it says against that; an
 * agent that knew no guest and had no complaint would look as if it had nothing to do.
 */
static void tell_refused(struct kvmb_libvirt *lv)
{
	(void)pthread_mutex_lock(&lv->lock);
	lv->status.complete = false;
	kvmb_str_format(lv->status.error, sizeof(lv->status.error), "%s", lv->session.error);
	(void)pthread_mutex_unlock(&lv->lock);
	kvmb_libvirt_notify(lv);
}

static void back_off(struct kvmb_libvirt_session *s)
{
	s->try_ns = u64_add_sat(kvmb_now_ns(), s->backoff_ns);
	s->backoff_ns = u64_min(s->backoff_ns * 2, BACKOFF_MAX_NS);
}

static void turn_connect(struct kvmb_libvirt *lv)
{
	struct kvmb_libvirt_session *s = &lv->session;
	int r;

	if (kvmb_now_ns() < s->try_ns)
		return;
	begin_call(lv);
	r = kvmb_libvirt_session_begin(lv);
	end_call(lv);
	if (r < 0) {
		tell_disconnected(lv);
		back_off(s);
		return;
	}
	s->backoff_ns = BACKOFF_MIN_NS;
	tell_connected(lv);
}

static void lose_connection(struct kvmb_libvirt *lv)
{
	tell_disconnected(lv);
	begin_call(lv);
	kvmb_libvirt_session_end(lv);
	end_call(lv);
	lv->session.backoff_ns = BACKOFF_MIN_NS;
	back_off(&lv->session);
}

/* A failed call on a connection that lives (the daemon is short of memory, say) is tried again. */
static void turn_snapshot(struct kvmb_libvirt *lv, bool closed)
{
	struct kvmb_libvirt_session *s = &lv->session;
	int r = -ENOTCONN;

	s->turn_ns = kvmb_now_ns();
	if (closed) {
		kvmb_str_format(s->error, sizeof(s->error), "libvirtd ended the connection");
	} else {
		begin_call(lv);
		r = kvmb_libvirt_snapshot(lv);
		end_call(lv);
	}
	if (r >= 0)
		return;
	if (closed || virConnectIsAlive(s->conn) <= 0)
		lose_connection(lv);
	else
		tell_refused(lv);
}

/* When the next turn is due. With the lock held. */
static uint64_t due_ns(const struct kvmb_libvirt *lv)
{
	const struct kvmb_libvirt_session *s = &lv->session;
	uint64_t wait_ns = u64_mul_sat(lv->interval_usec, NSEC_PER_USEC);

	if (!s->conn)
		return s->try_ns;
	if (lv->closed || s->turn_ns == 0)
		return 0;
	return u64_add_sat(s->turn_ns, lv->kicked ? GAP_NS : u64_max(wait_ns, GAP_NS));
}

/*
 * Wait for the next turn.
 * Return: false: stop. Sets whether libvirt has reported the connection closed.
 */
static bool wait_for_turn(struct kvmb_libvirt *lv, bool *ret_closed)
{
	bool stop;

	(void)pthread_mutex_lock(&lv->lock);
	while (!lv->stop && kvmb_now_ns() < due_ns(lv))
		(void)kvmb_cond_wait(&lv->wake, &lv->lock, due_ns(lv));
	stop = lv->stop;
	*ret_closed = lv->closed;
	lv->kicked = false;
	(void)pthread_mutex_unlock(&lv->lock);
	return !stop;
}

void kvmb_libvirt_run(struct kvmb_libvirt *lv)
{
	struct kvmb_libvirt_session *s = &lv->session;
	bool closed;

	s->backoff_ns = BACKOFF_MIN_NS;
	while (wait_for_turn(lv, &closed)) {
		if (s->conn)
			turn_snapshot(lv, closed);
		else
			turn_connect(lv);
	}
	kvmb_libvirt_session_end(lv);
}

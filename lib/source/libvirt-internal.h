/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the handle (libvirt.c) and its thread (libvirt-thread.c) share. Private to them. */
#ifndef KVMB_SOURCE_LIBVIRT_INTERNAL_H
#define KVMB_SOURCE_LIBVIRT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/fs.h"
#include "base/worker.h"
#include "source/libvirt-guest.h"
#include "source/libvirt.h"

#define KVMB_LIBVIRT_EVENTS 5
/* Between two snapshots; more at once is as good as all. */
#define KVMB_LIBVIRT_CHANGES_MAX 32

/* Guests whose devices or metadata changed. */
struct kvmb_libvirt_changes {
	size_t n; /* above the maximum: any may have changed */
	char uuids[KVMB_LIBVIRT_CHANGES_MAX][KVMB_UUID_SIZE];
};

/* The thread's own: nobody else looks at it. */
struct kvmb_libvirt_session {
	virConnectPtr conn; /* a reference; NULL: not connected */
	int callback_ids[KVMB_LIBVIRT_EVENTS];
	uint64_t try_ns;    /* when to connect next */
	uint64_t backoff_ns;
	uint64_t turn_ns;   /* when the last snapshot was begun */
	struct kvmb_libvirt_guest *guests; /* ordered by UUID */
	size_t n_guests;
	virDomainPtr *domains;      /* those that the last list told, references; NULL at the end */
	uint64_t list_ns;           /* when it is due anyway; 0: at once */
	struct kvmb_worker *period; /* switches statistics on */
	struct kvmb_worker *jobs;   /* asks what libvirt does to guests */
	bool jobs_in_flight;
	char error[KVMB_TEXT_SIZE]; /* libvirt's words for the last failure */
};

/*
 * Referenced by its owner, by its thread and by every event callback: the last one frees, so a
 * thread that libvirtd holds up needs nobody to wait for it.
 */
struct kvmb_libvirt {
	struct kvmb_job job; /* the one job of the thread */
	atomic_uint refs;
	struct kvmb_virt *virt;
	struct kvmb_root root;
	int event_fd;
	bool look_only; /* constant, like those above */
	struct kvmb_worker *thread; /* the owner's */

	pthread_mutex_t lock; /* everything from here to the session */
	pthread_cond_t wake;  /* stop, kicked or closed */
	bool stop;
	bool kicked;
	bool unlisted; /* a guest came or went since guests were listed */
	struct kvmb_libvirt_changes changes; /* since the last snapshot */
	bool closed;          /* libvirt said that the connection is gone */
	uint64_t interval_usec;
	uint64_t call_ns;     /* since when the thread waits for libvirtd; 0: it does not */
	struct kvmb_libvirt_status status;
	struct kvmb_guest_sample *guests; /* newest snapshot, ordered by name */
	size_t n_guests;

	struct kvmb_libvirt_session session;
};

/** kvmb_libvirt_run() - the thread: until `stop`, connect and take snapshots */
void kvmb_libvirt_run(struct kvmb_libvirt *lv);

void kvmb_libvirt_ref(struct kvmb_libvirt *lv);
void kvmb_libvirt_unref(struct kvmb_libvirt *lv);

/** kvmb_libvirt_notify() - make kvmb_libvirt_fd() readable */
void kvmb_libvirt_notify(struct kvmb_libvirt *lv);

/* source/libvirt-session.c: connecting and what libvirt calls back. -errno and `error` set. */
int kvmb_libvirt_session_begin(struct kvmb_libvirt *lv);
void kvmb_libvirt_session_end(struct kvmb_libvirt *lv);

/* source/libvirt-snapshot.c: one bulk call; on failure nothing changed, `error` is set. */
int kvmb_libvirt_snapshot(struct kvmb_libvirt *lv);

/* source/libvirt-list.c: the records of all running guests. Their number, or -errno and `error`. */
int kvmb_libvirt_list(struct kvmb_libvirt *lv, uint64_t now_ns, virDomainStatsRecordPtr **ret);
void kvmb_libvirt_list_forget(struct kvmb_libvirt_session *s);

#endif

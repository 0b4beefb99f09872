/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rounds: a job for the worker that asks for the ages of all guests, one after the other. While it
 * runs it owns what it works on; when it is done it becomes what is told, and what the next round
 * begins with. Only the handles are shared, with page-out, which looks for cold ranges meanwhile.
 */
#ifndef KVMB_SOURCE_AGE_ROUND_H
#define KVMB_SOURCE_AGE_ROUND_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/fs.h"
#include "base/worker.h"
#include "source/age-source.h"
#include "source/ages.h"

#define KVMB_AGE_MAPS_MAX 64 /* asked for in one round */

/* An open handle, shared by rounds and finders. */
struct kvmb_age_handle {
	atomic_uint refs;
	const struct kvmb_age_source_ops *ops;
	void *handle;
	uint64_t period_usec; /* it was opened with */
};

struct kvmb_age_shared;

/* One guest in a round. */
struct kvmb_age_follow {
	char uuid[KVMB_UUID_SIZE]; /* first: kvmb_age_compare() */
	char cgroup[KVMB_PATH_SIZE];
	int32_t pid;
	struct kvmb_age_handle *handle; /* NULL: no source has been had */
	struct kvmb_ages ages;
	struct kvmb_store store;
	bool store_is_old; /* it could not be read again */
	/* Went out since it was read: until the round that runs began, and after that. */
	uint64_t moved_bytes[2];
	bool rests; /* not aged now: for its store alone */
	uint64_t retry_ns;
	char reason[KVMB_TEXT_SIZE];
};

struct kvmb_age_round {
	struct kvmb_job job;
	struct kvmb_age_shared *shared;
	uint64_t period_usec;
	struct kvmb_age_follow *follows; /* ordered by UUID */
	size_t n;
	struct kvmb_age_handle **gone; /* of guests that are followed no more */
	size_t n_gone;
	struct kvmb_host_store stores; /* of the host, as told last */
	struct kvmb_map_answer maps[KVMB_AGE_MAPS_MAX];
	size_t n_maps;
};

/* What finders know: a handle each, ordered by UUID. */
struct kvmb_age_found {
	char uuid[KVMB_UUID_SIZE]; /* first: kvmb_age_compare() */
	struct kvmb_age_handle *handle;
};

/** kvmb_age_compare() - two of what begins with a UUID, or a UUID and one: qsort() and bsearch() */
static inline int kvmb_age_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Outlives the watch where a finder or a round still has it. */
struct kvmb_age_shared {
	atomic_uint refs;
	int event_fd; /* a round with maps is done */
	struct kvmb_root root;
	const struct kvmb_age_source_ops *const *sources;
	pthread_mutex_t lock;
	struct kvmb_age_found *table; /* lock */
	size_t n;            /* lock */
};

/** kvmb_age_round_run() - in the worker's thread */
void kvmb_age_round_run(struct kvmb_job *job);

/** kvmb_age_round_drop() - free it, also one that never ran */
void kvmb_age_round_drop(struct kvmb_job *job);

/** kvmb_age_round_find() - NULL if nobody of that UUID is followed; @round may be NULL */
struct kvmb_age_follow *kvmb_age_round_find(const struct kvmb_age_round *round, const char *uuid);

/** kvmb_age_handle_ref() - NULL is fine; returns @h */
struct kvmb_age_handle *kvmb_age_handle_ref(struct kvmb_age_handle *h);

/** kvmb_age_handle_unref() - NULL is fine. May block: closing can wait for a kernel thread. */
void kvmb_age_handle_unref(struct kvmb_age_handle *h);

void kvmb_age_shared_unref(struct kvmb_age_shared *s);

#endif

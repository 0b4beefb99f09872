/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ages of all guests' memory, each from the best source there is for it. Asked in a thread of its
 * own, a round at a time: a source may wait for locks that a guest in trouble holds.
 */
#ifndef KVMB_SOURCE_AGES_H
#define KVMB_SOURCE_AGES_H

#include <kvmballoon.h>

#include "model/cold.h"

struct kvmb_age_source_ops;
struct kvmb_age_watch;

enum kvmb_follow {
	KVMB_FOLLOW_NOT,
	/*
	 * For what is out in its store alone, if something is: it is not aged, but its store is not
	 * let go either, or all of it would come home.
	 */
	KVMB_FOLLOW_STORE,
	KVMB_FOLLOW_AGES,
};

/**
 * kvmb_age_watch_new() - begin; nobody is followed yet, and the period is 0
 * @sources: best first, ended by NULL; must outlive the watch. NULL: all there are
 */
int kvmb_age_watch_new(const char *root, const struct kvmb_age_source_ops *const *sources,
		       struct kvmb_age_watch **ret);

/** kvmb_age_watch_free() - follow nobody any more; a thread that hangs is left behind */
struct kvmb_age_watch *kvmb_age_watch_free(struct kvmb_age_watch *w);

/** kvmb_age_watch_set_period() - how often memory is aged, 0: not at all; from the next round on */
void kvmb_age_watch_set_period(struct kvmb_age_watch *w, uint64_t period_usec);

/**
 * kvmb_age_watch_read() - write what the last round told into the sample, and begin a new one
 * @follow: how guests are to be followed from now on, an entry each
 *
 * That is ages and store of each guest, and what its store told of all stores of this host.
 * Never waits: while a round goes on, the one before it is what is told.
 * Return: 0 or -ENOMEM.
 */
int kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_sample *s,
			const enum kvmb_follow *follow);

/**
 * kvmb_age_watch_moved() - @bytes went out to a guest's store, and that has ended
 * @pid: of the process they went out of
 *
 * What the last round told of the store may be older than that. They are out as well, until a round
 * has read it that began later: rather too much for a moment than too little, for what is taken to
 * be resident is what else may be taken.
 */
void kvmb_age_watch_moved(struct kvmb_age_watch *w, const char *uuid, int32_t pid, uint64_t bytes);

/** kvmb_age_watch_reason() - why there is no better source; "" for the best; until the next read */
const char *kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid);

/** kvmb_age_watch_fd() - readable when there is a map that was asked for */
int kvmb_age_watch_fd(const struct kvmb_age_watch *w);

/** kvmb_age_watch_ask_map() - ask for a guest's map: 0, or -EBUSY too many are asked for */
int kvmb_age_watch_ask_map(struct kvmb_age_watch *w, const char *uuid);

struct kvmb_map_answer {
	char uuid[KVMB_UUID_SIZE];
	int error;            /* -ESRCH nobody of that UUID is followed, -EOPNOTSUPP, ... */
	struct kvmb_map *map; /* NULL on error; kvmb_map_free() it */
};

/** kvmb_age_watch_next_map() - one answer: 1, or 0 if there is none */
int kvmb_age_watch_next_map(struct kvmb_age_watch *w, struct kvmb_map_answer *ret);

/** kvmb_age_watch_finder() - a finder that outlives the watch, if need be; unref() it once */
void kvmb_age_watch_finder(struct kvmb_age_watch *w, struct kvmb_cold_finder *ret);

#endif

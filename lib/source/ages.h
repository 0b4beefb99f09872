/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ages of all guests' memory, each from the best source there is for it. Asked in a thread of its
 * own, a round at a time: a source may wait for locks that a guest in trouble holds.
 */
#ifndef KVMB_SOURCE_AGES_H
#define KVMB_SOURCE_AGES_H

#include <kvmballoon.h>

struct kvmb_root;
struct kvmb_age_watch;

/** kvmb_age_watch_new() - begin; nobody is followed yet */
int kvmb_age_watch_new(const char *root, struct kvmb_age_watch **ret);

/** kvmb_age_watch_free() - follow nobody any more; a thread that hangs is left behind */
struct kvmb_age_watch *kvmb_age_watch_free(struct kvmb_age_watch *w);

/** kvmb_age_watch_set_period() - how often memory is aged, 0: not at all; from the next round on */
void kvmb_age_watch_set_period(struct kvmb_age_watch *w, uint64_t period_usec);

/**
 * kvmb_age_watch_read() - write what the last round told to guests[].ages, and begin a new one
 *
 * Never waits. Guests that are not in the list any more are let go.
 * Return: 0 or -ENOMEM.
 */
int kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_guest_sample *guests, size_t n);

/** kvmb_age_watch_reason() - why there is no better source; "" for the best. Until the next read. */
const char *kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid);

/** kvmb_age_watch_fd() - readable when a round has ended that was asked for a map */
int kvmb_age_watch_fd(const struct kvmb_age_watch *w);

/** kvmb_age_watch_ask_map() - 0, -ENOENT nobody of that UUID is followed, -ENOMEM */
int kvmb_age_watch_ask_map(struct kvmb_age_watch *w, const char *uuid);

/**
 * kvmb_age_watch_next_map() - one map that was asked for: 1, or 0 if there is none
 * @ret_map: NULL on *ret_error. The caller frees it with kvmb_map_free().
 */
int kvmb_age_watch_next_map(struct kvmb_age_watch *w, char uuid[KVMB_UUID_SIZE],
			    struct kvmb_map **ret_map, int *ret_error);

struct kvmb_map *kvmb_map_free(struct kvmb_map *map);

/* What is cold now, for whoever pages it out: see kvmb_age_watch_finder(). */
struct kvmb_cold_finder {
	/*
	 * Resident ranges idle for @idle_usec or longer, coldest first, @most_bytes or a little
	 * more of them. Any thread; may block.
	 * @ret: malloc'ed; *@ret_n 0 where nothing is that cold
	 * Return: 0, -ESRCH nobody of that UUID is followed, -EOPNOTSUPP its source knows no
	 * addresses, or another -errno.
	 */
	int (*find)(void *ctx, const char *uuid, uint64_t idle_usec, uint64_t most_bytes,
		    struct kvmb_range **ret, size_t *ret_n);
	void (*unref)(void *ctx);
	void *ctx;
};

/** kvmb_age_watch_finder() - a finder that outlives the watch, if need be; unref() it once */
void kvmb_age_watch_finder(struct kvmb_age_watch *w, struct kvmb_cold_finder *ret);

#endif

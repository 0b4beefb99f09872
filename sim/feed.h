/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the simulator's steps come from: a trace that is read, or one that is made on the way. One
 * step at a time, so that memory does not grow with the length.
 */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include <stddef.h>
#include <stdint.h>

#define FEED_ABSENT UINT64_MAX    /* of used_bytes: the machine is off in this step */
#define FEED_VMS_MAX 100000       /* bounds hostile input, and the time that placing takes */
#define FEED_STEP_SEC 300         /* what a step lasts where nothing tells */
#define FEED_STEP_SEC_MAX 86400   /* of a longer step nothing could be said */
#define FEED_TIME_SEC_MAX (UINT64_C(1) << 33) /* leaves nanoseconds room in 64 bits */

struct feed_vm {
	const char *name; /* lives as long as the feed */
	uint64_t provisioned_bytes;
	uint64_t used_bytes; /* at most provisioned_bytes; or FEED_ABSENT */
};

struct feed_step {
	uint64_t time_sec;
	uint64_t seconds; /* until the next step: so long the figures hold */
	const struct feed_vm *vms; /* by number, which a machine keeps; until the next call */
	size_t n_vms; /* never falls */
};

struct feed;

struct feed_ops {
	/* 1 for a step, 0 at the end, -EBADMSG with *ret_error set, or another -errno */
	int (*next)(struct feed *f, struct feed_step *ret, char **ret_error);
	void (*free)(struct feed *f);
};

struct feed {
	const struct feed_ops *ops;
};

static inline void feed_freep(struct feed **f)
{
	if (*f)
		(*f)->ops->free(*f);
}

/** feed_open_csv() - read a trace; @path "-" is standard input. Return: 0 or -errno. */
int feed_open_csv(const char *path, struct feed **ret);

#endif

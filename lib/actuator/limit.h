/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A memory.high that the agent sets for some seconds, and the record of it that outlives the agent.
 *
 * What is set is written down first, in a folder that systemd watches: kvm-balloond-lift.path
 * starts `kvm-balloond --lift` as soon as a record is there, and that lifts what its owner does not
 * lift in time, or at once when its owner dies: the record is locked as long as that lives. Nothing
 * is set before the watcher holds its own lock.
 */
#ifndef KVMB_ACTUATOR_LIMIT_H
#define KVMB_ACTUATOR_LIMIT_H

#include <stdatomic.h>

#include <kvmballoon.h>

#include "base/fs.h"

struct kvmb_limit {
	char cgroup[KVMB_PATH_SIZE];
	char before[32];    /* text of memory.high as it was found */
	uint64_t set_bytes; /* whole pages */
	uint64_t until_ns;  /* CLOCK_MONOTONIC */
};

/** kvmb_limit_to_text() - malloc'ed; -EINVAL for a scope with a line break */
int kvmb_limit_to_text(const struct kvmb_limit *l, char **ret);
/** kvmb_parse_limit() - -EBADMSG where it is not such a text, whole */
int kvmb_parse_limit(const char *text, struct kvmb_limit *ret);

/**
 * kvmb_limit_begin() - write the record, and wait for somebody to watch it
 * @cancel: ends the wait
 * @ret_fd: holds the record's lock; for kvmb_limit_end()
 * Return: 0, -ENOTCONN nobody watches, -ECANCELED, -EEXIST an older one is not lifted yet, or
 * another -errno; then there is no record.
 */
int kvmb_limit_begin(const struct kvmb_root *root, const char *uuid, const struct kvmb_limit *l,
		     atomic_bool *cancel, int *ret_fd);

/** kvmb_limit_read() - memory.high of a scope as it is, without its line break */
int kvmb_limit_read(const struct kvmb_root *root, const char *cgroup, char *buf, size_t size);

/** kvmb_limit_lift() - put back what was there, if it is ours still; a scope that went is fine */
int kvmb_limit_lift(const struct kvmb_root *root, const struct kvmb_limit *l);

/** kvmb_limit_end() - it is lifted: the record goes */
void kvmb_limit_end(const struct kvmb_root *root, const char *uuid, int fd);

/**
 * kvmb_limit_watch() - the watcher: lift what is due until no record is left
 * Return: 0, or the -errno for which one could not be lifted in a minute.
 */
int kvmb_limit_watch(const struct kvmb_root *root);

#endif

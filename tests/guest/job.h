/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Long work (fill, free, verify, cache) done in small steps, so that the hot set stays busy
 * meanwhile.
 */
#ifndef KVMB_GUEST_JOB_H
#define KVMB_GUEST_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

#define JOB_CACHE_DEVICE "/dev/vda"

enum job_kind { JOB_NONE, JOB_FILL, JOB_FREE, JOB_VERIFY, JOB_CACHE };

/**
 * struct job - the one piece of long work under way, or the result of the last one
 * @kind:     what it does
 * @running:  until it ends; then @error and the counters are final
 * @error:    0, or -errno; -EBADMSG when @bad_page holds something else than it must
 * @todo:     blocks left to fill or free, blocks of the arena left to verify, MiB left to read
 * @order:    which blocks JOB_FREE takes
 * @block:    the block being worked on
 * @page:     the next page in it
 * @pages:    pages done
 * @bad_page: first page that was wrong
 * @bad_word: first wrong word in it
 * @fd:       the device JOB_CACHE reads
 * @began_ns: when it started
 * @ended_ns: when it ended, 0 while it runs
 */
struct job {
	enum job_kind kind;
	bool running;
	int error;
	uint64_t todo;
	enum arena_order order;
	size_t block;
	unsigned int page;
	uint64_t pages;
	uint64_t bad_page;
	int bad_word;
	int fd;
	uint64_t began_ns;
	uint64_t ended_ns;
};

/** job_name() - the command that starts a job of this kind */
const char *job_name(enum job_kind kind);

/** job_start() - begin; @mib is what the command asked for, rounded up to whole blocks */
void job_start(struct job *j, enum job_kind kind, uint64_t mib, enum arena_order order);

/**
 * job_step() - do a millisecond's worth of work
 * Return: whether the set of filled blocks changed.
 */
bool job_step(struct job *j, struct arena *a);

#endif

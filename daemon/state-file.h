/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the policy's memory lives between two runs of the daemon.
 */
#ifndef KVMB_DAEMON_STATE_FILE_H
#define KVMB_DAEMON_STATE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmballoon.h>

struct state_file {
	char *path; /* NULL: nothing is kept */
	uint64_t saved_ns;
	bool dirty;
	bool read_only; /* a dry run: what it remembers never happened */
};

/**
 * state_file_open() - choose the path: @path, or state.json below $STATE_DIRECTORY or its default
 * Return: 0 or -ENOMEM.
 */
int state_file_open(struct state_file *f, const char *path);
void state_file_close(struct state_file *f);

/**
 * state_file_load() - @ret is NULL where there is none yet
 * Return: 0, -EBADMSG for a file that is not ours (it is then moved to PATH.bad, unless
 * @f->read_only), or another -errno.
 */
int state_file_load(const struct state_file *f, struct kvmb_state **ret);

/**
 * state_file_save() - write and rename, so that there is a whole file at any time
 * Does nothing where there is no file, or @f->read_only.
 * @sync: wait for the disk; not in the loop, where a disk busy with swapping would stall it
 */
int state_file_save(struct state_file *f, const struct kvmb_state *state, bool sync);

/** state_file_due() - something changed, and the last time was long enough ago */
bool state_file_due(const struct state_file *f, uint64_t now_ns);

#endif

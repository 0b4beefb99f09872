/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings for callers of the method Record: each has a pipe, into which every decision is
 * written as a line. A reader never holds up the loop: what its pipe does not take waits here, and
 * one that is too slow loses its recording, which then ends with a line that says so.
 */
#ifndef KVMB_DAEMON_RECORDER_H
#define KVMB_DAEMON_RECORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-event.h>

#include <kvmballoon.h>

/* Each costs the loop a copy of all figures and memory for a slow reader. */
#define RECORDERS_MAX 2

struct recorder {
	int fd; /* write end of its pipe */
	sd_event_source *source; /* NULL: the place is free */
	char *pending;           /* what the pipe has not taken yet */
	size_t size, at;         /* of it, and how far it was taken */
	size_t allocated;
	bool ended;              /* its last line is written, or waits */
};

struct recorders {
	struct recorder table[RECORDERS_MAX];
};

/**
 * recorders_open() - begin a recording with its first line
 * @ret_fd: the end to read from; the caller's to close
 * Return: 0, -EBUSY as many as may be are under way, or another -errno.
 */
int recorders_open(struct recorders *r, sd_event *event, struct kvmb_config *config, int *ret_fd);

/** recorders_write() - one line into each recording */
void recorders_write(struct recorders *r, const struct kvmb_record *record);

/** recorders_end() - the last line of each, with the reason */
void recorders_end(struct recorders *r, const char *why);

/** recorders_close() - drop all, with what was not taken yet */
void recorders_close(struct recorders *r);

#endif

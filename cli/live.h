/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of the daemon and shown again and again: on a full screen that obeys keys, or as
 * frames one below the other. top and map --watch are that.
 *
 * Questions are asynchronous, so keys, resizing and signals are served while a slow daemon is
 * waited for.
 */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include <stdbool.h>
#include <stdio.h>

#include <systemd/sd-event.h>

#include "ctl.h"
#include "term.h"

struct live_ops {
	/*
	 * Ask for a frame, unless answers are still out; live_show() or live_fail() is called when
	 * they have come. Return: 0 or -errno.
	 */
	int (*ask)(void *userdata);
	/* Draw the frame: lines, none longer than live->columns. */
	int (*draw)(void *userdata, FILE *f);
	/* Print the frame as a line of JSON. */
	int (*print_json)(void *userdata);
	/* Do what was typed; true: it is the end. */
	bool (*keys)(void *userdata, const char *keys);
};

struct live {
	struct ctl *ctl;
	const struct live_ops *ops;
	void *userdata;
	const char *machine; /* that is asked about, or NULL */
	sd_event *event;
	sd_event_source *timer;
	struct screen screen;
	unsigned int columns;
	unsigned int rows;   /* of the screen; 0: as many as there are */
	unsigned int frames; /* shown */
	bool interactive;
	char message[256];   /* what somebody at the screen has to know, or "" */
};

/** live_open() - @l has its first four members; the first question follows at once in live_run() */
int live_open(struct live *l);

/** live_run() - until it is ended; the caller's exit status */
int live_run(struct live *l);

/** live_close() - the terminal is given back, if it was taken; also after a failed live_open() */
void live_close(struct live *l);

/** live_show() - a frame is complete: show it. For sd-event callbacks to return. */
int live_show(struct live *l);

/** live_fail() - an answer is an error, @e or @r: told on a screen and waited out, else the end */
int live_fail(struct live *l, const sd_bus_error *e, int r);

/** live_clock() - the time of day, for the corner of a frame */
void live_clock(char ret[static 16]);

#endif

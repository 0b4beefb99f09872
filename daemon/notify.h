/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd is told: sd_notify(3). The watchdog is sd-event's to ping, as its loop turns.
 */
#ifndef KVMB_DAEMON_NOTIFY_H
#define KVMB_DAEMON_NOTIFY_H

#include <kvmballoon.h>

#define NOTIFY_STATUS_SIZE 512

struct notify {
	char status[NOTIFY_STATUS_SIZE]; /* as last told */
};

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/** notify_status() - tell the figures in one line, if it is another line than last time */
void notify_status(struct notify *n, const struct kvmb_host_status *h, size_t n_guests);

/** notify_status_text() - the same with any text */
void notify_status_text(struct notify *n, const char *text);

#endif

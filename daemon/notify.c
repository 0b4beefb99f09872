/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd is told, and the wording of the status line.
 */
#include "notify.h"

#include <inttypes.h>
#include <stdio.h>

#include <systemd/sd-daemon.h>

#include "util.h"

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	/* The time stamp is what lets systemd tell this reload from one it asked for before. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_usec());
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_status_text(struct notify *n, const char *text)
{
	if (streq(n->status, text))
		return;
	(void)snprintf(n->status, sizeof(n->status), "%s", text);
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void notify_status(struct notify *n, const struct kvmb_host_status *h, size_t n_guests)
{
	char available[SIZE_TEXT_SIZE], total[SIZE_TEXT_SIZE], taken[SIZE_TEXT_SIZE];
	char given[SIZE_TEXT_SIZE], need[SIZE_TEXT_SIZE];
	char text[NOTIFY_STATUS_SIZE];

	if (!h->sample) {
		notify_status_text(n, "Reading the host's memory figures");
		return;
	}
	size_text(available, h->sample->host.available_bytes);
	size_text(total, h->sample->host.total_bytes);
	size_text(taken, h->taken_bytes);
	size_text(given, h->given_bytes);
	size_text(need, h->need_bytes);
	if (!h->connected || h->error[0])
		(void)snprintf(text, sizeof(text), "Waiting for libvirt%s%s; %s of %s available",
			       h->error[0] ? ": " : "", h->error, available, total);
	else
		(void)snprintf(text, sizeof(text),
			       "%s%s, mode %s: %s of %s available, %s needed; %zu guest%s, "
			       "%s taken, %s given back",
			       h->dry_run ? "Dry run, " : "", kvmb_level_to_string(h->level),
			       kvmb_mode_to_string(h->mode), available, total, need, n_guests,
			       n_guests == 1 ? "" : "s", taken, given);
	notify_status_text(n, text);
}

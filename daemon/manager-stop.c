/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end: everything that was taken is given back, within a time limit, and the state is saved.
 * Also --release, which is only that end.
 */
#include "manager.h"

#include <errno.h>

#include "util.h"

/* A guest needs a moment to take its memory back; a host's shutdown does not wait for ever. */
#define STOP_USEC (10 * USEC_PER_SEC)
/* Here nobody waits for us, and libvirt may be on its way up. */
#define RELEASE_USEC (40 * USEC_PER_SEC)

static void stop_finish(struct manager *m, int left)
{
	int status = EXIT_SUCCESS;

	(void)manager_save_state(m, kvmb_engine_state(m->engine), true);
	if (left == 0)
		journal_log(JOURNAL_RELEASED, NULL, "Everything is given back");
	else if (left > 0)
		journal_log(JOURNAL_RELEASE_INCOMPLETE, NULL,
			    "%i guests have not taken their memory back in time", left);
	else
		journal_log(JOURNAL_RELEASE_INCOMPLETE, NULL, "Nothing could be given back: %s",
			    left == -EAGAIN ? "libvirt does not tell the guests" : strerror(-left));
	/* Of the daemon too: OnFailure= then starts --release, which has more time. */
	if (left != 0)
		status = EXIT_FAILURE;
	(void)sd_event_exit(m->event, status);
}

static int on_stop_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	stop_finish(m, kvmb_engine_release(m->engine));
	return 0;
}

void manager_stop_step(struct manager *m)
{
	int left = kvmb_engine_release(m->engine);

	/* -EAGAIN: libvirt may come yet. */
	if (left == 0 || (left < 0 && left != -EAGAIN))
		stop_finish(m, left);
}

void manager_stop(struct manager *m)
{
	uint64_t usec = m->options->mode == RUN_RELEASE ? RELEASE_USEC : STOP_USEC;
	int r = sd_event_add_time_relative(m->event, &m->stop_source, CLOCK_MONOTONIC, usec, 0,
					   on_stop_deadline, m);

	m->stopping = true;
	bus_stopping(m);
	recorders_end(&m->recorders, "kvm-balloond ended");
	notify_stopping();
	notify_status_text(&m->notify, "Giving memory back to the guests");
	if (r < 0)
		stop_finish(m, kvmb_engine_release(m->engine));
	else
		manager_stop_step(m);
}

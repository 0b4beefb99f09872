/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What wakes the daemon: its timer, the engine, signals.
 */
#include "manager.h"

#include <errno.h>
#include <signal.h>

#include "util.h"

/* Triggers of many guests may fire at once; one turn answers them all. */
#define TICK_GAP_USEC (100 * USEC_PER_MSEC)
#define STOP_TICK_USEC (500 * USEC_PER_MSEC)
/* Maps are asked for with a tick. Anybody may want one, so that they must not make many ticks. */
#define MAP_TICK_USEC (1 * USEC_PER_SEC)
#define RESERVE_TICK_USEC (1 * USEC_PER_SEC)
#define TICK_ACCURACY_USEC (10 * USEC_PER_MSEC)
/* A bus that neither answers nor refuses holds up the start for this long, not longer. */
#define BUS_SETTLE_USEC (5 * USEC_PER_SEC)
/* The engine's descriptor staying readable is a fault; it must not cost a whole CPU. */
#define DISPATCHES_PER_SEC 2000U

void manager_schedule(struct manager *m, uint64_t delay_usec)
{
	int r = sd_event_source_set_time_relative(m->tick_source, delay_usec);

	if (r >= 0)
		r = sd_event_source_set_enabled(m->tick_source, SD_EVENT_ONESHOT);
	if (r < 0) {
		journal_log(JOURNAL_FAILED, NULL, "Cannot set the timer: %s", strerror(-r));
		(void)sd_event_exit(m->event, EXIT_FAILURE);
	}
}

/* Told when it begins and when it changes, not at every turn. */
static void turn_result(struct manager *m, int r)
{
	r = r < 0 ? r : 0;
	if (r < 0 && r != m->turn_error)
		journal_log(JOURNAL_TURN_FAILED, NULL, "No decision could be made: %s",
			    strerror(-r));
	m->turn_error = r;
}

static uint64_t min_usec(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Guests are not let wait at the end of the daemon, which has a time limit, nor are those who want
 * a map, room for a guest, or a policy written.
 */
static uint64_t interval_usec(const struct manager *m)
{
	uint64_t usec = m->config->host.interval_usec;

	if (m->stopping)
		return min_usec(usec, STOP_TICK_USEC);
	if (m->bus.reservations.n > 0 || m->bus.persists.n > 0)
		usec = min_usec(usec, RESERVE_TICK_USEC);
	return m->bus.maps.n > 0 ? min_usec(usec, MAP_TICK_USEC) : usec;
}

void manager_map_wanted(struct manager *m)
{
	uint64_t now = now_usec(), soon = m->tick_usec + MAP_TICK_USEC, due;

	if (sd_event_source_get_time(m->tick_source, &due) >= 0 && soon < due)
		manager_schedule(m, soon > now ? soon - now : 0);
}

static void ready_step(struct manager *m)
{
	if (m->ready || m->stopping || !m->ticked || !m->bus_settled)
		return;
	m->ready = true;
	journal_log(JOURNAL_STARTED, NULL, "Watching the host%s",
		    m->options->dry_run ? "; dry run: nothing is done to any guest" : "");
	notify_ready();
}

void manager_bus_settled(struct manager *m)
{
	m->bus_settled = true;
	ready_step(m);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	m->tick_usec = now_usec();
	turn_result(m, kvmb_engine_tick(m->engine, now_ns()));
	m->ticked = true;
	manager_ticked(m);
	manager_keep_state(m);
	journal_action_budget(&m->action_budget, now_ns());
	manager_schedule(m, interval_usec(m));
	ready_step(m);
	return 0;
}

static int on_engine(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *m = userdata;
	int r = kvmb_engine_dispatch(m->engine, now_ns());

	turn_result(m, r);
	manager_turned(m);
	if (r == KVMB_DISPATCH_TICK) {
		uint64_t since = now_usec() - m->tick_usec;

		manager_schedule(m, since >= TICK_GAP_USEC ? 0 : TICK_GAP_USEC - since);
	}
	return 0;
}

static int on_settle_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	manager_bus_settled(userdata);
	return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct manager *m = userdata;

	if (m->stopping)
		return sd_event_exit(m->event, EXIT_FAILURE);
	manager_stop(m);
	return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	_cleanup_free_ char *error = NULL;

	(void)manager_reload(userdata, &error); /* a fault is in the journal by then */
	return 0;
}

/* Signals come before whatever else is due. */
static int watch_signal(struct manager *m, int signal, sd_event_signal_handler_t handler)
{
	sd_event_source *source = NULL;
	int r = sd_event_add_signal(m->event, &source, signal, handler, m);

	if (r >= 0)
		r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r;
}

static int watch_signals(struct manager *m)
{
	int r = watch_signal(m, SIGTERM, on_terminate);

	if (r >= 0)
		r = watch_signal(m, SIGINT, on_terminate);
	return r < 0 ? r : watch_signal(m, SIGHUP, on_hangup);
}

static int watch_engine(struct manager *m)
{
	int fd = kvmb_engine_fd(m->engine);
	int r;

	if (fd < 0)
		return fd;
	r = sd_event_add_io(m->event, &m->engine_source, fd, EPOLLIN, on_engine, m);
	if (r >= 0)
		r = sd_event_source_set_ratelimit(m->engine_source, USEC_PER_SEC,
						  DISPATCHES_PER_SEC);
	return r;
}

int manager_watch(struct manager *m)
{
	int r = watch_signals(m);

	if (r >= 0)
		r = watch_engine(m);
	if (r >= 0)
		r = sd_event_add_time_relative(m->event, &m->tick_source, CLOCK_MONOTONIC, 0,
					       TICK_ACCURACY_USEC, on_tick, m);
	if (r >= 0)
		r = sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, BUS_SETTLE_USEC, 0,
					       on_settle_deadline, m);
	/* The loop itself pings systemd, between half and three quarters of the interval. */
	return r < 0 ? r : sd_event_set_watchdog(m->event, true);
}

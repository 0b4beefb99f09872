/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: one event loop around one engine. Everything here runs in one thread.
 */
#ifndef KVMB_DAEMON_MANAGER_H
#define KVMB_DAEMON_MANAGER_H

#include <stdbool.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include <kvmballoon.h>

#include "bus.h"
#include "host.h"
#include "journal.h"
#include "machine.h"
#include "notify.h"
#include "options.h"
#include "recorder.h"
#include "state-file.h"

struct manager {
	const struct options *options;
	sd_event *event;
	sd_event_source *tick_source, *engine_source, *stop_source;
	struct kvmb_config *config;
	struct kvmb_engine *engine;
	struct bus bus;
	struct machines machines;
	struct host_view host;    /* as the bus shows it */
	struct recorders recorders;
	struct notify notify;
	struct state_file state_file;
	struct journal_budget action_budget;
	bool over_guaranteed;     /* was told in the journal */
	enum kvmb_level level;    /* as told in the journal, like the next five */
	bool alarm;
	enum kvmb_ksm_state ksm;
	bool connected;
	int turn_error;
	int state_error;
	uint64_t started_usec;
	uint64_t tick_usec;       /* when the last one began */
	bool waiting_told;        /* that libvirt is not there */
	bool ticked, bus_settled, ready, stopping;
};

/**
 * manager_run() - be the daemon until a signal ends it
 * Return: exit status of the process.
 */
int manager_run(const struct options *options);

/**
 * manager_reload() - read the configuration again; the old one stays where there is a fault in it
 * Return: 0, -EBADMSG with "file:line: what, what is allowed" in @ret_error, or another -errno.
 */
int manager_reload(struct manager *m, char **ret_error);

/** manager_policy_changed() - @machine's policy was set over D-Bus by @caller */
void manager_policy_changed(struct manager *m, struct machine *machine, uid_t caller);

/** manager_bus_settled() - the bus name is ours, or there is no bus for now */
void manager_bus_settled(struct manager *m);

/** manager_turned() - after the engine did something: bring bus, journal and status up to date */
void manager_turned(struct manager *m);

/** manager_ticked() - the same after a tick, with what only a tick can change */
void manager_ticked(struct manager *m);

/** manager_load_config() - the configuration file is below --root unless it was named */
int manager_load_config(const struct options *o, struct kvmb_config **ret, char **ret_error);

/** manager_save_state() - now; trouble is told in the journal, once. Return: 0 or -errno. */
int manager_save_state(struct manager *m, const struct kvmb_state *state, bool sync);
/** manager_keep_state() - now, if there is something new and the last time was long enough ago */
void manager_keep_state(struct manager *m);

/* manager-events.c: what the engine calls. */
extern const struct kvmb_engine_callbacks manager_engine_callbacks;

/* manager-loop.c */
/** manager_watch() - add timer, engine and signals to the loop; signals are blocked by then */
int manager_watch(struct manager *m);
/** manager_map_wanted() - somebody waits for a map: do not let the next turn be far away */
void manager_map_wanted(struct manager *m);
/** manager_schedule() - next turn in @delay_usec, instead of whenever it was due */
void manager_schedule(struct manager *m, uint64_t delay_usec);

/* manager-stop.c */
/** manager_stop() - give everything back, within a time limit, then leave the loop */
void manager_stop(struct manager *m);
/** manager_stop_step() - look whether all is given back */
void manager_stop_step(struct manager *m);

#endif

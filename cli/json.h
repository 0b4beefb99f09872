/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --json. Members are called as the D-Bus properties are; what is not known is null. Everything is
 * ASCII on output, so no name can disturb a terminal. The only user of jansson is json.c.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

#define JSON_ALL_FIELDS UINT64_MAX

/* All print one line (monitor, top) or one indented document on standard output; -errno if not. */
int json_print_manager(const struct manager *m);
int json_print_machine(const struct machine *m);
int json_print_reservation(const struct reservation *r);
int json_print_machines(const struct machines *m);
/** json_print_frame() - a line {"Manager": ..., "Machines": [...]} */
int json_print_frame(const struct manager *manager, const struct machines *machines);
/** json_print_texts() - a document of names and texts: name, text, ..., NULL; NULL is null */
int json_print_texts(const char *name, ...) __attribute__((sentinel));

struct histogram; /* ages.h */
int json_print_histogram(const char *machine, const struct histogram *h);
/** json_print_map() - a line, for there may be a million ages */
int json_print_map(const char *machine, const struct kvmb_map *map);

struct action_event; /* action.h */
int json_print_action(uint64_t time_usec, const struct action_event *a);

/* What a replay tells of a tick: the plans, as JSON texts, that were made then and now. */
struct replay_tick {
	uint64_t n, line;
	bool same;
	const char *was, *now;
};

struct replay_summary {
	uint64_t n_ticks, n_different;
};

int json_print_replay_tick(const struct replay_tick *t);
int json_print_replay_summary(const struct replay_summary *s);

struct json_event {
	uint64_t time_usec;
	const char *signal;
	const char *machine; /* NULL: the host */
};

int json_print_event(const struct json_event *e);
/** json_print_change() - with the members of @object whose bits are in @seen */
int json_print_change(const struct json_event *e, const struct fields *t, const void *object,
		      uint64_t seen);

#endif

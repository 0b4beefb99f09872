/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journal entries. Each kind has a message id, explained in data/kvm-balloond.catalog. Where
 * standard error is not the journal (a terminal, a test), the message goes there instead.
 */
#ifndef KVMB_DAEMON_JOURNAL_H
#define KVMB_DAEMON_JOURNAL_H

#include <stdint.h>

#include <kvmballoon.h>

enum journal_event {
	JOURNAL_STARTED,
	JOURNAL_CONFIG_FAULT,    /* at start: the daemon does not run */
	JOURNAL_HOST_UNFIT,      /* cgroup v1 and the like: the daemon does not run */
	JOURNAL_FAILED,          /* something else that makes the daemon end */
	JOURNAL_RELOADED,
	JOURNAL_RELOAD_REFUSED,
	JOURNAL_POLICY_SET,
	JOURNAL_POLICY_FAULT,    /* something that is meant for a guest does not count */
	JOURNAL_RESERVATION,     /* asked for, or released by somebody */
	JOURNAL_LEVEL,
	JOURNAL_ALARM,           /* hard up, and nothing is left to take */
	JOURNAL_ALARM_OVER,
	JOURNAL_INTEGRITY,       /* memory in a guest's store is not as it was */
	JOURNAL_KSM,             /* begun, ended, left alone */
	JOURNAL_CONNECTED,
	JOURNAL_DISCONNECTED,
	JOURNAL_ABSENT,
	JOURNAL_GUARANTEES,      /* together more than the host has */
	JOURNAL_ACTION,
	JOURNAL_ACTION_FAILED,
	JOURNAL_ACTIONS_HIDDEN,  /* so many actions that not each got an entry */
	JOURNAL_DEGRADED,
	JOURNAL_RECOVERED,
	JOURNAL_TURN_FAILED,     /* no decision could be made */
	JOURNAL_STATE_FAULT,
	JOURNAL_BUS,
	JOURNAL_RELEASED,
	JOURNAL_RELEASE_INCOMPLETE,
	JOURNAL_EVENTS,
};

/** journal_log() - one entry; @machine (or NULL) becomes the field KVMB_MACHINE */
void journal_log(enum journal_event event, const char *machine, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many actions may have an entry of their own within a window: journald drops beyond 333/s. */
struct journal_budget {
	uint64_t window_ns; /* when it began */
	unsigned int used;
	unsigned int hidden;
};

/** journal_action() - one entry for a finished action, as long as the budget lasts */
void journal_action(struct journal_budget *b, const struct kvmb_result *result, uint64_t now_ns);

/** journal_action_budget() - tell how many entries were withheld, once their window is over */
void journal_action_budget(struct journal_budget *b, uint64_t now_ns);

#endif

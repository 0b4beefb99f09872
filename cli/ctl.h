/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line said, as every verb gets it, and the verbs themselves. */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

/* Exit statuses; kvm-balloonctl(1) documents them. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NO_MACHINE = 3,
	CTL_DENIED = 4,
	CTL_NO_DAEMON = 5,
	CTL_IDLE = 6, /* it runs, but does nothing on its host now */
};

struct ctl {
	const char *host;    /* --host, or NULL for this one */
	const char *address; /* --address: a bus instead of the system bus */
	const char *config;  /* --config, or NULL */
	const char *state;   /* --state, or NULL */
	bool json;
	bool names;          /* list --names */
	bool watch;          /* map --watch */
	const char *svg;     /* map --svg, or NULL */
	bool colours;        /* escape sequences are welcome on standard output */
	unsigned int width;  /* columns to stay within; 0: as wide as it gets */
	unsigned int frames; /* top, map: how many; 0: until it is ended */
	uint64_t delay_usec; /* top, map: between two frames */
	uint64_t ticks;      /* record: how many; 0: until it is ended */
	uint64_t seconds;    /* record: for so long; 0: until it is ended */
	bool persist;        /* set: into the definition of the machine */
	bool all;            /* replay: identical ticks are shown, too */
	const char *timeout; /* reserve --timeout, or NULL */
	const char *wait;    /* reserve --wait: for so long, "" until its timeout; or NULL */
	const char *machine; /* --for, or NULL */
	bool at_least;       /* reserve: what is there for that machine does as well */
	uint64_t reply_usec; /* what a reply may take; 0: what is usual */
	sd_bus *bus;         /* open while a verb that needs it runs */
};

/* A verb: operands without the verb's own name; returns an exit status. */
typedef int ctl_verb_fn(struct ctl *ctl, int n, char **operands);

ctl_verb_fn ctl_verb_list;
ctl_verb_fn ctl_verb_status;
ctl_verb_fn ctl_verb_top;
ctl_verb_fn ctl_verb_set;
ctl_verb_fn ctl_verb_reclaim;
ctl_verb_fn ctl_verb_explain;
ctl_verb_fn ctl_verb_histogram;
ctl_verb_fn ctl_verb_map;
ctl_verb_fn ctl_verb_monitor;
ctl_verb_fn ctl_verb_reload;
ctl_verb_fn ctl_verb_check_config;
ctl_verb_fn ctl_verb_decide;
ctl_verb_fn ctl_verb_record;
ctl_verb_fn ctl_verb_replay;
ctl_verb_fn ctl_verb_reserve;
ctl_verb_fn ctl_verb_release;

/** ctl_error() - one line on standard error behind the program's name; returns @status */
int ctl_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** ctl_errno() - the same for a negative errno: "what: strerror"; returns CTL_FAILED */
int ctl_errno(int error, const char *what);

#endif

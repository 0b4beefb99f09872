/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of kvm-balloond.
 */
#ifndef KVMB_DAEMON_OPTIONS_H
#define KVMB_DAEMON_OPTIONS_H

#include <stdbool.h>

enum run_mode {
	RUN_DAEMON,
	RUN_RELEASE,      /* give back what the state file says was taken, then exit */
	RUN_LIFT,         /* lift limits whose time is over, then exit */
	RUN_CHECK_CONFIG,
	RUN_INTROSPECT,
};

/* All strings point into argv, the environment or are literals; NULL where nothing was said. */
struct options {
	enum run_mode mode;
	const char *config;  /* path of the main file */
	bool config_given;   /* then it is not looked for below root */
	const char *root;
	const char *uri;
	const char *state;   /* NULL: $STATE_DIRECTORY, or the built-in folder */
	const char *address; /* of the bus; NULL: the system bus */
	bool dry_run;
};

/**
 * options_parse() - read the command line; prints help, version and what is wrong itself
 * Return: 1 to go on, 0 if all that was asked for is done, -EINVAL for a wrong command line.
 */
int options_parse(int argc, char *argv[], struct options *ret);

#endif

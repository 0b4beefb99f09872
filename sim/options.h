/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line said. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "generate.h"
#include "simulate.h"

/* Exit statuses; kvm-balloonsim(1) documents them. */
enum sim_exit {
	SIM_OK = 0,
	SIM_FAILED = 1,
	SIM_USAGE = 2,
};

struct options {
	bool done; /* --help and --version: nothing is left to do */
	bool run;  /* the verb; else generate */
	bool json;
	const char *trace, *config, *svg;
	struct generate_params generate;
	struct simulation simulation; /* without its config */
};

/** options_read() - an exit status; it has said what is wrong */
int options_read(struct options *ret, int argc, char **argv);

/** sim_error() - one line on standard error behind the program's name; returns @status */
int sim_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

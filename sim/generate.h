/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a trace: the same arguments give the same trace on every machine. Integers only.
 */
#ifndef SIM_GENERATE_H
#define SIM_GENERATE_H

#include <stdio.h>

#include "feed.h"

enum pattern {
	PATTERN_DIURNAL,    /* busy by day, quieter by night and at the week's end */
	PATTERN_BURSTY,     /* short bursts at any time, each machine on its own */
	PATTERN_CORRELATED, /* bursts that a group of machines has together, and a patch night */
	PATTERN_MIXED,      /* each machine one of these */
	PATTERNS,
};

const char *pattern_to_string(enum pattern p);
int pattern_from_string(const char *s); /* value or -EINVAL */

struct generate_params {
	uint64_t n_vms; /* 1 to FEED_VMS_MAX */
	uint64_t days;  /* 1 to 3650 */
	uint64_t step_sec; /* 1 to FEED_STEP_SEC_MAX */
	uint64_t seed;
	enum pattern pattern;
};

int feed_generate(const struct generate_params *p, struct feed **ret);

/** generate_print() - the same as a trace. Return: 0 or -errno. */
int generate_print(const struct generate_params *p, FILE *f);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm-balloond: takes memory from KVM guests that can spare it, and gives it back.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "manager.h"
#include "util.h"

#define EXIT_USAGE 2

static int check_config(const struct options *o)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *config;
	int r = manager_load_config(o, &config, &error);

	if (r < 0) {
		fprintf(stderr, "kvm-balloond: %s\n", error ?: strerror(-r));
		return EX_CONFIG;
	}
	(void)kvmb_config_free(config);
	printf("%s: no faults\n", o->config);
	return EXIT_SUCCESS;
}

static int lift(const struct options *o)
{
	int r = kvmb_lift_limits(o->root);

	if (r < 0)
		fprintf(stderr, "kvm-balloond: a limit cannot be lifted: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int introspect(void)
{
	int r = bus_introspect();

	if (r >= 0 && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "kvm-balloond: cannot print the interfaces: %s\n",
		r < 0 ? strerror(-r) : "output failed");
	return EXIT_FAILURE;
}

/*
 * With 1,000 guests this makes 5 MiB: by default each thread has an arena of its own, and the
 * arrays of one tick, freed at the next, would stay in the heap with gaps between them.
 */
static void tune_malloc(void)
{
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

int main(int argc, char *argv[])
{
	struct options options;
	int r = options_parse(argc, argv, &options);

	if (r <= 0)
		return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	tune_malloc();
	switch (options.mode) {
	case RUN_CHECK_CONFIG:
		return check_config(&options);
	case RUN_LIFT:
		return lift(&options);
	case RUN_INTROSPECT:
		return introspect();
	case RUN_DAEMON:
	case RUN_RELEASE:
		break;
	}
	return manager_run(&options);
}

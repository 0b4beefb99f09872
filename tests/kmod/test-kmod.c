// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvm_swap on a real kernel with real, tiny guests whose accesses are known to the page. Prints
 * TAP. Pure emulation flushes the TLB at every exit of a guest, so a page's age is exact here.
 *
 * Usage: test-kmod [SUBJECT]...
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

static const struct {
	const char *name;
	void (*run)(void);
} subjects[] = {
	{ "sets", test_sets },     { "ages", test_ages },       { "slots", test_slots },
	{ "spaces", test_spaces }, { "memory", test_memory },   { "swap", test_swap },
	{ "huge", test_huge },     { "numa", test_numa },       { "attach", test_attach },
	{ "calls", test_calls },   { "buffers", test_buffers }, { "busy", test_busy },
	{ "races", test_races },   { "reclaim", test_reclaim }, { "far", test_far },
	{ "far-ways", test_far_ways },   { "far-end", test_far_end },
	{ "far-kernel", test_far_kernel }, { "far-short", test_far_short },
	{ "far-store", test_far_store }, { "far-bad", test_far_bad }, { "reload", test_reload },
};

#define N_SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static int run_named(const char *name)
{
	for (size_t i = 0; i < N_SUBJECTS; i++)
		if (!strcmp(subjects[i].name, name)) {
			subjects[i].run();
			return 0;
		}
	fprintf(stderr, "test-kmod: no subject %s\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	/* What test_attach() becomes by exec: a process that is there and does nothing. */
	if (argc == 2 && !strcmp(argv[1], "--pause"))
		return pause();
	device_open();
	if (argc == 1)
		for (size_t i = 0; i < N_SUBJECTS; i++)
			subjects[i].run();
	for (int i = 1; i < argc; i++)
		if (run_named(argv[i]))
			return 2;
	return tap_end();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DAMON's sysfs in a tree of files, for tests that are linked with -Wl,--wrap=kvmb_write_at: writes
 * have the effects that they have in the kernel.
 */
#ifndef KVMB_TEST_FAKE_DAMON_H
#define KVMB_TEST_FAKE_DAMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_KDAMONDS_MAX 100
#define FAKE_ADMIN "sys/kernel/mm/damon/admin/kdamonds"

struct fake_region {
	const char *begin; /* texts: a hostile kernel writes what it likes */
	const char *end;
	const char *age;
};

struct fake_damon {
	const char *tree;
	bool running[FAKE_KDAMONDS_MAX];
	int n;
	const struct fake_region *regions; /* told by each update */
	size_t n_regions;
	unsigned int n_writes; /* that reached DAMON */
	unsigned int busy;     /* so many writes are refused with -EBUSY first */
	const char *fail_path; /* writes to files whose path ends so fail */
	int fail_error;
	void (*on_update)(void); /* before an update has an effect */
};

extern struct fake_damon fake_damon;

/** fake_damon_begin() - DAMON as after a boot: nothing is set up */
void fake_damon_begin(const char *tree);

/** fake_damon_write() - as root would by hand; the test fails if it fails */
void fake_damon_write(const char *path, const char *text);

/** fake_damon_is() - file below FAKE_ADMIN has that text */
bool fake_damon_is(const char *path, const char *text);

size_t fake_damon_running(void);

#endif

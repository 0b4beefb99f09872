// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Automatic NUMA balancing: the kernel takes the access to pages away, to see from where they are
 * used. They stay where they are, and are the guest's memory as before.
 *
 * A host with one node has none; the testbed's is booted with numa=fake=2.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES     (8 * BLOCK_PAGES)
#define HOT       (5 * BLOCK_PAGES + 7)
#define BALANCING "/proc/sys/kernel/numa_balancing"

static uint8_t ages[PAGES];

static bool set_balancing(const char *value)
{
	FILE *f = fopen(BALANCING, "we");

	if (!f)
		return false;
	fputs(value, f);
	return !fclose(f);
}

/* How many page table entries it has changed since the host booted. */
static unsigned long updates(void)
{
	return vmstat("numa_pte_updates");
}

/* It leaves alone what a process with one thread has on its own node. */
static void *sleeper(void *unused)
{
	pause();
	return NULL;
}

/* The kernel scans a process while that runs. */
static bool was_scanned(void *before)
{
	for (volatile unsigned int i = 0; i < 30000000; i++)
		;
	return updates() >= *(unsigned long *)before + PAGES;
}

static bool scan(void)
{
	unsigned long before = updates();
	pthread_t thread;
	bool done = false;

	if (pthread_create(&thread, NULL, sleeper, NULL))
		errx(2, "pthread_create");
	if (set_balancing("1")) {
		for (int i = 0; i < 300 && !done; i++)
			done = was_scanned(&before);
		set_balancing("0");
	}
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	return done;
}

static void balanced(enum vm_backing backing, const char *how)
{
	size_t unit = backing == VM_HUGE ? BLOCK_PAGES : 1;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, backing);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	passes(fd, 6);
	if (access("/sys/devices/system/node/node1", F_OK) || !scan()) {
		skip(how, "no NUMA balancing here: boot with numa=fake=2");
	} else {
		passes(fd, 4);
		ok(resident(fd) == PAGES && vm_resident(&vm) == PAGES,
		   "%s: memory that NUMA balancing looks at is resident memory (%zu)", how,
		   resident(fd));
		read_ages(fd, &vm, 0, ages);
		ok(ages[0] == 3 && ages[PAGES - 1] == 3, "%s: as old as the look at it (%u, %u)",
		   how, ages[0], ages[PAGES - 1]);
		for (int i = 0; i < 3; i++) {
			vm_touch(&vm, HOT, 1, 1);
			pass(fd);
		}
		read_ages(fd, &vm, 0, ages);
		ok(!ages[HOT] && ages[HOT - unit] >= 1 && ages[HOT - unit] <= 6,
		   "%s: what the guest touches is young, the others are not (%u, %u)", how,
		   ages[HOT], ages[HOT - unit]);
		ok(vm.memory[HOT * PAGE] == 4, "%s: with its content", how);
	}
	close(fd);
	vm_free(&vm);
}

void test_numa(void)
{
	balanced(VM_SMALL, "4 KiB");
	balanced(VM_HUGE, "huge");
}

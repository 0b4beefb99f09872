// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest whose four vCPUs run while it is aged. */
#include <unistd.h>

#include "busy.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define VCPUS  4
#define PAGES  (2 * VCPUS * BLOCK_PAGES)
#define HOT    64
#define PASSES 20

static uint8_t ages[PAGES];

/* Those of vCPU i are in the middle of every second block. */
static size_t first_of(size_t i)
{
	return 2 * i * BLOCK_PAGES + 100;
}

static bool is_hot(size_t page)
{
	size_t i = page / BLOCK_PAGES / 2;

	return page >= first_of(i) && page < first_of(i) + HOT;
}

void test_busy(void)
{
	size_t hot_called_cold = 0, too_old = 0, late = 0;
	struct busy vcpus[VCPUS];
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	for (unsigned int i = 0; i < VCPUS; i++)
		busy_start(&vcpus[i], &vm, i + 1, first_of(i), HOT);
	pass(fd);
	for (unsigned int n = 1; n <= PASSES; n++) {
		busy_round(vcpus, VCPUS);
		pass(fd);
		read_ages(fd, &vm, 0, ages);
		for (size_t i = 0; i < PAGES; i++) {
			hot_called_cold += is_hot(i) && ages[i];
			too_old += !is_hot(i) && ages[i] > n;
			late += !is_hot(i) && ages[i] + 2U < n;
		}
	}
	ok(!hot_called_cold, "four busy vCPUs: no hot page is ever called cold (%zu)",
	   hot_called_cold);
	ok(!too_old && !late, "four busy vCPUs: the others have their age (%zu, %zu)", too_old,
	   late);
	ok(resident(fd) == PAGES, "four busy vCPUs: all is counted once (%zu)", resident(fd));
	for (size_t i = 0; i < VCPUS; i++)
		busy_stop(&vcpus[i]);
	passes(fd, 3);
	read_ages(fd, &vm, 0, ages);
	ok(ages[first_of(0)] >= 1 && ages[first_of(3)] >= 1,
	   "when they stop, their pages cool (%u)", ages[first_of(0)]);
	close(fd);
	vm_free(&vm);
}

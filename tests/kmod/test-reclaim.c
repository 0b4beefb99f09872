// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own reclaim asks KVM the same question, and what it takes our next pass does not
 * find: since Linux 6.13 each aging of MGLRU clears the accessed bits of guests too. Without that a
 * large set is exact to the page.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (48 * BLOCK_PAGES)
#define MGLRU "/sys/kernel/debug/lru_gen"

static uint8_t ages[PAGES];

static size_t called_cold(int fd, const struct vm *vm)
{
	size_t n = 0;

	read_ages(fd, vm, 0, ages);
	for (size_t i = 0; i < vm->n_pages; i++)
		n += ages[i] > 0;
	return n;
}

struct generation {
	unsigned int node;
	unsigned long newest;
};

/* Of the root group, which is the first one; how many nodes it has memory on. */
static unsigned int read_generations(struct generation *g, unsigned int max)
{
	FILE *f = fopen(MGLRU, "re");
	unsigned int group, n = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "memcg %u", &group) == 1 && group > 1)
			break;
		if (n < max && sscanf(line, " node %u", &g[n].node) == 1)
			n++;
		else if (n)
			sscanf(line, " %lu", &g[n - 1].newest);
	}
	if (f)
		fclose(f);
	return n;
}

/* One aging of all that belongs to the root group; false: this kernel has or uses no MGLRU. */
static bool age_by_mglru(void)
{
	struct generation g[8] = {};
	unsigned int n = read_generations(g, 8);
	int fd = open(MGLRU, O_WRONLY | O_CLOEXEC);
	bool good = n && fd >= 0;

	for (unsigned int i = 0; good && i < n; i++)
		good = dprintf(fd, "+ 1 %u %lu 1 1\n", g[i].node, g[i].newest) > 0;
	if (fd >= 0)
		close(fd);
	return good;
}

static void large_set(void)
{
	unsigned long scanned = vmstat("pgscan_kswapd");
	struct kvm_swap_age first;
	struct vm vm;
	size_t cold;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	/* The first pass asks for each page alone and makes nothing older. */
	first = pass(fd);
	ok(first.young == PAGES + 1, "a large set that was just touched is young (%llu of %lu)",
	   first.young, PAGES + 1);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	cold = called_cold(fd, &vm);
	ok(!cold, "all of a large set is young (%zu of %lu are not, kswapd looked at %lu)", cold,
	   PAGES, vmstat("pgscan_kswapd") - scanned);
	for (size_t i = 0, shown = 0; i < PAGES && cold && shown < 20; i++)
		if (ages[i] && ++shown)
			note("page %zu has age %u", i, ages[i]);
	ok(resident(fd) == PAGES, "and all of it is counted (%zu)", resident(fd));
	close(fd);
	vm_free(&vm);
}

static void aged_by_others(void)
{
	size_t cold, later;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 2);
	vm_touch(&vm, 0, PAGES, 1);
	if (!age_by_mglru()) {
		skip("MGLRU ages the guest too", "this kernel has no " MGLRU);
	} else {
		pass(fd);
		cold = called_cold(fd, &vm);
		vm_touch(&vm, 0, PAGES, 1);
		pass(fd);
		later = called_cold(fd, &vm);
		note("an aging of MGLRU took the accessed bits of %zu of %lu pages", cold, PAGES);
		ok(!later, "what MGLRU's aging took is young again at the next touch (%zu)", later);
	}
	close(fd);
	vm_free(&vm);
}

void test_reclaim(void)
{
	large_set();
	aged_by_others();
}

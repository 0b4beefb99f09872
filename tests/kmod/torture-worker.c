// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One process of the torture: it has VMs of its own, which it creates, runs, re-slots, unmaps and
 * destroys, and it looks at its own and at those of the others. Now and then it ends as a QEMU may
 * end, without having closed anything.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"
#include "vm.h"

#define ATTACHED 6 /* guest descriptors of one process at a time */
#define SLOTS 4
#define BIG_BLOCKS 600UL /* more than the module marks one by one */
#define SYSFS "/sys/kernel/kvm_swap"

/* A range of pages of the memory; n: 0 there is no such slot */
struct slot {
	size_t first;
	size_t n;
};

struct guest {
	struct vm vm;
	struct slot slots[SLOTS];
	bool is_there;
};

struct worker {
	struct shared *shared;
	struct chance chance;
	struct published *published; /* of its own guests, in the same order */
	struct guest guests[GUESTS_EACH];
	int attached[ATTACHED];
	int device;
};

/* ---- VMs --------------------------------------------------------------------------------- */

static void guest_begin(struct worker *w, unsigned int i)
{
	struct chance *c = &w->chance;
	struct guest *g = &w->guests[i];
	enum vm_backing backing = (enum vm_backing)chance_below(c, 3);
	size_t n = 1 + chance_below(c, 4 * BLOCK_PAGES);

	if (chance_one_in(c, 16)) {
		n = BIG_BLOCKS * BLOCK_PAGES;
		backing = VM_SMALL;
	}
	vm_new(&g->vm, n, backing);
	memset(g->slots, 0, sizeof(g->slots));
	g->slots[0].n = n;
	g->is_there = true;
	atomic_store(&w->published[i].fd, g->vm.fd);
	atomic_store(&w->published[i].pid, getpid());
	atomic_fetch_add(&w->shared->tally.vms, 1);
}

static void guest_end(struct worker *w, unsigned int i)
{
	atomic_store(&w->published[i].pid, 0);
	vm_free(&w->guests[i].vm);
	w->guests[i].is_there = false;
}

static void guest_run(struct worker *w, struct guest *g)
{
	struct chance *c = &w->chance;
	size_t n = g->slots[0].n, first, count, step;
	bool only_read = chance_one_in(c, 4);

	if (!n)
		return;
	first = chance_below(c, n);
	step = chance_one_in(c, 2) ? 1 : 1 + chance_below(c, 20);
	count = 1 + chance_below(c, (n - first - 1) / step + 1);
	count = count < BLOCK_PAGES ? count : BLOCK_PAGES;
	if (only_read)
		vm_read(&g->vm, first, count, step);
	else
		vm_touch(&g->vm, first, count, step);
	atomic_fetch_add(&w->shared->tally.runs, 1);
}

/* A window for each slot, so that none ever covers another. */
static uint64_t slot_gpa(uint32_t slot, bool moved)
{
	return slot ? 0x100000000ULL * slot + moved * 3 * BLOCK : VM_BASE;
}

static void guest_reslot(struct worker *w, struct guest *g)
{
	struct chance *c = &w->chance;
	uint32_t i = (uint32_t)chance_below(c, SLOTS);
	struct slot *slot = &g->slots[i];

	if (slot->n) {
		if (i && chance_one_in(c, 3))
			vm_set_slot(&g->vm, i, slot->first, slot->n, slot_gpa(i, true));
		vm_set_slot(&g->vm, i, 0, 0, slot_gpa(i, false));
	}
	slot->first = i ? chance_below(c, g->vm.n_pages) : 0;
	slot->n = chance_one_in(c, 4) ? 0 : 1 + chance_below(c, g->vm.n_pages - slot->first);
	if (slot->n)
		vm_set_slot(&g->vm, i, slot->first, slot->n, slot_gpa(i, false));
	atomic_fetch_add(&w->shared->tally.reslots, 1);
}

/* What a host does to memory under a guest. Not all of it works on all memory. */
static void guest_advise(struct worker *w, struct guest *g)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_FREE, MADV_REMOVE,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLLAPSE, MADV_MERGEABLE,
	};
	struct chance *c = &w->chance;
	size_t first = chance_one_in(c, 3) ? 0 : chance_below(c, g->vm.n_pages);
	size_t n = chance_one_in(c, 3) ? g->vm.n_pages - first :
					 1 + chance_below(c, g->vm.n_pages - first);
	uint8_t *at = g->vm.memory + first * PAGE;

	if (chance_one_in(c, 8)) {
		mprotect(at, n * PAGE, PROT_READ);
		mprotect(at, n * PAGE, PROT_READ | PROT_WRITE);
	} else {
		madvise(at, n * PAGE, advice[chance_below(c, sizeof(advice) / sizeof(advice[0]))]);
	}
}

static void any_guest(struct worker *w)
{
	unsigned int i = (unsigned int)chance_below(&w->chance, GUESTS_EACH);
	struct guest *g = &w->guests[i];

	if (!g->is_there) {
		guest_begin(w, i);
		return;
	}
	switch (chance_below(&w->chance, 16)) {
	case 0:
		guest_end(w, i);
		break;
	case 1:
	case 2:
	case 3:
		guest_reslot(w, g);
		break;
	case 4:
	case 5:
	case 6:
		guest_advise(w, g);
		break;
	default:
		guest_run(w, g);
		break;
	}
}

/* ---- Looking at them --------------------------------------------------------------------- */

/* A descriptor of somebody's VM, or of something else; -1: it went meanwhile. */
static int fetch_vm(struct worker *w)
{
	struct published *p;
	int pid, pidfd, fd = -1;

	p = &w->shared->vms[chance_below(&w->chance, WORKERS * GUESTS_EACH)];
	pid = atomic_load(&p->pid);
	if (chance_one_in(&w->chance, 32))
		return dup((int)chance_below(&w->chance, 16));
	pidfd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pidfd >= 0) {
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, atomic_load(&p->fd), 0);
		close(pidfd);
	}
	return fd;
}

static void attach_or_detach(struct worker *w)
{
	int *guest = &w->attached[chance_below(&w->chance, ATTACHED)];
	int fd;

	if (*guest >= 0) {
		close(*guest);
		*guest = -1;
		return;
	}
	fd = fetch_vm(w);
	*guest = torture_attach(w->shared, &w->chance, w->device, fd);
	if (fd >= 0)
		close(fd);
}

static void ask(struct worker *w)
{
	int fd = w->attached[chance_below(&w->chance, ATTACHED)];
	struct pollfd p = { .fd = fd };

	if (fd < 0)
		attach_or_detach(w);
	else if (chance_one_in(&w->chance, 16))
		poll(&p, 1, 0);
	else
		torture_call(w->shared, &w->chance, fd);
}

/* The folder of some guest that is attached; false: there is none. */
static bool some_folder(struct worker *w, char name[NAME_MAX + 1])
{
	unsigned int skip = (unsigned int)chance_below(&w->chance, 8);
	DIR *dir = opendir(SYSFS);
	struct dirent *entry;
	bool any = false;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue; /* no guest's */
		strcpy(name, entry->d_name);
		any = true;
		if (!skip--)
			break;
	}
	if (dir)
		closedir(dir);
	return any;
}

/* Read and written to; the guest may go at any moment. */
static void use_sysfs(struct worker *w)
{
	static const char *const files[] = { "passes", "guest_gone", "scan_period_ms",
					     "passes_per_age", "budget_usec", "cpu_permille" };
	const char *file = files[chance_below(&w->chance, sizeof(files) / sizeof(files[0]))];
	char folder[NAME_MAX + 1], path[NAME_MAX + 64], text[64];
	int fd;

	if (!some_folder(w, folder))
		return;
	snprintf(path, sizeof(path), SYSFS "/%s/%s", folder, file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text)) >= 0)
		dprintf(fd, "%u\n", (unsigned int)(chance_number(&w->chance) % 20000));
	close(fd);
}

/* In use as it is, the module must refuse to go. */
static void try_unload(void)
{
	if (!syscall(SYS_delete_module, "kvm_swap", O_NONBLOCK))
		errx(2, "the module went while it was in use");
}

/* ---- Ends -------------------------------------------------------------------------------- */

/* A child has the guests' memory to write to, and their descriptors, but not their mm. */
static void fork_child(struct worker *w)
{
	pid_t child = fork();

	if (child < 0)
		err(2, "fork");
	if (child) {
		waitpid(child, NULL, 0);
		return;
	}
	for (int i = 0; i < GUESTS_EACH; i++)
		if (w->guests[i].is_there)
			memset(w->guests[i].vm.memory, 1, PAGE);
	for (int i = 0; i < 4; i++)
		ask(w);
	_exit(0);
}

static void leave(struct worker *w)
{
	atomic_fetch_add(&w->shared->tally.left, 1);
	switch (chance_below(&w->chance, 3)) {
	case 0:
		kill(getpid(), SIGKILL);
		break;
	case 1:
		execl("/bin/true", "true", NULL);
		break;
	default:
		break;
	}
	_exit(0);
}

static void act(struct worker *w)
{
	uint64_t n = chance_below(&w->chance, 1000);

	if (n < 2)
		leave(w);
	else if (n < 10)
		fork_child(w);
	else if (n < 15)
		try_unload();
	else if (n < 50)
		use_sysfs(w);
	else if (n < 120)
		attach_or_detach(w);
	else if (n < 400)
		any_guest(w);
	else
		ask(w);
}

void torture_worker(struct shared *shared, unsigned int index, uint64_t seed)
{
	struct worker w = {
		.shared = shared,
		.chance = { .state = seed | 1 },
		.published = &shared->vms[index * GUESTS_EACH],
		.device = open("/dev/kvm-swap", O_RDWR | O_CLOEXEC),
	};

	if (w.device < 0)
		err(2, "/dev/kvm-swap");
	for (int i = 0; i < ATTACHED; i++)
		w.attached[i] = -1;
	/* Numbers that differ in a bit give choices that do not: xorshift needs a few steps. */
	for (int i = 0; i < 20; i++)
		chance_next(&w.chance);
	while (!atomic_load(&shared->stop))
		act(&w);
	fflush(stdout);
	_exit(0);
}

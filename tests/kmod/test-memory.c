// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of ages when the host does something with the memory: it was never there, is
 * discarded, filled by the host, shared by fork or KSM.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (8 * BLOCK_PAGES)
#define HALF  (PAGES / 2)

static uint8_t ages[PAGES];

/* All of the memory has age @age. */
static int aged(struct vm *vm, enum vm_backing backing, unsigned int age)
{
	int fd;

	vm_new(vm, PAGES, backing);
	fd = must_attach(vm);
	vm_touch(vm, 0, PAGES, 1);
	passes(fd, age + 1);
	return fd;
}

static void done(struct vm *vm, int fd)
{
	close(fd);
	vm_free(vm);
}

static bool all_have(size_t first, size_t n, uint8_t age)
{
	for (size_t i = first; i < first + n; i++)
		if (ages[i] != age)
			return false;
	return true;
}

static void discard(struct vm *vm, size_t first, size_t n)
{
	int how = vm->backing == VM_SHARED ? MADV_REMOVE : MADV_DONTNEED;

	if (madvise(vm->memory + first * PAGE, n * PAGE, how))
		err(2, "madvise");
}

static void never_touched(void)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	passes(fd, 3);
	ok(resident(fd) == 0, "memory that was never touched is not cold memory");
	vm_touch(&vm, 0, HALF, 1);
	passes(fd, 3);
	ok(resident(fd) == HALF, "nor is the rest when half of it was (%zu)", resident(fd));
	read_ages(fd, &vm, 0, ages);
	ok(all_have(0, HALF, 2) && all_have(HALF, HALF, 0), "and what was has its age (%u)",
	   ages[0]);
	done(&vm, fd);
}

static void discarded(enum vm_backing backing, const char *how)
{
	struct vm vm;
	int fd = aged(&vm, backing, 5);

	discard(&vm, 100, 300);
	read_ages(fd, &vm, 0, ages);
	ok(ages[99] && ages[400] && all_have(100, 300, 0),
	   "%s: what was discarded is in no cold range, even before the next pass", how);
	ok(resident(fd) == PAGES - 300, "%s: nor in the histogram (%zu)", how, resident(fd));
	pass(fd);
	ok(resident(fd) == PAGES - 300 && vm_resident(&vm) == PAGES - 300,
	   "%s: nor after it (%zu)", how, resident(fd));
	vm_touch(&vm, 100, 10, 1);
	passes(fd, 3);
	read_ages(fd, &vm, 0, ages);
	/* Their block may have been asked as one, so that its other pages look young too. */
	ok(all_have(100, 10, 2) && ages[99] >= 2 && ages[99] <= 9,
	   "%s: what comes back begins young (%u, %u)", how, ages[99], ages[100]);
	ok(all_have(BLOCK_PAGES, PAGES - BLOCK_PAGES, 9), "%s: other blocks have their age (%u)",
	   how, ages[BLOCK_PAGES]);
	ok(vm.memory[105 * PAGE] == 1 && vm.memory[99 * PAGE] == 1,
	   "%s: with new content, and the others with theirs", how);
	ok(stats(fd).invalidations > 0, "%s: the notifier has seen it go (seed 000)", how);
	done(&vm, fd);
}

/* QEMU fills memory itself when a guest migrates to it: KVM's bits say nothing of that. */
static void filled_by_host(void)
{
	struct vm vm;
	unsigned int n;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, HALF, 100, 1);
	passes(fd, 20);
	memset(vm.memory, 1, PAGES * PAGE);
	read_ages(fd, &vm, 0, ages);
	ok(!ages[0] && !ages[HALF + 200],
	   "what the host has just filled is not as old as what was there (%u)", ages[HALF + 200]);
	for (n = 0; n < 100 && resident(fd) != PAGES; n++)
		pass(fd);
	ok(resident(fd) == PAGES, "memory that the host fills is seen (%zu, after %u passes)",
	   resident(fd), n);
	passes(fd, 5);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] >= 5 && ages[PAGES - 1] >= 5, "and grows cold (%u, %u)", ages[0],
	   ages[PAGES - 1]);
	ok(ages[0] <= n + 5 && ages[PAGES - 1] <= n + 5 && ages[HALF + 200] <= n + 5,
	   "from then on, not from before it came (%u)", ages[HALF + 200]);
	done(&vm, fd);
}

/* Guest memory of a process that forks: its first write to a page afterwards gets a copy of it. */
static void copied_on_write(void)
{
	struct vm vm;
	int fd = aged(&vm, VM_SMALL, 5), pipes[2];
	char byte = 0;
	pid_t child;

	if (pipe(pipes))
		err(2, "pipe");
	child = fork();
	if (!child) {
		close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) == 0 && vm.memory[HALF * PAGE] == 1 ? 0 : 1);
	}
	close(pipes[0]);
	passes(fd, 3);
	ok(resident(fd) == PAGES, "after a fork all is as resident as before (%zu)", resident(fd));
	vm_touch(&vm, HALF, 100, 1);
	passes(fd, 3);
	read_ages(fd, &vm, 0, ages);
	ok(all_have(HALF, 100, 2), "pages copied on write are young, then age (%u)", ages[HALF]);
	ok(all_have(0, HALF, 5) && all_have(HALF + 100, HALF - 100, 5),
	   "the others are as old as the fork (%u)", ages[0]);
	ok(resident(fd) == PAGES && vm.memory[HALF * PAGE] == 2,
	   "nothing is counted twice or lost");
	close(pipes[1]);
	waitpid(child, &pipes[0], 0);
	ok(pipes[0] == 0, "and the child has the content of its fork");
	done(&vm, fd);
}

/* ---- KSM --------------------------------------------------------------------------------- */

#define KSM "/sys/kernel/mm/ksm/"

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool good = f && fputs(text, f) >= 0;

	return f && !fclose(f) && good;
}

static long read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	long value = -1;

	if (f) {
		if (fscanf(f, "%ld", &value) != 1)
			value = -1;
		fclose(f);
	}
	return value;
}

static bool is_merged(void *unused)
{
	return read_file(KSM "pages_sharing") >= (long)HALF - 64;
}

static bool merge(struct vm *vm)
{
	return !madvise(vm->memory, HALF * PAGE, MADV_MERGEABLE) &&
	       write_file(KSM "pages_to_scan", "1000") && write_file(KSM "sleep_millisecs", "1") &&
	       write_file(KSM "run", "1") && soon(is_merged, NULL) && write_file(KSM "run", "0");
}

/* All pages have the same content: one byte was incremented in each. */
static void merged(void)
{
	struct vm vm;
	int fd = aged(&vm, VM_SMALL, 5);

	if (!merge(&vm)) {
		skip("memory merged by KSM", "this kernel's KSM did not merge it");
		done(&vm, fd);
		return;
	}
	read_ages(fd, &vm, 0, ages);
	ok(ages[PAGES - 1] == 5, "what KSM has not touched keeps its age (%u)", ages[PAGES - 1]);
	passes(fd, 4);
	ok(resident(fd) == PAGES, "merged memory is resident memory (%zu)", resident(fd));
	read_ages(fd, &vm, 0, ages);
	ok(ages[5] == 3 && ages[PAGES - 1] == 9, "it is as old as its merging (%u)", ages[5]);
	vm_touch(&vm, 5, 1, 1);
	passes(fd, 2);
	read_ages(fd, &vm, 0, ages);
	ok(ages[5] == 1 && ages[6] == 5, "a page written to is unmerged and young (%u, %u)",
	   ages[5], ages[6]);
	ok(vm.memory[5 * PAGE] == 2 && vm.memory[6 * PAGE] == 1, "and only that one has changed");
	write_file(KSM "run", "2");
	write_file(KSM "run", "0");
	done(&vm, fd);
}

/* ---- No vCPU yet -------------------------------------------------------------------------- */

static void no_vcpu(void)
{
	struct vm vm;
	int fd;

	vm_open(&vm, PAGES, VM_SMALL);
	memset(vm.memory, 1, HALF * PAGE);
	fd = must_attach(&vm);
	passes(fd, 4);
	read_ages(fd, &vm, 0, ages);
	ok(resident(fd) == HALF && all_have(0, HALF, ages[0]) && ages[0] >= 3,
	   "a guest without a vCPU has memory that grows cold (%u)", ages[0]);
	vm_add_vcpu(&vm);
	vm_touch(&vm, 7, 3, 1);
	passes(fd, 2);
	read_ages(fd, &vm, 0, ages);
	ok(all_have(7, 3, 1), "when it gets one, what that touches is young");
	done(&vm, fd);
}

void test_memory(void)
{
	never_touched();
	discarded(VM_SMALL, "private");
	discarded(VM_SHARED, "shared");
	filled_by_host();
	copied_on_write();
	merged();
	no_vcpu();
}

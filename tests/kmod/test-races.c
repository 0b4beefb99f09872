// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes on while a pass does: memslots change, memory goes, guests end, others age too. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES     (8 * BLOCK_PAGES)
#define HALF      (PAGES / 2)
#define ELSEWHERE 0x80000000UL

static uint8_t ages[PAGES];
static atomic_bool must_stop;

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	must_stop = false;
	if (pthread_create(&thread, NULL, run, arg))
		errx(2, "pthread_create");
	return thread;
}

static void stop(pthread_t thread)
{
	must_stop = true;
	pthread_join(thread, NULL);
}

/* ---- Memslots ---------------------------------------------------------------------------- */

/* Comes, moves, goes; the memory is not the guest's other one. */
static void *change_slots(void *arg)
{
	uint8_t *more = vm_map(4 * BLOCK, VM_SMALL);
	const struct vm *vm = arg;

	while (!must_stop) {
		vm_set_region(vm, 1, more, 4 * BLOCK, ELSEWHERE);
		vm_set_region(vm, 1, more, 4 * BLOCK, 2 * ELSEWHERE);
		vm_set_region(vm, 2, more + BLOCK, BLOCK, ELSEWHERE);
		vm_set_region(vm, 1, more, 0, 0);
		vm_set_region(vm, 2, more, 0, 0);
		sched_yield();
	}
	munmap(more, 4 * BLOCK);
	return NULL;
}

static void slots_change(void)
{
	pthread_t thread;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	thread = start(change_slots, &vm);
	for (int i = 0; i < 200; i++) {
		vm_touch(&vm, 0, HALF / 7, 7);
		pass(fd);
		read_ages(fd, &vm, 0, ages);
	}
	stop(thread);
	ok(stats(fd).passes == 200, "memslots that change all the time hinder no pass");
	pass(fd);
	ok(stats(fd).slots == 2 && resident(fd) == PAGES, "what is left at the end is followed");
	for (int i = 0; i < 5; i++) {
		vm_touch(&vm, 0, HALF, 1);
		pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	ok(!ages[0] && !ages[HALF - 1] && ages[HALF] >= 3, "and its ages are exact (%u)",
	   ages[HALF]);
	close(fd);
	vm_free(&vm);
}

/* ---- Memory (seed 001) -------------------------------------------------------------------- */

static void *discard(void *arg)
{
	const struct vm *vm = arg;
	unsigned int seed = 1;

	while (!must_stop) {
		size_t first = HALF + (size_t)rand_r(&seed) % (HALF - 64);

		if (madvise(vm->memory + first * PAGE, 64 * PAGE, MADV_DONTNEED))
			err(2, "MADV_DONTNEED");
		vm->memory[first * PAGE] = 1;
		sched_yield();
	}
	return NULL;
}

/*
 * Pages that stay are never called older than they are. Younger they may be: the host's own
 * compaction and NUMA balancing unmap pages too, and what was unmapped is young.
 */
static void memory_goes(void)
{
	size_t wrong = 0, younger = 0;
	pthread_t thread;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	thread = start(discard, &vm);
	pass(fd);
	for (unsigned int n = 1; n <= 200; n++) {
		vm_touch(&vm, 0, 100, 1);
		vm_touch(&vm, HALF, HALF / 5, 5);
		pass(fd);
		read_ages(fd, &vm, 0, ages);
		for (size_t i = 0; i < HALF; i++)
			wrong += ages[i] > (i < 100 ? 0 : n);
		for (size_t i = 100; i < HALF; i++)
			younger += ages[i] + 2U < n;
	}
	stop(thread);
	note("%llu invalidations, %llu blocks raced, %llu of them lost", stats(fd).invalidations,
	     stats(fd).raced, stats(fd).raced_lost);
	ok(!wrong, "memory that goes during passes: no other page is called too old (%zu)", wrong);
	ok(younger < 200 * HALF / 2, "and most have their age (%zu of %lu were younger)", younger,
	   200 * (HALF - 100));
	passes(fd, 70);
	ok(resident(fd) == vm_resident(&vm), "and what is left is what pagemap says (%zu, %zu)",
	   resident(fd), vm_resident(&vm));
	close(fd);
	vm_free(&vm);
}

/* ---- Reading ages (seed 002) ------------------------------------------------------------- */

static void *age_without_end(void *arg)
{
	struct kvm_swap_age sum;

	while (!must_stop && !pass_some(*(int *)arg, &sum))
		;
	return NULL;
}

static long waits_of_this_thread(void)
{
	struct rusage usage;

	must(getrusage(RUSAGE_THREAD, &usage), "getrusage");
	return usage.ru_nvcsw;
}

/* Memory for a record may have to be waited for; with the mutex it was 38 waits in 500 passes. */
#define FEW_WAITS 5

/* On one processor a pass that is interrupted holds the mutex: who wanted it would sleep. */
static void is_read_during_passes(void)
{
	static struct kvm_swap_map m;
	unsigned long n = 0, passes_before;
	long waits = 0, before;
	pthread_t thread;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	pass(fd);
	passes_before = stats(fd).passes;
	thread = start(age_without_end, &fd);
	while (stats(fd).passes < passes_before + 500) {
		before = waits_of_this_thread();
		for (unsigned int i = 0; i < 500; i++, n++) {
			m.gpa = 0;
			must(ioctl(fd, KVM_SWAP_MAP, &m), "KVM_SWAP_MAP");
		}
		waits += waits_of_this_thread() - before;
	}
	stop(thread);
	ok(m.count > 0 && waits <= FEW_WAITS,
	   "the map is read while passes go on, and waits for none (%lu, %ld waits, seed 002)", n,
	   waits);
	close(fd);
	vm_free(&vm);
}

/* ---- The guest's end ---------------------------------------------------------------------- */

static void *age_on(void *arg)
{
	static int error;
	struct kvm_swap_age sum;

	while (!pass_some(*(int *)arg, &sum))
		;
	error = errno;
	return &error;
}

static void ends_under_a_pass(void)
{
	unsigned int good = 0;

	for (int i = 0; i < 20; i++) {
		struct child c;
		pthread_t thread;
		void *error;
		int fd;

		child_start(&c, PAGES);
		fd = attach(c.vm_fd);
		thread = start(age_on, &fd);
		child_kill(&c);
		pthread_join(thread, &error);
		good += *(int *)error == ESRCH && is_gone(fd, GONE_MS);
		close(c.vm_fd);
		close(fd);
	}
	ok(good == 20, "a guest that is killed under a pass: ESRCH and POLLHUP, 20 times (%u)",
	   good);
}

static void is_closed_under_a_pass(void)
{
	unsigned int good = 0;

	for (int i = 0; i < 3; i++) {
		pthread_t thread;
		struct vm vm;
		void *error;
		int fd;

		vm_new(&vm, PAGES, VM_SMALL);
		vm_touch(&vm, 0, PAGES, 1);
		fd = must_attach(&vm);
		thread = start(age_on, &fd);
		vm_free(&vm);
		pthread_join(thread, &error);
		good += *(int *)error == ESRCH;
		close(fd);
	}
	ok(good == 3, "a VM that is closed under passes: ESRCH, 3 times (%u)", good);
}

/* Both sides let go at once. */
static void ends_while_detached(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct child c;
		int fd;

		child_start(&c, BLOCK_PAGES);
		fd = attach(c.vm_fd);
		if (fd < 0)
			break;
		close(c.vm_fd);
		kill(c.pid, SIGKILL);
		close(fd);
		child_kill(&c);
	}
	ok(i == 20, "a guest is killed and detached at once, 20 times (%u)", i);
}

/* ---- Two agents ---------------------------------------------------------------------------- */

/* An agent of its own: opens, attaches, ages; n = 0 for ever. */
static pid_t agent(const struct vm *vm, unsigned int n)
{
	pid_t pid = fork();

	if (!pid) {
		int fd;

		device_open();
		fd = attach(vm->fd);
		for (unsigned int i = 0; fd >= 0 && (!n || i < n); i++)
			pass(fd);
		_exit(fd < 0 ? 1 : 0);
	}
	return pid;
}

static void two_agents(void)
{
	unsigned int oldest = 0;
	size_t both = 0;
	struct vm vm;
	int fd, status;
	pid_t pid;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	pid = agent(&vm, 100);
	passes(fd, 100);
	waitpid(pid, &status, 0);
	ok(!status && stats(fd).passes >= 200,
	   "two agents at once: both age the guest (%llu passes)", stats(fd).passes);
	read_ages(fd, &vm, 0, ages);
	for (size_t i = 0; i < PAGES; i++) {
		oldest = ages[i] > oldest ? ages[i] : oldest;
		both += ages[i] > 100;
	}
	/* What the host itself unmapped meanwhile is younger. */
	ok(oldest <= 200 && both > PAGES / 2,
	   "and each pass counts once (oldest %u, %zu of %lu by both)", oldest, both, PAGES);
	pid = agent(&vm, 0);
	passes(fd, 50);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 4);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] >= 2 && ages[0] <= 3, "one is killed: the other goes on (%u)", ages[0]);
	close(fd);
	vm_free(&vm);
}

/* ---- The module's end ---------------------------------------------------------------------- */

static void module_goes(void)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	device_close();
	ok(syscall(SYS_delete_module, "kvm_swap", O_NONBLOCK) < 0 && errno == EWOULDBLOCK,
	   "the module does not go while a guest is attached: EWOULDBLOCK");
	pass(fd);
	ok(resident(fd) == PAGES, "and works on");
	device_open();
	close(fd);
	vm_free(&vm);
}

void test_races(void)
{
	slots_change();
	memory_goes();
	is_read_during_passes();
	ends_under_a_pass();
	is_closed_under_a_pass();
	ends_while_detached();
	two_agents();
	module_goes();
}

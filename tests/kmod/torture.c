// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvm_swap under torture: random calls with right, nearly right and wrong arguments from processes
 * whose VMs come, go and change all the time, with allocations that fail where the kernel can make
 * them. Prints TAP. Usage: torture [SECONDS [SEED]]
 *
 * A seed repeats the choices of each process, not the order in which the processes run.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "tap.h"
#include "torture.h"

#define SECONDS 20
#define FAULT_PERCENT 10
/* Emulated, with a kernel that checks everything, the last call of a process may be a long one. */
#define END_SECONDS 300

struct child {
	pid_t pid;
	int pidfd;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- Processes --------------------------------------------------------------------------- */

static void spawn(struct child *child, struct shared *shared, unsigned int index, uint64_t seed)
{
	for (size_t i = 0; i < GUESTS_EACH; i++)
		atomic_store(&shared->vms[index * GUESTS_EACH + i].pid, 0);
	fflush(stdout);
	child->pid = fork();
	if (child->pid < 0)
		err(2, "fork");
	if (!child->pid)
		torture_worker(shared, index, seed);
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd < 0)
		err(2, "pidfd_open");
}

static bool has_ended(const struct child *child, int timeout_ms)
{
	struct pollfd p = { .fd = child->pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* It ended as one that leaves on its own ends, not by an error that it told of. */
static bool ended_well(struct child *child)
{
	int status;

	waitpid(child->pid, &status, 0);
	close(child->pidfd);
	child->pidfd = -1;
	return WIFEXITED(status) ? !WEXITSTATUS(status) : WTERMSIG(status) == SIGKILL;
}

/* Faults come in every other second: while they do, the kernel looks at the stack of every
 * allocation. Return: processes that ended badly. */
static unsigned int torture(struct shared *shared, struct child *children, uint64_t seed,
			    unsigned int seconds, bool with_faults)
{
	uint64_t end = now_ms() + 1000ULL * seconds;
	unsigned int bad = 0;

	for (uint64_t round = 0; now_ms() < end; round++) {
		if (with_faults && round % 10 == 0)
			faults_setup(round % 20 ? FAULT_PERCENT : 0);
		for (unsigned int i = 0; i < WORKERS; i++) {
			if (children[i].pidfd >= 0 && !has_ended(&children[i], 100 / WORKERS))
				continue;
			bad += children[i].pidfd >= 0 && !ended_well(&children[i]);
			seed += 0x9e3779b97f4a7c15ULL;
			spawn(&children[i], shared, i, seed);
		}
	}
	return bad;
}

static void show_stack(pid_t pid)
{
	char path[40], line[200];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	f = fopen(path, "re");
	note("process %d hangs:", pid);
	while (f && fgets(line, sizeof(line), f))
		note("  %.*s", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

/* Return: processes that do not end. */
static unsigned int stop(struct shared *shared, struct child *children, unsigned int *bad)
{
	uint64_t end = now_ms() + 1000ULL * END_SECONDS;
	unsigned int stuck = 0;

	atomic_store(&shared->stop, true);
	for (unsigned int i = 0; i < WORKERS; i++) {
		uint64_t now = now_ms();

		if (has_ended(&children[i], now < end ? (int)(end - now) : 0)) {
			*bad += !ended_well(&children[i]);
			continue;
		}
		show_stack(children[i].pid);
		kill(children[i].pid, SIGKILL);
		stuck++;
	}
	return stuck;
}

/* ---- The verdict ------------------------------------------------------------------------- */

/* The parent's own descriptor counts. */
static unsigned int module_users(void)
{
	unsigned int n = ~0U;
	FILE *f = fopen("/sys/module/kvm_swap/refcnt", "re");

	if (f && fscanf(f, "%u", &n) != 1)
		n = ~0U;
	if (f)
		fclose(f);
	return n;
}

static void judge(struct tally *t, const char *no_faults)
{
	ok(t->vms && t->reslots && t->runs,
	   "VMs came (%lu), got other memslots (%lu) and ran (%lu)", t->vms, t->reslots, t->runs);
	ok(t->attached && t->accepted, "they were attached to (%lu), calls were answered (%lu)",
	   t->attached, t->accepted);
	ok(t->refused && !t->odd_errno,
	   "calls were refused (%lu), each with an errno that its manual page has (%lu not)",
	   t->refused, t->odd_errno);
	ok(!t->changed, "a call that failed has changed no record (%lu)", t->changed);
	ok(!t->odd_answer, "no answer contradicts itself (%lu)", t->odd_answer);
	if (no_faults)
		skip("allocations failed", no_faults);
	else
		ok(t->faults, "allocations failed (%lu in calls, others in passes)", t->faults);
}

static uint64_t seed_from_system(void)
{
	uint64_t seed = 0;

	if (syscall(SYS_getrandom, &seed, sizeof(seed), 0) != sizeof(seed))
		err(2, "getrandom");
	return seed;
}

static struct shared *shared_new(void)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(2, "mmap");
	return p;
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : SECONDS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : seed_from_system();
	struct child children[WORKERS];
	struct shared *shared = shared_new();
	const char *no_faults;
	unsigned int bad, stuck;
	int device = open("/dev/kvm-swap", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < WORKERS; i++)
		children[i].pidfd = -1;
	if (device < 0)
		err(2, "/dev/kvm-swap");
	no_faults = faults_setup(0);
	note("%u s from seed %#llx; failing allocations: %s", seconds, (unsigned long long)seed,
	     no_faults ?: "yes");
	bad = torture(shared, children, seed, seconds, !no_faults);
	faults_stop();
	stuck = stop(shared, children, &bad);
	ok(!stuck, "no process is stuck (%u)", stuck);
	ok(!bad, "no process met an error (%u), %lu left on their own", bad, shared->tally.left);
	judge(&shared->tally, no_faults);
	ok(module_users() == 1, "nobody but this program uses the module now");
	return tap_end();
}

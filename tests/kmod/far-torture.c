// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Far memory under torture: guests that know each byte of their memory run, look, fork, discard and
 * re-slot it, or are killed, while others page it out and home, drain, change stores, let go and
 * are killed as well; with allocations that fail where the kernel can make them. Prints TAP.
 * Usage: far-torture [SECONDS [SEED]]
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "far.h"
#include "faults.h"
#include "module.h"
#include "tap.h"

#define OWNERS 3
#define PAGERS 2
#define PAGES  (3 * BLOCK_PAGES)

/* Of those who page, before one more may die: checking kernels are slow, lives are to be lived. */
#define STEPS_A_LIFE 100

#define FAULT_PERCENT 10
#define ROUND_MS      200
#define FAULT_ROUNDS  25 /* with faults, then as many without: they cost, each stack is read */

/* What all processes see. */
struct shared {
	struct {
		atomic_int pid; /* 0: nobody to attach to */
		struct vm vm;
	} guests[OWNERS];
	atomic_bool must_stop;
	atomic_ulong looks, wrong, odd;
	atomic_ulong steps, out, home, touched, kills, attached, ended, lost;
	atomic_ulong refused, stayed, reserve_used; /* for want of memory */
};

static struct shared *shared;

/* ---- Chance ------------------------------------------------------------------------------ */

static uint64_t state;

static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* ---- A guest that knows its memory ------------------------------------------------------- */

struct page {
	uint8_t fill;
	uint8_t touches;
};

struct owner {
	struct vm vm;
	struct page pages[PAGES];
	size_t slot, n_slot; /* pages that the guest sees */
};

static bool is_right(const struct owner *o, size_t i)
{
	uint64_t want[PAGE / 8];

	fill_page((uint8_t *)want, i, o->pages[i].fill);
	*(uint8_t *)want += o->pages[i].touches;
	return !memcmp(o->vm.memory + i * PAGE, want, PAGE);
}

static void look(const struct owner *o, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++)
		if (!is_right(o, i)) {
			atomic_fetch_add(&shared->wrong, 1);
			note("page %zu of process %d is wrong", i, getpid());
		}
	atomic_fetch_add(&shared->looks, n);
}

static void refill(struct owner *o, size_t first, size_t n)
{
	enum fill how = below(4);

	for (size_t i = first; i < first + n; i++) {
		fill_page(o->vm.memory + i * PAGE, i, how);
		o->pages[i] = (struct page){ .fill = how };
	}
}

static void run(struct owner *o, size_t first, size_t n)
{
	size_t from = first > o->slot ? first : o->slot, to = o->slot + o->n_slot;

	to = to < first + n ? to : first + n;
	if (from >= to)
		return;
	vm_touch(&o->vm, from, to - from, 1);
	for (size_t i = from; i < to; i++)
		o->pages[i].touches++;
}

static void discard(struct owner *o, size_t first, size_t n)
{
	madvise(o->vm.memory + first * PAGE, n * PAGE, MADV_DONTNEED);
	for (size_t i = first; i < first + n; i++)
		o->pages[i] = (struct page){ .fill = FILL_ZERO };
}

/* The child looks at its copy, and writes to it. */
static void forks(struct owner *o, size_t first, size_t n)
{
	pid_t pid = fork();

	if (!pid) {
		look(o, first, n);
		memset(o->vm.memory + first * PAGE, 0x5a, n * PAGE);
		_exit(0);
	}
	if (below(2))
		look(o, first, n);
	waitpid(pid, NULL, 0);
}

/* Pages keep their guest addresses. */
static void show(struct owner *o, size_t first, size_t n)
{
	vm_set_slot(&o->vm, 0, first, n, VM_BASE + first * PAGE);
	o->slot = first;
	o->n_slot = n;
}

/* None, all, or what is asked for: memory that is out need not be a guest's any more. */
static void reslot(struct owner *o, size_t first, size_t n)
{
	bool some = below(2);

	if (o->n_slot)
		show(o, o->slot, 0);
	if (below(3))
		show(o, some ? first : 0, some ? n : PAGES);
}

static void lock(struct owner *o, size_t first, size_t n)
{
	mlock(o->vm.memory + first * PAGE, n * PAGE);
	look(o, first, n);
	munlock(o->vm.memory + first * PAGE, n * PAGE);
}

static void owner_step(struct owner *o)
{
	size_t first = below(PAGES), n = 1 + below(below(8) ? 64 : PAGES);

	n = n < PAGES - first ? n : PAGES - first;
	switch (below(16)) {
	case 0:
		refill(o, first, n);
		break;
	case 1:
		discard(o, first, n);
		break;
	case 2:
		forks(o, first, n);
		break;
	case 3:
		reslot(o, first, n);
		break;
	case 4:
		lock(o, first, n);
		break;
	case 5:
	case 6:
		usleep(1000 * (useconds_t)below(30));
		break;
	case 7:
	case 8:
	case 9:
		look(o, first, n);
		break;
	default:
		run(o, first, n);
		break;
	}
}

static void __attribute__((noreturn)) owner_main(unsigned int me)
{
	static struct owner o;

	vm_new(&o.vm, PAGES, below(2) ? VM_SMALL : VM_HUGE);
	o.n_slot = PAGES;
	refill(&o, 0, PAGES);
	shared->guests[me].vm = o.vm;
	shared->guests[me].vm.fd = fcntl(o.vm.fd, F_DUPFD_CLOEXEC, CHILD_FD_MIN);
	atomic_store(&shared->guests[me].pid, getpid());
	while (!atomic_load(&shared->must_stop))
		owner_step(&o);
	look(&o, 0, PAGES);
	_exit(0);
}

/* ---- Those who page ---------------------------------------------------------------------- */

struct guest {
	int fd;
	const struct vm *vm;
};

static bool guest_find(struct guest *g)
{
	size_t i = below(OWNERS);
	int pid = atomic_load(&shared->guests[i].pid), pidfd, vm_fd;

	pidfd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pidfd < 0)
		return false;
	vm_fd = (int)syscall(SYS_pidfd_getfd, pidfd, shared->guests[i].vm.fd, 0);
	close(pidfd);
	if (vm_fd < 0)
		return false;
	*g = (struct guest){ attach(vm_fd), &shared->guests[i].vm };
	close(vm_fd);
	atomic_fetch_add(&shared->attached, g->fd >= 0);
	return g->fd >= 0;
}

/* Errors that kvm_swap(4) lists for a call that is right; ENOENT is a cipher that does not come. */
static bool is_documented(int error)
{
	return error == ESRCH || error == ENOMEM || error == EBUSY || error == EINTR ||
	       error == ENOENT;
}

static void told(int r, atomic_ulong *sum, unsigned long n)
{
	int error = errno;

	atomic_fetch_add(&shared->refused, r && error == ENOMEM);
	if (!r)
		atomic_fetch_add(sum, n);
	else if (!is_documented(error)) {
		atomic_fetch_add(&shared->odd, 1);
		note("a call fails: %s", strerror(error));
	}
}

static void moves(const struct guest *g, unsigned long call, atomic_ulong *sum)
{
	struct kvm_swap_move m = { .count = 1 + (uint32_t)below(8),
				   .max_usec = (uint32_t)below(50000) };
	int r;

	for (uint32_t i = 0; i < m.count; i++) {
		size_t first = below(PAGES), n = 1 + below(below(4) ? 100 : PAGES);

		m.ranges[i].hva = (uintptr_t)g->vm->memory + first * PAGE;
		m.ranges[i].bytes = n * PAGE;
	}
	r = ioctl(g->fd, call, &m);
	told(r, sum, m.pages);
	if (!r)
		atomic_fetch_add(&shared->stayed, m.skipped[KVM_SWAP_SKIP_NO_MEMORY]);
}

static void drains(const struct guest *g)
{
	struct kvm_swap_drain d = { .max_usec = (uint32_t)below(50000) };
	int r = ioctl(g->fd, KVM_SWAP_DRAIN, &d);

	told(r, &shared->home, d.pages);
}

static void changes(const struct guest *g)
{
	struct kvm_swap_store_params p = {
		.flags = KVM_SWAP_STORE_PARAMS_SET,
		.compressor = 1 + (uint32_t)below(2),
		.encrypt = (uint32_t)below(2),
		.limit_bytes = below(4) ? KVM_SWAP_NO_LIMIT : below(4 << 20),
		.host_limit_bytes = below(2) ? KVM_SWAP_SAME_LIMIT :
				    below(2) ? KVM_SWAP_NO_LIMIT : below(8 << 20),
	};

	told(ioctl(g->fd, KVM_SWAP_STORE_PARAMS, &p), &shared->home, 0);
}

/* Each store's figures, seen more than once: what matters is whether they are 0. */
static void looks_at_store(const struct guest *g)
{
	struct kvm_swap_store_stats s = {};

	if (ioctl(g->fd, KVM_SWAP_STORE_STATS, &s))
		return;
	atomic_fetch_add(&shared->lost, s.integrity_failures);
	atomic_fetch_add(&shared->reserve_used, s.reserve_used);
	atomic_fetch_add(&shared->touched, s.faults);
}

static void pager_step(struct guest *g)
{
	struct kvm_swap_age age = {};

	atomic_fetch_add(&shared->steps, 1);
	switch (below(12)) {
	case 0:
		looks_at_store(g);
		close(g->fd);
		g->fd = -1;
		break;
	case 1:
		drains(g);
		break;
	case 2:
		changes(g);
		break;
	case 3:
	case 4:
		moves(g, KVM_SWAP_PAGE_IN, &shared->home);
		break;
	case 5:
		told(ioctl(g->fd, KVM_SWAP_AGE, &age), &shared->home, 0);
		break;
	case 6:
		looks_at_store(g);
		break;
	default:
		moves(g, KVM_SWAP_PAGE_OUT, &shared->out);
		break;
	}
}

static void __attribute__((noreturn)) pager_main(void)
{
	struct guest g = { .fd = -1 };

	while (!atomic_load(&shared->must_stop)) {
		if (g.fd < 0 && !guest_find(&g))
			usleep(10000);
		else
			pager_step(&g);
	}
	if (g.fd >= 0)
		looks_at_store(&g);
	_exit(0);
}

/* ---- Life and death ---------------------------------------------------------------------- */

static pid_t start(unsigned int i)
{
	uint64_t seed = below(~0UL) * 0x9e3779b97f4a7c15 | 1; /* never 0: that stays */
	pid_t pid = fork();

	if (pid)
		return pid;
	state = seed;
	if (i < OWNERS)
		owner_main(i);
	pager_main();
}

static void one_dies(pid_t *pids)
{
	size_t i = below(OWNERS + PAGERS);
	int status = 0;

	if (i < OWNERS)
		atomic_store(&shared->guests[i].pid, 0);
	kill(pids[i], SIGKILL);
	/* Nobody ends by itself before they all must. */
	if (waitpid(pids[i], &status, 0) != pids[i] || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL) {
		atomic_fetch_add(&shared->ended, 1);
		note("process %d had ended: %#x", pids[i], (unsigned int)status);
	}
	pids[i] = start((unsigned int)i);
	atomic_fetch_add(&shared->kills, 1);
}

static bool is_over(void *unused)
{
	FILE *f = fopen("/sys/kernel/kvm_swap/store/pages", "re");
	long n = -1;

	if (!f || fscanf(f, "%ld", &n) != 1)
		err(2, "store/pages");
	fclose(f);
	return !n;
}

static void live(pid_t *pids, unsigned int seconds, bool with_faults)
{
	time_t end = time(NULL) + seconds;
	unsigned long lived = 0;

	for (unsigned int round = 0; time(NULL) < end; round++) {
		if (with_faults && round % FAULT_ROUNDS == 0)
			faults_setup(round / FAULT_ROUNDS % 2 ? 0 : FAULT_PERCENT);
		usleep(1000 * ROUND_MS);
		if (below(5) || shared->steps - lived < STEPS_A_LIFE)
			continue;
		one_dies(pids);
		lived = shared->steps;
	}
}

static void judge(unsigned int failed, const char *no_faults)
{
	note("%lu pages out, %lu home by order, %lu looked at, %lu attachments, %lu kills",
	     shared->out, shared->home, shared->looks, shared->attached, shared->kills);
	ok(!failed, "all processes end by themselves (%u)", failed);
	ok(!shared->ended, "none of them ended before (%lu)", shared->ended);
	ok(!shared->lost, "no page failed its check (%lu)", shared->lost);
	ok(!shared->wrong && shared->looks, "no byte is wrong (%lu)", shared->wrong);
	ok(!shared->odd, "every errno is documented (%lu)", shared->odd);
	ok(shared->out && shared->home && shared->touched, "pages went out and came home");
	if (no_faults)
		skip("allocations failed", no_faults);
	else
		ok(shared->refused && shared->stayed && shared->reserve_used,
		   "allocations failed: for calls (%lu), pages on the move (%lu), touches (%s)",
		   shared->refused, shared->stayed, shared->reserve_used ? "yes" : "none");
}

static void torture(unsigned int seconds, const char *no_faults)
{
	pid_t pids[OWNERS + PAGERS];
	unsigned int failed = 0;
	int status;

	for (unsigned int i = 0; i < OWNERS + PAGERS; i++)
		pids[i] = start(i);
	live(pids, seconds, !no_faults);
	atomic_store(&shared->must_stop, true);
	for (unsigned int i = 0; i < OWNERS + PAGERS; i++)
		failed += waitpid(pids[i], &status, 0) != pids[i] || status;
	faults_stop();
	judge(failed, no_faults);
	ok(soon(is_over, NULL), "nothing is left in any store");
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)atoi(argv[1]) : 20;
	const char *no_faults;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761 + 1;
	device_open();
	if (!has_store()) {
		skip("torture of far memory", "this kernel can have no store");
		return tap_end();
	}
	no_faults = faults_setup(0);
	note("%u s from seed %#llx; failing allocations: %s", seconds, (unsigned long long)state,
	     no_faults ?: "yes");
	shared = must_map(sizeof(*shared), MAP_SHARED | MAP_ANONYMOUS, -1);
	torture(seconds, no_faults);
	device_close();
	return tap_end();
}

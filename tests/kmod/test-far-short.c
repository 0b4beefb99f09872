// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Far memory on a host that is short of memory: what comes home by a touch has a reserve, what
 * comes by order is refused, what nobody asked for waits.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (16 * BLOCK_PAGES)

static void oom_score(const char *value)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "we");

	if (!f || fputs(value, f) < 0 || fclose(f))
		err(2, "oom_score_adj");
}

/* The host's swap would be one more place to go to. */
static char swap[64];

static void swap_off(void)
{
	FILE *f = fopen("/proc/swaps", "re");

	if (f && (fscanf(f, "%*[^\n] %63s", swap) != 1 || swapoff(swap)))
		swap[0] = 0;
	if (f)
		fclose(f);
}

static void swap_on(void)
{
	if (swap[0] && swapon(swap, 0))
		err(2, "swapon %s", swap);
}

/* Memory that nobody can take away again. */
static bool take(size_t blocks)
{
	while (blocks--) {
		uint8_t *at = vm_map(BLOCK, VM_SMALL);

		if (!at || mlock(at, BLOCK))
			return false;
	}
	return true;
}

/* Takes all memory there is, is killed for it, and does it again. */
static void __attribute__((noreturn)) hog(void)
{
	setpgid(0, 0);
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			oom_score("1000");
			_exit(take(SIZE_MAX) ? 0 : 1);
		}
		waitpid(pid, NULL, 0);
	}
}

static unsigned long free_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib = ~0UL;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %lu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* Below this the kernel gives nothing, with half of it again for its zones. */
static unsigned long kept_kib(void)
{
	FILE *f = fopen("/proc/sys/vm/min_free_kbytes", "re");
	unsigned long kib = 0;

	if (!f || fscanf(f, "%lu", &kib) != 1)
		err(2, "min_free_kbytes");
	fclose(f);
	return kib + kib / 2;
}

static bool is_short(void *unused)
{
	return free_kib() < kept_kib() + (8 << 10);
}

static void short_of_memory(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, true);
	size_t wrong = 0, out, n_short = 0;
	pid_t pid;

	oom_score("-1000");
	swap_off();
	out = page_out(fd, &vm, 0, PAGES);
	pid = fork();
	if (!pid)
		hog();
	soon(is_short, NULL); /* a kernel that checks itself takes a minute to fill its memory */
	for (size_t i = 0; i < PAGES; i += PAGES / 16) {
		for (unsigned int wait = 0; wait < 100 && !is_short(NULL); wait++)
			usleep(10000);
		n_short += is_short(NULL);
		vm_touch(&vm, i, PAGES / 16, 1);
		wrong += wrong_pages(&vm, i, PAGES / 16, FILL_TEXT, 1);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	oom_score("0");
	s = store_stats(fd);
	ok(!wrong && s.faults == out && n_short,
	   "all come home while memory is short (%zu times, %llu by the reserve)", n_short,
	   s.reserve_used);
	far_done(&vm, fd);
}

/* All but 16 MiB of what the host's kernel would give, until it is killed. */
static pid_t hold(int guest_fd)
{
	unsigned long kept = kept_kib() + (16 << 10);
	int pipes[2];
	char byte = 0;
	pid_t pid;

	if (pipe(pipes))
		err(2, "pipe");
	pid = fork();
	if (!pid) {
		close(guest_fd); /* it is not this process that has the guest */
		oom_score("1000");
		while (free_kib() > kept && take(1))
			;
		if (write(pipes[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		errx(2, "memory could not be taken");
	close(pipes[0]);
	return pid;
}

/* 0 or errno, when nothing is left, or nothing more comes. */
static int drain_all(int fd)
{
	struct kvm_swap_drain d = { .max_usec = 100000 };
	int r;

	do {
		r = ioctl(fd, KVM_SWAP_DRAIN, &d) < 0 ? errno : 0;
	} while (!r && d.left && d.pages);
	return r;
}

/* Until memory is short in the middle of a call; that call says of each page what became of it. */
static void fetched_until_short(int fd, const struct vm *vm)
{
	struct kvm_swap_move m = { .count = 1, .max_usec = 1000000 };
	uint64_t begun, looked;
	int r;

	m.ranges[0].hva = (uintptr_t)vm->memory;
	m.ranges[0].bytes = vm->n_pages * PAGE;
	do {
		begun = m.cursor;
		r = move_once(fd, KVM_SWAP_PAGE_IN, &m);
	} while (!r && m.cursor && !m.skipped[KVM_SWAP_SKIP_NO_MEMORY]);
	looked = ((m.cursor ? m.cursor : m.ranges[0].bytes) - begun) / PAGE;
	/* Nothing moves when the call before had the last of it. */
	ok((r == ENOMEM && m.cursor == begun) ||
		   (!r && m.pages + m.skipped[KVM_SWAP_SKIP_NO_MEMORY] == looked &&
		    m.skipped[KVM_SWAP_SKIP_NO_MEMORY]),
	   "PAGE_IN says of all pages that stay out for want of memory that they do (%d, %llu)", r,
	   m.skipped[KVM_SWAP_SKIP_NO_MEMORY]);
}

static void no_room(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, 4 * PAGES, FILL_TEXT, false), r;
	pid_t pid;

	swap_off();
	page_out(fd, &vm, 0, 4 * PAGES);
	pid = hold(fd);
	r = drain_all(fd);
	s = store_stats(fd);
	/* not all may have gone out: the memory of who was killed before comes back in its time */
	ok(r == ENOMEM && s.pages && s.pages + s.fetched == s.outs,
	   "a drain that the host has no room for is refused: ENOMEM (%d, %llu of %llu left)", r,
	   s.pages, s.outs);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	ok(!drain_all(fd) && !wrong_pages(&vm, 0, 4 * PAGES, FILL_TEXT, 0),
	   "when it has, all comes home, and nothing was lost");
	page_out(fd, &vm, 0, 4 * PAGES);
	swap_off();
	pid = hold(fd);
	fetched_until_short(fd, &vm);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	far_done(&vm, fd);
}

/* As it was while the reserve was full, 64 pages: all else of it is much the same here. */
static struct {
	int fd;
	uint64_t metadata_bytes;
} filled;

static bool is_refilled(void *unused)
{
	return store_stats(filled.fd).metadata_bytes + 16 * PAGE >= filled.metadata_bytes;
}

/* Its process touches them: a guest would need page tables of KVM's, whose want kills as well. */
static size_t home_without_room(int fd, const struct vm *vm, uint64_t *out)
{
	size_t wrong;
	pid_t pid;

	*out += page_out(fd, vm, 0, vm->n_pages);
	filled.fd = fd;
	filled.metadata_bytes = store_stats(fd).metadata_bytes;
	pid = hold(fd);
	wrong = wrong_pages(vm, 0, vm->n_pages, FILL_TEXT, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return wrong;
}

/*
 * More comes home than there is room for, until whoever holds the memory is killed. A fault finds
 * none before that, unless another one who asked for memory was first: then once more.
 */
static void by_reserve(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, 4 * PAGES, FILL_TEXT, true);
	unsigned int rounds = 0;
	uint64_t out = 0;
	size_t wrong = 0;

	oom_score("-1000");
	swap_off();
	do {
		wrong += home_without_room(fd, &vm, &out);
		s = store_stats(fd);
	} while (++rounds < 10 && !s.reserve_used);
	swap_on();
	oom_score("0");
	ok(!wrong && s.faults == out && out > 2 * PAGES, "more comes home than there is room for");
	ok(s.reserve_used > 0, "some of it by the reserve (%llu, round %u)", s.reserve_used,
	   rounds);
	page_out(fd, &vm, 0, 4 * PAGES);
	ok(soon(is_refilled, NULL), "which is full again when memory is there");
	far_done(&vm, fd);
}

/* Nobody is there to ask for a drain: it takes nothing from those who use memory. */
static void none_to_spare(void)
{
	long pages, stay = 2 * PAGES - 4 * (long)BLOCK_PAGES;
	struct vm vm;
	int fd = far_vm(&vm, 2 * PAGES, FILL_TEXT, false);
	pid_t pid;

	swap_off();
	page_out(fd, &vm, 0, 2 * PAGES);
	pid = hold(fd);
	close(fd);
	sleep(5);
	pages = host_figure("pages");
	ok(pages >= stay, "what was let go stays out while memory is short (%ld)", pages);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	swap_on();
	ok(soon(stores_are_empty, NULL) && !wrong_pages(&vm, 0, 2 * PAGES, FILL_TEXT, 0),
	   "and comes home when there is some to spare");
	vm_free(&vm);
}

void test_far_short(void)
{
	if (!has_store())
		return; /* test_far() says so */
	short_of_memory();
	no_room();
	by_reserve();
	none_to_spare();
}

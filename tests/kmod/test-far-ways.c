// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever can happen to memory while it is out, happens; and who else reads it, reads what was
 * there. Pages that must not move are left, and counted by reason.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (4 * BLOCK_PAGES)
#define HALF  (PAGES / 2)

static uint8_t copy[PAGES * PAGE];

/* All of it is out. */
static int all_out(struct vm *vm)
{
	int fd = far_vm(vm, PAGES, FILL_TEXT, false);
	size_t n = page_out(fd, vm, 0, PAGES);

	if (n != PAGES)
		errx(2, "%zu pages are out", n);
	return fd;
}

/* ---- Memory that goes -------------------------------------------------------------------- */

static void slot_deleted(void)
{
	struct kvm_swap_move sum;
	struct vm vm;
	int fd = all_out(&vm);

	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	ok(store_stats(fd).pages == PAGES, "a memslot that is deleted leaves its pages out");
	ok(!wrong_pages(&vm, 0, HALF, FILL_TEXT, 0), "its process reads them as before");
	ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum) && !sum.pages &&
		   sum.skipped[KVM_SWAP_SKIP_OUTSIDE] == PAGES,
	   "no guest's memory any more, it does not go out");
	ok(drain(fd) == HALF && !wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "and can be drained");
	far_done(&vm, fd);
}

static void dropped(int (*drop)(void *at, size_t bytes), const char *how)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = all_out(&vm);

	if (drop(vm.memory + HALF * PAGE, HALF * PAGE))
		err(2, "%s", how);
	s = store_stats(fd);
	ok(s.dropped == HALF && s.pages == HALF && !s.faults && !s.fetched,
	   "%s drops what is out, and fetches nothing (%llu)", how, s.dropped);
	ok(!wrong_pages(&vm, 0, HALF, FILL_TEXT, 0), "%s: the rest is there", how);
	ok(!store_stats(fd).stored_bytes, "%s: and nothing is kept", how);
	far_done(&vm, fd);
}

static int discard(void *at, size_t bytes)
{
	return madvise(at, bytes, MADV_DONTNEED);
}

static void ballooned(void)
{
	struct vm vm;
	int fd = all_out(&vm);

	discard(vm.memory, HALF * PAGE);
	vm_touch(&vm, 0, HALF, 1);
	ok(vm.memory[0] == 1 && !vm.memory[1] && vm.memory[PAGE] == 1 && !vm.memory[PAGE + 9],
	   "memory that the balloon took while out comes back as zeroes");
	vm_touch(&vm, HALF, HALF, 1);
	ok(!wrong_pages(&vm, HALF, HALF, FILL_TEXT, 1), "and the rest as it was");
	far_done(&vm, fd);
}

static void moved(void)
{
	struct vm vm;
	int fd = all_out(&vm);
	uint8_t *to = mremap(vm.memory, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     vm_map(PAGES * PAGE, VM_SMALL));
	uint8_t *was = vm.memory;

	if (to == MAP_FAILED)
		err(2, "mremap");
	vm.memory = to;
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "mremap(2) takes along what is out");
	vm.memory = was;
	munmap(to, PAGES * PAGE);
	far_done(&vm, fd);
}

/* ---- Who else reads it ------------------------------------------------------------------- */

static bool is_copied(const struct vm *vm)
{
	struct vm other = *vm;

	other.memory = copy;
	return !wrong_pages(&other, 0, PAGES, FILL_TEXT, 0);
}

static bool by_proc_mem(const struct vm *vm)
{
	int fd = must(open("/proc/self/mem", O_RDONLY | O_CLOEXEC), "/proc/self/mem");
	ssize_t n = pread(fd, copy, PAGES * PAGE, (off_t)(uintptr_t)vm->memory);

	close(fd);
	return n == PAGES * PAGE;
}

static bool by_process_vm_readv(const struct vm *vm)
{
	const struct iovec to = { copy, PAGES * PAGE }, from = { vm->memory, PAGES * PAGE };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == PAGES * PAGE;
}

/* As QEMU's devices do, for the guest: the kernel reads for a system call. */
static bool by_write(const struct vm *vm)
{
	int fd = must(memfd_create("far", MFD_CLOEXEC), "memfd_create");
	ssize_t n = write(fd, vm->memory, PAGES * PAGE);
	bool good = n == PAGES * PAGE && pread(fd, copy, PAGES * PAGE, 0) == PAGES * PAGE;

	close(fd);
	return good;
}

static void read_by(bool (*how)(const struct vm *vm), const char *name)
{
	struct vm vm;
	int fd = all_out(&vm);

	memset(copy, 0, sizeof(copy));
	ok(how(&vm) && is_copied(&vm), "%s reads what is out", name);
	ok(!store_stats(fd).pages, "%s: by bringing it home", name);
	far_done(&vm, fd);
}

/* A debugger, which is our child here. */
static void __attribute__((noreturn)) debugger(const struct vm *vm)
{
	pid_t pid = getppid();
	bool good = true;

	if (ptrace(PTRACE_ATTACH, pid, 0, 0) || waitpid(pid, NULL, 0) != pid)
		_exit(2);
	for (size_t i = 0; i < PAGES; i += 100) {
		uint64_t want[PAGE / 8];

		fill_page((uint8_t *)want, i, FILL_TEXT);
		good &= (uint64_t)ptrace(PTRACE_PEEKDATA, pid, vm->memory + i * PAGE + 64, 0) ==
			want[8];
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
	_exit(good ? 0 : 1);
}

static void traced(void)
{
	struct vm vm;
	int fd = all_out(&vm), status = -1;
	pid_t pid = fork();

	if (!pid)
		debugger(&vm);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	ok(status == 0, "a debugger reads what is out");
	far_done(&vm, fd);
}

static void forked(void)
{
	struct kvm_swap_move sum;
	struct vm vm;
	int fd = all_out(&vm), pipes[2], status = -1;
	char byte = 0;
	size_t wrong;
	pid_t pid;

	if (pipe(pipes))
		err(2, "pipe");
	pid = fork();
	if (!pid) {
		close(pipes[1]);
		for (size_t i = 0; i < HALF; i++)
			vm.memory[i * PAGE] += 7;
		if (read(pipes[0], &byte, 1))
			_exit(2);
		wrong = wrong_pages(&vm, 0, HALF, FILL_TEXT, 7) +
			wrong_pages(&vm, HALF, HALF, FILL_TEXT, 0);
		_exit(wrong ? 1 : 0);
	}
	close(pipes[0]);
	vm_touch(&vm, HALF / 2, PAGES - HALF / 2, 1);
	ok(!wrong_pages(&vm, 0, HALF / 2, FILL_TEXT, 0) &&
		   !wrong_pages(&vm, HALF / 2, PAGES - HALF / 2, FILL_TEXT, 1),
	   "after a fork the parent has its content");
	close(pipes[1]);
	waitpid(pid, &status, 0);
	ok(status == 0, "and the child its own");
	ok(!store_stats(fd).pages, "nothing is left that nobody has");

	pid = fork();
	if (!pid)
		_exit(pause());
	ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum) && !sum.pages &&
		   sum.skipped[KVM_SWAP_SKIP_SHARED] == PAGES,
	   "what two processes share stays (%llu)", sum.skipped[KVM_SWAP_SKIP_SHARED]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	far_done(&vm, fd);
}

static struct kvm_swap_drain drain_once(int fd)
{
	struct kvm_swap_drain d = { .max_usec = 1000000 };

	must(ioctl(fd, KVM_SWAP_DRAIN, &d), "KVM_SWAP_DRAIN");
	return d;
}

/* What only a fork has: the kernel has no way to bring it home that is safe when the fork ends. */
static void left_to_fork(void)
{
	int pipes[2], status = -1;
	struct kvm_swap_drain d;
	void *nothing;
	struct vm vm;
	int fd = all_out(&vm);
	char byte = 0;
	pid_t pid;

	if (pipe(pipes))
		err(2, "pipe");
	pid = must(fork(), "fork");
	if (!pid) {
		close(pipes[1]);
		if (read(pipes[0], &byte, 1))
			_exit(2);
		_exit(wrong_pages(&vm, 0, HALF, FILL_TEXT, 0) ? 1 : 0);
	}
	close(pipes[0]);
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	/* nothing else is to be mapped there */
	nothing = mmap(vm.memory, PAGES * PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (nothing == MAP_FAILED)
		err(2, "mmap");
	d = drain_once(fd);
	ok(!d.pages && d.left == PAGES, "a drain leaves what only a fork has (%llu)", d.pages);
	close(pipes[1]);
	waitpid(pid, &status, 0);
	ok(status == 0, "which reads it");
	ok(!store_stats(fd).pages, "and takes the rest with it");
	far_done(&vm, fd);
}

/* The guest's memory is what this process has from its parent, and the parent no more. */
static bool drains_inherited(uint8_t *memory)
{
	struct vm vm;
	bool good;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	if (mremap(memory, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, vm.memory) ==
	    MAP_FAILED)
		err(2, "mremap");
	fd = must_attach(&vm);
	good = page_out(fd, &vm, 0, PAGES) == PAGES && drain(fd) == PAGES &&
	       !wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0);
	far_done(&vm, fd);
	return good;
}

/* As of a QEMU that went on in the background. */
static void inherited(void)
{
	struct vm vm = { .memory = vm_map(PAGES * PAGE, VM_SMALL), .n_pages = PAGES };
	int pipes[2], status = -1;
	char byte = 0;
	pid_t pid;

	if (!vm.memory || pipe(pipes))
		err(2, "mmap, pipe");
	fill(&vm, FILL_TEXT);
	pid = must(fork(), "fork");
	if (!pid) {
		close(pipes[1]);
		if (read(pipes[0], &byte, 1))
			_exit(2);
		_exit(drains_inherited(vm.memory) ? 0 : 1);
	}
	must(munmap(vm.memory, PAGES * PAGE), "munmap");
	close(pipes[0]);
	close(pipes[1]);
	waitpid(pid, &status, 0);
	ok(status == 0, "memory from a parent goes out and is drained");
}

/* What a page that is out is not: missing. */
static void watched(void)
{
	struct pollfd events = { .events = POLLIN };
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	events.fd = uffd_register(&vm, UFFDIO_REGISTER_MODE_MISSING);
	ok(page_out(fd, &vm, 0, PAGES) == PAGES, "memory that userfaultfd watches goes out");
	vm_touch(&vm, 0, HALF, 1);
	ok(!wrong_pages(&vm, 0, HALF, FILL_TEXT, 1) && !wrong_pages(&vm, HALF, HALF, FILL_TEXT, 0),
	   "and comes home");
	ok(!poll(&events, 1, 0), "without a word to userfaultfd");
	close(events.fd);
	far_done(&vm, fd);
}

/* ---- Pages that stay --------------------------------------------------------------------- */

static void stays(struct vm *vm, int fd, unsigned int why, size_t n, const char *what)
{
	struct kvm_swap_move sum;
	int r = move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ vm, 0, PAGES }, &sum);

	ok(!r && sum.skipped[why] == n && sum.pages == PAGES - n, "%s stays, and is counted (%llu)",
	   what, sum.skipped[why]);
}

static void backed(enum vm_backing backing, const char *what)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, backing);
	fill(&vm, FILL_TEXT);
	fd = must_attach(&vm);
	stays(&vm, fd, KVM_SWAP_SKIP_FILE, PAGES, what);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "%s: unharmed", what);
	far_done(&vm, fd);
}

static void locked(void)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	if (mlock(vm.memory, 100 * PAGE))
		err(2, "mlock");
	stays(&vm, fd, KVM_SWAP_SKIP_LOCKED, 100, "locked memory");
	if (mlock(vm.memory + 1000 * PAGE, 100 * PAGE))
		err(2, "mlock");
	ok(store_stats(fd).pages == PAGES - 200, "what is locked while out comes home");
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "with its content");
	far_done(&vm, fd);
}

static void pinned(void)
{
	struct iovec pages;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false), pipes[2];

	if (pipe(pipes))
		err(2, "pipe");
	pages = (struct iovec){ vm.memory + 5 * PAGE, 4 * PAGE };
	if (vmsplice(pipes[1], &pages, 1, 0) != 4 * PAGE)
		err(2, "vmsplice");
	stays(&vm, fd, KVM_SWAP_SKIP_PINNED, 4, "memory that I/O holds");
	ok(read(pipes[0], copy, 4 * PAGE) == 4 * PAGE && !memcmp(copy, vm.memory + 5 * PAGE, PAGE),
	   "and is what I/O sees");
	close(pipes[0]);
	close(pipes[1]);
	ok(page_out(fd, &vm, 5, 4) == 4, "when it is let go, it goes out");
	far_done(&vm, fd);
}

static void never_there(void)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, HALF, 1);
	vm_read(&vm, HALF, 10, 1);
	fd = must_attach(&vm);
	stays(&vm, fd, KVM_SWAP_SKIP_ABSENT, HALF, "memory never written");
	stays(&vm, fd, KVM_SWAP_SKIP_ABSENT, PAGES, "what is out already");
	far_done(&vm, fd);
}

/* ---- KSM --------------------------------------------------------------------------------- */

#define KSM "/sys/kernel/mm/ksm/"

static bool put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool good = f && fputs(text, f) >= 0;

	return f && !fclose(f) && good;
}

static bool is_merged(void *unused)
{
	FILE *f = fopen(KSM "pages_sharing", "re");
	long n = 0;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n >= 99;
}

static void merged(void)
{
	struct kvm_swap_move sum;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	for (size_t i = 0; i < 100; i++)
		fill_page(vm.memory + i * PAGE, 0, FILL_TEXT);
	if (madvise(vm.memory, 100 * PAGE, MADV_MERGEABLE) || !put(KSM "pages_to_scan", "1000") ||
	    !put(KSM "sleep_millisecs", "1") || !put(KSM "run", "1") || !soon(is_merged, NULL)) {
		skip("merged memory stays", "this kernel's KSM did not merge it");
	} else {
		put(KSM "run", "0");
		ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, 100 }, &sum) &&
			   !sum.pages && sum.skipped[KVM_SWAP_SKIP_KSM] == 100,
		   "merged memory stays, and is counted");
	}
	put(KSM "run", "2");
	put(KSM "run", "0");
	far_done(&vm, fd);
}

static void huge(void)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_HUGE);
	fill(&vm, FILL_TEXT);
	fd = must_attach(&vm);
	if (!vm_huge(&vm)) {
		skip("huge pages go out", "there are none");
		far_done(&vm, fd);
		return;
	}
	passes(fd, 3);
	ok(page_out(fd, &vm, 100, PAGES - 100) == PAGES - 100,
	   "huge pages go out, split, a part of one as well");
	pass(fd);
	ok(resident(fd) == 100, "ages follow, with the next pass (%zu)", resident(fd));
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "and come home page by page");
	far_done(&vm, fd);
}

void test_far_ways(void)
{
	if (!has_store())
		return; /* test_far() says so */
	slot_deleted();
	dropped(munmap, "munmap(2)");
	dropped(discard, "MADV_DONTNEED");
	ballooned();
	moved();
	read_by(by_proc_mem, "/proc/PID/mem");
	read_by(by_process_vm_readv, "process_vm_readv(2)");
	read_by(by_write, "write(2)");
	traced();
	forked();
	left_to_fork();
	inherited();
	watched();
	backed(VM_SHARED, "shared memory");
	backed(VM_HUGETLB, "hugetlbfs");
	locked();
	pinned();
	never_there();
	merged();
	huge();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* To what one can attach, who may, and what becomes of an attachment when its guest ends. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES  (2 * BLOCK_PAGES)
#define NOBODY 65534

static bool refused(int vm_fd, int want)
{
	return attach(vm_fd) < 0 && errno == want;
}

static void wrong_descriptors(void)
{
	int pipes[2], fd, vm_fd;
	struct vm vm;

	vm_new(&vm, PAGES, VM_SMALL);
	if (pipe(pipes))
		err(2, "pipe");
	fd = must_attach(&vm);
	ok(refused(-1, EBADF), "attach to no descriptor: EBADF");
	ok(refused(1 << 20, EBADF), "to one beyond all: EBADF");
	ok(refused(pipes[0], EINVAL), "to a pipe: EINVAL");
	ok(refused(vm.vcpu_fd, EINVAL), "to a vCPU: EINVAL");
	ok(refused(device_fd(), EINVAL), "to the device itself: EINVAL");
	ok(refused(fd, EINVAL), "to a guest descriptor: EINVAL");
	vm_fd = vm.fd;
	close(vm.fd);
	ok(refused(vm_fd, EBADF), "to a VM that was closed: EBADF");
	ok(!is_gone(fd, 2500), "a VM that its vCPU holds is not gone");
	vm.fd = dup(pipes[0]);
	vm_free(&vm);
	ok(is_gone(fd, GONE_MS), "and is when that is closed too");
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

/* A guest descriptor works for whoever has it; a number of another process is nothing here. */
static void other_process(void)
{
	struct child c;
	struct vm vm;
	int fd, status;
	pid_t pid;

	child_start(&c, PAGES);
	close(c.vm_fd);
	ok(refused(c.its_fd, EBADF), "a number that only another process has: EBADF");
	child_kill(&c);
	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	pid = fork();
	if (!pid) {
		struct kvm_swap_age sum;

		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(1);
		_exit(pass_some(fd, &sum) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	ok(!status && stats(fd).passes == 1, "a guest descriptor works for whom it was handed to");
	close(fd);
	vm_free(&vm);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};

	return !syscall(SYS_capset, &head, none);
}

static bool drop_user(void)
{
	return !setgid(NOBODY) && !setuid(NOBODY);
}

/* errno of open(2) in a child that has given up something. */
static int open_errno(bool (*give_up)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd;

		if (!give_up())
			_exit(255);
		fd = open("/dev/kvm-swap", O_RDWR | O_CLOEXEC);
		_exit(fd < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void unprivileged(void)
{
	ok(open_errno(drop_user) == EACCES, "the device is not for users: EACCES");
	ok(open_errno(drop_capabilities) == EPERM, "nor for root without CAP_SYS_ADMIN: EPERM");
}

static bool has_no_slots(void *fd)
{
	return !stats(*(int *)fd).slots;
}

static void ends_here(void)
{
	struct kvm_swap_cold c = { .min_age = 1 };
	struct kvm_swap_age a = {};
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	ok(!is_gone(fd, 0), "a guest that runs is not gone");
	pass(fd);
	vm_free(&vm);
	ok(is_gone(fd, GONE_MS), "a VM that nobody holds any more is gone");
	ok(ioctl(fd, KVM_SWAP_AGE, &a) < 0 && errno == ESRCH, "and cannot be aged: ESRCH");
	ok(ioctl(fd, KVM_SWAP_COLD, &c) < 0 && errno == ESRCH, "nor has it cold memory: ESRCH");
	ok(soon(has_no_slots, &fd) && stats(fd).guest_gone, "its counters say so");
	ok(histogram(fd)->resident_bytes == 0 && params(fd).passes_per_age == 1,
	   "what does not need the guest still answers");
	close(fd);
}

static void killed(void)
{
	struct child c;
	int fd;

	child_start(&c, PAGES);
	fd = attach(c.vm_fd);
	ok(fd >= 0, "a guest of another process is attached");
	passes(fd, 3);
	ok(histogram(fd)->resident_bytes == (PAGES + 1) * PAGE, "and aged");
	child_kill(&c);
	ok(is_gone(fd, GONE_MS), "it is gone when that process is killed");
	ok(refused(c.vm_fd, ESRCH), "and nobody can attach any more, though its VM is open: ESRCH");
	close(c.vm_fd);
	close(fd);
}

static void executes(void)
{
	struct child c;
	int fd;

	child_start(&c, PAGES);
	fd = attach(c.vm_fd);
	passes(fd, 3);
	child_exec(&c);
	ok(is_gone(fd, GONE_MS), "it is gone when that process becomes another program");
	ok(!waitpid(c.pid, NULL, WNOHANG), "which runs on");
	child_kill(&c);
	close(c.vm_fd);
	close(fd);
}

static void two_agents(void)
{
	struct vm vm;
	int fd, other;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	other = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	pass(other);
	pass(fd);
	ok(stats(fd).passes == 3 && stats(other).passes == 3 &&
		   histogram(other)->cold_bytes[2] == (PAGES + 1) * PAGE,
	   "two who attach share the ages (seed 004)");
	close(fd);
	pass(other);
	ok(histogram(other)->cold_bytes[3] == (PAGES + 1) * PAGE,
	   "which stay when one of them goes");
	close(other);
	fd = must_attach(&vm);
	ok(stats(fd).passes == 0, "and go with the last one");
	close(fd);
	vm_free(&vm);
}

/* Who uses the module whose code a VM ends in; -1: it is built in. */
static long users_of_kvm(void)
{
	static const char *const files[] = { "/sys/module/kvm_amd/refcnt",
					     "/sys/module/kvm_intel/refcnt" };
	long n = -1;

	for (size_t i = 0; n < 0 && i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i], "re");

		if (f && fscanf(f, "%ld", &n) != 1)
			n = -1;
		if (f)
			fclose(f);
	}
	return n;
}

static bool has_users(void *users)
{
	return users_of_kvm() == *(long *)users;
}

/* A VM whose descriptors are closed is still there for as long as we hold it. */
static void keeps_its_kvm(void)
{
	long before = users_of_kvm(), closed = 0;
	bool noticed = true;

	if (before < 0) {
		skip("an attachment keeps KVM's module", "it is built in");
		return;
	}
	for (int i = 0; noticed && i < 20; i++) {
		struct vm vm;
		int fd;

		vm_new(&vm, PAGES, VM_SMALL);
		fd = must_attach(&vm);
		vm_free(&vm);
		closed = users_of_kvm();
		noticed = is_gone(fd, 0); /* too late to tell */
		close(fd);
	}
	ok(!noticed && closed > before,
	   "an attachment keeps KVM's module, though the VM is closed (%ld, %ld)", before, closed);
	ok(soon(has_users, &before), "and lets go of it (%ld)", users_of_kvm());
}

static size_t folders_of_this_process(void)
{
	char pattern[64];
	glob_t found = {};
	size_t n;

	snprintf(pattern, sizeof(pattern), "/sys/kernel/kvm_swap/%d-*", getpid());
	n = glob(pattern, 0, NULL, &found) ? 0 : found.gl_pathc;
	globfree(&found);
	return n;
}

/* As a program may have it that is no QEMU: each VM is a guest of its own. */
static void two_in_a_process(void)
{
	struct vm a, b;
	int fd_a, fd_b;

	vm_new(&a, PAGES, VM_SMALL);
	vm_new(&b, PAGES, VM_SMALL);
	fd_a = must_attach(&a);
	fd_b = must_attach(&b);
	vm_touch(&a, 0, PAGES, 1);
	vm_touch(&b, 0, 100, 1);
	passes(fd_a, 4);
	passes(fd_b, 2);
	ok(resident(fd_a) == PAGES && histogram(fd_a)->cold_bytes[3] == (PAGES + 1) * PAGE,
	   "of two VMs of a process each has its own memory and ages (%zu)", resident(fd_a));
	ok(resident(fd_b) == 100 && histogram(fd_b)->cold_bytes[1] == 101 * PAGE,
	   "the other too (%zu)", resident(fd_b));
	ok(folders_of_this_process() == 2, "and a folder in sysfs");
	vm_free(&a);
	ok(is_gone(fd_a, GONE_MS) && !is_gone(fd_b, 0), "when one ends the other goes on");
	passes(fd_b, 2);
	ok(histogram(fd_b)->cold_bytes[3] == 101 * PAGE, "and its ages go on growing");
	close(fd_a);
	close(fd_b);
	vm_free(&b);
}

static void often(void)
{
	struct vm vm;
	int n;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	for (n = 0; n < 1000; n++) {
		int fd = attach(vm.fd);

		if (fd < 0)
			break;
		pass(fd);
		close(fd);
	}
	ok(n == 1000, "a guest is attached and detached 1000 times (%d)", n);
	vm_free(&vm);
}

static atomic_bool no_more;

/* Whoever may writes a period into every guest's file. */
static void *set_periods(void *unused)
{
	unsigned long *n = malloc(sizeof(*n));

	*n = 0;
	while (!atomic_load(&no_more)) {
		glob_t files;

		if (glob("/sys/kernel/kvm_swap/*/scan_period_ms", 0, NULL, &files))
			continue;
		for (size_t i = 0; i < files.gl_pathc; i++) {
			int fd = open(files.gl_pathv[i], O_WRONLY);

			*n += fd >= 0 && write(fd, *n % 2 ? "100" : "200", 3) == 3;
			if (fd >= 0)
				close(fd);
		}
		globfree(&files);
	}
	return n;
}

/* Its files are written to while a guest is let go: a pass they start must not outlive it. */
static void set_while_it_goes(void)
{
	unsigned long *n_set = NULL;
	pthread_t thread;
	struct vm vm;
	int n;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	if (pthread_create(&thread, NULL, set_periods, NULL))
		errx(2, "pthread_create");
	for (n = 0; n < 300; n++) {
		int fd = must_attach(&vm);

		sched_yield();
		close(fd);
	}
	atomic_store(&no_more, true);
	pthread_join(thread, (void **)&n_set);
	ok(n_set && *n_set, "periods are set through sysfs while guests come and go (%lu)",
	   n_set ? *n_set : 0);
	free(n_set);
	vm_free(&vm);
}

void test_attach(void)
{
	wrong_descriptors();
	other_process();
	unprivileged();
	ends_here();
	killed();
	executes();
	two_agents();
	two_in_a_process();
	keeps_its_kvm();
	often();
	set_while_it_goes();
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "child.h"

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm.h"

static volatile sig_atomic_t must_exec;

static void on_signal(int number)
{
	must_exec = 1;
}

static void __attribute__((noreturn)) child_run(int to_parent, size_t n_pages)
{
	struct vm vm;
	int number;

	signal(SIGUSR1, on_signal);
	vm_new(&vm, n_pages, VM_SMALL);
	vm_touch(&vm, 0, n_pages, 1);
	number = fcntl(vm.fd, F_DUPFD_CLOEXEC, CHILD_FD_MIN);
	if (write(to_parent, &number, sizeof(number)) != sizeof(number))
		_exit(1);
	while (!must_exec)
		vm_touch(&vm, 0, n_pages, 1);
	execl("/proc/self/exe", "test-kmod", "--pause", (char *)NULL);
	_exit(1);
}

void child_start(struct child *c, size_t n_pages)
{
	int pipes[2], pidfd;

	if (pipe(pipes))
		err(2, "pipe");
	c->pid = fork();
	if (!c->pid)
		child_run(pipes[1], n_pages);
	close(pipes[1]);
	if (read(pipes[0], &c->its_fd, sizeof(c->its_fd)) != sizeof(c->its_fd))
		errx(2, "the child did not start");
	close(pipes[0]);
	pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	c->vm_fd = (int)syscall(SYS_pidfd_getfd, pidfd, c->its_fd, 0);
	if (c->vm_fd < 0)
		err(2, "pidfd_getfd");
	close(pidfd);
}

void child_exec(const struct child *c)
{
	kill(c->pid, SIGUSR1);
}

void child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

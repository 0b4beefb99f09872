/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another process with a guest of its own, which touches all its memory again and again. */
#ifndef KVMB_TESTS_KMOD_CHILD_H
#define KVMB_TESTS_KMOD_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#define CHILD_FD_MIN 900 /* beyond all numbers that this process has */

/* @vm_fd: our copy of its VM descriptor; @its_fd: the descriptor's number over there */
struct child {
	pid_t pid;
	int vm_fd;
	int its_fd;
};

/** child_start() - and its guest has run once */
void child_start(struct child *c, size_t n_pages);

/** child_exec() - its process becomes another program */
void child_exec(const struct child *c);

/** child_kill() - SIGKILL, and wait until it is gone */
void child_kill(struct child *c);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "busy.h"

#include <err.h>
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"

static void on_signal(int number)
{
}

static void *busy_run(void *arg)
{
	struct busy *b = arg;

	vm_touch_loop(b->vcpu_fd, b->first, b->n);
	while (ioctl(b->vcpu_fd, KVM_RUN, 0) >= 0)
		;
	if (errno != EINTR)
		err(2, "KVM_RUN");
	return NULL;
}

void busy_start(struct busy *b, struct vm *vm, unsigned int id, size_t first, size_t n)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR2, &action, NULL);
	*b = (struct busy){ .vm = vm, .first = first, .n = n };
	b->vcpu_fd = vm_vcpu_new(vm, id, &b->run);
	if (pthread_create(&b->thread, NULL, busy_run, b))
		errx(2, "pthread_create");
}

void busy_stop(struct busy *b)
{
	((volatile struct kvm_run *)b->run)->immediate_exit = 1;
	pthread_kill(b->thread, SIGUSR2);
	pthread_join(b->thread, NULL);
	munmap(b->run, b->vm->run_size);
	close(b->vcpu_fd);
}

/* Counted in the last page of a round. */
static uint32_t rounds(const struct busy *b)
{
	return *(volatile uint32_t *)(b->vm->memory + (b->first + b->n - 1) * PAGE);
}

struct wait {
	const struct busy *b;
	uint32_t since;
};

/* The round that goes on may have begun before, the next one has not. */
static bool has_made_one(void *arg)
{
	const struct wait *w = arg;

	return rounds(w->b) - w->since >= 2;
}

void busy_round(const struct busy *b, size_t count)
{
	uint32_t since[16];

	for (size_t i = 0; i < count; i++)
		since[i] = rounds(&b[i]);
	for (size_t i = 0; i < count; i++)
		if (!soon(has_made_one, &(struct wait){ &b[i], since[i] }))
			errx(2, "vCPU %zu does not run", i);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "kvm_bench.h"

#include "calls.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ULL

static void must_ioctl(int fd, unsigned long cmd, void *arg, const char *what)
{
	if (ioctl(fd, cmd, arg) < 0)
		err(2, "%s", what);
}

uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

void sleep_until(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int must_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

int swap_attach(const struct guest *g)
{
	const struct kvm_swap_attach a = { .vm_fd = g->vm.fd };
	int device = must_open("/dev/kvm-swap"), fd = ioctl(device, KVM_SWAP_ATTACH, &a);

	if (fd < 0)
		err(2, "KVM_SWAP_ATTACH");
	close(device);
	return fd;
}

uint64_t swap_pass(int fd)
{
	struct kvm_swap_age a = {};
	uint64_t start_ns = now_ns();

	do
		must_ioctl(fd, KVM_SWAP_AGE, &a, "KVM_SWAP_AGE");
	while (a.cursor);
	return now_ns() - start_ns;
}

void swap_passes(int fd, int n)
{
	while (n--)
		swap_pass(fd);
}

void swap_stats(int fd, struct kvm_swap_stats *ret)
{
	*ret = (struct kvm_swap_stats){ .flags = 0 };
	must_ioctl(fd, KVM_SWAP_STATS, ret, "KVM_SWAP_STATS");
}

uint64_t swap_resident(int fd)
{
	struct kvm_swap_histogram h = { .flags = 0 };

	must_ioctl(fd, KVM_SWAP_HISTOGRAM, &h, "KVM_SWAP_HISTOGRAM");
	return h.resident_bytes;
}

void swap_set_period(int fd, uint32_t period_ms)
{
	struct kvm_swap_params p = { .flags = 0 };

	must_ioctl(fd, KVM_SWAP_PARAMS, &p, "KVM_SWAP_PARAMS");
	p.flags = KVM_SWAP_PARAMS_SET;
	p.scan_period_ms = period_ms;
	must_ioctl(fd, KVM_SWAP_PARAMS, &p, "KVM_SWAP_PARAMS");
}

bool swap_cold(int fd, struct kvm_swap_cold *c, uint32_t flags, uint32_t min_age)
{
	c->flags = flags;
	c->min_age = min_age;
	must_ioctl(fd, KVM_SWAP_COLD, c, "KVM_SWAP_COLD");
	return c->cursor;
}

struct kvm_bench_young bare_young(const struct guest *g, size_t step, bool each)
{
	struct kvm_bench_young y = {
		.vm_fd = g->vm.fd,
		.each = each,
		.hva = (uintptr_t)g->vm.memory,
		.bytes = g->vm.n_pages * PAGE,
		.step = step,
	};
	int device = must_open("/dev/kvm-bench");

	must_ioctl(device, KVM_BENCH_YOUNG, &y, "KVM_BENCH_YOUNG");
	close(device);
	return y;
}

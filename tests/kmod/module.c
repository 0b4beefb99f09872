// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "module.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int device = -1;

void device_open(void)
{
	device = open("/dev/kvm-swap", O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(2, "/dev/kvm-swap");
}

void device_close(void)
{
	close(device);
	device = -1;
}

int device_fd(void)
{
	return device;
}

int attach(int vm_fd)
{
	const struct kvm_swap_attach a = { .vm_fd = vm_fd };

	return ioctl(device, KVM_SWAP_ATTACH, &a);
}

int must_attach(const struct vm *vm)
{
	int fd = attach(vm->fd);

	if (fd < 0)
		err(2, "KVM_SWAP_ATTACH");
	return fd;
}

int pass_some(int fd, struct kvm_swap_age *sum)
{
	struct kvm_swap_age a = {};

	*sum = (struct kvm_swap_age){};
	do {
		if (ioctl(fd, KVM_SWAP_AGE, &a) < 0)
			return -1;
		sum->pages += a.pages;
		sum->young += a.young;
		sum->calls += a.calls;
		sum->raced += a.raced;
	} while (a.cursor);
	return 0;
}

struct kvm_swap_age pass(int fd)
{
	struct kvm_swap_age sum;

	if (pass_some(fd, &sum) < 0)
		err(2, "KVM_SWAP_AGE");
	return sum;
}

void passes(int fd, unsigned int n)
{
	while (n--)
		pass(fd);
}

struct kvm_swap_stats stats(int fd)
{
	struct kvm_swap_stats s = {};

	if (ioctl(fd, KVM_SWAP_STATS, &s) < 0)
		err(2, "KVM_SWAP_STATS");
	return s;
}

struct kvm_swap_params params(int fd)
{
	struct kvm_swap_params p = {};

	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		err(2, "KVM_SWAP_PARAMS");
	return p;
}

struct kvm_swap_histogram *histogram(int fd)
{
	static struct kvm_swap_histogram h;

	memset(&h, 0, sizeof(h));
	if (ioctl(fd, KVM_SWAP_HISTOGRAM, &h) < 0)
		err(2, "KVM_SWAP_HISTOGRAM");
	return &h;
}

size_t resident(int fd)
{
	return histogram(fd)->resident_bytes / PAGE - 1;
}

static void take_range(const struct vm *vm, const struct kvm_swap_range *r, uint8_t *ages)
{
	size_t first = (r->hva - (uintptr_t)vm->memory) / PAGE;

	if (r->hva < (uintptr_t)vm->memory || first + r->bytes / PAGE > vm->n_pages)
		return; /* the page of code */
	if (r->gpa != VM_BASE + first * PAGE)
		errx(2, "gpa %llx of page %zu", r->gpa, first);
	memset(ages + first, (int)r->age, r->bytes / PAGE);
}

void read_ages(int fd, const struct vm *vm, uint32_t flags, uint8_t *ages)
{
	struct kvm_swap_cold c = { .flags = flags, .min_age = 1 };

	memset(ages, 0, vm->n_pages);
	do {
		if (ioctl(fd, KVM_SWAP_COLD, &c) < 0)
			err(2, "KVM_SWAP_COLD");
		for (uint32_t i = 0; i < c.count; i++)
			take_range(vm, &c.ranges[i], ages);
	} while (c.cursor);
}

bool is_gone(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLHUP);
}

bool soon(bool (*is_true)(void *arg), void *arg)
{
	for (int i = 0; i < 12000; i++) {
		if (is_true(arg))
			return true;
		usleep(10000);
	}
	return is_true(arg);
}

unsigned long vmstat(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "re");
	unsigned long value = 0, v;
	char line[128], key[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lu", key, &v) == 2 && !strcmp(key, name))
			value = v;
	if (f)
		fclose(f);
	return value;
}

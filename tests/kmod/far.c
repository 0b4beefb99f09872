// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "far.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "module.h"

#define WORDS (PAGE / sizeof(uint64_t))

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9;
	return x ^ x >> 32;
}

/* Every eighth word of text is of its own. */
static uint64_t word(size_t number, size_t i, enum fill fill)
{
	switch (fill) {
	case FILL_TEXT:
		return i % 8 ? number : mix(number * WORDS + i);
	case FILL_RANDOM:
		return mix(number * WORDS + i + 1);
	case FILL_SAME:
		return mix(number + 1);
	default:
		return 0;
	}
}

void fill_page(uint8_t *page, size_t number, enum fill fill)
{
	uint64_t *words = (uint64_t *)page;

	for (size_t i = 0; i < WORDS; i++)
		words[i] = word(number, i, fill);
}

void fill(const struct vm *vm, enum fill fill)
{
	for (size_t i = 0; i < vm->n_pages; i++)
		fill_page(vm->memory + i * PAGE, i, fill);
}

/* The guest counts in the first byte. */
static bool is_right(const uint8_t *page, size_t number, enum fill fill, unsigned int touches)
{
	uint64_t want[WORDS];

	fill_page((uint8_t *)want, number, fill);
	*(uint8_t *)want += touches;
	return !memcmp(page, want, PAGE);
}

size_t wrong_pages(const struct vm *vm, size_t first, size_t n, enum fill fill,
		   unsigned int touches)
{
	size_t wrong = 0;

	for (size_t i = first; i < first + n; i++)
		wrong += !is_right(vm->memory + i * PAGE, i, fill, touches);
	return wrong;
}

int far_vm(struct vm *vm, size_t n_pages, enum fill how, bool encrypt)
{
	struct kvm_swap_store_params p;
	int fd;

	vm_new(vm, n_pages, VM_SMALL);
	fill(vm, how);
	fd = must_attach(vm);
	p = store_params(fd);
	p.encrypt = encrypt;
	if (set_store(fd, &p))
		err(2, "KVM_SWAP_STORE_PARAMS");
	return fd;
}

void far_done(struct vm *vm, int fd)
{
	close(fd);
	vm_free(vm);
}

bool has_store(void)
{
	struct kvm_swap_info info;

	if (ioctl(device_fd(), KVM_SWAP_INFO, &info) < 0)
		err(2, "KVM_SWAP_INFO");
	return info.features & KVM_SWAP_FEATURE_STORE;
}

struct kvm_swap_store_stats store_stats(int fd)
{
	struct kvm_swap_store_stats s = {};

	if (ioctl(fd, KVM_SWAP_STORE_STATS, &s) < 0)
		err(2, "KVM_SWAP_STORE_STATS");
	return s;
}

struct kvm_swap_store_params store_params(int fd)
{
	struct kvm_swap_store_params p = {};

	if (ioctl(fd, KVM_SWAP_STORE_PARAMS, &p) < 0)
		err(2, "KVM_SWAP_STORE_PARAMS");
	return p;
}

int set_store(int fd, const struct kvm_swap_store_params *p)
{
	struct kvm_swap_store_params set = *p;

	set.flags = KVM_SWAP_STORE_PARAMS_SET;
	return ioctl(fd, KVM_SWAP_STORE_PARAMS, &set) < 0 ? errno : 0;
}

int move_once(int fd, unsigned long call, struct kvm_swap_move *m)
{
	return ioctl(fd, call, m) < 0 ? errno : 0;
}

int move_part(int fd, unsigned long call, struct part part, struct kvm_swap_move *sum)
{
	struct kvm_swap_move m = { .count = 1 };
	int r;

	*sum = (struct kvm_swap_move){};
	m.ranges[0].hva = (uintptr_t)part.vm->memory + part.first * PAGE;
	m.ranges[0].bytes = part.n * PAGE;
	do {
		r = move_once(fd, call, &m);
		if (r)
			return r;
		sum->pages += m.pages;
		sum->stored_bytes += m.stored_bytes;
		for (size_t i = 0; i < KVM_SWAP_SKIPS; i++)
			sum->skipped[i] += m.skipped[i];
	} while (m.cursor);
	return 0;
}

size_t page_out(int fd, const struct vm *vm, size_t first, size_t n)
{
	struct kvm_swap_move sum;
	int r = move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ vm, first, n }, &sum);

	if (r)
		errx(2, "KVM_SWAP_PAGE_OUT: %s", strerror(r));
	return sum.pages;
}

size_t page_in(int fd, const struct vm *vm, size_t first, size_t n)
{
	struct kvm_swap_move sum;
	int r = move_part(fd, KVM_SWAP_PAGE_IN, (struct part){ vm, first, n }, &sum);

	if (r)
		errx(2, "KVM_SWAP_PAGE_IN: %s", strerror(r));
	return sum.pages;
}

size_t drain(int fd)
{
	struct kvm_swap_drain d = {};
	size_t pages = 0;

	do {
		if (ioctl(fd, KVM_SWAP_DRAIN, &d) < 0)
			err(2, "KVM_SWAP_DRAIN");
		pages += d.pages;
	} while (d.left);
	return pages;
}

int uffd_register(const struct vm *vm, uint64_t mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)vm->memory, vm->n_pages * PAGE },
		.mode = mode,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		err(2, "userfaultfd");
	return fd;
}

long host_figure(const char *name)
{
	char path[96];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/kvm_swap/store/%s", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%ld", &value) != 1)
		err(2, "%s", path);
	fclose(f);
	return value;
}

bool stores_are_empty(void *unused)
{
	return !host_figure("pages") && !host_figure("pool_bytes");
}

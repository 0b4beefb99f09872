// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvm_swap on a real kernel with real, tiny guests whose accesses are known to the page. Prints
 * TAP. Pure emulation flushes the TLB at every exit of a guest, so a page's age is exact here.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm.h"

#define PAGES (8 * BLOCK_PAGES)

static unsigned int n_tests, n_failed;
static int device = -1;

static void __attribute__((format(printf, 2, 3))) ok(bool good, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	n_failed += !good;
	printf("%s %u - ", good ? "ok" : "not ok", ++n_tests);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

static void skip(const char *name, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++n_tests, name, why);
}

/* ---- Calls ------------------------------------------------------------------------------- */

static int attach(int vm_fd)
{
	const struct kvm_swap_attach a = { .vm_fd = vm_fd };

	return ioctl(device, KVM_SWAP_ATTACH, &a);
}

static int must_attach(const struct vm *vm)
{
	int fd = attach(vm->fd);

	if (fd < 0)
		err(2, "KVM_SWAP_ATTACH");
	return fd;
}

static struct kvm_swap_age pass(int fd)
{
	struct kvm_swap_age a = {}, sum = {};

	do {
		if (ioctl(fd, KVM_SWAP_AGE, &a) < 0)
			err(2, "KVM_SWAP_AGE");
		sum.pages += a.pages;
		sum.young += a.young;
		sum.calls += a.calls;
		sum.raced += a.raced;
	} while (a.cursor);
	return sum;
}

static struct kvm_swap_stats stats(int fd)
{
	struct kvm_swap_stats s = {};

	if (ioctl(fd, KVM_SWAP_STATS, &s) < 0)
		err(2, "KVM_SWAP_STATS");
	return s;
}

static struct kvm_swap_histogram *histogram(int fd)
{
	static struct kvm_swap_histogram h;

	memset(&h, 0, sizeof(h));
	if (ioctl(fd, KVM_SWAP_HISTOGRAM, &h) < 0)
		err(2, "KVM_SWAP_HISTOGRAM");
	return &h;
}

/* Age of each page by COLD, 0 where it is young or not resident. */
static void read_ages(int fd, const struct vm *vm, uint32_t flags, uint8_t *ages)
{
	static struct kvm_swap_cold c;

	memset(ages, 0, vm->n_pages);
	memset(&c, 0, sizeof(c));
	c.flags = flags;
	c.min_age = 1;
	do {
		if (ioctl(fd, KVM_SWAP_COLD, &c) < 0)
			err(2, "KVM_SWAP_COLD");
		for (uint32_t i = 0; i < c.count; i++) {
			const struct kvm_swap_range *r = &c.ranges[i];
			size_t first = (r->hva - (uintptr_t)vm->memory) / PAGE;

			if (r->hva < (uintptr_t)vm->memory || first + r->bytes / PAGE > vm->n_pages)
				continue; /* the page of code */
			if (r->gpa != VM_BASE + first * PAGE)
				errx(2, "gpa %llx of page %zu", r->gpa, first);
			memset(ages + first, (int)r->age, r->bytes / PAGE);
		}
	} while (c.cursor);
}

/* ---- Exact sets -------------------------------------------------------------------------- */

struct pattern {
	const char *name;
	bool (*is_hot)(size_t page);
};

static bool none(size_t page)
{
	return false;
}

static bool all(size_t page)
{
	return true;
}

static bool first_quarter(size_t page)
{
	return page < PAGES / 4;
}

static bool every_seventh(size_t page)
{
	return page % 7 == 0;
}

static bool chunks(size_t page)
{
	return page / 16 % 10 == 3;
}

static bool one_page(size_t page)
{
	return page == 3 * BLOCK_PAGES + 77;
}

static bool at_random(size_t page)
{
	uint32_t x = (uint32_t)page * 2654435761U;

	return (x ^ x >> 15) % 10 == 0;
}

static const struct pattern patterns[] = {
	{ "nothing", none },
	{ "every page", all },
	{ "the first quarter", first_quarter },
	{ "every 7th page", every_seventh },
	{ "scattered 64 KiB chunks", chunks },
	{ "a single page", one_page },
	{ "a random tenth", at_random },
};

/* Pages that are neighbours are touched in one run of the guest. */
static void touch(struct vm *vm, bool (*is_hot)(size_t page))
{
	for (size_t i = 0; i < vm->n_pages; i++) {
		size_t n = 0;

		while (i + n < vm->n_pages && is_hot(i + n))
			n++;
		vm_touch(vm, i, n, 1);
		i += n;
	}
}

struct verdict {
	size_t n_cold, hot_called_cold, cold_missed;
};

static struct verdict judge(const uint8_t *ages, size_t n, bool (*is_hot)(size_t page),
			    uint8_t at_least)
{
	struct verdict v = {};

	for (size_t i = 0; i < n; i++) {
		v.n_cold += !is_hot(i);
		v.hot_called_cold += is_hot(i) && ages[i];
		v.cold_missed += !is_hot(i) && ages[i] < at_least;
	}
	return v;
}

static void exact_set(const struct pattern *p, enum vm_backing backing, const char *how)
{
	static uint8_t ages[PAGES], by_address[PAGES];
	struct verdict v, worst = {};
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, backing);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	for (int i = 1; i <= 12; i++) {
		touch(&vm, p->is_hot);
		pass(fd);
		read_ages(fd, &vm, 0, ages);
		v = judge(ages, PAGES, p->is_hot, i > 2 ? (uint8_t)(i - 2) : 0);
		worst.hot_called_cold += v.hot_called_cold;
		worst.cold_missed += v.cold_missed;
	}
	ok(!worst.hot_called_cold, "%s, %s: no hot page is ever called cold (%zu)", how, p->name,
	   worst.hot_called_cold);
	ok(!worst.cold_missed, "%s, %s: cold pages have their age, at most two periods late (%zu)",
	   how, p->name, worst.cold_missed);
	read_ages(fd, &vm, KVM_SWAP_COLD_BY_ADDRESS, by_address);
	ok(!memcmp(ages, by_address, sizeof(ages)), "%s, %s: both orders tell the same ages", how,
	   p->name);
	ok(histogram(fd)->resident_bytes == (PAGES + 1) * PAGE,
	   "%s, %s: the histogram has all resident memory (%llu)", how, p->name,
	   histogram(fd)->resident_bytes / PAGE);
	close(fd);
	vm_free(&vm);
}

static void exact_sets(void)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		exact_set(&patterns[i], VM_SMALL, "4 KiB");
		exact_set(&patterns[i], VM_SHARED, "shared");
	}
}

/* ---- Promotion --------------------------------------------------------------------------- */

static void promotion(void)
{
	struct kvm_swap_histogram *h;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	/* All but page 5 are touched before each pass, so its block has an age per page. */
	for (int i = 0; i < 7; i++) {
		vm_touch(&vm, 0, 5, 1);
		vm_touch(&vm, 6, PAGES - 6, 1);
		pass(fd);
	}
	h = histogram(fd);
	ok(h->cold_bytes[6] == PAGE, "one page has age 6 (%llu bytes)", h->cold_bytes[6]);
	ok(h->promoted_bytes[6] == 0, "and was not promoted yet");
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	h = histogram(fd);
	ok(h->promoted_bytes[6] == PAGE, "touched at age 6, a page is promoted from age 6 (%llu)",
	   h->promoted_bytes[6]);
	ok(h->cold_bytes[0] == h->resident_bytes, "and all memory is young");
	close(fd);
	vm_free(&vm);
}

/* ---- Blocks that were hot for long ------------------------------------------------------- */

/* Such a block is looked at closely every 16th pass only. */
static void cooling(void)
{
	static uint8_t ages[PAGES];
	struct kvm_swap_age a;
	struct vm vm;
	int fd, late;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	for (int i = 0; i < 50; i++) {
		vm_touch(&vm, 0, PAGES, 1);
		a = pass(fd);
	}
	ok(a.calls < 4 * BLOCK_PAGES, "blocks that are hot all over are asked as one (%llu calls)",
	   a.calls);
	for (late = 1; late <= 20; late++) {
		vm_touch(&vm, 0, PAGES / 2, 2);
		pass(fd);
		read_ages(fd, &vm, 0, ages);
		if (ages[1] && ages[BLOCK_PAGES + 1])
			break;
	}
	ok(late <= 17, "that every other page has cooled is seen within 17 passes (%d)", late);
	ok(!ages[0] && !ages[2], "and the others stay young");
	close(fd);
	vm_free(&vm);
}

/* ---- Residency --------------------------------------------------------------------------- */

static void residency(void)
{
	static uint8_t ages[PAGES];
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES / 2, 1);
	for (int i = 0; i < 5; i++)
		pass(fd);
	ok(histogram(fd)->resident_bytes == (PAGES / 2 + 1) * PAGE,
	   "memory that was never touched is not cold memory");
	if (madvise(vm.memory + 100 * PAGE, 300 * PAGE, MADV_DONTNEED))
		err(2, "MADV_DONTNEED");
	read_ages(fd, &vm, 0, ages);
	ok(ages[99] && !ages[100] && !ages[399] && ages[400],
	   "what was discarded is in no cold range, even before the next pass");
	pass(fd);
	ok(histogram(fd)->resident_bytes == (PAGES / 2 + 1 - 300) * PAGE,
	   "nor in the histogram after it");
	vm_touch(&vm, 100, 10, 1);
	pass(fd);
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(ages[99] > ages[105] && ages[105], "what comes back begins young (%u, %u)", ages[99],
	   ages[105]);
	if (madvise(vm.memory + 1000 * PAGE, 500 * PAGE, MADV_PAGEOUT))
		err(2, "MADV_PAGEOUT");
	pass(fd);
	ok(histogram(fd)->resident_bytes < (PAGES / 2 + 1 - 290 - 400) * PAGE,
	   "what was swapped out is not cold memory (%llu pages)",
	   histogram(fd)->resident_bytes / PAGE);
	ok(stats(fd).invalidations > 0, "the notifier has seen it go");
	close(fd);
	vm_free(&vm);
}

/* ---- Memslots ---------------------------------------------------------------------------- */

static void memslots(void)
{
	static uint8_t ages[PAGES];
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	for (int i = 0; i < 6; i++)
		pass(fd);
	vm_set_slot(&vm, 1, 0, 1, 0x80000000);
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(ages[PAGES - 1] >= 4, "ages survive a memslot that comes beside them (%u)",
	   ages[PAGES - 1]);
	vm_set_slot(&vm, 1, 0, 0, 0x80000000);
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	pass(fd);
	ok(stats(fd).slots == 1, "a memslot that was deleted is forgotten (%llu)", stats(fd).slots);
	ok(histogram(fd)->resident_bytes == PAGE, "with its pages");
	vm_set_slot(&vm, 0, 0, PAGES / 2, VM_BASE);
	pass(fd);
	ok(histogram(fd)->resident_bytes == (PAGES / 2 + 1) * PAGE,
	   "one that was made smaller has what it has now");
	close(fd);
	vm_free(&vm);
}

/* ---- Huge pages -------------------------------------------------------------------------- */

static bool third_block(size_t page)
{
	return page / BLOCK_PAGES == 3;
}

static void huge_pages(void)
{
	static uint8_t ages[PAGES];
	struct kvm_swap_age a;
	struct verdict v;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_HUGE);
	vm_touch(&vm, 0, PAGES, 1);
	if (!vm_huge(&vm)) {
		skip("huge pages", "the host gave none");
		vm_free(&vm);
		return;
	}
	fd = must_attach(&vm);
	for (int i = 0; i < 8; i++) {
		vm_touch(&vm, 3 * BLOCK_PAGES + 50, 1, 1);
		a = pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	v = judge(ages, PAGES, third_block, 6);
	ok(!v.hot_called_cold, "one page touched in a huge page makes all of it young");
	ok(!v.cold_missed, "the other huge pages have their age (%zu)", v.cold_missed);
	ok(a.calls < 8, "and huge pages are asked as one, old ones together (%llu calls)", a.calls);
	ok(stats(fd).split_blocks == 0, "no block is split");
	close(fd);
	vm_free(&vm);
}

/* ---- Attaching --------------------------------------------------------------------------- */

static bool gone(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLHUP);
}

static void attaching(void)
{
	int pipes[2], fd, other;
	struct vm vm;

	vm_new(&vm, PAGES, VM_SMALL);
	if (pipe(pipes))
		err(2, "pipe");
	ok(attach(-1) < 0 && errno == EBADF, "no descriptor: EBADF");
	ok(attach(pipes[0]) < 0 && errno == EINVAL, "a pipe: EINVAL");
	ok(attach(vm.vcpu_fd) < 0 && errno == EINVAL, "a vCPU: EINVAL");
	ok(attach(device) < 0 && errno == EINVAL, "the device itself: EINVAL");
	fd = must_attach(&vm);
	other = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	pass(other);
	ok(stats(fd).passes == 2 && stats(other).passes == 2, "two who attach share the ages");
	close(other);
	ok(!gone(fd, 0), "a guest that runs is not gone");
	pass(fd);
	vm_free(&vm);
	ok(gone(fd, 30000), "a VM that nobody holds any more is gone");
	ok(ioctl(fd, KVM_SWAP_AGE, &(struct kvm_swap_age){ 0 }) < 0 && errno == ESRCH,
	   "and cannot be aged: ESRCH");
	for (int i = 0; i < 300 && stats(fd).slots; i++)
		usleep(100000);
	ok(stats(fd).guest_gone == 1 && stats(fd).slots == 0, "its counters say so");
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

static void attach_often(void)
{
	struct vm vm;
	int n;

	vm_new(&vm, BLOCK_PAGES, VM_SMALL);
	vm_touch(&vm, 0, BLOCK_PAGES, 1);
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

/* The guest's process is killed while another one holds its descriptor. */
static void killed(void)
{
	int pipes[2], fd;
	pid_t child;

	if (pipe(pipes))
		err(2, "pipe");
	child = fork();
	if (!child) {
		struct vm vm;

		vm_new(&vm, PAGES, VM_SMALL);
		vm_touch(&vm, 0, PAGES, 1);
		if (write(pipes[1], &vm.fd, sizeof(vm.fd)) < 0)
			_exit(1);
		for (;;)
			vm_touch(&vm, 0, PAGES, 1);
	}
	if (read(pipes[0], &fd, sizeof(fd)) != sizeof(fd))
		errx(2, "the child did not start");
	fd = (int)syscall(SYS_pidfd_getfd, (int)syscall(SYS_pidfd_open, child, 0), fd, 0);
	fd = attach(fd);
	ok(fd >= 0, "a guest of another process is attached");
	for (int i = 0; i < 3; i++)
		pass(fd);
	kill(child, SIGKILL);
	ok(gone(fd, 30000), "it is gone when that is killed");
	waitpid(child, NULL, 0);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- Bad input --------------------------------------------------------------------------- */

#define REFUSED(fd, cmd, type, ...)                                                                \
	(ioctl(fd, cmd, &(type){ __VA_ARGS__ }) < 0 ? errno : 0)

static void bad_input(void)
{
	static struct kvm_swap_cold c;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	pass(fd);
	ok(REFUSED(device, KVM_SWAP_ATTACH, struct kvm_swap_attach, .vm_fd = vm.fd, .flags = 1) ==
		   EINVAL, "attach with an unknown flag: EINVAL");
	ok(REFUSED(device, KVM_SWAP_ATTACH, struct kvm_swap_attach, .vm_fd = vm.fd,
		   .reserved = { 0, 0, 1 }) == EINVAL, "attach with a reserved member: EINVAL");
	ok(REFUSED(device, KVM_SWAP_AGE, struct kvm_swap_age, 0) == ENOTTY,
	   "a guest's call on the device: ENOTTY");
	ok(REFUSED(fd, KVM_SWAP_AGE, struct kvm_swap_age, .flags = 1) == EINVAL,
	   "age with an unknown flag: EINVAL");
	ok(REFUSED(fd, KVM_SWAP_AGE, struct kvm_swap_age, .cursor = 1) == EINVAL,
	   "age with an odd cursor: EINVAL");
	ok(REFUSED(fd, KVM_SWAP_AGE, struct kvm_swap_age, .cursor = ~0ULL << 12) == EINVAL,
	   "age with a cursor past the end: EINVAL");
	ok(ioctl(fd, KVM_SWAP_COLD, &c) < 0 && errno == EINVAL, "cold without an age: EINVAL");
	c.min_age = KVM_SWAP_AGE_MAX + 1;
	ok(ioctl(fd, KVM_SWAP_COLD, &c) < 0 && errno == EINVAL, "cold with a wrong age: EINVAL");
	c.min_age = 1;
	c.cursor = ~0ULL;
	ok(ioctl(fd, KVM_SWAP_COLD, &c) < 0 && errno == EINVAL, "cold with a bad cursor: EINVAL");
	ok(REFUSED(fd, KVM_SWAP_MAP, struct kvm_swap_map, .gpa = 4096) == EINVAL,
	   "a map from an odd address: EINVAL");
	ok(REFUSED(fd, KVM_SWAP_PARAMS, struct kvm_swap_params, .flags = KVM_SWAP_PARAMS_SET) ==
		   EINVAL, "parameters out of bounds: EINVAL");
	ok(ioctl(fd, KVM_SWAP_AGE, NULL) < 0 && errno == EFAULT, "no buffer: EFAULT");
	ok(ioctl(fd, KVM_SWAP_STATS, vm.code) < 0 && errno == EINVAL, "not zero: EINVAL");
	ok(ioctl(fd, 0x1234) < 0 && errno == ENOTTY, "an unknown call: ENOTTY");
	close(fd);
	vm_free(&vm);
}

/* ---- Passes of the module's own ---------------------------------------------------------- */

static void own_passes(void)
{
	struct kvm_swap_params p = { 0 };
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		err(2, "KVM_SWAP_PARAMS");
	ok(p.scan_period_ms == 0 && p.passes_per_age == 1, "no pass comes by itself at first");
	p.flags = KVM_SWAP_PARAMS_SET;
	p.scan_period_ms = 100;
	p.cpu_permille = 500;
	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		err(2, "KVM_SWAP_PARAMS");
	for (int i = 0; i < 300 && stats(fd).passes < 5; i++)
		usleep(100000);
	ok(stats(fd).passes >= 5, "with a period the module ages by itself");
	close(fd);
	vm_free(&vm);
}

int main(void)
{
	device = open("/dev/kvm-swap", O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(2, "/dev/kvm-swap");
	exact_sets();
	promotion();
	cooling();
	residency();
	memslots();
	huge_pages();
	attaching();
	attach_often();
	killed();
	bad_input();
	own_passes();
	printf("1..%u\n", n_tests);
	return n_failed > 0;
}

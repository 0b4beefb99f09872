// SPDX-License-Identifier: GPL-2.0-or-later
/* The trace events of kvm_swap say what the calls say. Prints TAP. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "module.h"
#include "tap.h"

#define PAGES	(8 * BLOCK_PAGES)
#define TRACING "/sys/kernel/tracing"

static char guest[256]; /* PID-ID, as sysfs says */
static char seen[4 << 20];

static void check(bool good, const char *name)
{
	ok(good, "%s", name);
	if (!good)
		note("guest=%s; traced:\n%.4000s", guest, seen);
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(2, "%s", file);
	close(fd);
}

/* Takes what was traced since the last call. */
static void look(void)
{
	FILE *f = fopen(TRACING "/trace", "re");
	size_t n;

	if (!f)
		err(2, TRACING "/trace");
	n = fread(seen, 1, sizeof(seen) - 1, f);
	seen[n] = '\0';
	fclose(f);
	put(TRACING "/trace", "\n");
}

/* How many events of that name, with those words, up to the end of the line. */
static unsigned int __attribute__((format(printf, 2, 3)))
traced(const char *event, const char *format, ...)
{
	char want[768];
	unsigned int count = 0;
	va_list args;
	int n = snprintf(want, sizeof(want), " %s: guest=%s ", event, guest);

	va_start(args, format);
	vsnprintf(want + n, sizeof(want) - n, format, args);
	va_end(args);
	for (const char *p = strstr(seen, want); p; p = strstr(p + 1, want))
		count++;
	return count;
}

static void find_guest(void)
{
	DIR *dir = opendir("/sys/kernel/kvm_swap");
	const struct dirent *entry;

	if (!dir)
		err(2, "/sys/kernel/kvm_swap");
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			snprintf(guest, sizeof(guest), "%s", entry->d_name);
	closedir(dir);
}

static void comes_and_goes(const struct vm *vm)
{
	int second;

	look();
	find_guest();
	check(traced("kvm_swap_attach", "users=1\n") == 1, "an attachment, with the guest's name");
	second = must_attach(vm);
	close(second);
	look();
	check(traced("kvm_swap_attach", "users=2\n") == 1, "a second attachment");
	check(traced("kvm_swap_detach", "users=2\n") == 1, "one that goes");
}

static void age(int fd, struct kvm_swap_age *a)
{
	if (ioctl(fd, KVM_SWAP_AGE, a) < 0)
		err(2, "KVM_SWAP_AGE");
}

static void ages(int fd, struct vm *vm)
{
	struct kvm_swap_age a = { .max_pages = BLOCK_PAGES };
	unsigned int stretches = 0, right = 0;

	vm_touch(vm, 0, PAGES, 1);
	do {
		look();
		age(fd, &a);
		look();
		stretches++;
		right += traced("kvm_swap_age", "cursor=0x%llx pages=%llu young=%llu calls=%llu "
				"raced=%llu usec=%llu\n", a.cursor, a.pages, a.young, a.calls,
				a.raced, a.usec) == 1;
	} while (a.cursor);
	check(stretches >= PAGES / BLOCK_PAGES && right == stretches,
	   "each stretch of a pass, with the figures of the call");
}

static void cold(int fd)
{
	static struct kvm_swap_cold c = { .min_age = 1 };
	struct kvm_swap_age a = { 0 };
	unsigned long long bytes = 0;

	for (int i = 0; i < 3; i++)
		age(fd, &a);
	look();
	if (ioctl(fd, KVM_SWAP_COLD, &c) < 0)
		err(2, "KVM_SWAP_COLD");
	for (uint32_t i = 0; i < c.count; i++)
		bytes += c.ranges[i].bytes;
	look();
	check(bytes && traced("kvm_swap_cold", "min_age=1 count=%u bytes=%llu\n", c.count,
			      bytes) == 1, "cold ranges, how many and how much");
}

static void discard(void *p, size_t n_pages)
{
	if (madvise(p, n_pages * PAGE, MADV_DONTNEED))
		err(2, "madvise");
}

static void invalidated(const struct vm *vm)
{
	uint8_t *from = vm->memory + 100 * PAGE;
	void *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	look();
	discard(from, 10);
	look();
	check(traced("kvm_swap_invalidate", "start=%p end=%p\n", (void *)from,
		  (void *)(from + 10 * PAGE)) == 1, "guest memory that is unmapped, all of it");
	discard(other, 1);
	look();
	check(traced("kvm_swap_invalidate", "start=%p", other) == 0, "other memory is not told of");
	munmap(other, PAGE);
}

static bool stop;

/*
 * One mprotect() unmaps block after block from the guest, a mapping each, while it holds mmap_lock.
 * A pass that comes between two of them waits for that lock with a block in hand, and finds the
 * block unmapped when it goes on.
 */
static void *churn(void *arg)
{
	const struct vm *vm = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		if (mprotect(vm->memory, PAGES * PAGE, PROT_READ) ||
		    mprotect(vm->memory, PAGES * PAGE, PROT_READ | PROT_WRITE))
			err(2, "mprotect");
	return NULL;
}

static void split_mappings(const struct vm *vm)
{
	for (size_t at = 0; at < PAGES * PAGE; at += 2 * BLOCK)
		if (madvise(vm->memory + at, BLOCK, MADV_DONTDUMP))
			err(2, "madvise");
}

static void raced(int fd, struct vm *vm)
{
	const time_t deadline = time(NULL) + 120;
	unsigned long long told = 0, events = 0;
	pthread_t thread;

	split_mappings(vm);
	put(TRACING "/events/kvm_swap/kvm_swap_invalidate/enable", "0");
	if (pthread_create(&thread, NULL, churn, vm))
		errx(2, "no thread");
	while (told < 3 && time(NULL) < deadline) {
		struct kvm_swap_age a = { .max_pages = BLOCK_PAGES };

		look();
		do {
			age(fd, &a);
			told += a.raced;
		} while (a.cursor);
		look();
		events += traced("kvm_swap_raced", "start=");
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	check(told && events == told, "each block that raced");
}

static void ends(int fd, struct vm *vm)
{
	struct pollfd p = { .fd = fd };

	look();
	vm_free(vm);
	if (poll(&p, 1, 60000) != 1)
		errx(2, "the guest's end goes unnoticed");
	look();
	check(traced("kvm_swap_gone", "users=1\n") == 1, "the guest's end, once");
	close(fd);
	look();
	check(traced("kvm_swap_detach", "users=1\n") == 1, "the last one goes");
}

static void all(void)
{
	struct vm vm;
	int fd;

	device_open();
	put(TRACING "/buffer_size_kb", "1024");
	put(TRACING "/events/kvm_swap/enable", "1");
	vm_new(&vm, PAGES, VM_SMALL);
	look();
	fd = must_attach(&vm);
	comes_and_goes(&vm);
	ages(fd, &vm);
	cold(fd);
	invalidated(&vm);
	raced(fd, &vm);
	ends(fd, &vm);
	put(TRACING "/events/kvm_swap/enable", "0");
}

int main(void)
{
	if (access(TRACING "/events", F_OK) && mount("tracefs", TRACING, "tracefs", 0, NULL)) {
		skip("trace events", "this kernel has no tracefs");
		return tap_end();
	}
	all();
	return tap_end();
}

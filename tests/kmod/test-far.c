// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that leaves for the store and comes home: by the guest's touch, by its process', by
 * order; and what becomes of ages meanwhile. Where the kernel has no store, that is said.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (8 * BLOCK_PAGES)
#define HALF  (PAGES / 2)

static uint8_t ages[PAGES];

static size_t faults_told(const struct kvm_swap_store_stats *s)
{
	size_t n = 0;

	for (size_t i = 0; i < KVM_SWAP_FAULT_BUCKETS; i++)
		n += s->fault_ns[i];
	return n;
}

static void by_guest(bool encrypt, const char *how)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, encrypt);

	vm_touch(&vm, 0, PAGES, 1);
	ok(page_out(fd, &vm, 0, PAGES) == PAGES && !vm_resident(&vm), "%s: all memory goes out",
	   how);
	s = store_stats(fd);
	ok(s.pages == PAGES && s.outs == PAGES && s.encrypted == encrypt,
	   "%s: and is counted (%llu)", how, s.pages);
	ok(s.pool_bytes && s.pool_bytes < PAGES * PAGE / 2 && s.stored_bytes <= s.pool_bytes,
	   "%s: in less than half of the room (%llu KiB)", how, s.pool_bytes / 1024);
	vm_touch(&vm, 0, PAGES, 1);
	s = store_stats(fd);
	ok(s.faults == PAGES && !s.pages && faults_told(&s) == PAGES,
	   "%s: each page that the guest touches comes home (%llu)", how, s.faults);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 2), "%s: with its content", how);
	ok(!store_stats(fd).stored_bytes && !store_stats(fd).same_filled,
	   "%s: and leaves nothing behind in the store", how);
	far_done(&vm, fd);
}

static long major_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_majflt;
}

/* 0 where the kernel does not tell. */
static unsigned long stalled_usec(void)
{
	FILE *f = fopen("/proc/pressure/memory", "re");
	unsigned long usec = 0;

	if (!f)
		return 0;
	if (fscanf(f, "some %*s %*s %*s total=%lu", &usec) != 1)
		usec = 0;
	fclose(f);
	return usec;
}

static void is_told_as_swap(void)
{
	unsigned long usec;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);
	long n;

	page_out(fd, &vm, 0, PAGES);
	n = major_faults();
	usec = stalled_usec();
	wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0);
	n = major_faults() - n;
	ok(n == PAGES, "each page that comes home by a touch is a major fault (%ld)", n);
	if (access("/proc/pressure/memory", R_OK))
		skip("and its time is pressure", "this kernel tells of none");
	else
		ok(stalled_usec() > usec, "and its time is pressure (%lu us)",
		   stalled_usec() - usec);
	far_done(&vm, fd);
}

static void by_process(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	page_out(fd, &vm, 0, PAGES);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "its process reads what was out");
	s = store_stats(fd);
	ok(s.faults == PAGES && !s.pages, "page by page (%llu)", s.faults);
	page_out(fd, &vm, 0, PAGES);
	for (size_t i = 0; i < PAGES; i++)
		fill_page(vm.memory + i * PAGE, i, FILL_RANDOM);
	ok(!wrong_pages(&vm, 0, PAGES, FILL_RANDOM, 0), "and writes to it");
	far_done(&vm, fd);
}

static void by_order(void)
{
	struct kvm_swap_move sum;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false), r;

	page_out(fd, &vm, 0, PAGES);
	vm_touch(&vm, 7, 100, 3);
	r = move_part(fd, KVM_SWAP_PAGE_IN, (struct part){ &vm, 0, HALF }, &sum);
	ok(!r && sum.pages == HALF - 100 && sum.skipped[KVM_SWAP_SKIP_ABSENT] == 100,
	   "PAGE_IN brings home what is out of a range, and says what was not (%llu)", sum.pages);
	ok(vm_resident(&vm) == HALF && store_stats(fd).fetched == HALF - 100, "all of it, no more");
	ok(drain(fd) == HALF && vm_resident(&vm) == PAGES, "DRAIN brings home the rest");
	ok(!store_stats(fd).pages && !store_stats(fd).pool_bytes, "and the store is empty");
	ok(!wrong_pages(&vm, 10, 1, FILL_TEXT, 1) && !wrong_pages(&vm, HALF, HALF, FILL_TEXT, 0),
	   "with its content");
	far_done(&vm, fd);
}

/* ---- Ages -------------------------------------------------------------------------------- */

static bool all_have(size_t first, size_t n, uint8_t age)
{
	for (size_t i = first; i < first + n; i++)
		if (ages[i] != age)
			return false;
	return true;
}

static void ages_of_others(void)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 6);
	page_out(fd, &vm, 100, 100);
	page_out(fd, &vm, 300, 100);
	read_ages(fd, &vm, 0, ages);
	ok(all_have(100, 100, 0) && all_have(300, 100, 0) && resident(fd) == PAGES - 200,
	   "what is out is not resident, and in no cold range");
	ok(all_have(0, 100, 5) && all_have(200, 100, 5) && all_have(400, PAGES - 400, 5),
	   "page-out touches nobody's age (%u, %u)", ages[0], ages[200]);
	passes(fd, 3);
	read_ages(fd, &vm, 0, ages);
	ok(all_have(0, 100, 8) && all_have(200, 100, 8) && all_have(400, PAGES - 400, 8),
	   "the others go on to age (%u, %u)", ages[0], ages[200]);
	vm_touch(&vm, 110, 2, 200);
	passes(fd, 3);
	read_ages(fd, &vm, 0, ages);
	ok(ages[110] == 2 && ages[310] == 2, "what came home is young, then ages (%u, %u)",
	   ages[110], ages[310]);
	ok(all_have(0, 100, 11) && all_have(200, 100, 11) && all_have(400, PAGES - 400, 11),
	   "and nobody is taken for it (%u, %u)", ages[0], ages[200]);
	ok(resident(fd) == PAGES - 198, "it is resident again (%zu)", resident(fd));
	far_done(&vm, fd);
}

/* Pages that the process brings home, without a word from KVM. */
static void ages_of_read(void)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 6);
	page_out(fd, &vm, 0, HALF);
	ok(!wrong_pages(&vm, 20, 30, FILL_TEXT, 1), "its process reads some");
	passes(fd, 2);
	read_ages(fd, &vm, 0, ages);
	/* Nobody has seen it touched: the first pass finds it, and finds it idle. */
	ok(all_have(20, 30, 2) && all_have(HALF, HALF, 7) && resident(fd) == HALF + 30,
	   "what it brought home is young, the rest is not (%u, %u, %zu)", ages[20], ages[HALF],
	   resident(fd));
	ok(page_in(fd, &vm, 100, 10) == 10, "some come by order");
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(all_have(100, 10, 1) && all_have(20, 30, 3) && all_have(HALF, HALF, 8),
	   "and are young as well (%u, %u, %u)", ages[100], ages[20], ages[HALF]);
	far_done(&vm, fd);
}

static void no_store(void)
{
	struct vm vm;
	struct kvm_swap_drain d = {};
	struct kvm_swap_move m = { .count = 1, .ranges = { { PAGE, PAGE } } };
	int fd;

	vm_new(&vm, 1, VM_SMALL);
	fd = must_attach(&vm);
	ok(move_once(fd, KVM_SWAP_PAGE_OUT, &m) == EOPNOTSUPP &&
		   move_once(fd, KVM_SWAP_PAGE_IN, &m) == EOPNOTSUPP &&
		   ioctl(fd, KVM_SWAP_DRAIN, &d) < 0 && errno == EOPNOTSUPP,
	   "INFO names no store, for this kernel cannot have one: EOPNOTSUPP");
	far_done(&vm, fd);
}

void test_far(void)
{
	if (!has_store()) {
		no_store();
		return;
	}
	by_guest(false, "plain");
	by_guest(true, "encrypted");
	by_process();
	is_told_as_swap();
	by_order();
	ages_of_others();
	ages_of_read();
}

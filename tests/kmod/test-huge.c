// SPDX-License-Identifier: GPL-2.0-or-later
/* Huge pages: asked as one, split, collapsed, and those of hugetlbfs. */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define BLOCKS 8
#define PAGES  (BLOCKS * BLOCK_PAGES)
#define HIT    (3 * BLOCK_PAGES) /* the block that something happens to */
#define MANY   144               /* blocks: more than one question is about */

static uint8_t ages[MANY * BLOCK_PAGES];

static bool block_has(size_t block, uint8_t age)
{
	for (size_t i = 0; i < BLOCK_PAGES; i++)
		if (ages[block * BLOCK_PAGES + i] != age)
			return false;
	return true;
}

/* The level of the cold range that has this page; 0 if none has. */
static unsigned int level_at(int fd, const struct vm *vm, size_t page)
{
	struct kvm_swap_cold c = { .flags = KVM_SWAP_COLD_BY_ADDRESS, .min_age = 1 };
	uintptr_t at = (uintptr_t)vm->memory + page * PAGE;

	do {
		if (ioctl(fd, KVM_SWAP_COLD, &c) < 0)
			err(2, "KVM_SWAP_COLD");
		for (uint32_t i = 0; i < c.count; i++)
			if (c.ranges[i].hva <= at && at < c.ranges[i].hva + c.ranges[i].bytes)
				return c.ranges[i].level;
	} while (c.cursor);
	return 0;
}

static bool huge_new(struct vm *vm, size_t blocks, enum vm_backing backing, const char *what)
{
	vm_new(vm, blocks * BLOCK_PAGES, backing);
	vm_touch(vm, 0, blocks * BLOCK_PAGES, 1);
	if (vm_huge(vm))
		return true;
	skip(what, "the host gave no huge pages");
	vm_free(vm);
	return false;
}

static void one_page_in_one(enum vm_backing backing, const char *how)
{
	struct kvm_swap_age a = {};
	struct vm vm;
	int fd;

	if (!huge_new(&vm, BLOCKS, backing, how))
		return;
	fd = must_attach(&vm);
	for (int i = 0; i < 8; i++) {
		vm_touch(&vm, HIT + 50, 1, 1);
		a = pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	ok(block_has(3, 0), "%s: one page touched in a huge page makes all of it young", how);
	ok(block_has(2, 7) && block_has(4, 7), "%s: the huge pages beside it have their age (%u)",
	   how, ages[0]);
	ok(a.calls < BLOCKS, "%s: old ones are asked together (%llu calls)", how, a.calls);
	ok(a.pages == PAGES + 1 && stats(fd).split_blocks == 0, "%s: no block is split", how);
	ok(level_at(fd, &vm, 0) == KVM_SWAP_LEVEL_2M, "%s: ranges say so", how);
	close(fd);
	vm_free(&vm);
}

/* Some hot ones where questions begin and end, or would if they were about so many. */
static bool is_hot(size_t block)
{
	return block == 0 || block == 15 || block == 16 || block == 127 || block == 128 ||
	       block == MANY - 1;
}

static void many(void)
{
	const char *what = "many huge pages";
	struct kvm_swap_age a;
	size_t wrong = 0;
	struct vm vm;
	int fd;

	if (!huge_new(&vm, MANY, VM_HUGE, what))
		return;
	fd = must_attach(&vm);
	passes(fd, 9);
	a = pass(fd);
	ok(a.calls == 3, "%s: a call is about 256 MiB of them at most (%llu calls)", what, a.calls);
	for (int i = 0; i < 8; i++) {
		for (size_t block = 0; block < MANY; block++)
			vm_touch(&vm, block * BLOCK_PAGES + 50, is_hot(block), 1);
		pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	for (size_t block = 0; block < MANY; block++)
		wrong += !block_has(block, is_hot(block) ? 0 : 7);
	ok(!wrong, "%s: each has its age (%zu have not)", what, wrong);
	close(fd);
	vm_free(&vm);
}

/* A page of it is discarded: the rest is mapped by 4 KiB from then on. */
static void is_split(void)
{
	struct vm vm;
	int fd;

	if (!huge_new(&vm, BLOCKS, VM_HUGE, "a huge page is split"))
		return;
	fd = must_attach(&vm);
	passes(fd, 6);
	if (madvise(vm.memory + (HIT + 9) * PAGE, PAGE, MADV_DONTNEED))
		err(2, "MADV_DONTNEED");
	pass(fd);
	ok(resident(fd) == PAGES - 1, "a huge page that was split has all but what went (%zu)",
	   resident(fd));
	for (int i = 0; i < 5; i++) {
		vm_touch(&vm, HIT + 50, 1, 1);
		pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	ok(!ages[HIT + 50] && !ages[HIT + 9] && ages[HIT + 49] >= 3 && ages[HIT + 511] >= 3,
	   "from then on its pages are told apart (%u, %u)", ages[HIT + 50], ages[HIT + 49]);
	ok(block_has(0, 11) && block_has(7, 11), "and the other huge pages have their age (%u)",
	   ages[0]);
	ok(level_at(fd, &vm, HIT + 49) == KVM_SWAP_LEVEL_4K &&
		   level_at(fd, &vm, 0) == KVM_SWAP_LEVEL_2M,
	   "ranges say so");
	close(fd);
	vm_free(&vm);
}

/* Small pages become a huge one. */
static void is_collapsed(void)
{
	const char *what = "small pages are collapsed to a huge one";
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_touch(&vm, 0, PAGES, 1);
	fd = must_attach(&vm);
	passes(fd, 6);
	if (madvise(vm.memory, PAGES * PAGE, MADV_HUGEPAGE) ||
	    madvise(vm.memory + HIT * PAGE, BLOCK, MADV_COLLAPSE)) {
		skip(what, "this kernel did not: MADV_COLLAPSE");
	} else {
		passes(fd, 3);
		read_ages(fd, &vm, 0, ages);
		ok(block_has(3, 2) && resident(fd) == PAGES, "%s: it is as old as that (%u)", what,
		   ages[HIT]);
		vm_touch(&vm, HIT + 77, 1, 1);
		pass(fd);
		read_ages(fd, &vm, 0, ages);
		ok(block_has(3, 0), "%s: one page touched makes all of it young", what);
		pass(fd);
		ok(level_at(fd, &vm, HIT) == KVM_SWAP_LEVEL_2M, "%s: ranges say so", what);
		ok(vm.memory[(HIT + 77) * PAGE] == 2 && vm.memory[(HIT + 78) * PAGE] == 1,
		   "%s: every page has its content", what);
	}
	close(fd);
	vm_free(&vm);
}

static void use_zero_page(const char *how)
{
	int fd = open("/sys/kernel/mm/transparent_hugepage/use_zero_page", O_WRONLY);

	if (fd >= 0 && write(fd, how, 1) != 1)
		warn("use_zero_page");
	close(fd);
}

static void read_by_qemu(struct vm *vm)
{
	for (size_t i = 0; i < PAGES; i += BLOCK_PAGES)
		(void)((volatile uint8_t *)vm->memory)[i * PAGE];
}

static void read_by_guest(struct vm *vm)
{
	vm_read(vm, 0, BLOCKS, BLOCK_PAGES);
}

static void is_written_after_all(int fd, struct vm *vm, const char *who)
{
	size_t there;

	vm_touch(vm, HIT, 1, 1);
	pass(fd);
	there = resident(fd);
	read_ages(fd, vm, 0, ages);
	ok((there == 1 || there == BLOCK_PAGES) && !ages[HIT],
	   "read by %s: written, it is the guest's, and young (%zu)", who, there);
}

/* One page of zeroes stands for all of it: nobody's memory, however young it is. */
static void only_read(const char *who, void (*read_it)(struct vm *vm))
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_HUGE);
	fd = must_attach(&vm);
	use_zero_page("1");
	read_it(&vm);
	for (int i = 0; i < 4; i++) {
		pass(fd);
		read_it(&vm);
	}
	if (vmstat("thp_zero_page_alloc"))
		ok(resident(fd) == 0, "only read by %s, by huge pages, is not resident (%zu)", who,
		   resident(fd));
	else
		skip("memory that was only read", "the host gave no huge page of zeroes");
	is_written_after_all(fd, &vm, who);
	use_zero_page("0");
	close(fd);
	vm_free(&vm);
}

static void hugetlb(void)
{
	const char *what = "memory of hugetlbfs";
	uint8_t *there = vm_map(PAGES * PAGE, VM_HUGETLB);

	if (!there) {
		skip(what, "the host has no huge pages set aside");
		return;
	}
	munmap(there, PAGES * PAGE);
	one_page_in_one(VM_HUGETLB, what);
}

void test_huge(void)
{
	one_page_in_one(VM_HUGE, "private");
	one_page_in_one(VM_HUGE_SHARED, "shared");
	only_read("QEMU", read_by_qemu);
	only_read("the guest", read_by_guest);
	hugetlb();
	many();
	is_split();
	is_collapsed();
}

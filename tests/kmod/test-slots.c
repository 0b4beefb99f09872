// SPDX-License-Identifier: GPL-2.0-or-later
/* Memslots that come, go, move and change; the second address space. */
#include <err.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"
#include "smm.h"
#include "subjects.h"
#include "tap.h"

#define PAGES     (8 * BLOCK_PAGES)
#define HALF      (PAGES / 2)
#define ELSEWHERE 0x80000000UL

static uint8_t ages[PAGES];

/* A guest whose pages have age 5 all. */
static int aged(struct vm *vm)
{
	int fd;

	vm_new(vm, PAGES, VM_SMALL);
	fd = must_attach(vm);
	vm_touch(vm, 0, PAGES, 1);
	passes(fd, 6);
	return fd;
}

static void done(struct vm *vm, int fd)
{
	close(fd);
	vm_free(vm);
}

/* The page of code was used with the others. */
static size_t pages_of_age(int fd, unsigned int age)
{
	return histogram(fd)->cold_bytes[age] / PAGE - 1;
}

static void comes_beside(void)
{
	struct vm vm;
	int fd = aged(&vm);
	uint8_t *more = vm_map(BLOCK, VM_SMALL);

	memset(more, 1, BLOCK);
	vm_set_region(&vm, 1, more, BLOCK, ELSEWHERE);
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(stats(fd).slots == 3, "a memslot that comes is followed (%llu)", stats(fd).slots);
	ok(ages[0] == 5 && ages[PAGES - 1] == 5, "ages survive one that comes beside them (%u)",
	   ages[0]);
	ok(resident(fd) == PAGES + BLOCK_PAGES, "what it has is resident memory");
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 6, "and ages go on growing (%u)", ages[0]);
	done(&vm, fd);
	munmap(more, BLOCK);
}

static void is_deleted(void)
{
	struct vm vm;
	int fd = aged(&vm);

	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	ok(resident(fd) == 0, "what was deleted is not in the histogram, before the next pass");
	read_ages(fd, &vm, 0, ages);
	ok(!ages[0] && !ages[PAGES - 1], "nor in a cold range");
	pass(fd);
	ok(stats(fd).slots == 1, "a memslot that was deleted is forgotten (%llu)", stats(fd).slots);
	ok(vm.memory[0] == 1, "whose pages its process still has (seed 003)");
	ok(stats(fd).tree_bytes < 4096, "and what its ages took (%llu bytes)",
	   stats(fd).tree_bytes);
	vm_set_slot(&vm, 0, 0, PAGES, VM_BASE);
	passes(fd, 3);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] <= 3 && resident(fd) == PAGES, "when it comes again its ages begin anew (%u)",
	   ages[0]);
	done(&vm, fd);
}

/* By whom the change was noticed does not matter: the accessed bits are lost. */
static void is_noticed_by_others(void)
{
	struct kvm_swap_age part = { .max_pages = PAGES / 2 };
	struct vm vm;
	int fd = aged(&vm);
	uint8_t *more = vm_map(BLOCK, VM_SMALL);

	memset(more, 1, BLOCK);
	vm_set_region(&vm, 1, more, BLOCK, ELSEWHERE);
	read_ages(fd, &vm, 0, ages);
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 5, "no age grows though the cold ranges noticed the change (%u)", ages[0]);
	pass(fd);

	if (ioctl(fd, KVM_SWAP_AGE, &part) < 0 || !part.cursor)
		err(2, "KVM_SWAP_AGE, a part");
	vm_set_slot(&vm, 1, 0, 0, ELSEWHERE);
	part.max_pages = 2 * PAGES;
	while (part.cursor) /* a slow machine is out of time before it is out of pages */
		if (ioctl(fd, KVM_SWAP_AGE, &part) < 0)
			err(2, "KVM_SWAP_AGE, the rest");
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 7 && ages[PAGES - 1] == 6,
	   "in the middle of a pass, the rest does not grow (%u, %u)", ages[0], ages[PAGES - 1]);
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 7 && ages[PAGES - 1] == 6, "nor anything by the next (%u, %u)", ages[0],
	   ages[PAGES - 1]);
	pass(fd);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 8 && ages[PAGES - 1] == 7, "all by the one after that (%u, %u)", ages[0],
	   ages[PAGES - 1]);
	done(&vm, fd);
	munmap(more, BLOCK);
}

/* Moved in the guest: the memory is the same, and so are its ages. */
static void moves_in_guest(void)
{
	static struct kvm_swap_map m;
	struct vm vm;
	int fd = aged(&vm);

	vm_set_slot(&vm, 0, 0, PAGES, ELSEWHERE);
	passes(fd, 2);
	ok(pages_of_age(fd, 6) == PAGES, "a memslot that moves in the guest keeps its ages (%zu)",
	   pages_of_age(fd, 6));
	m.gpa = ELSEWHERE;
	if (ioctl(fd, KVM_SWAP_MAP, &m) < 0)
		err(2, "KVM_SWAP_MAP");
	ok(m.count == PAGES / BLOCK_PAGES && m.blocks[0] == 6,
	   "and is on the map where it is now (%u)", m.blocks[0]);
	done(&vm, fd);
}

/* Other memory at the same place of the guest. */
static void moves_in_host(void)
{
	struct vm vm;
	int fd = aged(&vm);
	uint8_t *other = vm_map(PAGES * PAGE, VM_SMALL);

	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	vm_set_region(&vm, 0, other, PAGES * PAGE, VM_BASE);
	pass(fd);
	ok(resident(fd) == 0, "a memslot with other memory has none of the old pages");
	vm_touch(&vm, 0, 100, 1);
	passes(fd, 3);
	ok(resident(fd) == 100 && pages_of_age(fd, 2) == 100,
	   "the new ones have their own ages (%zu)", pages_of_age(fd, 2));
	done(&vm, fd);
	munmap(other, PAGES * PAGE);
}

static void is_resized(void)
{
	struct vm vm;
	int fd = aged(&vm);

	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	vm_set_slot(&vm, 0, 0, HALF, VM_BASE);
	pass(fd);
	ok(resident(fd) == HALF, "one that was made smaller has what it has now (%zu)",
	   resident(fd));
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	vm_set_slot(&vm, 0, 0, PAGES, VM_BASE);
	pass(fd);
	ok(resident(fd) == PAGES, "one that was made larger too (%zu)", resident(fd));
	done(&vm, fd);
}

/* First and last block are of less than 2 MiB. */
static void is_odd(void)
{
	const size_t first = 3, n = 2 * BLOCK_PAGES + 5;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	vm_set_slot(&vm, 0, first, n, VM_BASE + first * PAGE);
	fd = must_attach(&vm);
	vm_touch(&vm, first, n, 1);
	pass(fd);
	for (int i = 0; i < 5; i++) {
		vm_touch(&vm, first, 1, 1);
		vm_touch(&vm, first + n - 1, 1, 1);
		pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	ok(!ages[first] && !ages[first + n - 1],
	   "an odd memslot: its first and last pages are hot");
	ok(ages[first + 1] >= 3 && ages[first + n - 2] >= 3 && ages[BLOCK_PAGES] == 5,
	   "and their neighbours cold (%u, %u)", ages[first + 1], ages[first + n - 2]);
	ok(resident(fd) == n, "and all of it counted once (%zu)", resident(fd));
	done(&vm, fd);
}

/* Two memslots with the same memory: one question to KVM is about both. */
static void is_seen_twice(void)
{
	struct vm vm;
	int fd = aged(&vm);

	vm_set_slot(&vm, 1, 0, PAGES, ELSEWHERE);
	passes(fd, 3);
	ok(resident(fd) == PAGES, "memory that two memslots have is counted once (%zu)",
	   resident(fd));
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	passes(fd, 3);
	ok(resident(fd) == PAGES, "and followed as long as one of them has it (%zu)", resident(fd));
	done(&vm, fd);
}

/* A part of the memory is seen first, the whole comes again after it. */
static void a_part_comes_first(void)
{
	struct vm vm;
	int fd = aged(&vm);

	vm_set_slot(&vm, 1, 5, 1, ELSEWHERE);
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	pass(fd);
	ok(resident(fd) == 1, "what another memslot shows of it is followed (%zu)", resident(fd));
	vm_set_slot(&vm, 0, 0, PAGES, VM_BASE);
	passes(fd, 2);
	ok(resident(fd) == PAGES, "the whole is followed when it comes again (%zu)", resident(fd));
	ok(stats(fd).slots == 2, "in place of its part (%llu)", stats(fd).slots);
	done(&vm, fd);
}

#define PARTS (PAGES / BLOCK_PAGES)

/* Memory is in the guest in the other order than in the host, its memslots come in a third one. */
static void set_part(struct vm *vm, size_t i, bool there)
{
	vm_set_slot(vm, 1 + (uint32_t)i, (PARTS - 1 - i) * BLOCK_PAGES, there ? BLOCK_PAGES : 0,
		    VM_BASE + i * BLOCK);
}

static const struct kvm_swap_map *map_of_parts(int fd)
{
	static struct kvm_swap_map m;

	(void)histogram(fd); /* follows memslots, the map does not */
	m = (struct kvm_swap_map){ .gpa = VM_BASE };
	if (ioctl(fd, KVM_SWAP_MAP, &m) < 0)
		err(2, "KVM_SWAP_MAP");
	return &m;
}

/* Those that the map shows with the age they should have; of every second one @odd_age. */
static size_t parts_right(int fd, int odd_age)
{
	const struct kvm_swap_map *m = map_of_parts(fd);
	size_t i, n = 0;

	for (i = 0; i < PARTS; i++)
		n += m->blocks[i] == (odd_age && i % 2 ? odd_age : (int)(PARTS - 1 - i));
	return n;
}

static void are_many(void)
{
	static const uint8_t order[PARTS] = { 5, 0, 7, 2, 1, 6, 3, 4 };
	struct vm vm;
	size_t i;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	for (i = 0; i < PARTS; i++)
		set_part(&vm, order[i], true);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	for (i = 0; i < PARTS; i++) {
		vm_touch(&vm, i * BLOCK_PAGES, PAGES - i * BLOCK_PAGES, 1);
		pass(fd);
	}
	ok(parts_right(fd, 0) == PARTS, "of many memslots each is on the map at its place (%zu)",
	   parts_right(fd, 0));
	for (i = 1; i < PARTS; i += 2)
		set_part(&vm, i, false);
	ok(parts_right(fd, KVM_SWAP_MAP_NO_MEMORY) == PARTS - 1 && map_of_parts(fd)->count == 7,
	   "what was deleted leaves holes, the last one is the end (%zu)",
	   parts_right(fd, KVM_SWAP_MAP_NO_MEMORY));
	for (i = 1; i < PARTS; i += 2)
		set_part(&vm, i, true);
	ok(parts_right(fd, KVM_SWAP_MAP_ABSENT) == PARTS,
	   "what comes between those that stayed has its place, and no ages yet (%zu)",
	   parts_right(fd, KVM_SWAP_MAP_ABSENT));
	done(&vm, fd);
}

void test_slots(void)
{
	comes_beside();
	is_deleted();
	is_noticed_by_others();
	moves_in_guest();
	moves_in_host();
	is_resized();
	is_odd();
	is_seen_twice();
	a_part_comes_first();
	are_many();
}

/* ---- The second address space (seed 004) -------------------------------------------------- */

static void touch_both(const struct vm *vm, size_t first, size_t n)
{
	vm_touch((struct vm *)vm, first, n, 1);
	smm_touch(vm, first + HALF, n);
}

/* Ages of memory that is at VM_BASE in one of them. */
static void read_ages_of(int fd, const struct vm *vm, uint8_t *memory)
{
	struct vm other = *vm;

	other.memory = memory;
	read_ages(fd, &other, 0, ages);
}

static void memory_of_its_own(void)
{
	uint8_t *memory = vm_map(PAGES * PAGE, VM_SMALL);
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	if (!smm_new(&vm, memory, PAGES)) {
		skip("memory that only SMM has", "this KVM has no SMM");
		vm_free(&vm);
		return;
	}
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	smm_touch(&vm, 0, PAGES);
	ok(memory[0] == 1 && memory[PAGES * PAGE - PAGE] == 1, "SMM has memory of its own");
	pass(fd);
	ok(stats(fd).slots == 4, "memslots of both address spaces are followed (%llu)",
	   stats(fd).slots);
	for (int i = 0; i < 6; i++) {
		touch_both(&vm, 10, 20);
		pass(fd);
	}
	read_ages_of(fd, &vm, vm.memory);
	ok(!ages[10] && ages[10 + HALF] == 6, "what the guest touches is young in the one (%u, %u)",
	   ages[10], ages[10 + HALF]);
	read_ages_of(fd, &vm, memory);
	ok(!ages[10 + HALF] && ages[10] == 6, "and what it touches in SMM in the other (%u, %u)",
	   ages[10 + HALF], ages[10]);
	done(&vm, fd);
	munmap(memory, PAGES * PAGE);
}

/* As QEMU has it: SMM sees the guest's memory too. */
static void the_same_memory(void)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	if (!smm_new(&vm, vm.memory, PAGES)) {
		skip("memory that SMM shares", "this KVM has no SMM");
		vm_free(&vm);
		return;
	}
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	for (int i = 0; i < 6; i++) {
		touch_both(&vm, 10, 20);
		pass(fd);
	}
	read_ages(fd, &vm, 0, ages);
	ok(!ages[10] && !ages[10 + HALF] && ages[9] >= 4,
	   "memory of both is young when either has touched it (%u)", ages[9]);
	ok(stats(fd).slots == 3, "and is followed once (%llu)", stats(fd).slots);
	done(&vm, fd);
}

/* QEMU deletes a memslot to change it; SMM goes on showing the memory. */
static void leaves_one_space(void)
{
	static struct kvm_swap_map m;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	if (!smm_new(&vm, vm.memory, PAGES)) {
		skip("memory that leaves one address space", "this KVM has no SMM");
		vm_free(&vm);
		return;
	}
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 6);
	vm_set_slot(&vm, 0, 0, 0, VM_BASE);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 5 && ages[PAGES - 1] == 5,
	   "memory that leaves one of two address spaces keeps its ages (%u)", ages[0]);
	vm_set_slot(&vm, 0, 0, PAGES, VM_BASE);
	read_ages(fd, &vm, 0, ages);
	ok(ages[0] == 5 && ages[PAGES - 1] == 5, "and when it comes again (%u)", ages[0]);
	m.gpa = VM_BASE;
	if (ioctl(fd, KVM_SWAP_MAP, &m) < 0)
		err(2, "KVM_SWAP_MAP");
	ok(m.count == PAGES / BLOCK_PAGES && m.blocks[0] == 5, "the map shows it again (%u)",
	   m.count);
	done(&vm, fd);
}

void test_spaces(void)
{
	memory_of_its_own();
	the_same_memory();
	leaves_one_space();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Records that cannot be, memory that is no guest's, guests that are gone. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (4 * BLOCK_PAGES)
#define TOP   0xfffffffffff000UL /* with five levels of page tables, too */

#define BAD_MOVE(what, ...)                                                                        \
	{                                                                                          \
		what,                                                                              \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct {
	const char *what;
	struct kvm_swap_move m;
} bad_moves[] = {
	BAD_MOVE("no range", .count = 0),
	BAD_MOVE("more ranges than there are", .count = KVM_SWAP_MOVE_RANGES + 1),
	BAD_MOVE("an empty range", .count = 1, .ranges = { { BLOCK, 0 } }),
	BAD_MOVE("an odd address", .count = 1, .ranges = { { BLOCK + 8, PAGE } }),
	BAD_MOVE("an odd length", .count = 1, .ranges = { { BLOCK, PAGE + 1 } }),
	BAD_MOVE("a range that wraps", .count = 1, .ranges = { { 0 - 2 * PAGE, 4 * PAGE } }),
	BAD_MOVE("a range that ends at 2^64", .count = 1, .ranges = { { 0 - 2 * PAGE, 2 * PAGE } }),
	BAD_MOVE("a range beyond all processes", .count = 1, .ranges = { { TOP, PAGE } }),
	BAD_MOVE("a second range that cannot be", .count = 2,
		 .ranges = { { BLOCK, PAGE }, { BLOCK, 3 } }),
	BAD_MOVE("a cursor at the end", .count = 1, .cursor = PAGE, .ranges = { { BLOCK, PAGE } }),
	BAD_MOVE("an odd cursor", .count = 1, .cursor = 8, .ranges = { { BLOCK, PAGE } }),
	BAD_MOVE("a time beyond a second", .count = 1, .max_usec = 1000001,
		 .ranges = { { BLOCK, PAGE } }),
	BAD_MOVE("too many pages", .count = 1, .max_pages = 1048577, .ranges = { { BLOCK, PAGE } }),
	BAD_MOVE("an unknown flag", .flags = 1, .count = 1, .ranges = { { BLOCK, PAGE } }),
	BAD_MOVE("reserved0", .reserved0 = 1, .count = 1, .ranges = { { BLOCK, PAGE } }),
	BAD_MOVE("reserved", .reserved = { 0, 0, 0, 1 }, .count = 1, .ranges = { { BLOCK, PAGE } }),
};

static void bad_records(int fd)
{
	for (size_t i = 0; i < sizeof(bad_moves) / sizeof(bad_moves[0]); i++) {
		struct kvm_swap_move out = bad_moves[i].m, in = bad_moves[i].m;

		ok(move_once(fd, KVM_SWAP_PAGE_OUT, &out) == EINVAL &&
			   move_once(fd, KVM_SWAP_PAGE_IN, &in) == EINVAL &&
			   !memcmp(&out, &bad_moves[i].m, sizeof(out)),
		   "%s: EINVAL", bad_moves[i].what);
	}
}

static int drain_with(int fd, struct kvm_swap_drain d)
{
	return ioctl(fd, KVM_SWAP_DRAIN, &d) < 0 ? errno : 0;
}

static void bad_others(int fd)
{
	struct kvm_swap_store_params p = { .flags = 2 };
	struct kvm_swap_store_stats s = { .reserved = { 1 } };

	ok(drain_with(fd, (struct kvm_swap_drain){ .flags = 1 }) == EINVAL &&
		   drain_with(fd, (struct kvm_swap_drain){ .reserved = { 1 } }) == EINVAL &&
		   drain_with(fd, (struct kvm_swap_drain){ .max_usec = 1000001 }) == EINVAL &&
		   drain_with(fd, (struct kvm_swap_drain){ .max_pages = 1048577 }) == EINVAL &&
		   !drain_with(fd, (struct kvm_swap_drain){}),
	   "DRAIN: flags, reserved, bounds: EINVAL");
	ok(ioctl(fd, KVM_SWAP_STORE_STATS, &s) < 0 && errno == EINVAL, "STORE_STATS: reserved");
	ok(ioctl(fd, KVM_SWAP_STORE_PARAMS, &p) < 0 && errno == EINVAL, "STORE_PARAMS: flags");
	p = (struct kvm_swap_store_params){ .reserved = { 1 } };
	ok(ioctl(fd, KVM_SWAP_STORE_PARAMS, &p) < 0 && errno == EINVAL, "STORE_PARAMS: reserved");
}

static void bad_memory(int fd, const struct vm *vm)
{
	struct kvm_swap_move *m = (struct kvm_swap_move *)vm_map(BLOCK, VM_SMALL);

	m->count = 1;
	m->ranges[0] = (struct kvm_swap_span){ (uintptr_t)vm->memory, PAGE };
	ok(move_once(fd, KVM_SWAP_PAGE_OUT, NULL) == EFAULT &&
		   move_once(fd, KVM_SWAP_PAGE_OUT, (void *)-PAGE) == EFAULT,
	   "no record: EFAULT");
	mprotect(m, BLOCK, PROT_READ);
	ok(move_once(fd, KVM_SWAP_PAGE_OUT, m) == EFAULT, "one that cannot be written: EFAULT");
	munmap((uint8_t *)m + PAGE, BLOCK - PAGE);
	ok(move_once(fd, KVM_SWAP_PAGE_OUT, m) == EFAULT, "half of one: EFAULT");
	ok(ioctl(fd, KVM_SWAP_PAGE_OUT ^ 1 << 20, m) < 0 && errno == ENOTTY, "of another size");
	munmap(m, PAGE);
}

/* The middle of the memory is another mapping, and a part of it is none. */
static void several_mappings(int fd, struct vm *vm)
{
	struct kvm_swap_move sum;

	drain(fd);
	mprotect(vm->memory + 700 * PAGE, 100 * PAGE, PROT_READ);
	munmap(vm->memory + 1200 * PAGE, 50 * PAGE);
	ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ vm, 0, PAGES }, &sum) &&
		   sum.pages == PAGES - 50 && sum.skipped[KVM_SWAP_SKIP_OUTSIDE] == 50,
	   "a range over several mappings goes, holes are skipped (%llu)",
	   sum.skipped[KVM_SWAP_SKIP_OUTSIDE]);
	ok(!wrong_pages(vm, 0, 1200, FILL_TEXT, 0) &&
		   !wrong_pages(vm, 1250, PAGES - 1250, FILL_TEXT, 0),
	   "and comes home");
}

static void no_guests(int fd, const struct vm *vm)
{
	struct kvm_swap_move m = { .count = 2 };
	uint8_t *other = vm_map(BLOCK, VM_SMALL);

	memset(other, 1, BLOCK);
	m.ranges[0] = (struct kvm_swap_span){ (uintptr_t)other, BLOCK };
	m.ranges[1] = (struct kvm_swap_span){ (uintptr_t)vm->code, PAGE };
	ok(!move_once(fd, KVM_SWAP_PAGE_OUT, &m) && m.pages == 1 &&
		   m.skipped[KVM_SWAP_SKIP_OUTSIDE] == BLOCK_PAGES && other[5] == 1,
	   "memory that is not the guest's stays (%llu)", m.skipped[KVM_SWAP_SKIP_OUTSIDE]);
	munmap(other, BLOCK);
}

static void in_steps(int fd, const struct vm *vm)
{
	struct kvm_swap_move m = { .count = 2, .max_pages = 100 };
	unsigned int calls = 0, all = 0;

	m.ranges[0] = (struct kvm_swap_span){ (uintptr_t)vm->memory, 450 * PAGE };
	m.ranges[1] = (struct kvm_swap_span){ (uintptr_t)vm->memory + 500 * PAGE, 60 * PAGE };
	do {
		if (move_once(fd, KVM_SWAP_PAGE_OUT, &m) || m.pages > 100)
			break;
		all += m.pages;
		calls++;
	} while (m.cursor);
	ok(calls == 6 && all == 510, "no call looks at more pages than it may (%u, %u)", calls,
	   all);
	m = (struct kvm_swap_move){ .count = 1, .max_usec = 1 };
	m.ranges[0] = (struct kvm_swap_span){ (uintptr_t)vm->memory, PAGES * PAGE };
	ok(!move_once(fd, KVM_SWAP_PAGE_OUT, &m) && m.cursor && m.cursor <= BLOCK,
	   "nor takes longer, but for the block in hand");
}

static bool says_esrch(void *arg)
{
	struct kvm_swap_move m = { .count = 1, .ranges = { { BLOCK, PAGE } } };

	return move_once(*(int *)arg, KVM_SWAP_PAGE_OUT, &m) == ESRCH;
}

static void gone(void)
{
	struct kvm_swap_move m = { .count = 1, .ranges = { { BLOCK, PAGE } } };
	struct child c;
	int fd;

	child_start(&c, PAGES);
	fd = attach(c.vm_fd);
	child_kill(&c);
	close(c.vm_fd);
	ok(soon(says_esrch, &fd) && move_once(fd, KVM_SWAP_PAGE_IN, &m) == ESRCH,
	   "a guest that has ended: ESRCH");
	ok(!drain_with(fd, (struct kvm_swap_drain){}) && !store_stats(fd).pages,
	   "has nothing to drain");
	close(fd);
}

void test_far_bad(void)
{
	struct vm vm;
	int fd;

	if (!has_store())
		return; /* test_far() says so */
	fd = far_vm(&vm, PAGES, FILL_TEXT, false);
	bad_records(fd);
	bad_others(fd);
	bad_memory(fd, &vm);
	ok(!store_stats(fd).outs && vm_resident(&vm) == PAGES, "nothing has moved for all that");
	in_steps(fd, &vm);
	several_mappings(fd, &vm);
	no_guests(fd, &vm);
	far_done(&vm, fd);
	gone();
}

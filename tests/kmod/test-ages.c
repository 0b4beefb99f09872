// SPDX-License-Identifier: GPL-2.0-or-later
/* How ages grow, what the histograms and the map make of them, and passes of the module's own. */
#include <err.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (4 * BLOCK_PAGES)

static uint8_t ages[PAGES];

/* The one age of all pages, or -1. */
static int one_age(int fd, const struct vm *vm)
{
	read_ages(fd, vm, 0, ages);
	for (size_t i = 1; i < vm->n_pages; i++)
		if (ages[i] != ages[0])
			return -1;
	return ages[0];
}

static void set_passes_per_age(int fd, uint32_t n)
{
	struct kvm_swap_params p = params(fd);

	p.flags = KVM_SWAP_PARAMS_SET;
	p.passes_per_age = n;
	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		err(2, "KVM_SWAP_PARAMS");
}

static void after_n_passes(void)
{
	static const unsigned int at[] = { 1, 2, 3, 10, 100, 249, 250, 251, 300 };
	unsigned int n = 0;
	struct vm vm;
	int fd, age;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		int want = at[i] > KVM_SWAP_AGE_MAX ? KVM_SWAP_AGE_MAX : (int)at[i];

		passes(fd, at[i] - n);
		n = at[i];
		age = one_age(fd, &vm);
		ok(age == want, "after %u passes all that was not touched has age %d (%d)", n, want,
		   age);
	}
	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 2);
	ok(one_age(fd, &vm) == 1, "touched once, it is young and begins anew");
	close(fd);
	vm_free(&vm);
}

static void slow_ages(void)
{
	struct vm vm;
	int fd, age;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	set_passes_per_age(fd, 3);
	passes(fd, 1 + 3 * 5);
	age = one_age(fd, &vm);
	ok(age == 5, "with 3 passes an age, 15 passes make age 5 (%d)", age);
	/* Asked together, then alone, before the pass that makes ages grow. */
	for (int i = 0; i < 2; i++) {
		vm_touch(&vm, 0, 1, 1);
		pass(fd);
	}
	ok(histogram(fd)->cold_bytes[1] == 0,
	   "what is asked anew meanwhile is young until then (%llu bytes are not)",
	   histogram(fd)->cold_bytes[1]);
	close(fd);
	vm_free(&vm);
}

/* Ages count units; in another one they would be wrong. */
static void another_unit(void)
{
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 6);
	/* Asked together first, then alone. */
	for (int i = 0; i < 2; i++) {
		vm_touch(&vm, 0, BLOCK_PAGES, 1);
		pass(fd);
	}
	pass(fd);
	ok(histogram(fd)->cold_bytes[8] && histogram(fd)->promoted_bytes[5],
	   "some memory is old, some was promoted");
	set_passes_per_age(fd, 1);
	ok(histogram(fd)->cold_bytes[8] && histogram(fd)->promoted_bytes[5],
	   "the same unit again changes nothing");
	set_passes_per_age(fd, 2);
	ok(one_age(fd, &vm) == 0 && !histogram(fd)->promoted_bytes[5],
	   "with another unit all is young and nothing promoted");
	ok(resident(fd) == PAGES, "and all is resident (%zu)", resident(fd));
	passes(fd, 5);
	ok(one_age(fd, &vm) == 2, "it ages anew (%d)", one_age(fd, &vm));
	close(fd);
	vm_free(&vm);
}

/* A pass that is cut into stretches by its budget is one pass. */
static void stretches(void)
{
	struct kvm_swap_age a = {};
	unsigned int n = 0;
	struct vm vm;
	int fd, age;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	do {
		a.max_pages = 1;
		if (ioctl(fd, KVM_SWAP_AGE, &a) < 0)
			err(2, "KVM_SWAP_AGE");
		n++;
	} while (a.cursor && n < 100);
	age = one_age(fd, &vm);
	ok(n >= PAGES / BLOCK_PAGES && n < 100, "a budget of one page is a block at a time (%u)",
	   n);
	ok(age == 1 && stats(fd).passes == 2, "and they are one pass (age %d)", age);
	close(fd);
	vm_free(&vm);
}

static void promotion(unsigned int age)
{
	struct kvm_swap_histogram *h;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	/* All but page 5 are touched before each pass, so its block has an age per page. */
	for (unsigned int i = 0; i <= age; i++) {
		vm_touch(&vm, 0, 5, 1);
		vm_touch(&vm, 6, PAGES - 6, 1);
		pass(fd);
	}
	h = histogram(fd);
	ok(h->cold_bytes[age] == PAGE, "one page has age %u (%llu bytes)", age, h->cold_bytes[age]);
	ok(h->promoted_bytes[age] == 0, "and was not promoted yet");
	vm_touch(&vm, 0, PAGES, 1);
	pass(fd);
	h = histogram(fd);
	ok(h->promoted_bytes[age] == PAGE, "touched at age %u, a page is promoted from it (%llu)",
	   age, h->promoted_bytes[age]);
	ok(h->cold_bytes[0] == h->resident_bytes, "and all memory is young");
	close(fd);
	vm_free(&vm);
}

/* A block that was hot for long is looked at closely every 16th pass only. */
static void cooling(void)
{
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

/* Hot, cold, half of each, never touched. */
static void map(void)
{
	static struct kvm_swap_map m;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, 3 * BLOCK_PAGES, 1);
	for (int i = 0; i < 9; i++) {
		vm_touch(&vm, 0, BLOCK_PAGES, 1);
		vm_touch(&vm, 2 * BLOCK_PAGES, BLOCK_PAGES / 2, 2);
		pass(fd);
	}
	m.gpa = VM_BASE;
	if (ioctl(fd, KVM_SWAP_MAP, &m) < 0)
		err(2, "KVM_SWAP_MAP");
	ok(m.gpa == VM_BASE && m.count == 4 && !m.next_gpa, "the map has a byte a block (%u)",
	   m.count);
	ok(m.blocks[0] == 0 && m.blocks[1] == 8 && m.blocks[3] == KVM_SWAP_MAP_ABSENT,
	   "a hot block, a cold one, one that was never touched (%u, %u, %u)", m.blocks[0],
	   m.blocks[1], m.blocks[3]);
	ok(m.blocks[2] > 0 && m.blocks[2] < 8, "one that is half hot has a mean age (%u)",
	   m.blocks[2]);
	close(fd);
	vm_free(&vm);
}

static bool has_passed(void *fd)
{
	return stats(*(int *)fd).passes >= 5;
}

static void own_passes(void)
{
	struct kvm_swap_params p;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, VM_SMALL);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	p = params(fd);
	ok(p.scan_period_ms == 0 && p.passes_per_age == 1, "no pass comes by itself at first");
	p.flags = KVM_SWAP_PARAMS_SET;
	p.scan_period_ms = 100;
	p.cpu_permille = 500;
	if (ioctl(fd, KVM_SWAP_PARAMS, &p) < 0)
		err(2, "KVM_SWAP_PARAMS");
	ok(soon(has_passed, &fd), "with a period the module ages by itself");
	close(fd);
	vm_free(&vm);
}

void test_ages(void)
{
	after_n_passes();
	slow_ages();
	another_unit();
	stretches();
	promotion(1);
	promotion(6);
	promotion(40);
	cooling();
	map();
	own_passes();
}

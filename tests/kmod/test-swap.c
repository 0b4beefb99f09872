// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest memory that goes to the host's swap and comes back. */
#include <err.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (8 * BLOCK_PAGES)
#define FIRST 1000
#define N     500

static uint8_t ages[PAGES];

/* Pages just used may stay: how many went is asked of pagemap. */
static size_t page_out(struct vm *vm)
{
	if (madvise(vm->memory + FIRST * PAGE, N * PAGE, MADV_PAGEOUT))
		err(2, "MADV_PAGEOUT");
	return PAGES - vm_resident(vm);
}

static size_t count(uint8_t age, size_t first, size_t n)
{
	size_t found = 0;

	for (size_t i = first; i < first + n; i++)
		found += ages[i] == age;
	return found;
}

static void swapped(enum vm_backing backing, const char *how)
{
	size_t out, young, bad = 0;
	struct vm vm;
	int fd;

	vm_new(&vm, PAGES, backing);
	fd = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	passes(fd, 6);
	out = page_out(&vm);
	ok(out > N * 9 / 10 && out <= N, "%s: of %u pages %zu are swapped out", how, N, out);
	read_ages(fd, &vm, 0, ages);
	ok(count(0, FIRST, N) >= out, "%s: they are in no cold range, before the next pass (%zu)",
	   how, count(0, FIRST, N));
	pass(fd);
	ok(resident(fd) == PAGES - out, "%s: nor in the histogram after it (%zu)", how,
	   resident(fd));
	for (size_t i = 0; i < PAGES; i++)
		bad += i < FIRST || i >= FIRST + N ? vm.memory[i * PAGE] != 1 : 0;
	vm_touch(&vm, FIRST, N, 1);
	/* The first one finds that something of the block was touched, the second one what. */
	passes(fd, 2);
	ok(resident(fd) == PAGES && vm_resident(&vm) == PAGES,
	   "%s: touched again they are back (%zu)", how, resident(fd));
	read_ages(fd, &vm, 0, ages);
	young = count(0, FIRST, N) + count(1, FIRST, N);
	ok(young == N && count(8, 0, BLOCK_PAGES) == BLOCK_PAGES,
	   "%s: and young, other blocks have their age (%zu, %u)", how, young, ages[0]);
	for (size_t i = FIRST; i < FIRST + N; i++)
		bad += vm.memory[i * PAGE] != 2;
	ok(!bad, "%s: and every page has its content (%zu)", how, bad);
	close(fd);
	vm_free(&vm);
}

void test_swap(void)
{
	swapped(VM_SMALL, "private");
	swapped(VM_SHARED, "shared");
}

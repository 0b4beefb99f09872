// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of pages that the guest touches before each pass: which are hot, how old are the others. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES  (8 * BLOCK_PAGES)
#define PASSES 12

/* @moves: the set is another one in each pass */
struct pattern {
	const char *name;
	bool (*is_hot)(size_t page, unsigned int pass);
	bool moves;
};

static bool none(size_t page, unsigned int pass)
{
	return false;
}

static bool all(size_t page, unsigned int pass)
{
	return true;
}

static bool first_quarter(size_t page, unsigned int pass)
{
	return page < PAGES / 4;
}

static bool every_seventh(size_t page, unsigned int pass)
{
	return page % 7 == 0;
}

static bool every_second(size_t page, unsigned int pass)
{
	return page % 2;
}

static bool chunks(size_t page, unsigned int pass)
{
	return page / 16 % 10 == 3;
}

static bool every_third_block(size_t page, unsigned int pass)
{
	return page / BLOCK_PAGES % 3 == 1;
}

static bool one_page(size_t page, unsigned int pass)
{
	return page == 3 * BLOCK_PAGES + 77;
}

static bool edges(size_t page, unsigned int pass)
{
	return page == 0 || page == PAGES - 1 || page % BLOCK_PAGES == BLOCK_PAGES - 1;
}

static bool is_in_tenth(uint32_t x)
{
	x *= 2654435761U;
	return (x ^ x >> 15) % 10 == 0;
}

static bool at_random(size_t page, unsigned int pass)
{
	return is_in_tenth((uint32_t)page);
}

static bool at_random_anew(size_t page, unsigned int pass)
{
	return is_in_tenth((uint32_t)page + pass * PAGES);
}

static bool window(size_t page, unsigned int pass)
{
	return (page + PAGES - pass * 200 % PAGES) % PAGES < 300;
}

static const struct pattern patterns[] = {
	{ "nothing", none, false },
	{ "every page", all, false },
	{ "the first quarter", first_quarter, false },
	{ "every 2nd page", every_second, false },
	{ "every 7th page", every_seventh, false },
	{ "scattered 64 KiB chunks", chunks, false },
	{ "every 3rd block", every_third_block, false },
	{ "a single page", one_page, false },
	{ "first and last pages", edges, false },
	{ "a random tenth", at_random, false },
	{ "another random tenth each time", at_random_anew, true },
	{ "a moving window", window, true },
};

/* Under a huge mapping one bit speaks for 512 pages. */
static const struct {
	const char *name;
	enum vm_backing backing;
	size_t unit;
} mappings[] = {
	{ "4 KiB, private", VM_SMALL, 1 },
	{ "4 KiB, shared", VM_SHARED, 1 },
	{ "huge, private", VM_HUGE, BLOCK_PAGES },
	{ "huge, shared", VM_HUGE_SHARED, BLOCK_PAGES },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How many passes ago each page, and any of its block, was last touched. */
struct truth {
	uint8_t page[PAGES];
	uint8_t block[PAGES];
};

static void grow_older(uint8_t *since, size_t unit, const bool *hot)
{
	for (size_t i = 0; i < PAGES; i += unit) {
		bool touched = memchr(hot + i, 1, unit);

		for (size_t k = i; k < i + unit; k++)
			since[k] = touched ? 0 : since[k] + 1;
	}
}

/* Pages that are neighbours are touched in one run of the guest. */
static void touch(struct vm *vm, const struct pattern *p, unsigned int pass, bool *hot)
{
	for (size_t i = 0; i < PAGES; i++)
		hot[i] = p->is_hot(i, pass);
	for (size_t i = 0; i < PAGES; i++) {
		size_t n = 0;

		while (i + n < PAGES && hot[i + n])
			n++;
		vm_touch(vm, i, n, 1);
		i += n;
	}
}

struct verdict {
	size_t too_old;
	size_t late;
};

/*
 * Never older than the truth. At most two periods late: in a set that stays for each page, in one
 * that moves for pages whose neighbours, which were asked together with them, are cold too.
 */
static void judge(const struct truth *t, const uint8_t *ages, bool moves, struct verdict *v)
{
	const uint8_t *least = moves ? t->block : t->page;

	for (size_t i = 0; i < PAGES; i++) {
		v->too_old += ages[i] > t->page[i];
		v->late += ages[i] + 2 < least[i];
	}
}

static void check_totals(int fd, const struct vm *vm, const uint8_t *ages, const char *what)
{
	static uint8_t by_address[PAGES];

	read_ages(fd, vm, KVM_SWAP_COLD_BY_ADDRESS, by_address);
	ok(!memcmp(ages, by_address, PAGES), "%s: both orders tell the same ages", what);
	ok(resident(fd) == PAGES, "%s: the histogram has all resident memory (%zu)", what,
	   resident(fd));
}

static void exact_set(struct vm *vm, const struct pattern *p, size_t unit, const char *what)
{
	static struct truth truth;
	static uint8_t ages[PAGES];
	static bool hot[PAGES];
	struct verdict v = {};
	int fd = must_attach(vm);

	memset(&truth, 0, sizeof(truth));
	pass(fd);
	for (unsigned int i = 0; i < PASSES; i++) {
		touch(vm, p, i, hot);
		pass(fd);
		read_ages(fd, vm, 0, ages);
		grow_older(truth.page, unit, hot);
		grow_older(truth.block, BLOCK_PAGES, hot);
		judge(&truth, ages, p->moves, &v);
	}
	ok(!v.too_old, "%s: no page is older than its last touch (%zu)", what, v.too_old);
	/* Huge pages of one age are asked together: a hot one makes all look young. */
	if (unit == 1 || !p->moves)
		ok(!v.late, "%s: cold pages have their age, at most two periods late (%zu)", what,
		   v.late);
	if (unit > 1)
		ok(!stats(fd).split_blocks, "%s: no block is split", what);
	check_totals(fd, vm, ages, what);
	close(fd);
}

static void exact_sets(size_t mapping)
{
	char what[128];

	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct vm vm;

		snprintf(what, sizeof(what), "%s, %s", mappings[mapping].name, patterns[i].name);
		vm_new(&vm, PAGES, mappings[mapping].backing);
		vm_touch(&vm, 0, PAGES, 1);
		if (mappings[mapping].unit > 1 && !vm_huge(&vm))
			skip(what, "the host gave no huge pages");
		else
			exact_set(&vm, &patterns[i], mappings[mapping].unit, what);
		vm_free(&vm);
	}
}

void test_sets(void)
{
	for (size_t i = 0; i < COUNT(mappings); i++)
		exact_sets(i);
}

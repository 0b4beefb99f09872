// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a guest's memory is in QEMU, and which parts of it are resident. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"
#include "base/residency.h"
#include "source/guest-memory.h"
#include "tree.h"

#define RANGES_MAX 3

static void test_mappings_of_a_guest(void **state)
{
	static const struct {
		const char *text;
		int want;
		struct kvmb_range ranges[RANGES_MAX];
	} cases[] = {
		{ "7f0000000000-7f0001000000 rw-p 00000000 00:00 0 \n",
		  0,
		  { { 0x7f0000000000, 16 * MIB } } },
		{ "7f0000000000-7f0001000000 rw-s 00000000 00:01 12  /memfd:pc.ram (deleted)",
		  0,
		  { { 0x7f0000000000, 16 * MIB } } },
		/* neighbours are one, also of different kinds, and small ones count with them */
		{ "10000000-10800000 rw-p 00000000 00:00 0 \n"
		  "10800000-10c00000 rw-p 00000000 00:00 0  [anon:x]\n"
		  "10c00000-11000000 rw-s 00000000 00:01 12  /dev/shm/ram\n"
		  "12000000-13000000 rw-p 00000000 00:00 0\n",
		  0,
		  { { 0x10000000, 16 * MIB }, { 0x12000000, 16 * MIB } } },
		/* what is QEMU's own, of devices, or cannot be paged out */
		{ "10000000-12000000 r--p 00000000 00:00 0 \n"
		  "20000000-22000000 rw-p 00000000 00:00 0  [heap]\n"
		  "30000000-32000000 rw-p 00000000 00:00 0  [stack]\n"
		  "40000000-42000000 rw-s 00000000 00:0f 9  anon_inode:[vfio-device]\n"
		  "50000000-52000000 rw-s 00000000 00:0f 9  /dev/vfio/7\n"
		  "60000000-62000000 rw-s 00000000 00:0f 9  /dev/hugepages/libvirt/qemu/x\n"
		  "70000000-72000000 rw-p 00000000 00:0f 9  /anon_hugepage (deleted)\n"
		  "80000000-80fff000 rw-p 00000000 00:00 0 \n"
		  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]\n",
		  -ENODATA,
		  { { 0 } } },
		{ "", -ENODATA, { { 0 } } },
		{ "\n", -EBADMSG, { { 0 } } },
		{ "10000000-11000000\n", -EBADMSG, { { 0 } } },
		{ "10000000-11000000 rw-p 0 0\n", -EBADMSG, { { 0 } } },
		{ "10000000-11000000 rw 00000000 00:00 0\n", -EBADMSG, { { 0 } } },
		{ "11000000-10000000 rw-p 00000000 00:00 0\n", -EBADMSG, { { 0 } } },
		{ "-11000000 rw-p 00000000 00:00 0\n", -EBADMSG, { { 0 } } },
		{ "1000000x-11000000 rw-p 00000000 00:00 0\n", -EBADMSG, { { 0 } } },
		{ "10000000-fffffffffffffffff rw-p 00000000 00:00 0\n", -EBADMSG, { { 0 } } },
		/* not by address */
		{ "20000000-22000000 rw-p 00000000 00:00 0\n"
		  "10000000-12000000 rw-p 00000000 00:00 0\n",
		  -EBADMSG,
		  { { 0 } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ struct kvmb_range *ranges = NULL;
		size_t n = 0, want = 0;
		int r = kvmb_parse_guest_memory(cases[i].text, &ranges, &n);

		if (r != cases[i].want)
			fail_msg("case %zu: %d instead of %d", i, r, cases[i].want);
		while (want < RANGES_MAX && cases[i].ranges[want].length_bytes)
			want++;
		assert_int_equal(n, want);
		for (size_t k = 0; k < n; k++)
			assert_memory_equal(&ranges[k], &cases[i].ranges[k], sizeof(ranges[k]));
	}
}

static void test_a_process_that_is_not_there(void **state)
{
	char *tree = tree_new();
	struct kvmb_root root = KVMB_ROOT_INIT;
	struct kvmb_range *ranges = NULL;
	size_t n = 0;

	/* as of one that has ended, but was not waited for */
	tree_write(tree, "proc/8/maps", "");
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	assert_int_equal(kvmb_guest_memory_read(&root, 7, &ranges, &n), -ESRCH);
	assert_int_equal(kvmb_guest_memory_read(&root, 8, &ranges, &n), -ESRCH);
	assert_null(ranges);
	kvmb_root_close(&root);
	tree_free(tree);
}

/* A mapping of this process: every third page is touched, and ten more at its end. */
#define PAGES 9000

static bool is_touched(size_t i)
{
	return i % 3 == 1 || i >= PAGES - 10;
}

static unsigned char *map_some(size_t page)
{
	unsigned char *map = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	(void)madvise(map, PAGES * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		if (is_touched(i))
			map[i * page] = 1;
	return map;
}

static void test_resident_parts_are_exact(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0, at = 0;
	_cleanup_free_ struct kvmb_range *parts = NULL;
	uint64_t left = UINT64_MAX, counted;
	struct kvmb_range whole;
	unsigned char *map = map_some(page);
	int fd;

	whole = (struct kvmb_range){ (uint64_t)(uintptr_t)map, PAGES * page };
	assert_int_equal(kvmb_root_open(NULL, &root), 0);
	fd = kvmb_residency_open(&root, getpid());
	assert_true(fd >= 0);
	assert_int_equal(kvmb_residency_split(fd, &whole, &left, &parts, &n), 0);
	assert_int_equal(kvmb_residency_count(fd, &whole, 1, UINT64_MAX, &counted), 0);
	assert_int_equal(UINT64_MAX - left, counted);
	for (size_t i = 0; i < n; i++) {
		size_t first = (parts[i].hva - whole.hva) / page;

		for (; at < first; at++)
			assert_false(is_touched(at));
		for (; at < first + parts[i].length_bytes / page; at++)
			assert_true(is_touched(at));
	}
	assert_int_equal(at, PAGES);
	/* no more than asked, and never less than a page */
	left = 5 * page + 1;
	n = 0;
	assert_int_equal(kvmb_residency_split(fd, &whole, &left, &parts, &n), 0);
	assert_int_equal(left, 0);
	assert_int_equal(n, 6);
	munmap(map, PAGES * page);
	close(fd);
	kvmb_root_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mappings_of_a_guest),
		cmocka_unit_test(test_a_process_that_is_not_there),
		cmocka_unit_test(test_resident_parts_are_exact),
	};

	return cmocka_run_group_tests_name("guest-memory", tests, NULL, NULL);
}

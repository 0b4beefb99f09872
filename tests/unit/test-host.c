// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's figures: parsers by tables, whole reads from trees and from the real machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/swap-ram.h"
#include "source/host.h"
#include "source/swap-device.h"
#include "tree.h"

#define MEMINFO_HEAD "MemTotal:  1000 kB\nMemFree: 100 kB\n"
#define MEMINFO_TAIL "SwapTotal: 50 kB\nSwapFree: 20 kB\nShmem: 5 kB\n"

static void test_meminfo_in_bytes(void **state)
{
	struct kvmb_host_sample h = { 0 };
	uint64_t zswap = 1;

	assert_int_equal(kvmb_parse_meminfo(MEMINFO_HEAD "MemAvailable:  300 kB\n" MEMINFO_TAIL
					    "Zswap: 7 kB\nHugePages_Total:  3\n",
					    &h, &zswap), 0);
	assert_int_equal(h.total_bytes, 1000 * KIB);
	assert_int_equal(h.free_bytes, 100 * KIB);
	assert_int_equal(h.available_bytes, 300 * KIB);
	assert_int_equal(h.swap_total_bytes, 50 * KIB);
	assert_int_equal(h.swap_free_bytes, 20 * KIB);
	assert_int_equal(h.shmem_bytes, 5 * KIB);
	assert_int_equal(zswap, 7 * KIB);
}

static void test_meminfo_without_zswap(void **state)
{
	struct kvmb_host_sample h = { 0 };
	uint64_t zswap = 1;

	assert_int_equal(kvmb_parse_meminfo(MEMINFO_HEAD "MemAvailable: 300 kB\n" MEMINFO_TAIL,
					    &h, &zswap), 0);
	assert_int_equal(zswap, 0);
}

static void test_meminfo_never_above_total(void **state)
{
	struct kvmb_host_sample h = { 0 };
	uint64_t zswap;

	assert_int_equal(kvmb_parse_meminfo("MemTotal: 10 kB\nMemFree: 11 kB\nMemAvailable: 12 kB\n"
					    "SwapTotal: 5 kB\nSwapFree: 6 kB\nShmem: 0 kB\n",
					    &h, &zswap), 0);
	assert_int_equal(h.available_bytes, 10 * KIB);
	assert_int_equal(h.free_bytes, 10 * KIB);
	assert_int_equal(h.swap_free_bytes, 5 * KIB);
}

static void test_meminfo_faults_leave_the_output_alone(void **state)
{
	static const char *const faults[] = {
		"",
		"nonsense",
		MEMINFO_HEAD MEMINFO_TAIL, /* no MemAvailable */
		MEMINFO_HEAD "MemAvailable: -3 kB\n" MEMINFO_TAIL,
		MEMINFO_HEAD "MemAvailable: 99999999999999999999999 kB\n" MEMINFO_TAIL,
		"MemTotal: 0 kB\nMemFree: 0 kB\nMemAvailable: 0 kB\n" MEMINFO_TAIL,
		MEMINFO_HEAD "MemAvailable: 300 kB\nSwapTotal: 5 kB\nShmem: 5 kB\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct kvmb_host_sample h, before;
		uint64_t zswap = 42;

		memset(&h, 0x5a, sizeof(h));
		before = h;
		assert_int_equal(kvmb_parse_meminfo(faults[i], &h, &zswap), -EBADMSG);
		assert_memory_equal(&h, &before, sizeof(h));
		assert_int_equal(zswap, 42);
	}
}

static void test_vmstat_counters(void **state)
{
	struct kvmb_host_sample h = { .total_bytes = 77, .oom_kills = 99 };

	assert_int_equal(kvmb_parse_vmstat("nr_free_pages 5\npswpin 1\npswpout 2\n"
					   "workingset_refault_anon 3\nworkingset_refault_file 4\n"
					   "oom_kill 5\n", &h), 0);
	assert_int_equal(h.swap_in_pages, 1);
	assert_int_equal(h.swap_out_pages, 2);
	assert_int_equal(h.refault_anon, 3);
	assert_int_equal(h.refault_file, 4);
	assert_int_equal(h.oom_kills, 5);
	assert_int_equal(h.total_bytes, 77);

	/* a kernel without the newer counters */
	assert_int_equal(kvmb_parse_vmstat("pswpin 9\n", &h), 0);
	assert_int_equal(h.swap_in_pages, 9);
	assert_int_equal(h.oom_kills, 0);
	assert_int_equal(kvmb_parse_vmstat("nr_free_pages 5\n", &h), -EBADMSG);
}

static void test_swaps_tell_zram_devices(void **state)
{
	unsigned int ids[4];
	const char *text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
			   "/dev/zram0                              partition\t1\t0\t100\n"
			   "/dev/sda2                               partition\t1\t0\t-2\n"
			   "/dev/zram12                             partition\t1\t0\t100\n"
			   "/var/swap/zram7file                     file\t1\t0\t-3\n"
			   "/dev/zram                               partition\t1\t0\t-3\n";

	assert_int_equal(kvmb_parse_swaps(text, ids, ARRAY_SIZE(ids)), 2);
	assert_int_equal(ids[0], 0);
	assert_int_equal(ids[1], 12);
	assert_int_equal(kvmb_parse_swaps(text, ids, 1), 1);
	assert_int_equal(kvmb_parse_swaps("", ids, ARRAY_SIZE(ids)), -EBADMSG);
	assert_int_equal(kvmb_parse_swaps("Filename\n", ids, ARRAY_SIZE(ids)), 0);
}

static void test_zram_memory_is_the_third_column(void **state)
{
	uint64_t v = 1;

	assert_int_equal(kvmb_parse_zram_mm_stat(
		"   4194304    65536   131072        0   200000  9 0 1 2\n", &v), 0);
	assert_int_equal(v, 131072);
	assert_int_equal(kvmb_parse_zram_mm_stat("1 2\n", &v), -EBADMSG);
	assert_int_equal(kvmb_parse_zram_mm_stat("", &v), -EBADMSG);
	assert_int_equal(kvmb_parse_zram_mm_stat("1 2 x\n", &v), -EBADMSG);
	assert_int_equal(v, 131072);
}

static void test_swap_ram_counts_zram_in_use_and_zswap(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	char *tree = tree_new();
	struct kvmb_host_sample h;

	tree_write_host(tree);
	tree_write(tree, "proc/meminfo", "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: 2 kB\n"
		   "SwapTotal: 4 kB\nSwapFree: 4 kB\nShmem: 0 kB\nZswap: 3 kB\n");
	tree_write(tree, "proc/swaps", "Filename Type Size Used Priority\n"
		   "/dev/zram1 partition 1 0 1\n/dev/zram2 partition 1 0 1\n"
		   "/dev/zram3 partition 1 0 1\n");
	tree_write(tree, "sys/block/zram0/mm_stat", "1 1 1000000 0 0 0 0\n"); /* not swap */
	tree_write(tree, "sys/block/zram1/mm_stat", "1 1 4096 0 0 0 0\n");
	tree_write(tree, "sys/block/zram2/mm_stat", "1 1 8192 0 0 0 0\n");
	/* zram3 went after swaps was read */
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_int_equal(h.swap_ram_bytes, 4096 + 8192 + 3 * KIB);
	tree_write(tree, "sys/block/zram2/mm_stat", "broken");
	assert_int_equal(kvmb_host_read(&root, &h), -EBADMSG);
	kvmb_root_close(&root);
	tree_free(tree);
}

static void test_swap_devices_are_told_by_name(void **state)
{
	struct kvmb_swap_device d[4] = { { "" } };
	const char *text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
			   "/dev/zram0                              partition\t1\t0\t100\n"
			   "/swap/file                              file\t1\t0\t-2\n"
			   "/dev/mapper/..                          partition\t1\t0\t-2\n"
			   "/dev/                                   partition\t1\t0\t-2\n"
			   "/dev/nvme0n1p3                          partition\t1\t0\t-3\n";

	assert_int_equal(kvmb_parse_swap_devices(text, d, ARRAY_SIZE(d)), 2);
	assert_string_equal(d[0].name, "zram0");
	assert_string_equal(d[1].name, "nvme0n1p3");
	assert_int_equal(kvmb_parse_swap_devices(text, d, 1), 1);
	assert_int_equal(kvmb_parse_swap_devices("", d, 1), -EBADMSG);
	assert_int_equal(kvmb_parse_swap_devices("Filename\n", d, 1), 0);
}

static void test_block_stat_columns(void **state)
{
	uint64_t reads = 7, usec = 8;

	assert_int_equal(kvmb_parse_block_stat("  100 20 800 1600 5 0 40 10 0 12 1610\n", &reads,
					       &usec), 0);
	assert_int_equal(reads, 100);
	assert_int_equal(usec, 1600000);
	assert_int_equal(kvmb_parse_block_stat("100 20 800\n1600 5 0\n", &reads, &usec), -EBADMSG);
	assert_int_equal(kvmb_parse_block_stat("100 20 800 x\n", &reads, &usec), -EBADMSG);
	assert_int_equal(kvmb_parse_block_stat("", &reads, &usec), -EBADMSG);
	assert_int_equal(reads, 100);
	assert_int_equal(usec, 1600000);
}

static void test_swap_reads_of_all_devices_add_up(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	char *tree = tree_new();
	struct kvmb_host_sample h;

	tree_write_host(tree);
	tree_write(tree, "proc/swaps", "Filename Type Size Used Priority\n"
		   "/dev/sda2 partition 1 0 1\n/dev/sdb1 partition 1 0 1\n"
		   "/dev/sdc1 partition 1 0 1\n/file file 1 0 1\n");
	tree_write(tree, "sys/class/block/sda2/stat", "10 0 0 30 0 0 0 0 0 0 0\n");
	tree_write(tree, "sys/class/block/sdb1/stat", "5 0 0 7 0 0 0 0 0 0 0\n");
	tree_write(tree, "sys/class/block/sda/stat", "1000 0 0 1000 0 0 0 0 0 0 0\n");
	/* sdc1 went after swaps was read */
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_int_equal(h.swap_reads, 15);
	assert_int_equal(h.swap_read_usec, 37000);
	/* The rest of the sample is worth more than this figure. */
	tree_write(tree, "sys/class/block/sdb1/stat", "broken");
	assert_int_equal(kvmb_swap_device_read(&root, &h), -EBADMSG);
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_int_equal(h.swap_reads, 0);
	assert_int_equal(h.swap_read_usec, 0);
	tree_remove(tree, "proc/swaps");
	assert_int_equal(kvmb_swap_device_read(&root, &h), 0);
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_int_equal(h.swap_reads, 0);
	kvmb_root_close(&root);
	tree_free(tree);
}

static void test_a_kernel_without_psi_or_swap(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	char *tree = tree_new();
	struct kvmb_host_sample h;

	tree_write_host(tree);
	tree_remove(tree, "proc/swaps");
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_false(h.psi_valid);
	assert_int_equal(h.swap_ram_bytes, 0);
	tree_write(tree, "proc/pressure/memory", "some avg10=1.00 avg60=0.00 avg300=0 total=1\n");
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_true(h.psi_valid);
	assert_int_equal(h.psi.some_avg10_permyriad, 100);
	kvmb_root_close(&root);
	tree_free(tree);
}

static void test_failure_leaves_the_output_alone(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	struct kvmb_host_sample h, before;
	char *tree = tree_new();

	memset(&h, 0x5a, sizeof(h));
	before = h;
	tree_write_host(tree);
	assert_int_equal(kvmb_root_open(tree, &root), 0);
	tree_write(tree, "proc/pressure/memory", "rubbish\n");
	assert_int_equal(kvmb_host_read(&root, &h), -EBADMSG);
	tree_remove(tree, "proc/pressure/memory");
	tree_remove(tree, "proc/vmstat");
	assert_int_equal(kvmb_host_read(&root, &h), -ENOENT);
	assert_memory_equal(&h, &before, sizeof(h));
	kvmb_root_close(&root);
	tree_free(tree);
}

static void test_this_machine(void **state)
{
	struct kvmb_root root = KVMB_ROOT_INIT;
	struct kvmb_host_sample h;

	assert_int_equal(kvmb_root_open(NULL, &root), 0);
	assert_int_equal(kvmb_host_read(&root, &h), 0);
	assert_true(h.total_bytes > 16 * MIB);
	assert_true(h.available_bytes <= h.total_bytes);
	assert_true(h.available_bytes > 0);
	assert_true(h.swap_free_bytes <= h.swap_total_bytes);
	assert_false(h.triggered);
	kvmb_root_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meminfo_in_bytes),
		cmocka_unit_test(test_meminfo_without_zswap),
		cmocka_unit_test(test_meminfo_never_above_total),
		cmocka_unit_test(test_meminfo_faults_leave_the_output_alone),
		cmocka_unit_test(test_vmstat_counters),
		cmocka_unit_test(test_swaps_tell_zram_devices),
		cmocka_unit_test(test_zram_memory_is_the_third_column),
		cmocka_unit_test(test_swap_ram_counts_zram_in_use_and_zswap),
		cmocka_unit_test(test_swap_devices_are_told_by_name),
		cmocka_unit_test(test_block_stat_columns),
		cmocka_unit_test(test_swap_reads_of_all_devices_add_up),
		cmocka_unit_test(test_a_kernel_without_psi_or_swap),
		cmocka_unit_test(test_failure_leaves_the_output_alone),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}

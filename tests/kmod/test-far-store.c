// SPDX-License-Identifier: GPL-2.0-or-later
/* What the store does with content: one word repeated, what does not compress, limits, figures. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "far.h"
#include "module.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (4 * BLOCK_PAGES)
#define HALF  (PAGES / 2)
#define MANY  (192UL * 256) /* 192 MiB */

#define HOST "/sys/kernel/kvm_swap/store/"

static long get(const char *path)
{
	FILE *f = fopen(path, "re");
	long value = -1;

	if (!f || fscanf(f, "%ld", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

/* 0 or errno */
static int put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	int r = f ? 0 : errno;

	if (f && fputs(text, f) < 0)
		r = errno;
	if (f && fclose(f))
		r = errno;
	return r;
}

static void same_filled(enum fill how, const char *what)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, how, false);

	ok(page_out(fd, &vm, 0, PAGES) == PAGES, "%s go out", what);
	s = store_stats(fd);
	ok(s.same_filled == PAGES && !s.pool_bytes && !s.stored_bytes, "%s: and take no room",
	   what);
	vm_touch(&vm, 0, HALF, 1);
	ok(!wrong_pages(&vm, 0, HALF, how, 1) && !wrong_pages(&vm, HALF, HALF, how, 0),
	   "%s: and come home as they were", what);
	ok(!store_stats(fd).same_filled, "%s: none is left", what);
	far_done(&vm, fd);
}

/* ---- What does not compress -------------------------------------------------------------- */

static size_t dense_skipped(int fd, const struct vm *vm)
{
	struct kvm_swap_move sum;
	int r = move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ vm, 0, PAGES }, &sum);

	return r ? 0 : sum.skipped[KVM_SWAP_SKIP_DENSE];
}

static void dense(void)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_RANDOM, false);

	for (size_t i = 0; i < 10; i++)
		fill_page(vm.memory + i * PAGE, i, FILL_TEXT);
	ok(dense_skipped(fd, &vm) == PAGES - 10 && vm_resident(&vm) == PAGES - 10,
	   "what does not compress stays");
	ok(store_stats(fd).dense == PAGES - 10, "after it was tried");
	ok(dense_skipped(fd, &vm) == PAGES - 10 && store_stats(fd).dense == PAGES - 10,
	   "it is remembered, and not tried again");
	for (size_t i = 10; i < PAGES; i++)
		fill_page(vm.memory + i * PAGE, i, FILL_TEXT);
	ok(dense_skipped(fd, &vm) == PAGES - 10, "for a while, whatever becomes of it");
	put(HOST "dense_ms", "10");
	usleep(100000);
	ok(!dense_skipped(fd, &vm) && !vm_resident(&vm), "when that is over it goes out");
	put(HOST "dense_ms", "600000");
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "with its content");
	far_done(&vm, fd);
}

/* A page of text has 512 random bytes; of so many that more than 2,990 are left, it is dense. */
static void nearly_dense(void)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_SAME, false);
	struct kvm_swap_move sum;

	for (size_t i = 0; i < PAGES; i++) {
		uint8_t random[PAGE];

		fill_page(random, i, FILL_RANDOM);
		memcpy(vm.memory + i * PAGE, random, i < HALF ? 2900 : 3050);
	}
	ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum) &&
		   sum.pages == HALF && sum.skipped[KVM_SWAP_SKIP_DENSE] == HALF,
	   "the bound is between 2,900 bytes and 3,050 that do not compress");
	ok(sum.stored_bytes > HALF * 2900 && sum.stored_bytes < HALF * 2990,
	   "what is stored is counted (%llu)", sum.stored_bytes / HALF);
	far_done(&vm, fd);
}

/* ---- Limits ------------------------------------------------------------------------------ */

static void limited(void)
{
	struct kvm_swap_store_params p;
	struct kvm_swap_move sum;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);
	uint64_t host;

	p = store_params(fd);
	host = p.host_limit_bytes;
	p.limit_bytes = 256 << 10;
	ok(!set_store(fd, &p), "a store can have a limit");
	ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum) && sum.pages &&
		   sum.pages + sum.skipped[KVM_SWAP_SKIP_LIMIT] == PAGES,
	   "it takes no more");
	ok(store_stats(fd).pool_bytes < (256 << 10) + 16 * PAGE, "than that (%llu KiB)",
	   store_stats(fd).pool_bytes >> 10);
	p.limit_bytes = KVM_SWAP_NO_LIMIT;
	p.host_limit_bytes = 512 << 10;
	ok(!set_store(fd, &p) && get(HOST "limit_bytes") == 512 << 10, "so can the host");
	p.host_limit_bytes = KVM_SWAP_SAME_LIMIT;
	ok(!set_store(fd, &p) && get(HOST "limit_bytes") == 512 << 10 &&
		   store_params(fd).host_limit_bytes == 512 << 10,
	   "which a guest's can leave as it is");
	ok(!move_part(fd, KVM_SWAP_PAGE_OUT, (struct part){ &vm, 0, PAGES }, &sum) && sum.pages &&
		   sum.skipped[KVM_SWAP_SKIP_LIMIT] &&
		   store_stats(fd).host_pool_bytes < (512 << 10) + 16 * PAGE,
	   "all stores take no more together");
	ok(get(HOST "pool_bytes") == (long)store_stats(fd).host_pool_bytes &&
		   get(HOST "pages") == (long)store_stats(fd).host_pages,
	   "sysfs says how much that is");
	p.host_limit_bytes = host;
	set_store(fd, &p);
	page_out(fd, &vm, 0, PAGES);
	ok(!vm_resident(&vm) && !wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0),
	   "without limits all goes, and comes home");
	far_done(&vm, fd);
}

/* ---- Parameters -------------------------------------------------------------------------- */

static uint64_t stored(uint32_t compressor)
{
	struct kvm_swap_store_params p;
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	p = store_params(fd);
	p.compressor = compressor;
	if (set_store(fd, &p))
		errx(2, "compressor %u", compressor);
	page_out(fd, &vm, 0, PAGES);
	s = store_stats(fd);
	ok(s.pages == PAGES && s.compressor == compressor &&
		   !wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0),
	   "compressor %u keeps the content (%llu bytes a page)", compressor,
	   s.stored_bytes / PAGES);
	far_done(&vm, fd);
	return s.stored_bytes;
}

static void compressors(void)
{
	uint64_t lz4 = stored(KVM_SWAP_COMPRESSOR_LZ4);

	ok(stored(KVM_SWAP_COMPRESSOR_ZSTD) < lz4, "zstd makes it smaller than LZ4");
}

static void changed(void)
{
	struct kvm_swap_store_params p, now;
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);

	p = store_params(fd);
	p.compressor = 3;
	ok(set_store(fd, &p) == EINVAL, "a compressor that INFO does not name: EINVAL");
	p.compressor = 0;
	ok(set_store(fd, &p) == EINVAL, "none at all: EINVAL");
	p.compressor = KVM_SWAP_COMPRESSOR_ZSTD;
	p.encrypt = 2;
	ok(set_store(fd, &p) == EINVAL, "encrypt is 0 or 1: EINVAL");
	p.encrypt = 0;
	page_out(fd, &vm, 0, PAGES);
	ok(set_store(fd, &p) == EBUSY, "another compressor while pages are out: EBUSY");
	p.compressor = KVM_SWAP_COMPRESSOR_LZ4;
	p.encrypt = 1;
	ok(set_store(fd, &p) == EBUSY, "encryption as well: EBUSY");
	p.encrypt = 0;
	p.limit_bytes = 1 << 20;
	ok(!set_store(fd, &p), "but another limit");
	now = store_params(fd);
	ok(now.limit_bytes == 1 << 20 && now.compressor == KVM_SWAP_COMPRESSOR_LZ4 && !now.encrypt,
	   "what was refused has changed nothing");
	drain(fd);
	p.compressor = KVM_SWAP_COMPRESSOR_ZSTD;
	p.limit_bytes = KVM_SWAP_NO_LIMIT;
	ok(!set_store(fd, &p) && page_out(fd, &vm, 0, PAGES) == PAGES &&
		   store_stats(fd).compressor == KVM_SWAP_COMPRESSOR_ZSTD,
	   "after a drain it can be another one");
	ok(!wrong_pages(&vm, 0, PAGES, FILL_TEXT, 0), "which keeps the content");
	far_done(&vm, fd);
}

/* ---- Figures ----------------------------------------------------------------------------- */

static void in_sysfs(void)
{
	struct kvm_swap_store_stats s;
	char path[128], file[160];
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_TEXT, false);
	glob_t found;

	page_out(fd, &vm, 0, PAGES);
	vm_touch(&vm, 0, 10, 1);
	page_in(fd, &vm, 10, 20);
	madvise(vm.memory + 30 * PAGE, 30 * PAGE, MADV_DONTNEED);
	s = store_stats(fd);
	snprintf(path, sizeof(path), "/sys/kernel/kvm_swap/%d-*/store", getpid());
	if (glob(path, 0, NULL, &found))
		errx(2, "%s", path);
	snprintf(path, sizeof(path), "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	const struct {
		const char *name;
		uint64_t want;
	} files[] = {
		{ "pages", s.pages },
		{ "same_filled", s.same_filled },
		{ "stored_bytes", s.stored_bytes },
		{ "pool_bytes", s.pool_bytes },
		{ "metadata_bytes", s.metadata_bytes },
		{ "outs", PAGES },
		{ "faults", 10 },
		{ "fetched", 20 },
		{ "dropped", 30 },
		{ "dense", 0 },
		{ "integrity_failures", 0 },
		{ "reserve_used", s.reserve_used },
		{ "compressor", KVM_SWAP_COMPRESSOR_LZ4 },
		{ "encrypt", 0 },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, files[i].name);
		ok(get(file) == (long)files[i].want, "sysfs has %s (%ld)", files[i].name,
		   get(file));
	}
	snprintf(file, sizeof(file), "%s/compressor", path);
	ok(put(file, "2") == EBUSY && put(file, "7") == EINVAL && put(file, "x") == EINVAL &&
		   put(file, "4294967297") == EINVAL,
	   "and refuses what the call does");
	snprintf(file, sizeof(file), "%s/limit_bytes", path);
	ok(!put(file, "123456") && store_params(fd).limit_bytes == 123456,
	   "a limit can be set there");
	far_done(&vm, fd);
}

static bool is_given_back(void *fd)
{
	return store_stats(*(int *)fd).metadata_bytes < 1 << 20;
}

/* By how much it is worth it: a page out costs its blob, and 2.3 % at most besides. */
static void costs(void)
{
	struct kvm_swap_store_stats s;
	struct vm vm;
	int fd = far_vm(&vm, MANY, FILL_TEXT, false);

	ok(page_out(fd, &vm, 0, MANY) == MANY, "192 MiB go out");
	s = store_stats(fd);
	ok(s.metadata_bytes >= MANY * 80 && s.metadata_bytes <= MANY * PAGE * 23 / 1000,
	   "metadata is 80 bytes each at least, 2.3 %% at most (%llu permyriad)",
	   s.metadata_bytes * 10000 / (MANY * PAGE));
	ok(drain(fd) == MANY && soon(is_given_back, &fd), "and is given back (%llu KiB)",
	   store_stats(fd).metadata_bytes >> 10);
	far_done(&vm, fd);
}

void test_far_store(void)
{
	if (!has_store())
		return; /* test_far() says so */
	same_filled(FILL_ZERO, "pages of zeroes");
	same_filled(FILL_SAME, "pages of one word");
	dense();
	nearly_dense();
	limited();
	compressors();
	changed();
	in_sysfs();
	costs();
}

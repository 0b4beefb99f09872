// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What page-out frees: by what either side says that it takes, everything counted, and by what the
 * host has free before and after. What the pool of zram remembers of blobs is seen in the kernel's
 * slabs; of the tables that swap itself has for each page nothing is counted.
 */
#define _GNU_SOURCE
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../../kmod/far.h"
#include "../../kmod/module.h"
#include "benches.h"
#include "content.h"
#include "figure.h"
#include "zram.h"

#define BYTES (256UL << 20)
#define PAGES (BYTES / PAGE)

/* Where bytes of page-out went. */
struct room {
	uint64_t out;
	uint64_t stored;
	uint64_t pool;
	uint64_t metadata;
	uint64_t free; /* more of it, says the host */
};

/* Lists of free pages that each processor keeps are not in MemFree: short, or as usual. */
static void keep_few_free(bool few)
{
	static const char path[] = "/proc/sys/vm/percpu_pagelist_high_fraction";
	FILE *f = fopen(path, "we");

	if (!f || fputs(few ? "1000000" : "0", f) < 0 || fclose(f))
		err(2, "%s", path);
}

static uint64_t mem_free(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t kib;

	if (!f || fscanf(f, "MemTotal: %*u kB MemFree: %" SCNu64, &kib) != 1)
		errx(2, "/proc/meminfo");
	fclose(f);
	return kib << 10;
}

static uint64_t saturated(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct room far_room(enum content content, bool encrypt)
{
	struct vm vm;
	int fd = far_vm(&vm, PAGES, FILL_ZERO, encrypt);
	struct kvm_swap_store_stats s;
	struct room r = {};

	content_fill(vm.memory, PAGES, content);
	r.free = mem_free();
	page_out(fd, &vm, 0, PAGES);
	r.free = saturated(mem_free(), r.free);
	s = store_stats(fd);
	r.out = s.pages * PAGE;
	r.stored = s.stored_bytes;
	r.pool = s.pool_bytes;
	r.metadata = s.metadata_bytes + stats(fd).tree_bytes;
	far_done(&vm, fd);
	if (!soon(stores_are_empty, NULL))
		errx(2, "the store does not end");
	return r;
}

static struct room zram_room(enum content content)
{
	const struct zram_use before = zram_use();
	struct zram_use use;
	struct room r = {};
	struct vm vm;

	vm_new(&vm, PAGES, VM_SMALL);
	content_fill(vm.memory, PAGES, content);
	r.free = mem_free();
	zram_out(vm.memory, BYTES);
	r.free = saturated(mem_free(), r.free);
	use = zram_use();
	r.out = (PAGES - vm_resident(&vm)) * PAGE;
	r.stored = use.stored_bytes - before.stored_bytes;
	r.pool = use.pool_bytes - before.pool_bytes;
	r.metadata = r.out / PAGE * zram_slot_bytes() +
		     saturated(use.record_bytes, before.record_bytes);
	vm_free(&vm);
	return r;
}

static uint64_t freed(const struct room *r)
{
	return saturated(r->out, r->pool + r->metadata);
}

/* What is left of the guest's memory, wherever it is. */
static uint64_t taken(const struct room *r)
{
	return BYTES - r->out + r->pool + r->metadata;
}

static void say_far(const struct conditions *c, const struct room *r, bool encrypt)
{
	figure_say(c, &(struct figure){ encrypt ? "out, encrypted" : "out",
		   "permille of the guest", permille(r->out, BYTES), 0, 0 });
	if (!r->out)
		return;
	figure_say(c, &(struct figure){ encrypt ? "stored, encrypted" : "stored",
		   "bytes of a page", r->stored / (r->out / PAGE), 0, 0 });
	figure_say(c, &(struct figure){ encrypt ? "metadata, encrypted" : "metadata",
		   "of 10000 of what is out", r->metadata * 10000 / r->out, 200, 0 });
}

/* Where zram frees nothing the ratio is of what is taken. */
static void say_both(const struct conditions *c, const struct room *far, const struct room *zram,
		     bool encrypt)
{
	if (freed(zram) > BYTES / 10)
		figure_say(c, &(struct figure){
			   encrypt ? "memory freed, encrypted" : "memory freed",
			   "permille of zram", permille(freed(far), freed(zram)), 0, 1000 });
	else
		figure_say(c, &(struct figure){
			   encrypt ? "memory taken, encrypted" : "memory taken",
			   "permille of zram", permille(taken(far), taken(zram)), 1000, 0 });
	if (zram->free > BYTES / 10)
		figure_say(c, &(struct figure){
			   encrypt ? "memory freed, encrypted, by MemFree" :
				     "memory freed, by MemFree",
			   "permille of zram", permille(far->free, zram->free), 0, 0 });
}

static void measure(enum content content)
{
	const struct conditions c = { .guest_bytes = BYTES, .mapping = "4 KiB",
				      .content = content_names[content] };
	const struct room zram = zram_room(content);

	figure_say(&c, &(struct figure){ "stored in zram", "bytes of a page",
		   zram.out ? zram.stored / (zram.out / PAGE) : 0, 0, 0 });
	figure_say(&c, &(struct figure){ "memory taken with zram", "permille of the guest",
		   permille(taken(&zram), BYTES), 0, 0 });
	for (int encrypt = 0; encrypt < 2; encrypt++) {
		const struct room far = far_room(content, encrypt);

		say_far(&c, &far, encrypt);
		say_both(&c, &far, &zram, encrypt);
	}
}

void bench_far_room(void)
{
	keep_few_free(true);
	for (int i = CONTENT_ZERO; i <= CONTENT_MIXED; i++)
		measure((enum content)i);
	keep_few_free(false);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "zram.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../../kmod/vm.h"

#define DISK "/sys/block/zram0/"

static FILE *must_open(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		err(2, "%s", path);
	return f;
}

void zram_check(void)
{
	FILE *f = must_open(DISK "comp_algorithm");
	char line[256] = "";

	if (!fgets(line, sizeof(line), f) || !strstr(line, "[lz4]"))
		errx(2, "zram has another compressor: %s", line);
	fclose(f);
	f = must_open("/proc/swaps");
	if (!fgets(line, sizeof(line), f) || !fgets(line, sizeof(line), f) ||
	    !strstr(line, "/zram0") || fgets(line, sizeof(line), f))
		errx(2, "zram is not the swap, or not the only one");
	fclose(f);
}

void zram_out(void *memory, size_t bytes)
{
	must(madvise(memory, bytes, MADV_PAGEOUT), "MADV_PAGEOUT");
}

/* Objects in use of a kernel's cache. */
static uint64_t slab_bytes(const char *name)
{
	uint64_t objects, bytes;
	bool found = false;
	char line[256], is[64];
	FILE *f = must_open("/proc/slabinfo");

	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %" SCNu64 " %*u %" SCNu64, is, &objects, &bytes) == 3 &&
			!strcmp(is, name);
	fclose(f);
	if (!found)
		errx(2, "/proc/slabinfo does not show %s: is slab_nomerge missing?", name);
	return objects * bytes;
}

struct zram_use zram_use(void)
{
	uint64_t stored, pool;
	FILE *f = must_open(DISK "mm_stat");

	if (fscanf(f, "%*u %" SCNu64 " %" SCNu64, &stored, &pool) != 2)
		errx(2, DISK "mm_stat");
	fclose(f);
	return (struct zram_use){ stored, pool, slab_bytes("zspage") + slab_bytes("zs_handle") };
}

/* The largest of what it has in vmalloc, where the last page of each is none. */
uint64_t zram_slot_bytes(void)
{
	uint64_t bytes, table = 0, disk = 0;
	char line[256];
	FILE *f = must_open(DISK "disksize");

	if (fscanf(f, "%" SCNu64, &disk) != 1 || !disk)
		errx(2, DISK "disksize");
	fclose(f);
	f = must_open("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[zram]") && sscanf(line, "%*s %" SCNu64, &bytes) == 1 &&
		    bytes > table)
			table = bytes;
	fclose(f);
	if (table < disk / PAGE)
		errx(2, "/proc/vmallocinfo does not show zram's table");
	return (table - PAGE) / (disk / PAGE);
}

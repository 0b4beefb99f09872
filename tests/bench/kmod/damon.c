// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "damon.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../kmod/vm.h"

#define KDAMONDS "/sys/kernel/mm/damon/admin/kdamonds"
#define KDAMOND KDAMONDS "/0"
#define CONTEXT KDAMOND "/contexts/0"
#define SCHEME CONTEXT "/schemes/0"

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(2, "%s: %s", path, value);
	close(fd);
}

static void put_number(const char *path, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	put(path, text);
}

/* False where there is no such file. */
static bool get_number(const char *path, uint64_t *ret)
{
	FILE *f = fopen(path, "re");
	int n;

	if (!f)
		return false;
	n = fscanf(f, "%" SCNu64, ret);
	fclose(f);
	if (n != 1)
		errx(2, "%s: no number", path);
	return true;
}

bool damon_is_there(void)
{
	return access(KDAMONDS, F_OK) == 0;
}

/* One scheme that does nothing to all regions: it makes them visible. */
static void show_all_regions(void)
{
	put(CONTEXT "/schemes/nr_schemes", "1");
	put(SCHEME "/action", "stat");
	put_number(SCHEME "/access_pattern/sz/max", UINT64_MAX);
	put_number(SCHEME "/access_pattern/nr_accesses/max", UINT32_MAX);
	put_number(SCHEME "/access_pattern/age/max", UINT32_MAX);
}

void damon_start(const void *memory, size_t bytes, unsigned int max_regions)
{
	put(KDAMONDS "/nr_kdamonds", "1");
	put(KDAMOND "/contexts/nr_contexts", "1");
	put(CONTEXT "/operations", "fvaddr");
	put_number(CONTEXT "/monitoring_attrs/intervals/aggr_us", DAMON_AGGREGATION_MS * 1000);
	put_number(CONTEXT "/monitoring_attrs/nr_regions/max", max_regions);
	put(CONTEXT "/targets/nr_targets", "1");
	put_number(CONTEXT "/targets/0/pid_target", (uint64_t)getpid());
	put(CONTEXT "/targets/0/regions/nr_regions", "1");
	put_number(CONTEXT "/targets/0/regions/0/start", (uintptr_t)memory);
	put_number(CONTEXT "/targets/0/regions/0/end", (uintptr_t)memory + bytes);
	show_all_regions();
	put(KDAMOND "/state", "on");
}

void damon_stop(void)
{
	put(KDAMOND "/state", "off");
	put(KDAMONDS "/nr_kdamonds", "0");
}

uint64_t damon_cpu_ns(void)
{
	char path[64];
	uint64_t pid, ns;

	if (!get_number(KDAMOND "/pid", &pid))
		err(2, KDAMOND "/pid");
	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/schedstat", pid);
	if (!get_number(path, &ns))
		err(2, "%s", path);
	return ns;
}

static uint64_t region_number(size_t region, const char *name)
{
	char path[128];
	uint64_t value;

	(void)snprintf(path, sizeof(path), SCHEME "/tried_regions/%zu/%s", region, name);
	if (!get_number(path, &value))
		err(2, "%s", path);
	return value;
}

static bool has_region(size_t region)
{
	char path[128];

	(void)snprintf(path, sizeof(path), SCHEME "/tried_regions/%zu", region);
	return access(path, F_OK) == 0;
}

size_t damon_cold(const void *memory, uint8_t *cold, size_t n_pages, unsigned int min_age)
{
	uint64_t base = (uintptr_t)memory;
	size_t i;

	memset(cold, 0, n_pages);
	put(KDAMOND "/state", "update_schemes_tried_regions");
	for (i = 0; has_region(i); i++) {
		uint64_t start = region_number(i, "start"), end = region_number(i, "end");

		if (start < base || end > base + n_pages * PAGE)
			errx(2, "a region outside of the guest");
		if (!region_number(i, "nr_accesses") && region_number(i, "age") >= min_age)
			memset(cold + (start - base) / PAGE, 1, (end - start) / PAGE);
	}
	return i;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/meminfo and /proc/vmstat of the guest. */
#include "facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct field {
	const char *name;
	size_t offset;
};

static const struct field meminfo_fields[] = {
	{ "MemTotal:",      offsetof(struct facts, total_kib) },
	{ "MemFree:",       offsetof(struct facts, free_kib) },
	{ "MemAvailable:",  offsetof(struct facts, available_kib) },
	{ "Cached:",        offsetof(struct facts, cached_kib) },
	{ "AnonPages:",     offsetof(struct facts, anon_kib) },
	{ "AnonHugePages:", offsetof(struct facts, anon_huge_kib) },
	{ NULL, 0 },
};

static const struct field vmstat_fields[] = {
	{ "oom_kill",        offsetof(struct facts, oom_kills) },
	{ "pgmajfault",      offsetof(struct facts, major_faults) },
	{ "balloon_inflate", offsetof(struct facts, balloon_inflated_pages) },
	{ "balloon_deflate", offsetof(struct facts, balloon_deflated_pages) },
	{ NULL, 0 },
};

static void take_line(const char *line, const struct field *fields, struct facts *facts)
{
	char name[64];
	uint64_t value;

	if (sscanf(line, "%63s %" SCNu64, name, &value) != 2)
		return;
	for (const struct field *f = fields; f->name; f++)
		if (!strcmp(name, f->name))
			memcpy((char *)facts + f->offset, &value, sizeof(value));
}

static int read_fields(const char *path, const struct field *fields, struct facts *facts)
{
	char line[256];
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		take_line(line, fields, facts);
	fclose(f);
	return 0;
}

int facts_read(struct facts *ret)
{
	struct facts facts = { 0 };
	int r = read_fields("/proc/meminfo", meminfo_fields, &facts);

	if (r >= 0)
		r = read_fields("/proc/vmstat", vmstat_fields, &facts);
	if (r >= 0)
		*ret = facts;
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the mock answers to Histogram and Map, by machine: web-01 has all kinds of memory, idle has
 * 1 TiB, db-01 and windows have no map, batch answers with other types and many-0017 with nothing.
 * The others from many-0008 on lie, each in its own way; which of the lies are nonsense, and which
 * are only odd, the test says.
 */
#include "mock-ages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ERROR "org.linux_kvm.Balloon1.Error."
#define ABSENT 254
#define NO_MEMORY 255
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define BLOCK MIB(2)
#define UNIT 5000000
#define BUCKETS 16
#define BLOCKS_MAX (GIB(1024) / BLOCK)

/* How often that of the machine with the long name was asked for. */
static unsigned int histograms;

/* 0 for many-0008 */
static unsigned int lie_of(const char *machine)
{
	return (unsigned int)atoi(machine + strlen("many-")) - 8;
}

static int no_ages(const char *machine, sd_bus_error *error)
{
	return sd_bus_error_setf(error, ERROR "NoAges",
				 "Nothing tells the ages of the memory of \"%s\": "
				 "not \033[1mfollowed",
				 machine);
}

/* ---- Histogram ---------------------------------------------------------------------------- */

struct bucket {
	uint64_t idle, resident, promoted;
};

static int send_buckets(sd_bus_message *m, const char *source, const struct bucket *b, size_t n)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_append(reply, "s", source);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(ttt)");
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = sd_bus_message_append(reply, "(ttt)", b[i].idle, b[i].resident, b[i].promoted);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static void fill_buckets(struct bucket *b, bool promotions)
{
	static const uint64_t mib[BUCKETS] = { 540, 120, 64, 31, 17, 9, 4, 1, 0, 12, 80, 200, 33 };

	for (unsigned int i = 0; i < BUCKETS; i++)
		b[i] = (struct bucket){ i ? (uint64_t)UNIT << (i - 1) : 0, MIB(mib[i]),
					promotions ? MIB(4096) >> (2 * i) : 0 };
}

static int lie_histogram(sd_bus_message *m, unsigned int lie)
{
	static struct bucket many[1000];
	struct bucket b[BUCKETS];

	fill_buckets(b, true);
	for (unsigned int i = 0; i < 1000; i++)
		many[i].idle = i;
	switch (lie) {
	case 0:
		return send_buckets(m, "module", b, 0);
	case 1:
		return send_buckets(m, "module", many, 1000);
	case 2:
		b[5].idle = b[4].idle;
		return send_buckets(m, "module", b, BUCKETS);
	case 3: /* all there can be, and more than that together */
		for (unsigned int i = 0; i < BUCKETS; i++)
			b[i].resident = b[i].promoted = UINT64_MAX - i;
		b[BUCKETS - 1].idle = UINT64_MAX;
		return send_buckets(m, "module", b, BUCKETS);
	case 4:
		return send_buckets(m, "\033[2J\u202e of a name without end, so to speak", b, 1);
	default:
		return -EIO;
	}
}

int mock_histogram(sd_bus_message *m, const char *machine, sd_bus_error *error)
{
	struct bucket b[BUCKETS];
	bool module = strcmp(machine, "db-01") != 0;

	if (strcmp(machine, "windows") == 0)
		return no_ages(machine, error);
	if (strncmp(machine, "many-", 5) == 0)
		return lie_histogram(m, lie_of(machine));
	histograms += strncmp(machine, "long-", 5) == 0;
	fill_buckets(b, module);
	return send_buckets(m, module ? "module" : "mglru", b, BUCKETS);
}

/* ---- Map ---------------------------------------------------------------------------------- */

struct extent {
	uint64_t gpa;
	size_t n;
	const uint8_t *ages;
};

static int send_extents(sd_bus_message *m, uint64_t block, uint64_t unit, const struct extent *e,
			size_t n)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_append(reply, "tt", block, unit);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(tay)");
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = sd_bus_message_open_container(reply, 'r', "tay");
		if (r >= 0)
			r = sd_bus_message_append(reply, "t", e[i].gpa);
		if (r >= 0)
			r = sd_bus_message_append_array(reply, 'y', e[i].ages, e[i].n);
		if (r >= 0)
			r = sd_bus_message_close_container(reply);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

/* 1.5 GiB below the hole for devices and 0.5 GiB above; some of it ballooned away. */
static int send_picture(sd_bus_message *m)
{
	static uint8_t low[768], high[256];
	const struct extent e[] = { { 0, sizeof(low), low }, { GIB(4), sizeof(high), high } };
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(low); i++) {
		seed = seed * 1664525 + 1013904223;
		low[i] = i < 40 ? 0 : (uint8_t)(i / 3 + (seed >> 28));
		if (i >= 200 && i < 290)
			low[i] = ABSENT;
		else if (i > 600)
			low[i] = seed >> 31 ? 0 : 3;
	}
	low[64] = NO_MEMORY;
	for (size_t i = 0; i < sizeof(high); i++)
		high[i] = (uint8_t)(i < 128 ? 253 : i - 128);
	return send_extents(m, BLOCK, UNIT, e, 2);
}

static int send_huge(sd_bus_message *m)
{
	static uint8_t ages[BLOCKS_MAX];
	const struct extent e = { 0, BLOCKS_MAX, ages };

	for (size_t i = 0; i < BLOCKS_MAX; i++)
		ages[i] = (uint8_t)((i >> 12) * 2);
	return send_extents(m, BLOCK, UNIT, &e, 1);
}

/* Two VMs of one process, with the same addresses. */
static int send_two(sd_bus_message *m)
{
	static uint8_t ages[96];
	const struct extent e[] = { { 0, 96, ages }, { 0, 32, ages + 64 }, { MIB(32), 64, ages } };

	memset(ages + 48, 100, 48);
	return send_extents(m, BLOCK, UNIT, e, 3);
}

/* Everything has the same age, which changes with each question for the histogram. */
static int send_even(sd_bus_message *m)
{
	static const uint8_t steps[] = { 0, 1, 8, 64 };
	uint8_t ages[64];
	const struct extent e = { 0, sizeof(ages), ages };

	memset(ages, steps[histograms % 4], sizeof(ages));
	return send_extents(m, BLOCK, UNIT, &e, 1);
}

static int lie_map(sd_bus_message *m, unsigned int lie)
{
	static uint8_t ages[256];
	static struct extent many[40000];
	const struct extent one = { 0, sizeof(ages), ages };
	const struct extent end = { UINT64_MAX - MIB(8) + 1, sizeof(ages), ages };
	const struct extent last = { UINT64_MAX - MIB(512) + 1, 256, ages };

	for (unsigned int i = 0; i < sizeof(ages); i++)
		ages[i] = (uint8_t)i;
	switch (lie) {
	case 0:
		return send_extents(m, 0, UNIT, &one, 1);
	case 1:
		return send_extents(m, 3 << 20, UNIT, &one, 1);
	case 2:
		return send_extents(m, UINT64_MAX, UNIT, &one, 1);
	case 3: /* beyond the end of the address space */
		return send_extents(m, BLOCK, UNIT, &end, 1);
	case 4:
		return send_extents(m, BLOCK, UNIT, many, 40000);
	case 5: /* an age that no clock can show */
		return send_extents(m, BLOCK, UINT64_MAX, &one, 1);
	case 6:
		return send_extents(m, BLOCK, 0, NULL, 0);
	case 7: /* up to the very end, but for the last block */
		return send_extents(m, BLOCK, UNIT, &(struct extent){ last.gpa, 255, ages }, 1);
	case 8: /* not at a block's begin */
		return send_extents(m, BLOCK, 1, &(struct extent){ 4097, 256, ages }, 1);
	default:
		return -EIO;
	}
}

int mock_map(sd_bus_message *m, const char *machine, sd_bus_error *error)
{
	if (strcmp(machine, "web-01") == 0)
		return send_picture(m);
	if (strcmp(machine, "idle") == 0)
		return send_huge(m);
	if (*machine == '\033')
		return send_two(m);
	if (strncmp(machine, "long-", 5) == 0)
		return send_even(m);
	if (strncmp(machine, "many-", 5) == 0)
		return lie_map(m, lie_of(machine));
	if (strcmp(machine, "db-01") == 0)
		return sd_bus_error_set(error, ERROR "NoAges",
					"Only the module kvm_swap can tell where in the memory of "
					"\"db-01\" its ages are; they are from mglru "
					"(module: /dev/kvm-swap is not there)");
	return no_ages(machine, error);
}

int mock_other_types(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *path = sd_bus_message_get_path(m), *name = path ? strrchr(path, '/') : NULL;
	bool map = sd_bus_message_is_method_call(m, NULL, "Map");

	if (!name || (!map && !sd_bus_message_is_method_call(m, NULL, "Histogram")))
		return 0;
	if (strcmp(name, "/many_2d0017") == 0)
		return sd_bus_reply_method_return(m, NULL);
	if (strcmp(name, "/batch") != 0)
		return 0;
	if (map)
		return sd_bus_reply_method_return(m, "tta(ts)", BLOCK, UINT64_C(1), 1, UINT64_C(0),
						  "ages");
	return sd_bus_reply_method_return(m, "sas", "module", 1, "0");
}

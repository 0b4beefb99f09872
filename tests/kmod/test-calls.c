// SPDX-License-Identifier: GPL-2.0-or-later
/* Records that say what cannot be: refused as kvm_swap(4) says, and without effect. */
#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "module.h"
#include "quiet.h"
#include "subjects.h"
#include "tap.h"

#define PAGES (2 * BLOCK_PAGES)

/* A record of any call, valid until one of its members is changed. */
union record {
	struct kvm_swap_attach attach;
	struct kvm_swap_age age;
	struct kvm_swap_histogram histogram;
	struct kvm_swap_cold cold;
	struct kvm_swap_map map;
	struct kvm_swap_stats stats;
	struct kvm_swap_params params;
	struct kvm_swap_move move;
	uint8_t bytes[1];
};

static void record_init(union record *r, unsigned int cmd, int guest, int vm_fd)
{
	memset(r, 0, sizeof(*r));
	if (cmd == KVM_SWAP_ATTACH)
		r->attach.vm_fd = vm_fd;
	if (cmd == KVM_SWAP_COLD)
		r->cold.min_age = 2;
	if (cmd == KVM_SWAP_PARAMS)
		r->params = params(guest);
}

static int call(int fd, unsigned int cmd, void *record)
{
	return ioctl(fd, cmd, record) < 0 ? errno : 0;
}

/* ---- Flags and reserved members ----------------------------------------------------------- */

#define AREA(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

/* @allowed: bits that this call knows */
static const struct {
	const char *name;
	unsigned int cmd;
	size_t offset, size;
	uint32_t allowed;
} zeros[] = {
	{ "attach: flags", KVM_SWAP_ATTACH, AREA(kvm_swap_attach, flags), 0 },
	{ "attach: reserved", KVM_SWAP_ATTACH, AREA(kvm_swap_attach, reserved), 0 },
	{ "age: flags", KVM_SWAP_AGE, AREA(kvm_swap_age, flags), 0 },
	{ "age: reserved", KVM_SWAP_AGE, AREA(kvm_swap_age, reserved), 0 },
	{ "histogram: flags", KVM_SWAP_HISTOGRAM, AREA(kvm_swap_histogram, flags), 0 },
	{ "histogram: reserved0", KVM_SWAP_HISTOGRAM, AREA(kvm_swap_histogram, reserved0), 0 },
	{ "histogram: reserved", KVM_SWAP_HISTOGRAM, AREA(kvm_swap_histogram, reserved), 0 },
	{ "cold: flags", KVM_SWAP_COLD, AREA(kvm_swap_cold, flags), KVM_SWAP_COLD_BY_ADDRESS },
	{ "cold: reserved0", KVM_SWAP_COLD, AREA(kvm_swap_cold, reserved0), 0 },
	{ "cold: reserved", KVM_SWAP_COLD, AREA(kvm_swap_cold, reserved), 0 },
	{ "map: flags", KVM_SWAP_MAP, AREA(kvm_swap_map, flags), 0 },
	{ "map: reserved", KVM_SWAP_MAP, AREA(kvm_swap_map, reserved), 0 },
	{ "stats: flags", KVM_SWAP_STATS, AREA(kvm_swap_stats, flags), 0 },
	{ "stats: reserved", KVM_SWAP_STATS, AREA(kvm_swap_stats, reserved), 0 },
	{ "params: flags", KVM_SWAP_PARAMS, AREA(kvm_swap_params, flags), KVM_SWAP_PARAMS_SET },
	{ "params: reserved", KVM_SWAP_PARAMS, AREA(kvm_swap_params, reserved), 0 },
	{ "page out: flags", KVM_SWAP_PAGE_OUT, AREA(kvm_swap_move, flags), 0 },
	{ "page out: reserved0", KVM_SWAP_PAGE_OUT, AREA(kvm_swap_move, reserved0), 0 },
	{ "page out: reserved", KVM_SWAP_PAGE_OUT, AREA(kvm_swap_move, reserved), 0 },
	{ "page in: flags", KVM_SWAP_PAGE_IN, AREA(kvm_swap_move, flags), 0 },
	{ "page in: reserved0", KVM_SWAP_PAGE_IN, AREA(kvm_swap_move, reserved0), 0 },
	{ "page in: reserved", KVM_SWAP_PAGE_IN, AREA(kvm_swap_move, reserved), 0 },
	{ "drain: flags", KVM_SWAP_DRAIN, AREA(kvm_swap_drain, flags), 0 },
	{ "drain: reserved", KVM_SWAP_DRAIN, AREA(kvm_swap_drain, reserved), 0 },
	{ "store stats: flags", KVM_SWAP_STORE_STATS, AREA(kvm_swap_store_stats, flags), 0 },
	{ "store stats: reserved0", KVM_SWAP_STORE_STATS, AREA(kvm_swap_store_stats, reserved0),
	  0 },
	{ "store stats: reserved", KVM_SWAP_STORE_STATS, AREA(kvm_swap_store_stats, reserved), 0 },
	{ "store params: flags", KVM_SWAP_STORE_PARAMS, AREA(kvm_swap_store_params, flags),
	  KVM_SWAP_STORE_PARAMS_SET },
	{ "store params: reserved0", KVM_SWAP_STORE_PARAMS,
	  AREA(kvm_swap_store_params, reserved0), 0 },
	{ "store params: reserved", KVM_SWAP_STORE_PARAMS, AREA(kvm_swap_store_params, reserved),
	  0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each bit alone. */
static void must_be_zero(size_t i, int guest, int vm_fd)
{
	int fd = zeros[i].cmd == KVM_SWAP_ATTACH ? device_fd() : guest;
	const struct state was = state_read(guest);
	unsigned int accepted = 0;
	union record r;

	for (size_t bit = 0; bit < zeros[i].size * 8; bit++) {
		if (bit < 32 && zeros[i].allowed >> bit & 1)
			continue;
		record_init(&r, zeros[i].cmd, guest, vm_fd);
		r.bytes[zeros[i].offset + bit / 8] |= (uint8_t)(1 << bit % 8);
		accepted += call(fd, zeros[i].cmd, &r) != EINVAL;
	}
	ok(!accepted && state_is(guest, &was), "%s: every bit that is not known: EINVAL (%u)",
	   zeros[i].name, accepted);
}

/* ---- Values out of their bounds, and the last ones within ------------------------------------ */

static const struct {
	const char *name;
	unsigned int cmd;
	size_t offset, size;
	uint64_t value;
	int want;
} values[] = {
	{ "age: a cursor within a page", KVM_SWAP_AGE, AREA(kvm_swap_age, cursor), 1, EINVAL },
	{ "age: the last page of all", KVM_SWAP_AGE, AREA(kvm_swap_age, cursor), -PAGE, EINVAL },
	{ "age: all pages", KVM_SWAP_AGE, AREA(kvm_swap_age, max_pages), ~0ULL, 0 },
	{ "age: all time", KVM_SWAP_AGE, AREA(kvm_swap_age, max_usec), ~0U, 0 },
	{ "cold: no age", KVM_SWAP_COLD, AREA(kvm_swap_cold, min_age), 0, EINVAL },
	{ "cold: the oldest", KVM_SWAP_COLD, AREA(kvm_swap_cold, min_age), KVM_SWAP_AGE_MAX, 0 },
	{ "cold: older", KVM_SWAP_COLD, AREA(kvm_swap_cold, min_age), KVM_SWAP_AGE_MAX + 1,
	  EINVAL },
	{ "cold: no age at all", KVM_SWAP_COLD, AREA(kvm_swap_cold, min_age), ~0U, EINVAL },
	{ "cold: a cursor of age 1, less than wanted", KVM_SWAP_COLD, AREA(kvm_swap_cold, cursor),
	  1ULL << 56, EINVAL },
	{ "cold: one of age 2", KVM_SWAP_COLD, AREA(kvm_swap_cold, cursor), 2ULL << 56, 0 },
	{ "cold: one of the oldest age", KVM_SWAP_COLD, AREA(kvm_swap_cold, cursor),
	  (uint64_t)KVM_SWAP_AGE_MAX << 56, 0 },
	{ "cold: one of no age", KVM_SWAP_COLD, AREA(kvm_swap_cold, cursor),
	  (KVM_SWAP_AGE_MAX + 1ULL) << 56, EINVAL },
	{ "cold: all bits", KVM_SWAP_COLD, AREA(kvm_swap_cold, cursor), ~0ULL, EINVAL },
	{ "map: within a block", KVM_SWAP_MAP, AREA(kvm_swap_map, gpa), PAGE, EINVAL },
	{ "map: the last byte", KVM_SWAP_MAP, AREA(kvm_swap_map, gpa), ~0ULL, EINVAL },
	{ "map: the last block, which wraps", KVM_SWAP_MAP, AREA(kvm_swap_map, gpa), -BLOCK, 0 },
	{ "stats: counters are not read", KVM_SWAP_STATS, AREA(kvm_swap_stats, usec), ~0ULL, 0 },
};

static void value(size_t i, int guest)
{
	const struct state was = state_read(guest);
	union record r;
	int got;

	record_init(&r, values[i].cmd, guest, -1);
	memcpy(r.bytes + values[i].offset, &values[i].value, values[i].size);
	got = call(guest, values[i].cmd, &r);
	ok(got == values[i].want && (!got || state_is(guest, &was)), "%s: %s (%d)", values[i].name,
	   values[i].want ? strerror(values[i].want) : "works", got);
}

/* With five levels of page tables a process has 56 bits less a page. */
static uint64_t address_max(void)
{
	static uint64_t max;
	char line[8192];
	FILE *f;

	if (max)
		return max;
	f = fopen("/proc/cpuinfo", "re");
	if (!f)
		err(2, "/proc/cpuinfo");
	max = (1ULL << 47) - PAGE;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, " la57"))
			max = (1ULL << 56) - PAGE;
	fclose(f);
	return max;
}

/* Cursors at the end of all addresses and behind it. */
static void ends(int guest)
{
	const uint64_t max = address_max(), age = 2ULL << 56;
	struct kvm_swap_age a = { .cursor = max };
	struct kvm_swap_cold c = { .min_age = 2, .cursor = age | max / PAGE };

	ok(!call(guest, KVM_SWAP_AGE, &a) && !a.cursor && !a.pages, "age: the last cursor: works");
	a = (struct kvm_swap_age){ .cursor = max + PAGE };
	ok(call(guest, KVM_SWAP_AGE, &a) == EINVAL, "age: one page on: EINVAL");
	ok(!call(guest, KVM_SWAP_COLD, &c), "cold: the last page: works");
	c.cursor = age | (max / PAGE + 1);
	ok(call(guest, KVM_SWAP_COLD, &c) == EINVAL, "cold: one page on: EINVAL");
}

/* Coldest first a cursor has the age in hand; by address there is none. */
static void cursor_by_address(int guest)
{
	struct kvm_swap_cold c = { .flags = KVM_SWAP_COLD_BY_ADDRESS, .min_age = 1 };

	c.cursor = 1ULL << 56;
	ok(call(guest, KVM_SWAP_COLD, &c) == EINVAL,
	   "cold by address: a cursor with an age: EINVAL");
	c.cursor = address_max() / PAGE;
	ok(!call(guest, KVM_SWAP_COLD, &c) && !c.count && !c.cursor,
	   "and past all memory: nothing");
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	size_t offset, size;
	uint64_t least, most;
} bounds[] = {
	{ "scan_period_ms", AREA(kvm_swap_params, scan_period_ms), 100, 3600000 },
	{ "passes_per_age", AREA(kvm_swap_params, passes_per_age), 1, 255 },
	{ "budget_usec", AREA(kvm_swap_params, budget_usec), 100, 1000000 },
	{ "budget_pages", AREA(kvm_swap_params, budget_pages), 512, UINT32_MAX },
	{ "cpu_permille", AREA(kvm_swap_params, cpu_permille), 1, 1000 },
};

static int set(int guest, size_t i, uint64_t to)
{
	union record r = { .params = params(guest) };

	r.params.flags = KVM_SWAP_PARAMS_SET;
	memcpy(r.bytes + bounds[i].offset, &to, bounds[i].size);
	return call(guest, KVM_SWAP_PARAMS, &r);
}

static void parameter(size_t i, int guest)
{
	const struct kvm_swap_params was = params(guest);
	union record now;
	bool good;

	good = set(guest, i, bounds[i].least - 1) == EINVAL &&
	       set(guest, i, bounds[i].most + 1) == EINVAL;
	now.params = params(guest);
	ok(good && !memcmp(&now, &was, sizeof(was)), "%s out of its bounds: EINVAL, and as before",
	   bounds[i].name);
	good = !set(guest, i, bounds[i].most) && !set(guest, i, bounds[i].least);
	now.params = params(guest);
	ok(good && !memcmp(now.bytes + bounds[i].offset, &bounds[i].least, bounds[i].size),
	   "%s at its bounds: works, and is told", bounds[i].name);
	now.params = was;
	now.params.flags = KVM_SWAP_PARAMS_SET;
	call(guest, KVM_SWAP_PARAMS, &now);
}

static void flush(int guest)
{
	struct kvm_swap_params p = params(guest);
	struct kvm_swap_info info = {};
	bool can;

	ok(!call(device_fd(), KVM_SWAP_INFO, &info) && info.abi == KVM_SWAP_ABI &&
		   info.max_age == KVM_SWAP_AGE_MAX,
	   "the module says what it is");
	can = info.features & KVM_SWAP_FEATURE_FLUSH;
	p.flags = KVM_SWAP_PARAMS_SET;
	p.flush = 2;
	ok(call(guest, KVM_SWAP_PARAMS, &p) == EINVAL, "two flushes: EINVAL");
	p.flush = 1;
	ok(call(guest, KVM_SWAP_PARAMS, &p) == (can ? 0 : EOPNOTSUPP), "one: %s, as it says",
	   can ? "works" : "EOPNOTSUPP");
	pass(guest);
	p.flush = 0;
	ok(!call(guest, KVM_SWAP_PARAMS, &p) && !params(guest).flush, "none: works");
}

void test_calls(void)
{
	struct vm vm;
	int guest;

	vm_new(&vm, PAGES, VM_SMALL);
	guest = must_attach(&vm);
	vm_touch(&vm, 0, PAGES, 1);
	passes(guest, 4);
	quiet_begin();
	for (size_t i = 0; i < COUNT(zeros); i++)
		must_be_zero(i, guest, vm.fd);
	for (size_t i = 0; i < COUNT(values); i++)
		value(i, guest);
	ends(guest);
	cursor_by_address(guest);
	for (size_t i = 0; i < COUNT(bounds); i++)
		parameter(i, guest);
	flush(guest);
	quiet_end("wrong records");
	close(guest);
	vm_free(&vm);
}

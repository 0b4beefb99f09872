// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest could give. The guest: 1024 MiB, 700 resident, 300 free inside, guarantee 256. */
#include "policy/estimate.h"
#include "policy-world.h"

struct bent {
	struct kvmb_guest_sample g;
	struct kvmb_policy p;
	struct kvmb_host_config h;
	uint64_t moved;
};

static void as_it_is(struct bent *b)
{
	(void)b;
}

static void never_touched(struct bent *b)
{
	b->g.resident_bytes = 500 * MIB;
}

static void swapped(struct bent *b)
{
	b->g.resident_bytes = 600 * MIB;
	b->g.swap_bytes = 300 * MIB;
}

static void swap_not_accounted(struct bent *b)
{
	b->g.swap_bytes = KVMB_UNKNOWN;
}

static void small_use_swap_not_accounted(struct bent *b)
{
	b->g.unused_bytes = 724 * MIB;
	b->g.usable_bytes = 740 * MIB;
	b->g.resident_bytes = 500 * MIB;
	swap_not_accounted(b);
}

static void all_swapped(struct bent *b)
{
	b->g.resident_bytes = 50 * MIB;
	b->g.swap_bytes = 974 * MIB;
}

static void stale(struct bent *b)
{
	b->g.stats_why = KVMB_WHY_STATS_STALE;
}

static void no_balloon(struct bent *b)
{
	b->g.has_balloon = false;
}

static void no_cgroup(struct bent *b)
{
	b->g.cgroup_valid = false;
	b->g.rss_bytes = 650 * MIB;
}

static void high_guarantee(struct bent *b)
{
	b->p.guarantee_bytes = 1000 * MIB;
}

static void small_use(struct bent *b)
{
	b->g.unused_bytes = 724 * MIB;
	b->g.usable_bytes = 740 * MIB;
	b->g.resident_bytes = 1024 * MIB;
}

/* Somebody else's balloon grew after it was told. */
static void more_free_than_left(struct bent *b)
{
	b->g.balloon_bytes = 280 * MIB;
	b->p.guarantee_bytes = 0;
}

static void kept_back(struct bent *b)
{
	b->g.usable_bytes = 264 * MIB;
}

static void old_report(struct bent *b)
{
	b->moved = 64 * MIB;
}

static void limited(struct bent *b)
{
	b->p.limit_bytes = 900 * MIB;
}

static void old_driver(struct bent *b)
{
	b->g.usable_bytes = KVMB_UNKNOWN;
}

static void oldest_driver(struct bent *b)
{
	b->g.usable_bytes = b->g.caches_bytes = KVMB_UNKNOWN;
}

static void no_guarantee(struct bent *b)
{
	b->p.guarantee_bytes = 0;
}

static void at_floor(struct bent *b)
{
	no_guarantee(b);
	b->g.resident_bytes = 223 * MIB;
	b->g.swap_bytes = 477 * MIB;
}

static const struct estimate_row {
	const char *name;
	void (*bend)(struct bent *b);
	bool told;
	uint64_t free_kib, gain_mib, reclaimable_mib, usable_mib, ceiling_mib;
} estimate_rows[] = {
	/* used 724, a tenth of that stays free: 300 - 72.4; QEMU is taken to need 64 */
	{ "free is what is unused less a tenth of what is used", as_it_is, true, 233062, 0, 444,
	  400, 1024 },
	{ "memory that was never touched wins nothing", never_touched, true, 233062, 0, 244, 400,
	  1024 },
	/* of 600 and 300 that the host holds, QEMU's 64 and a quarter of the other 836 stay */
	{ "what is swapped counts as backed", swapped, true, 233062, 112, 327, 400, 1024 },
	{ "without swap accounting nothing counts as swapped", swap_not_accounted, true, 233062, 0,
	  444, 400, 1024 },
	/* used 300, QEMU 64 */
	{ "nor as backed by swap", small_use_swap_not_accounted, true, 692 * 1024, 136, 244, 740,
	  1024 },
	{ "nothing is won beyond what is resident", all_swapped, true, 233062, 50, 0, 400, 1024 },
	{ "stale statistics tell nothing", stale, false, 0, 0, 444, 0, 1024 },
	{ "no balloon, nothing to take by it", no_balloon, false, 0, 0, 444, 0, 1024 },
	{ "without a cgroup the size of QEMU stands in", no_cgroup, true, 233062, 0, 394, 400,
	  1024 },
	{ "the balloon stops at the guarantee", high_guarantee, true, 24576, 0, 0, 400, 1024 },
	{ "a guest that uses little keeps the least head-room", small_use, true, 692 * 1024, 660,
	  720, 740, 1024 },
	{ "without a guarantee QEMU keeps its part, the guest a quarter", no_guarantee, true,
	  233062, 0, 477, 400, 1024 },
	{ "and there it ends, most of it being in swap", at_floor, true, 233062, 0, 0, 400, 1024 },
	{ "what the guest's kernel keeps of its free memory is not free", kept_back, true,
	  /* usable 264, used 724, head-room 72.4 */ 196198, 0, 444, 264, 1024 },
	{ "what was taken since the report is not free any more", old_report, true,
	  /* unused 236, used 788, head-room 78.8 */ 160972, 0, 444, 400, 1024 },
	/* used 0, of the 280 the least head-room stays; QEMU 64, a quarter of 636 */
	{ "nobody has more free than the balloon leaves it", more_free_than_left, true,
	  248 * 1024, 248, 477, 400, 1024 },
	{ "the ceiling is the limit where there is one", limited, true, 233062, 0, 444, 400, 900 },
	{ "without a figure for usable it is free and cached", old_driver, true, 233062, 0, 444,
	  400, 1024 },
	{ "without a figure for caches either it is what is free", oldest_driver, true, 233062, 0,
	  444, 300, 1024 },
};

static void test_estimate(void **data)
{
	const struct estimate_row *row = *data;
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;
	struct kvmb_estimate e;
	struct bent b = { .moved = 0 };

	assert_int_equal(kvmb_config_new(&c), 0);
	world_set_guest(&b.g, 0, 1000 * SEC);
	kvmb_config_policy(c, "vm0", NULL, NULL, &b.p);
	b.p.guarantee_bytes = 256 * MIB;
	b.h = c->host;
	row->bend(&b);
	kvmb_estimate_guest(&b.h, &b.p, &b.g, b.moved, &e);
	assert_int_equal(e.told, row->told);
	assert_int_equal(e.free_bytes / KIB, row->free_kib);
	assert_int_equal(e.gain_bytes / MIB, row->gain_mib);
	assert_int_equal(e.reclaimable_bytes / MIB, row->reclaimable_mib);
	assert_int_equal(e.usable_bytes / MIB, row->usable_mib);
	assert_int_equal(e.ceiling_bytes / MIB, row->ceiling_mib);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, estimate_rows, test_estimate);
	return tests_run("estimate", &t);
}

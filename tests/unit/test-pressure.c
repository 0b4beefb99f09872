// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's level, what it needs and what it has to spare. Host of 10000 MiB: 1 % is 100 MiB. */
#include "policy/pressure.h"
#include "policy-world.h"

#define TOTAL (10000 * MIB)

#define RELAXED KVMB_LEVEL_RELAXED
#define ELEVATED KVMB_LEVEL_ELEVATED
#define HARD KVMB_LEVEL_HARD
#define EMERGENCY KVMB_LEVEL_EMERGENCY

static const struct level_row {
	const char *name;
	uint64_t available_mib;
	uint32_t some, full;
	bool triggered;
	uint64_t swap_free_mib; /* of 1000, 100 of them reserved; 0 stands for all of it */
	uint64_t ahead_mib;     /* available soon; 0 stands for what is now */
	uint64_t reserve_mib;   /* the host's own */
	uint64_t shmem_mib;
	struct kvmb_state before;
	enum kvmb_level want;
} level_rows[] = {
	{ "plenty is relaxed", 5000, .want = RELAXED },
	{ "at the threshold is still relaxed", 1500, .want = RELAXED },
	{ "below 15 % is elevated", 1499, .want = ELEVATED },
	{ "below 8 % is hard", 799, .want = HARD },
	{ "below 4 % is an emergency", 399, .want = EMERGENCY },
	{ "nothing at all is an emergency", 0, .want = EMERGENCY },
	{ "elevated stays until 2 % above its threshold", 1699,
	  .before = { .level = ELEVATED, .base_level = ELEVATED }, .want = ELEVATED },
	{ "elevated is left 2 % above its threshold", 1700,
	  .before = { .level = ELEVATED, .base_level = ELEVATED }, .want = RELAXED },
	{ "hard stays until 2 % above its threshold", 999,
	  .before = { .level = HARD, .base_level = HARD }, .want = HARD },
	{ "hard falls to elevated first", 1000, .before = { .level = HARD, .base_level = HARD },
	  .want = ELEVATED },
	{ "an emergency that ends at once passes through hard", 9000,
	  .before = { .level = EMERGENCY, .base_level = EMERGENCY }, .want = HARD },
	{ "a level rises over several at once", 100, .before = { .level = RELAXED },
	  .want = EMERGENCY },
	{ "some pressure raises a relaxed host", 5000, .some = 1000, .want = ELEVATED },
	{ "full pressure raises a relaxed host", 5000, .full = 200, .want = ELEVATED },
	{ "pressure below both bounds does not", 5000, .some = 999, .full = 199, .want = RELAXED },
	{ "pressure raises by one level only", 1000, .some = 9000, .full = 9000, .want = HARD },
	{ "nothing is above an emergency", 100, .some = 9000, .want = EMERGENCY },
	{ "a trigger counts as pressure though avg10 is low", 5000, .triggered = true,
	  .want = ELEVATED },
	{ "pressure is over below half of its bound", 5000, .some = 499,
	  .before = { .pressed = true }, .want = RELAXED },
	{ "pressure lasts until half of its bound", 5000, .some = 500,
	  .before = { .pressed = true }, .want = ELEVATED },
	{ "pressure that lasts does not climb tick by tick", 1600, .some = 2000,
	  .before = { .level = HARD, .base_level = ELEVATED, .pressed = true }, .want = HARD },
	{ "little swap raises a host that is short", 1400, .swap_free_mib = 99, .want = HARD },
	{ "little swap alone is no shortage", 5000, .swap_free_mib = 99, .want = RELAXED },
	{ "swap at its reserve has no room either", 1400, .swap_free_mib = 100, .want = HARD },
	{ "less room in swap than is missing, and than an eighth of it, is little", 1400,
	  .swap_free_mib = 212, .want = HARD },
	{ "an eighth of swap is room enough", 1400, .swap_free_mib = 213, .want = ELEVATED },
	{ "room for what is missing is enough", 1690, .swap_free_mib = 110,
	  .before = { .level = ELEVATED, .base_level = ELEVATED }, .want = ELEVATED },
	{ "swap that was short stays so until there is twice the room", 1400,
	  .swap_free_mib = 324, .before = { .swap_short = true }, .want = HARD },
	{ "with twice the room it is short no longer", 1400, .swap_free_mib = 325,
	  .before = { .swap_short = true }, .want = ELEVATED },
	{ "a host that will soon be short is elevated before it is", 3000, .ahead_mib = 1499,
	  .want = ELEVATED },
	{ "one that will be at the threshold is not", 3000, .ahead_mib = 1500, .want = RELAXED },
	{ "a forecast in force stays until 2 % above the threshold", 3000, .ahead_mib = 1699,
	  .before = { .level = ELEVATED, .falling = true }, .want = ELEVATED },
	{ "and ends there", 3000, .ahead_mib = 1700,
	  .before = { .level = ELEVATED, .falling = true }, .want = RELAXED },
	{ "however deep it falls, hard is a matter of fact", 3000, .ahead_mib = 1,
	  .want = ELEVATED },
	{ "nor is a host that is short made hard by a forecast", 1400, .ahead_mib = 1,
	  .want = ELEVATED },
	{ "pressure and a forecast do not add up", 5000, .some = 1000, .ahead_mib = 1,
	  .want = ELEVATED },
	{ "elevated stays until the host's own reserve is there as well", 1799,
	  .reserve_mib = 100, .before = { .level = ELEVATED, .base_level = ELEVATED },
	  .want = ELEVATED },
	{ "with the reserve it is left", 1800, .reserve_mib = 100,
	  .before = { .level = ELEVATED, .base_level = ELEVATED }, .want = RELAXED },
	{ "the reserve is no more than another 2 %", 1900, .reserve_mib = 5000,
	  .before = { .level = ELEVATED, .base_level = ELEVATED }, .want = RELAXED },
	{ "the reserve makes no host short", 1500, .reserve_mib = 5000, .want = RELAXED },
	{ "shared memory is not in what is available and is not taken off again", 1500,
	  .shmem_mib = 3000, .want = RELAXED },
};

static void host_of(const struct level_row *row, struct kvmb_host_sample *ret)
{
	*ret = (struct kvmb_host_sample){
		.total_bytes = TOTAL,
		.available_bytes = row->available_mib * MIB,
		.swap_total_bytes = 1000 * MIB,
		.swap_free_bytes = (row->swap_free_mib ? row->swap_free_mib : 1000) * MIB,
		.psi = { .some_avg10_permyriad = row->some, .full_avg10_permyriad = row->full },
		.psi_valid = true,
		.triggered = row->triggered,
		.shmem_bytes = row->shmem_mib * MIB,
	};
}

static void update(const struct level_row *row, const struct kvmb_host_sample *host,
		   struct kvmb_pressure *ret)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *c = NULL;
	const struct kvmb_outlook outlook = {
		.ahead_bytes = (row->ahead_mib ? row->ahead_mib : row->available_mib) * MIB,
		.reserve_bytes = row->reserve_mib * MIB,
	};

	assert_int_equal(kvmb_config_new(&c), 0);
	kvmb_pressure_update(&c->host, host, &outlook, &row->before, ret);
}

static void test_level(void **data)
{
	const struct level_row *row = *data;
	struct kvmb_host_sample host;
	struct kvmb_pressure p;

	host_of(row, &host);
	update(row, &host, &p);
	assert_string_equal(kvmb_level_to_string(p.level), kvmb_level_to_string(row->want));
}

static const struct bytes_row {
	const char *name;
	struct level_row host;
	uint64_t need_mib, spare_mib;
	bool missing;
	uint64_t ahead_need_mib;
} bytes_rows[] = {
	{ "a relaxed host needs nothing and spares what is above 19 %",
	  { NULL, 5000 },
	  0,
	  3100,
	  false },
	{ "at 19 % nothing is to spare", { NULL, 1900 }, 0, 0, false },
	{ "between 15 and 19 % is the dead band: no need, nothing to spare",
	  { NULL, 1600 },
	  0,
	  0,
	  false },
	{ "below 15 % the need goes up to 17 %", { NULL, 1400 }, 300, 0, true },
	{ "an elevated host needs what is missing to where it relaxes",
	  { NULL, 1650, .before = { .level = ELEVATED, .base_level = ELEVATED } },
	  50,
	  0,
	  true },
	{ "an emergency needs no more than that either", { NULL, 0 }, 1700, 0, true },
	{ "pressure with memory available needs one step of free memory",
	  { NULL, 5000, .some = 2000 },
	  64,
	  0,
	  false },
	{ "pressure with memory nearly missing needs what is missing",
	  { NULL, 1600, .some = 2000 },
	  100,
	  0,
	  true },
	{ "a level that still falls needs nothing",
	  { NULL, 5000, .before = { .level = EMERGENCY } },
	  0,
	  0,
	  false },
	{ "the example of docs/POLICY.md: a host that falls needs what will be missing soon",
	  { NULL, 2400, .ahead_mib = 1400 },
	  300,
	  0,
	  false,
	  300 },
	{ "a short host that falls needs what is missing and what will be",
	  { NULL, 1400, .ahead_mib = 900 },
	  800,
	  0,
	  true,
	  500 },
	{ "pressure while it falls needs no more than that",
	  { NULL, 3000, .some = 2000, .ahead_mib = 1000 },
	  700,
	  0,
	  false,
	  636 },
	{ "a short host needs its own reserve as well",
	  { NULL, 1400, .reserve_mib = 100 },
	  400,
	  0,
	  true },
	{ "pressure alone is no reason to refill the reserve",
	  { NULL, 1750, .some = 2000, .reserve_mib = 100 },
	  64,
	  0,
	  false },
	{ "the reserve is not spared", { NULL, 5000, .reserve_mib = 100 }, 0, 3000, false },
};

static void test_bytes(void **data)
{
	const struct bytes_row *row = *data;
	struct kvmb_host_sample host;
	struct kvmb_pressure p;

	host_of(&row->host, &host);
	update(&row->host, &host, &p);
	assert_int_equal(p.need_bytes, row->need_mib * MIB);
	assert_int_equal(p.spare_bytes, row->spare_mib * MIB);
	assert_int_equal(p.missing, row->missing);
	assert_int_equal(p.ahead_need_bytes, row->ahead_need_mib * MIB);
}

static void test_no_psi(void **data)
{
	struct kvmb_host_sample host;
	const struct level_row row = { NULL, 5000, .some = 9000, .full = 9000 };
	struct kvmb_pressure p;

	(void)data;
	host_of(&row, &host);
	host.psi_valid = false;
	update(&row, &host, &p);
	assert_int_equal(p.level, RELAXED);
}

static void test_no_swap(void **data)
{
	struct kvmb_host_sample host;
	const struct level_row row = { NULL, 1400 };
	struct kvmb_pressure p;

	(void)data;
	host_of(&row, &host);
	host.swap_total_bytes = host.swap_free_bytes = 0;
	update(&row, &host, &p);
	assert_int_equal(p.level, ELEVATED);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, level_rows, test_level);
	TESTS_ADD_TABLE(&t, bytes_rows, test_bytes);
	TESTS_ADD(&t, "figures of PSI that are not valid count for nothing", test_no_psi);
	TESTS_ADD(&t, "a host without swap is not short of swap", test_no_swap);
	return tests_run("pressure", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a guest's cold memory goes: what is configured, what there is; and when a store is full. */
#include "rule-world.h"

#include "model/store.h"

/* ---- Where it goes ----------------------------------------------------------------------- */

static const struct backend_row {
	const char *name;
	enum kvmb_backend configured;
	bool swap, store;
	enum kvmb_backend want;
	enum kvmb_backend_basis basis;
} backend_rows[] = {
	{ "auto takes swap where there is some", KVMB_BACKEND_AUTO, true, false,
	  KVMB_BACKEND_SWAP, KVMB_BACKEND_HAS_SWAP },
	{ "though there is a store", KVMB_BACKEND_AUTO, true, true, KVMB_BACKEND_SWAP,
	  KVMB_BACKEND_HAS_SWAP },
	{ "auto takes the store where there is no swap at all", KVMB_BACKEND_AUTO, false, true,
	  KVMB_BACKEND_FAR, KVMB_BACKEND_NO_SWAP },
	{ "auto is left with swap where there is neither", KVMB_BACKEND_AUTO, false, false,
	  KVMB_BACKEND_SWAP, KVMB_BACKEND_NO_STORE },
	{ "swap is swap", KVMB_BACKEND_SWAP, false, true, KVMB_BACKEND_SWAP,
	  KVMB_BACKEND_CONFIGURED },
	{ "far is far", KVMB_BACKEND_FAR, true, true, KVMB_BACKEND_FAR,
	  KVMB_BACKEND_CONFIGURED },
	{ "and never becomes swap", KVMB_BACKEND_FAR, true, false, KVMB_BACKEND_FAR,
	  KVMB_BACKEND_CONFIGURED },
};

static void test_backend(void **data)
{
	const struct backend_row *row = *data;
	const struct kvmb_policy policy = { .backend = row->configured };
	const struct kvmb_host_sample host = { .swap_total_bytes = row->swap ? 1 : 0 };
	const struct kvmb_guest_sample g = { .store = { .valid = row->store } };
	enum kvmb_backend_basis basis = KVMB_BACKEND_BASES;

	assert_string_equal(kvmb_backend_to_string(kvmb_guest_backend(&policy, &host, &g, &basis)),
			    kvmb_backend_to_string(row->want));
	assert_string_equal(kvmb_backend_basis_to_string(basis),
			    kvmb_backend_basis_to_string(row->basis));
}

static const struct full_row {
	const char *name;
	bool store;
	uint64_t pool, limit;
	bool told; /* of the host */
	uint64_t host_pool, host_limit;
	enum kvmb_why want;
} full_rows[] = {
	{ "no store takes nothing", false, 0, KVMB_UNKNOWN, false, 0, 0, KVMB_WHY_NO_STORE },
	{ "one without a limit takes all", true, UINT64_MAX - 1, KVMB_UNKNOWN, false, 0, 0,
	  KVMB_WHY_NONE },
	{ "one below its limit does", true, 9, 10, true, 9, KVMB_UNKNOWN, KVMB_WHY_NONE },
	{ "one at its limit does not", true, 10, 10, true, 10, KVMB_UNKNOWN, KVMB_WHY_STORE_FULL },
	{ "nor one whose limit is nothing", true, 0, 0, false, 0, 0, KVMB_WHY_STORE_FULL },
	{ "nor where all are at the host's", true, 1, 10, true, 20, 20, KVMB_WHY_STORE_FULL },
	{ "below that it does", true, 1, 10, true, 19, 20, KVMB_WHY_NONE },
	{ "a host that nobody told of has none", true, 1, 10, false, 1, 0, KVMB_WHY_NONE },
};

static void test_full(void **data)
{
	const struct full_row *row = *data;
	const struct kvmb_host_sample host = {
		.store = { row->told, 0, row->host_pool, row->host_limit },
	};
	const struct kvmb_guest_sample g = { .store = { .valid = row->store,
							.pool_bytes = row->pool,
							.limit_bytes = row->limit } };

	assert_string_equal(kvmb_why_to_string(kvmb_store_why(&host, &g)),
			    kvmb_why_to_string(row->want));
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, backend_rows, test_backend);
	TESTS_ADD_TABLE(&t, full_rows, test_full);
	return tests_run("backend", &t);
}

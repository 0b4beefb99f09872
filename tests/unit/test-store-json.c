// SPDX-License-Identifier: GPL-2.0-or-later
/* What a store says: how long faults took, and the form that recordings have it in. */
#include <errno.h>

#include "policy-world.h"

/* ---- Fault times ------------------------------------------------------------------------- */

static const struct time_row {
	const char *name;
	struct kvmb_store store;
	uint32_t permyriad;
	uint64_t want;
} time_rows[] = {
	{ "without faults none took any time", { .faults = 5 }, 5000, KVMB_UNKNOWN },
	{ "one is all of them", { .fault_ns = { [10] = 1 } }, 1, 2047 },
	{ "to the last", { .fault_ns = { [10] = 1 } }, 10000, 2047 },
	{ "the first bucket ends at 1 ns", { .fault_ns = { [0] = 3 } }, 5000, 1 },
	{ "half of two is the first", { .fault_ns = { [3] = 1, [5] = 1 } }, 5000, 15 },
	{ "more than half is not", { .fault_ns = { [3] = 1, [5] = 1 } }, 5001, 63 },
	{ "99 of a hundred", { .fault_ns = { [3] = 99, [20] = 1 } }, 9900, 15 },
	{ "but not of a hundred and one", { .fault_ns = { [3] = 99, [20] = 2 } }, 9900, 2097151 },
	{ "what is in the last bucket has no bound", { .fault_ns = { [31] = 1 } }, 5000,
	  KVMB_UNKNOWN },
	{ "the one before has", { .fault_ns = { [30] = 1 } }, 5000, 2147483647 },
	{ "counters of any size", { .fault_ns = { [1] = UINT64_MAX, [2] = UINT64_MAX } }, 5000, 3 },
};

static void test_time(void **data)
{
	const struct time_row *row = *data;

	assert_int_equal(kvmb_store_fault_ns(&row->store, row->permyriad), row->want);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void test_json_both_ways(void **data)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *back = NULL;
	_cleanup_free_ char *text = NULL, *again = NULL, *error = NULL;
	struct kvmb_store *s;
	struct world w;

	world_init(&w, 2);
	s = &world_guest(&w, 1)->store;
	*s = (struct kvmb_store){
		.valid = true, .encrypted = true, .compressor = KVMB_COMPRESSOR_ZSTD,
		.out_bytes = 1, .same_filled_bytes = 2, .stored_bytes = 3, .pool_bytes = 4,
		.metadata_bytes = 5, .limit_bytes = 6, .outs = 7, .faults = 8, .fetched = 9,
		.dropped = 10, .dense = 11, .integrity_failures = 12, .fault_ns = { 13, [31] = 14 },
	};
	world_guest(&w, 0)->far_unread_bytes = 17;
	w.sample->host.store = (struct kvmb_host_store){ true, 15, 16, KVMB_UNKNOWN };
	assert_int_equal(kvmb_sample_to_json(w.sample, &text), 0);
	assert_int_equal(kvmb_sample_from_json(text, &back, &error), 0);
	assert_memory_equal(&back->guests[1].store, s, sizeof(*s));
	assert_false(back->guests[0].store.valid);
	assert_int_equal(back->guests[0].far_unread_bytes, 17);
	assert_memory_equal(&back->host.store, &w.sample->host.store, sizeof(back->host.store));
	assert_int_equal(kvmb_sample_to_json(back, &again), 0);
	assert_string_equal(again, text);
	world_done(&w);
}

static void test_json_without(void **data)
{
	_cleanup_free_ char *text = NULL;
	struct world w;

	world_init(&w, 1);
	assert_int_equal(kvmb_sample_to_json(w.sample, &text), 0);
	assert_null(strstr(text, "store"));
	assert_null(strstr(text, "far"));
	world_done(&w);
}

static const struct fault_row {
	const char *name, *find, *put, *error;
} fault_rows[] = {
	{ "a member that is none is refused", "\"outs\": 0", "\"out\": 0",
	  "guests[0].store.outs: missing" },
	{ "one more, too", "\"outs\": 0", "\"outs\": 0, \"x\": 1", "guests[0].store.x" },
	{ "a compressor that nobody knows", "\"compressor\": \"none\"",
	  "\"compressor\": \"gzip\"", "guests[0].store.compressor" },
	{ "a pool below nothing", "\"pool_bytes\": 29360128", "\"pool_bytes\": -1",
	  "guests[0].store.pool_bytes" },
	{ "what the host has, likewise", "\"stores\": {", "\"stores\": { \"y\": 1, ",
	  "stores.y" },
};

static void test_json_fault(void **data)
{
	const struct fault_row *row = *data;
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *back = NULL;
	_cleanup_free_ char *text = NULL, *bad = NULL, *error = NULL;
	struct world w;
	char *at;

	world_init(&w, 1);
	world_guest(&w, 0)->store = (struct kvmb_store){ .valid = true, .pool_bytes = 29360128 };
	w.sample->host.store.valid = true;
	assert_int_equal(kvmb_sample_to_json(w.sample, &text), 0);
	at = strstr(text, row->find);
	assert_non_null(at);
	assert_true(asprintf(&bad, "%.*s%s%s", (int)(at - text), text, row->put,
			     at + strlen(row->find)) > 0);
	assert_int_equal(kvmb_sample_from_json(bad, &back, &error), -EBADMSG);
	if (!strstr(error, row->error))
		fail_msg("it says '%s', not '%s'", error, row->error);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, time_rows, test_time);
	TESTS_ADD(&t, "a store goes to JSON and back", test_json_both_ways);
	TESTS_ADD(&t, "where there is none, there is none", test_json_without);
	TESTS_ADD_TABLE(&t, fault_rows, test_json_fault);
	return tests_run("store-json", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is asked of the kvm_swap module about a store, and what is made of its answers. A stand-in
 * answers instead of the module: ioctl(2) is this file's. The module itself is seen in the testbed
 * (tests/testbed/75-far) and by tests/kmod.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uapi/kvm_swap.h>

#include "base/num.h"
#include "source/store-module.h"

#define PAGE 4096
#define FD 40 /* of the first guest; they are numbers only */

/* One guest's store, and what it was asked. */
struct fake {
	struct kvm_swap_store_stats stats;
	struct kvm_swap_store_params params;
	uint64_t per_call; /* bytes dealt with in a call of PAGE_OUT; 0: all */
	enum { ALL_MOVE, EVERY_SECOND_MOVES, NONE_MOVES } how;
	uint32_t reason;   /* of what does not */
	int error;         /* of all calls */
	bool stuck;        /* it stays at the second page */
	unsigned int n_moves;
	uint64_t from, to; /* of what it was asked to move */
};

static struct fake fakes[2];

int __wrap_ioctl(int fd, unsigned long request, void *arg);

static bool all_zero(const void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((const char *)p)[i])
			return false;
	return true;
}

static uint64_t sum_of(const struct kvm_swap_move *m)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->count; i++)
		sum += m->ranges[i].bytes;
	return sum;
}

static int fake_move(struct fake *f, struct kvm_swap_move *m)
{
	uint64_t all = sum_of(m), n = f->per_call ? u64_min(f->per_call, all - m->cursor) : all;
	uint64_t pages = n / PAGE, moved = f->how == ALL_MOVE ? pages :
					  f->how == NONE_MOVES ? 0 : pages / 2;

	assert_int_equal(m->flags, 0);
	assert_in_range(m->count, 1, KVM_SWAP_MOVE_RANGES);
	assert_int_equal(m->reserved0, 0);
	assert_true(all_zero(m->reserved, sizeof(m->reserved)));
	assert_true(m->cursor < all);
	f->n_moves++;
	f->from = m->ranges[0].hva;
	f->to = m->ranges[m->count - 1].hva + m->ranges[m->count - 1].bytes;
	memset(m->skipped, 0, sizeof(m->skipped));
	m->pages = moved;
	m->stored_bytes = moved * 1000;
	m->skipped[f->reason] = pages - moved;
	m->cursor = m->cursor + n < all ? m->cursor + n : 0;
	if (f->stuck)
		m->cursor = PAGE;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct fake *f = &fakes[fd - FD];

	assert_in_range(fd, FD, FD + 1);
	if (f->error) {
		errno = f->error;
		return -1;
	}
	switch (request) {
	case KVM_SWAP_STORE_STATS:
		assert_true(all_zero(arg, sizeof(f->stats)));
		memcpy(arg, &f->stats, sizeof(f->stats));
		return 0;
	case KVM_SWAP_STORE_PARAMS:
		assert_true(all_zero(arg, sizeof(f->params)));
		memcpy(arg, &f->params, sizeof(f->params));
		return 0;
	case KVM_SWAP_PAGE_OUT:
		return fake_move(f, arg);
	}
	fail_msg("another call: %lx", request);
	return -1;
}

static int setup(void **state)
{
	memset(fakes, 0, sizeof(fakes));
	for (size_t i = 0; i < 2; i++)
		fakes[i].params = (struct kvm_swap_store_params){
			.limit_bytes = KVM_SWAP_NO_LIMIT,
			.host_limit_bytes = 1000 * MIB,
		};
	fakes[0].stats = (struct kvm_swap_store_stats){
		.compressor = KVM_SWAP_COMPRESSOR_ZSTD, .encrypted = 1, .pages = 10,
		.same_filled = 3, .stored_bytes = 7000, .pool_bytes = 8192, .metadata_bytes = 4096,
		.host_pool_bytes = 9 * MIB, .host_pages = 12, .outs = 20, .faults = 5, .fetched = 4,
		.dropped = 1, .dense = 6, .integrity_failures = 2,
		.fault_ns = { [12] = 4, [20] = 1 },
	};
	return 0;
}

static const int fds[] = { FD, FD + 1 };

static void a_store_is_told_in_bytes(void **state)
{
	struct kvmb_host_store host;
	struct kvmb_store s;

	assert_int_equal(kvmb_store_read(fds, 1, &s, &host), 0);
	assert_true(s.valid);
	assert_true(s.encrypted);
	assert_int_equal(s.compressor, KVMB_COMPRESSOR_ZSTD);
	assert_int_equal(s.out_bytes, 10 * PAGE);
	assert_int_equal(s.same_filled_bytes, 3 * PAGE);
	assert_int_equal(s.stored_bytes, 7000);
	assert_int_equal(s.pool_bytes, 8192);
	assert_int_equal(s.metadata_bytes, 4096);
	assert_true(s.limit_bytes == KVMB_UNKNOWN);
	assert_int_equal(s.outs, 20);
	assert_int_equal(s.faults, 5);
	assert_int_equal(s.fetched, 4);
	assert_int_equal(s.dropped, 1);
	assert_int_equal(s.dense, 6);
	assert_int_equal(s.integrity_failures, 2);
	assert_int_equal(s.fault_ns[12], 4);
	assert_int_equal(s.fault_ns[20], 1);
	assert_true(host.valid);
	assert_int_equal(host.out_bytes, 12 * PAGE);
	assert_int_equal(host.pool_bytes, 9 * MIB);
	assert_int_equal(host.limit_bytes, 1000 * MIB);
}

static void an_empty_one_is_one(void **state)
{
	struct kvmb_host_store host;
	struct kvmb_store s;

	memset(&fakes[0].stats, 0, sizeof(fakes[0].stats));
	assert_int_equal(kvmb_store_read(fds, 1, &s, &host), 0);
	assert_true(s.valid);
	assert_int_equal(s.compressor, KVMB_COMPRESSOR_NONE);
	assert_int_equal(s.out_bytes, 0);
}

static void those_of_one_process_are_one(void **state)
{
	struct kvmb_host_store host;
	struct kvmb_store s;

	fakes[1].stats = fakes[0].stats;
	fakes[1].params.limit_bytes = 77;
	assert_int_equal(kvmb_store_read(fds, 2, &s, &host), 0);
	assert_int_equal(s.out_bytes, 20 * PAGE);
	assert_int_equal(s.fault_ns[12], 8);
	assert_int_equal(s.limit_bytes, 77);
	assert_int_equal(host.pool_bytes, 9 * MIB);
}

static void what_cannot_be_read_is_not_written(void **state)
{
	struct kvmb_host_store host = { .pool_bytes = 1 };
	struct kvmb_store s = { .out_bytes = 2 };

	fakes[1].error = EOPNOTSUPP;
	assert_int_equal(kvmb_store_read(fds, 2, &s, &host), -EOPNOTSUPP);
	assert_int_equal(kvmb_store_read(fds, 0, &s, &host), -ESRCH);
	assert_int_equal(s.out_bytes, 2);
	assert_int_equal(host.pool_bytes, 1);
}

static const struct kvmb_range ranges[] = { { 16 * PAGE, 8 * PAGE }, { 64 * PAGE, 24 * PAGE } };

static void all_ranges_are_moved_in_one_call(void **state)
{
	struct kvmb_moved m;

	assert_int_equal(kvmb_store_move(fds, 1, ranges, 2, &m), 0);
	assert_int_equal(fakes[0].n_moves, 1);
	assert_int_equal(fakes[0].from, 16 * PAGE);
	assert_int_equal(fakes[0].to, 88 * PAGE);
	assert_int_equal(m.bytes, 32 * PAGE);
	assert_int_equal(m.error, 0);
	assert_int_equal(m.stored_bytes, 32 * 1000);
	for (size_t i = 0; i < KVMB_LEFTS; i++)
		assert_int_equal(m.left_bytes[i], 0);
}

static void or_in_as_many_as_it_takes(void **state)
{
	struct kvmb_moved m;

	fakes[0].per_call = 10 * PAGE;
	assert_int_equal(kvmb_store_move(fds, 1, ranges, 2, &m), 0);
	assert_int_equal(fakes[0].n_moves, 4);
	assert_int_equal(m.bytes, 32 * PAGE);
}

static void one_that_does_not_get_on_is_not_asked_for_ever(void **state)
{
	struct kvmb_moved m;

	fakes[0].per_call = PAGE;
	fakes[0].stuck = true;
	assert_int_equal(kvmb_store_move(fds, 1, ranges, 2, &m), 0);
	assert_int_equal(fakes[0].n_moves, 2);
	assert_int_equal(m.bytes, 2 * PAGE);
	assert_int_equal(m.error, -EIO);
	fakes[0].how = NONE_MOVES;
	assert_int_equal(kvmb_store_move(fds, 1, ranges, 2, &m), -EIO);
	assert_int_equal(fakes[0].n_moves, 4);
}

static const struct {
	uint32_t reason;
	enum kvmb_left left;
} reasons[] = {
	{ KVM_SWAP_SKIP_ABSENT, KVMB_LEFT_CHANGED },  { KVM_SWAP_SKIP_OUTSIDE, KVMB_LEFT_CHANGED },
	{ KVM_SWAP_SKIP_FILE, KVMB_LEFT_SHARED },     { KVM_SWAP_SKIP_SHARED, KVMB_LEFT_SHARED },
	{ KVM_SWAP_SKIP_KSM, KVMB_LEFT_SHARED },      { KVM_SWAP_SKIP_LOCKED, KVMB_LEFT_HELD },
	{ KVM_SWAP_SKIP_PINNED, KVMB_LEFT_HELD },     { KVM_SWAP_SKIP_DENSE, KVMB_LEFT_DENSE },
	{ KVM_SWAP_SKIP_RACED, KVMB_LEFT_CHANGED },   { KVM_SWAP_SKIP_LIMIT, KVMB_LEFT_LIMIT },
	{ KVM_SWAP_SKIP_NO_MEMORY, KVMB_LEFT_NO_MEMORY },
	{ KVM_SWAP_SKIPS - 1, KVMB_LEFT_CHANGED }, /* of a newer module */
};

static void what_is_left_has_a_reason(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		struct kvmb_moved m;

		fakes[0].how = EVERY_SECOND_MOVES;
		fakes[0].reason = reasons[i].reason;
		assert_int_equal(kvmb_store_move(fds, 1, ranges, 2, &m), 0);
		assert_int_equal(m.bytes, 16 * PAGE);
		for (size_t k = 0; k < KVMB_LEFTS; k++)
			assert_int_equal(m.left_bytes[k], k == reasons[i].left ? 16 * PAGE : 0);
	}
}

static void a_call_that_fails_ends_it(void **state)
{
	struct kvmb_moved m = { .bytes = 1 };

	fakes[0].error = EIO;
	assert_int_equal(kvmb_store_move(fds, 2, ranges, 2, &m), -EIO);
	assert_int_equal(fakes[1].n_moves, 0);
	assert_int_equal(m.bytes, 1);
	assert_int_equal(kvmb_store_move(fds, 0, ranges, 2, &m), -ESRCH);
}

static void what_was_moved_before_it_failed_is_told(void **state)
{
	struct kvmb_moved m = { 0 };

	fakes[1].error = EIO;
	assert_int_equal(kvmb_store_move(fds, 2, ranges, 2, &m), 0);
	assert_int_equal(m.bytes, 32 * PAGE);
	assert_int_equal(m.stored_bytes, 32 * 1000);
	assert_int_equal(m.error, -EIO);
}

static void one_of_several_may_go(void **state)
{
	struct kvmb_host_store host;
	struct kvmb_moved m = { 0 };
	struct kvmb_store s;

	fakes[1].stats = fakes[0].stats;
	for (size_t i = 0; i < 2; i++) {
		fakes[i].error = ESRCH;
		assert_int_equal(kvmb_store_read(fds, 2, &s, &host), 0);
		assert_int_equal(s.out_bytes, 10 * PAGE);
		assert_int_equal(host.out_bytes, 12 * PAGE);
		assert_int_equal(kvmb_store_move(fds, 2, ranges, 2, &m), 0);
		assert_int_equal(m.bytes, 32 * PAGE);
		fakes[i].error = 0;
	}
	fakes[0].error = fakes[1].error = ESRCH;
	assert_int_equal(kvmb_store_read(fds, 2, &s, &host), -ESRCH);
	assert_int_equal(kvmb_store_move(fds, 2, ranges, 2, &m), -ESRCH);
	assert_int_equal(m.bytes, 32 * PAGE);
}

static void a_store_needs_a_compressor(void **state)
{
	struct kvm_swap_info info = {
		.features = KVM_SWAP_FEATURE_STORE,
		.compressors = 1U << KVM_SWAP_COMPRESSOR_LZ4,
	};

	assert_true(kvmb_store_offered(&info));
	info.compressors = 0;
	assert_false(kvmb_store_offered(&info));
	info.features = 0;
	info.compressors = 1U << KVM_SWAP_COMPRESSOR_LZ4;
	assert_false(kvmb_store_offered(&info));
}

static void too_much_at_once_is_refused(void **state)
{
	static struct kvmb_range many[KVMB_MOVE_RANGES + 1];
	struct kvmb_moved m;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct kvmb_range){ 2 * i * PAGE, PAGE };
	assert_int_equal(kvmb_store_move(fds, 1, many, KVMB_MOVE_RANGES, &m), 0);
	assert_int_equal(m.bytes, KVMB_MOVE_RANGES * PAGE);
	assert_int_equal(kvmb_store_move(fds, 1, many, KVMB_MOVE_RANGES + 1, &m), -EINVAL);
	assert_int_equal(kvmb_store_move(fds, 1, many, 0, &m), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_store_is_told_in_bytes, setup),
		cmocka_unit_test_setup(an_empty_one_is_one, setup),
		cmocka_unit_test_setup(those_of_one_process_are_one, setup),
		cmocka_unit_test_setup(what_cannot_be_read_is_not_written, setup),
		cmocka_unit_test_setup(all_ranges_are_moved_in_one_call, setup),
		cmocka_unit_test_setup(or_in_as_many_as_it_takes, setup),
		cmocka_unit_test_setup(one_that_does_not_get_on_is_not_asked_for_ever, setup),
		cmocka_unit_test_setup(what_is_left_has_a_reason, setup),
		cmocka_unit_test_setup(a_call_that_fails_ends_it, setup),
		cmocka_unit_test_setup(what_was_moved_before_it_failed_is_told, setup),
		cmocka_unit_test_setup(one_of_several_may_go, setup),
		cmocka_unit_test_setup(a_store_needs_a_compressor, setup),
		cmocka_unit_test_setup(too_much_at_once_is_refused, setup),
	};

	return cmocka_run_group_tests_name("store-module", tests, NULL, NULL);
}

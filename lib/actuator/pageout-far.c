// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Page-out to the guest's store of kvm_swap(4): the same ranges and the same looks at the guest in
 * between as by process_madvise(2). The kernel says what left, so nobody has to look; and it goes
 * on counting that as resident.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actuator/gauge.h"
#include "actuator/pageout.h"
#include "base/parse.h"
#include "base/str.h"
#include "model/store.h"

#define PAGE_BYTES 4096 /* the store's */

/* So little is not worth another batch: where half of each stays, the rest is never all gone. */
#define LEAST_BYTES MIB

struct far {
	const struct kvmb_cold_finder *finder;
	const struct kvmb_action *action;
	uint64_t want_bytes;
	struct kvmb_gauge gauge;
	bool told; /* the store was read at the beginning */
	struct kvmb_store before, now;
	struct kvmb_moved moved; /* all batches so far */
	enum kvmb_why why;       /* it ends early for that */
	int error;               /* or by that, and what was moved counts: 0 or -errno */
};

static int read_store(const struct far *f, struct kvmb_store *ret)
{
	return f->finder->store(f->finder->ctx, f->action->uuid, ret);
}

/* What the action says of the store is of the tick before it, or older. */
static void first_look(struct far *f)
{
	f->told = read_store(f, &f->before) >= 0;
	f->now = f->before;
	if (f->told)
		f->gauge.out_bytes = f->before.out_bytes;
}

/* After @moved_bytes left: where the store does not tell, that is what is known. */
static void look_again(struct far *f, uint64_t moved_bytes)
{
	if (!f->told || read_store(f, &f->now) < 0) {
		f->gauge.out_bytes = u64_add_sat(f->gauge.out_bytes, moved_bytes);
		return;
	}
	f->gauge.out_bytes = f->now.out_bytes;
	f->gauge.store_stall_usec = u64_sub_sat(kvmb_store_stall_usec(&f->now),
						kvmb_store_stall_usec(&f->before));
}

/*
 * What the host won: what left, less what came home meanwhile, less what the store grew by. Where
 * the store does not tell, what went there counts alone.
 */
static int64_t net_bytes(const struct far *f)
{
	uint64_t home;

	if (!f->told)
		return u64_diff(f->moved.bytes, f->moved.stored_bytes);
	home = u64_add_sat(u64_sub_sat(f->now.faults, f->before.faults),
			   u64_sub_sat(f->now.fetched, f->before.fetched));
	return u64_diff(u64_add_sat(f->moved.bytes, kvmb_store_ram(&f->before)),
			u64_add_sat(u64_mul_sat(home, PAGE_BYTES), kvmb_store_ram(&f->now)));
}

static void sum_up(struct kvmb_moved *sum, const struct kvmb_moved *m)
{
	sum->bytes = u64_add_sat(sum->bytes, m->bytes);
	sum->stored_bytes = u64_add_sat(sum->stored_bytes, m->stored_bytes);
	for (size_t i = 0; i < KVMB_LEFTS; i++)
		sum->left_bytes[i] = u64_add_sat(sum->left_bytes[i], m->left_bytes[i]);
}

static int move_batch(struct far *f, struct kvmb_range_cursor *c, uint64_t step_bytes)
{
	struct kvmb_range ranges[KVMB_MOVE_RANGES];
	size_t n = kvmb_range_peek(c, step_bytes, ranges, ARRAY_SIZE(ranges));
	struct kvmb_moved m = { 0 };
	uint64_t bytes = 0;
	int r = f->finder->move(f->finder->ctx, f->action->uuid, ranges, n, &m);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		bytes += ranges[i].length_bytes;
	kvmb_range_advance(c, bytes);
	sum_up(&f->moved, &m);
	look_again(f, m.bytes);
	if (m.error < 0)
		return m.error;
	if (m.left_bytes[KVMB_LEFT_LIMIT])
		f->why = KVMB_WHY_STORE_FULL;
	/* The host has nothing left to compress into: more of that makes it worse. */
	return !m.bytes && m.left_bytes[KVMB_LEFT_NO_MEMORY] ? -ENOMEM : 0;
}

static bool wants_more(const struct far *f)
{
	uint64_t rest = u64_sub_sat(f->want_bytes, f->moved.bytes);

	return rest >= u64_min(f->want_bytes, LEAST_BYTES);
}

/*
 * What stays is passed over: what does not compress stays cold, and would be in the way for ever.
 * The ranges are a multiple of what is asked for, so that ends, too.
 */
static int move_all(struct far *f, atomic_bool *cancel)
{
	struct kvmb_range_cursor c = kvmb_range_begin(f->action);
	int r = 0;

	c.left_bytes = UINT64_MAX;
	while (r >= 0 && f->why == KVMB_WHY_NONE && kvmb_range_more(&c) && wants_more(f)) {
		uint64_t step_bytes = u64_min(f->want_bytes - f->moved.bytes,
					      KVMB_PAGEOUT_BATCH_BYTES);

		if (atomic_load(cancel))
			return -ECANCELED;
		f->why = kvmb_gauge_stop(&f->gauge, step_bytes);
		if (f->why == KVMB_WHY_NONE)
			r = move_batch(f, &c, step_bytes);
	}
	/* What was moved before it failed stays moved; but that the guest has gone is said. */
	if (r < 0 && f->moved.bytes && r != -ESRCH) {
		f->error = r;
		return 0;
	}
	if (r < 0)
		return r;
	return f->why == KVMB_WHY_NONE || f->moved.bytes ? 0 : -ESTALE;
}

/* "12 MiB did not compress, 4 MiB were pinned or locked, then: Input/output error" */
static void say_left(const struct kvmb_moved *m, int error, char *note)
{
	static const char *const texts[KVMB_LEFTS] = {
		[KVMB_LEFT_DENSE] = "did not compress",
		[KVMB_LEFT_LIMIT] = "were beyond the store's limit",
		[KVMB_LEFT_HELD] = "were pinned or locked",
		[KVMB_LEFT_SHARED] = "were shared, merged or of a file",
		[KVMB_LEFT_NO_MEMORY] = "found no memory",
		[KVMB_LEFT_CHANGED] = "had changed meanwhile",
	};
	char bytes[KVMB_BYTES_TEXT_SIZE];
	size_t len = 0;

	note[0] = '\0';
	for (size_t i = 0; i < KVMB_LEFTS; i++) {
		if (!m->left_bytes[i])
			continue;
		kvmb_format_bytes(bytes, sizeof(bytes), m->left_bytes[i]);
		kvmb_str_format(note + len, KVMB_TEXT_SIZE - len, "%s%s %s", len ? ", " : "", bytes,
				texts[i]);
		len = strlen(note);
	}
	if (error < 0)
		kvmb_str_format(note + len, KVMB_TEXT_SIZE - len, "%sthen: %s", len ? ", " : "",
				strerrordesc_np(-error));
}

int kvmb_pageout_far(const struct kvmb_root *root, const struct kvmb_cold_finder *finder,
		     const struct kvmb_action *a, atomic_bool *cancel, struct kvmb_result *result)
{
	struct far f = {
		.finder = finder,
		.action = a,
		.want_bytes = align_down(a->asked_bytes, PAGE_BYTES),
	};
	int r;

	if (!finder->move)
		return -EOPNOTSUPP;
	r = kvmb_gauge_begin(&f.gauge, root, a, &result->why);
	if (r < 0)
		return r;
	first_look(&f);
	r = move_all(&f, cancel);
	result->why = f.why;
	result->got_bytes = f.moved.bytes;
	result->net_bytes = f.moved.bytes ? net_bytes(&f) : 0;
	say_left(&f.moved, f.error, result->note);
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host's swap can bear: writes in a minute, the time of reads; and the plan. */
#include "model/swap-guard.h"
#include "rule-world.h"

#define PAGE 4096

static void limit_writes(struct world *w, uint64_t mib_per_sec)
{
	w->config->host.swap_write_bytes = mib_per_sec * MIB;
}

/* A tick, before which so much was written and read. */
static void tick(struct world *w, uint64_t written_mib, uint64_t reads, uint64_t read_msec)
{
	struct kvmb_host_sample *h = &w->sample->host;

	world_pass(w, 2 * SEC);
	h->swap_out_pages += written_mib * MIB / PAGE;
	h->swap_reads += reads;
	h->swap_read_usec += read_msec * USEC_PER_MSEC;
	world_decide(w);
}

static uint64_t swapped_mib(const struct world *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->plan->n_actions; i++)
		if (w->plan->actions[i].kind != KVMB_ACTION_BALLOON)
			sum += w->plan->actions[i].asked_bytes;
	return sum / MIB;
}

/* 330 MiB are missing on a host that is only elevated; nothing is free inside the guests. */
static void in_want(struct world *w)
{
	world_init(w, N_GUESTS);
	world_available(w, 900);
	w->sample->host.swap_out_pages = 1000000;
	w->sample->host.swap_reads = w->sample->host.swap_read_usec = 5000000;
	for (size_t i = 0; i < N_GUESTS; i++)
		world_guest(w, i)->unused_bytes = 50 * MIB;
	world_decide(w);
}

static const struct writes_row {
	const char *name;
	uint64_t limit_mib; /* a second */
	uint64_t written_mib;
	uint64_t want_mib;
	enum kvmb_why why; /* of vm0's reclaim */
} writes_rows[] = {
	{ "without a limit any amount may have been written", 0, 100000, 192, KVMB_WHY_NONE },
	{ "far below the limit a plan is whole", 10, 100, 192, KVMB_WHY_NONE },
	{ "what is left of a minute's limit is shared", 10, 500, 100, KVMB_WHY_NONE },
	{ "at the limit nothing is swapped out", 10, 600, 0, KVMB_WHY_SWAP_WRITES },
	{ "less than a unit is nothing", 10, 597, 0, KVMB_WHY_SWAP_WRITES },
	{ "above it neither", 10, 100000, 0, KVMB_WHY_SWAP_WRITES },
};

static void test_writes(void **data)
{
	const struct writes_row *row = *data;
	struct world w;

	in_want(&w);
	limit_writes(&w, row->limit_mib);
	tick(&w, row->written_mib, 0, 0);
	assert_int_equal(w.plan->level, KVMB_LEVEL_ELEVATED);
	assert_int_equal(swapped_mib(&w), row->want_mib);
	if (row->why != KVMB_WHY_NONE)
		assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_RECLAIM), row->why);
	world_done(&w);
}

static void test_writes_pass(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	limit_writes(&w, 10);
	tick(&w, 600, 0, 0);
	for (size_t i = 0; i < 29; i++) {
		tick(&w, 0, 0, 0);
		assert_int_equal(swapped_mib(&w), 0);
	}
	for (size_t i = 0; i < 3; i++)
		tick(&w, 0, 0, 0);
	assert_int_equal(swapped_mib(&w), 192);
	world_done(&w);
}

/* Ordered and not done yet: it is not in the kernel's counter, but will be. */
static void test_on_its_way(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	limit_writes(&w, 10);
	world_state(&w, 2)->pending_kind = KVMB_ACTION_PAGEOUT;
	world_state(&w, 2)->pending_bytes = 64 * MIB;
	world_guest(&w, 2)->in_flight = true;
	tick(&w, 500, 0, 0);
	assert_int_equal(swapped_mib(&w), 36);
	world_state(&w, 2)->pending_kind = KVMB_ACTION_HIGH;
	world_state(&w, 2)->pending_bytes = 64 * MIB;
	tick(&w, 0, 0, 0);
	assert_int_equal(swapped_mib(&w), 36);
	/* A balloon writes nothing. */
	world_state(&w, 2)->pending_kind = KVMB_ACTION_BALLOON;
	world_state(&w, 2)->pending_bytes = 64 * MIB;
	tick(&w, 0, 0, 0);
	assert_int_equal(swapped_mib(&w), 100);
	world_done(&w);
}

static const struct latency_row {
	const char *name;
	uint64_t limit_msec, reads, read_msec;
	bool slow;
} latency_rows[] = {
	{ "fast reads stop nothing", 100, 1000, 1000, false },
	{ "a mean at the limit is not above it", 100, 100, 10000, false },
	{ "slow reads stop all that goes to swap", 100, 100, 10100, true },
	{ "a few slow reads tell nothing yet", 100, 15, 1600, false },
	{ "sixteen do", 100, 16, 1616, true },
	{ "a few do at once that take longer than sixteen may", 100, 15, 4500, true },
	{ "on the slowest of devices three are enough", 100, 3, 6000, true },
	{ "without a limit they may take any time", 0, 100, 1000000, false },
	{ "no reads are not slow", 100, 0, 0, false },
};

static void test_latency(void **data)
{
	const struct latency_row *row = *data;
	struct world w;

	in_want(&w);
	w.config->host.swap_latency_usec = row->limit_msec * USEC_PER_MSEC;
	tick(&w, 0, row->reads, row->read_msec);
	assert_int_equal(swapped_mib(&w), row->slow ? 0 : 192);
	if (row->slow)
		assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_RECLAIM), KVMB_WHY_SWAP_SLOW);
	world_done(&w);
}

/* What tells nothing yet is not forgotten: it counts with what follows. */
static void test_few_add_up(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	tick(&w, 0, 8, 900);
	assert_int_equal(swapped_mib(&w), 192);
	tick(&w, 0, 8, 900);
	assert_int_equal(swapped_mib(&w), 0);
	assert_int_equal(w.state->swap.latency_usec, 1800000 / 16);
	world_done(&w);
}

/* A read or two in ten seconds: slow ones are the device's, no other ones being there. */
static void test_few_in_ten_seconds(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	tick(&w, 0, 2, 500);
	for (size_t i = 0; i < 3; i++)
		tick(&w, 0, 0, 0);
	assert_int_equal(swapped_mib(&w), 192);
	tick(&w, 0, 0, 0);
	assert_int_equal(swapped_mib(&w), 0);
	assert_int_equal(w.state->swap.latency_usec, 250 * USEC_PER_MSEC);
	world_done(&w);
}

/* 0 is what the source says where it could not read them: what follows is not of this tick. */
static void test_unknown(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	w.sample->host.swap_reads = w.sample->host.swap_read_usec = 0;
	tick(&w, 0, 0, 0);
	tick(&w, 0, 1000, 1000000);
	assert_int_equal(w.state->swap.latency_usec, 0);
	tick(&w, 0, 100, 20000);
	assert_int_equal(w.state->swap.latency_usec, 200 * USEC_PER_MSEC);
	world_done(&w);
}

/* Not counted on, what swap would have given is made up for by what is left. */
static void test_made_up_for(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	for (size_t i = 0; i < N_GUESTS; i++)
		world_guest(&w, i)->unused_bytes = 300 * MIB;
	tick(&w, 0, 100, 20000);
	for (size_t i = 0; i < N_GUESTS; i++) {
		assert_non_null(world_action(&w, i));
		assert_int_equal(world_action(&w, i)->kind, KVMB_ACTION_BALLOON);
		assert_int_equal(world_action(&w, i)->rule, KVMB_RULE_HOST_PRESSURE);
	}
	world_done(&w);
}

/* The pause itself makes reads fast: it lasts ten seconds all the same, and no longer. */
static void test_slow_for_ten_seconds(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	tick(&w, 0, 100, 20000);
	for (size_t i = 0; i < 4; i++) {
		tick(&w, 0, 100, 100);
		assert_int_equal(swapped_mib(&w), 0);
	}
	tick(&w, 0, 100, 100);
	assert_int_equal(swapped_mib(&w), 192);
	world_done(&w);
}

/* There the kernel swaps out by itself, with no regard for what is cold. */
static void test_emergency(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	limit_writes(&w, 1);
	world_available(&w, 300);
	for (size_t i = 0; i < N_GUESTS; i++)
		world_guest(&w, i)->usable_bytes = 100 * MIB; /* no caches to take first */
	tick(&w, 1000, 100, 100000);
	assert_int_equal(w.plan->level, KVMB_LEVEL_EMERGENCY);
	assert_int_equal(swapped_mib(&w), 192);
	world_done(&w);
}

static void test_proactive(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, N_GUESTS);
	w.sample->host.swap_reads = 1;
	w.config->host.aging_usec = 0; /* ages are not waited for */
	for (size_t i = 0; i < N_GUESTS; i++) {
		set_mode(&w, i, KVMB_MODE_PROACTIVE);
		world_guest(&w, i)->unused_bytes = 50 * MIB;
	}
	world_decide(&w);
	assert_true(swapped_mib(&w) > 0);
	tick(&w, 0, 100, 20000);
	assert_int_equal(swapped_mib(&w), 0);
	world_done(&w);
}

/* An operator's wish waits for it to pass. */
static void test_request(void **data)
{
	struct world w;

	(void)data;
	world_init(&w, 1);
	w.sample->host.swap_reads = 1;
	world_guest(&w, 0)->unused_bytes = 50 * MIB;
	world_decide(&w);
	world_state(&w, 0)->request_bytes = 50 * MIB;
	world_state(&w, 0)->request_until_ns = UINT64_MAX;
	tick(&w, 0, 100, 20000);
	assert_int_equal(swapped_mib(&w), 0);
	assert_int_equal(world_refusal(&w, 0, KVMB_ACTION_RECLAIM), KVMB_WHY_SWAP_SLOW);
	assert_int_equal(world_state(&w, 0)->request_bytes, 50 * MIB);
	world_done(&w);
}

/* Counters that begin anew, as those of a swap device that was put in another's place. */
static void test_backwards(void **data)
{
	struct world w;

	(void)data;
	in_want(&w);
	limit_writes(&w, 10);
	w.sample->host.swap_out_pages = 0;
	w.sample->host.swap_reads = w.sample->host.swap_read_usec = 10;
	tick(&w, 0, 0, 0);
	assert_int_equal(swapped_mib(&w), 192);
	assert_int_equal(kvmb_rate_sum(&w.state->swap.written, w.sample->now_ns), 0);
	/* From there on they count again. */
	tick(&w, 600, 100, 20000);
	assert_int_equal(kvmb_rate_sum(&w.state->swap.written, w.sample->now_ns), 600 * MIB);
	assert_int_equal(w.state->swap.latency_usec, 200 * USEC_PER_MSEC);
	world_done(&w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, writes_rows, test_writes);
	TESTS_ADD(&t, "a minute later it may be written again", test_writes_pass);
	TESTS_ADD(&t, "what is on its way to swap counts as written", test_on_its_way);
	TESTS_ADD_TABLE(&t, latency_rows, test_latency);
	TESTS_ADD(&t, "few reads count with those that follow", test_few_add_up);
	TESTS_ADD(&t, "ten seconds of few reads are judged by them", test_few_in_ten_seconds);
	TESTS_ADD(&t, "reads that were not known are not of this moment", test_unknown);
	TESTS_ADD(&t, "guests are kept from growing instead", test_made_up_for);
	TESTS_ADD(&t, "slow reads are remembered for ten seconds", test_slow_for_ten_seconds);
	TESTS_ADD(&t, "in an emergency neither guard holds", test_emergency);
	TESTS_ADD(&t, "proactively nothing goes to slow swap", test_proactive);
	TESTS_ADD(&t, "an operator's request waits until swap is fast", test_request);
	TESTS_ADD(&t, "counters that go back are no writes and no time", test_backwards);
	return tests_run("swap-guard", &t);
}

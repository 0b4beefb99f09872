// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine tells of a guest, in sentences. */
#include "engine-world.h"

#include <time.h>

#include "base/wait.h"

/* ---- From what age on it is cold ---------------------------------------------------------- */

static const struct cold_row {
	const char *name;
	struct kvmb_state_cold cold;
	uint64_t want_usec;
	const char *says;
	const char *mode;
} cold_rows[] = {
	{ "a guest is cold by ColdAge, and how long its ages are still too young",
	  { .source = KVMB_AGING_DAMON, .since_ns = 900 * SEC }, 120 * USEC_PER_SEC,
	  "\nIts memory is cold from 120 s on, by ColdAge; nothing is paged out unasked for 321 s "
	  "more.\n", "proactive" },
	{ "which says nothing to a guest that is left alone anyway",
	  { .source = KVMB_AGING_DAMON, .since_ns = 900 * SEC }, 120 * USEC_PER_SEC,
	  "\nIts memory is cold from 120 s on, by ColdAge.\n", "pressure" },
	{ "a guest is cold by its minutes",
	  { .source = KVMB_AGING_MODULE, .n_minutes = 2, .minutes = { 9, 7 } },
	  1280 * USEC_PER_SEC,
	  "\nIts memory is cold from 1280 s on, as 98 % of its minutes asked for (known: 2).\n",
	  "proactive" },
	{ "a guest is cold by its last minute, and what came back in that is said",
	  { .source = KVMB_AGING_MODULE, .n_minutes = 50, .minutes = { [0 ... 48] = 6, 7 },
	    .judged = true, .back_pages = { [7] = 350 } },
	  320 * USEC_PER_SEC,
	  "\nIts memory is cold from 320 s on, as its last minute alone asked for: 350 pages of "
	  "that age were touched again in the last minute, 358 are allowed.\n", "proactive" },
	{ "of a guest that needs everything nothing is cold",
	  { .source = KVMB_AGING_MODULE, .n_minutes = 1, .minutes = { 16 }, .judged = true },
	  UINT64_MAX, "\nNone of it is cold, as 98 % of its minutes asked for (known: 1).\n",
	  "proactive" },
	{ "a guest is cold by what it suffered",
	  { .source = KVMB_AGING_DAMON, .floor_bucket = 8 }, 640 * USEC_PER_SEC,
	  "\nIts memory is cold from 640 s on, because it read back more than its target allows.\n",
	  "proactive" },
};

static void cold_row_holds(void **data)
{
	const struct cold_row *row = *data;
	_cleanup_free_ char *text = NULL;
	struct kvmb_guest_status status;
	struct kvmb_state_guest *g = NULL;
	struct kvmb_guest_sample *s;
	struct fixture f;

	begin(&f, 1);
	s = world_guest(&f.w, 0);
	s->ages = (struct kvmb_ages){ .source = row->cold.source, .told_ns = f.w.sample->now_ns };
	assert_int_equal(kvmb_state_guest(f.e.state, s->uuid, s->name, &g), 0);
	g->cold = row->cold;
	assert_int_equal(kvmb_policy_set(&f.e.config->defaults, "Mode", row->mode, NULL), 0);
	look(&f);
	kvmb_engine_notify(&f.e);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_true(status.cold_age_usec == row->want_usec);
	assert_int_equal(kvmb_engine_explain(&f.e, s->name, &text), 0);
	assert_non_null(strstr(text, row->says));
	end(&f);
}

/* ---- Where what is cold goes --------------------------------------------------------------- */

static const struct store_row {
	const char *name;
	const char *backend;
	bool swap;
	struct kvmb_store store;
	const char *says;
	uint64_t resident_mib; /* of 700 that the kernel counts */
	const char *aging_reason;
} store_rows[] = {
	{ "swap is explained", "auto", true, { .valid = false },
	  "\nWhat is cold goes to swap: the host has swap.\nIts policy", 700 },
	{ "a store is", "auto", false, { .valid = true },
	  "\nWhat is cold goes to its store: the host has no swap, and the kernel module offers a "
	  "store.\nIts policy", 700 },
	{ "that there is neither is", "auto", false, { .valid = false },
	  "\nWhat is cold goes nowhere: the host has no swap, and there is no store for it.\nIts "
	  "policy", 700 },
	{ "and what keeps it from one is", "far", true, { .valid = false },
	  "\nWhat is cold goes nowhere: its backend is far, and there is no store for it "
	  "(AgingInterval is 0).\nIts policy", 700, "AgingInterval is 0" },
	{ "that it is configured so is", "swap", true, { .valid = true },
	  "\nWhat is cold goes to swap: as configured.\nIts policy", 700 },
	{ "that what is configured is not there is", "far", true, { .valid = false },
	  "\nWhat is cold goes nowhere: its backend is far, and there is no store for it.\nIts "
	  "policy", 700 },
	{ "what is out is", "far", true,
	  { .valid = true, .out_bytes = 300 * MIB, .pool_bytes = 80 * MIB,
	    .metadata_bytes = 3 * MIB },
	  "\n300 MiB of it are out in its store, where they take 80 MiB, and 3 MiB for what is "
	  "remembered of them.\nIts policy", 400 },
	{ "what came back is", "far", true,
	  { .valid = true, .faults = 200, .fault_ns = { [12] = 190, [16] = 10 } },
	  "\n200 pages came back from there when they were touched: 50 % of them took 9 us at "
	  "most, 99 % of them took 132 us at most (bounds of powers of two).\nIts policy", 700 },
	{ "what took very long is", "far", true,
	  { .valid = true, .faults = 1, .fault_ns = { [31] = 1 } },
	  ": 50 % of them took longer than can be told, 99 % of them took longer", 700 },
	{ "what is lost is", "far", true, { .valid = true, .integrity_failures = 2 },
	  "\n2 times a page could not be read back from there as it was: whoever touches it gets "
	  "SIGBUS.\nIts policy", 700 },
};

static void store_row_holds(void **data)
{
	const struct store_row *row = *data;
	_cleanup_free_ char *text = NULL;
	struct kvmb_guest_status status;
	struct kvmb_guest_sample *s;
	struct fixture f;

	begin(&f, 1);
	s = world_guest(&f.w, 0);
	s->store = row->store;
	s->refault_anon = 1000;
	f.w.sample->host.swap_total_bytes = row->swap ? GIB : 0;
	f.w.sample->host.swap_free_bytes = row->swap ? GIB : 0;
	aging_reason = row->aging_reason ?: "";
	assert_int_equal(kvmb_policy_set(&f.e.config->defaults, "Backend", row->backend, NULL), 0);
	look(&f);
	kvmb_engine_notify(&f.e);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_int_equal(status.sample->resident_bytes / MIB, row->resident_mib);
	assert_int_equal(status.refaults, 1000 + row->store.faults);
	assert_int_equal(kvmb_engine_explain(&f.e, s->name, &text), 0);
	if (!strstr(text, row->says))
		fail_msg("it says '%s', not '%s'", text, row->says);
	end(&f);
}

/* ---- What is explained -------------------------------------------------------------------- */

/* Until what was ordered is on its way: the executor has a thread of its own. */
static void wait_for_orders(struct fixture *f)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < 10000 && f->e.guests[0]->n_pending; i++) {
		(void)nanosleep(&pause, NULL);
		kvmb_engine_finish(&f->e, f->w.sample->now_ns);
	}
	assert_int_equal(f->e.guests[0]->n_pending, 0);
}

static void turn(struct fixture *f)
{
	assert_int_equal(kvmb_engine_tick(&f->e, f->w.sample->now_ns), 0);
}

/* Its balloon goes where it was ordered, and most of that comes to the host. */
static void taken(struct fixture *f)
{
	struct kvmb_guest_sample *g = world_guest(&f->w, 0);

	/* The executor refuses what is too old by the real clock. */
	f->w.sample->now_ns = g->facts_ns = kvmb_now_ns();
	g->resident_bytes = 1000 * MIB;
	world_available(&f->w, 1400);
	turn(f);
	wait_for_orders(f);
	assert_true(f->e.guests[0]->watching);
	g->balloon_bytes = f->e.guests[0]->watch.action.target_bytes;
	g->guest_total_bytes = g->balloon_bytes - 24 * MIB;
	g->resident_bytes -= 50 * MIB;
	for (size_t i = 0; i < 2; i++) {
		world_pass(&f->w, 2 * SEC);
		turn(f);
	}
}

static void at_its_guarantee(struct fixture *f)
{
	world_available(&f->w, 300);
	assert_int_equal(kvmb_policy_set(&f->e.config->defaults, "Guarantee", "1G", NULL), 0);
	world_guest(&f->w, 0)->swap_bytes = KVMB_UNKNOWN;
	turn(f);
}

/* Without statistics, and cold memory that may not be taken for its mode. */
static void only_watched(struct fixture *f)
{
	struct kvmb_guest_sample *g = world_guest(&f->w, 0);

	world_available(&f->w, 1000);
	assert_int_equal(kvmb_policy_set(&f->e.config->defaults, "Mode", "observe", NULL), 0);
	g->stats_age_usec = 60 * USEC_PER_SEC;
	g->ages.source = KVMB_AGING_MODULE;
	g->ages.told_ns = f->w.sample->now_ns;
	g->ages.cold_bytes[KVMB_AGE_BUCKETS - 1] = 77 * MIB;
	turn(f);
}

static const struct explained {
	const char *name;
	void (*happens)(struct fixture *f);
	const char *text;
} explained[] = {
	{ "what was taken is explained by why, asked, got and won", taken,
	  "vm0 is running: it was promised 1024 MiB, its balloon leaves it 960 MiB. On "
	  "the host 950 MiB of it are resident; in swap: 0 MiB.\n"
	  "It says that 300 MiB of its memory are free.\n"
	  "226 MiB of that are the host's to win: with freePageReporting='on' at its "
	  "memballoon they would come back by themselves.\n"
	  "How old its memory is cannot be told.\n"
	  "What is cold goes to swap: the host has swap.\n"
	  "Its policy: mode pressure (built in), guarantee 0 MiB (built in), limit its "
	  "maximum (built in), 1000 shares (built in), priority normal (built in).\n"
	  "The host has 573 of 4096 MiB available, which is level elevated (2 of 4): "
	  "it needs 122 MiB back from its guests.\n"
	  "Under way: 64 MiB are being taken with its balloon (balloon by rule "
	  "guest-free): host is elevated with 573 of 4096 MiB available and needs 122 "
	  "MiB; the guest itself holds 300 MiB free.\n"
	  "2 s ago: 64 MiB were to be taken with its balloon (balloon by rule "
	  "guest-free): host is elevated with 573 of 4096 MiB available and needs 122 "
	  "MiB; the guest itself holds 300 MiB free. 64 MiB of that were got, which "
	  "won the host 50 MiB.\n" },
	{ "a guest at its guarantee is told to be left alone", at_its_guarantee,
	  "vm0 is running: it was promised 1024 MiB, its balloon leaves it 1024 MiB. "
	  "On the host 700 MiB of it are resident; in swap: unknown.\n"
	  "It says that 300 MiB of its memory are free.\n"
	  "How old its memory is cannot be told.\n"
	  "What is cold goes to swap: the host has swap.\n"
	  "Its policy: mode pressure (built in), guarantee 1024 MiB (by [Defaults]), "
	  "limit its maximum (built in), 1000 shares (built in), priority normal "
	  "(built in).\n"
	  "The host has 122 of 4096 MiB available, which is level emergency (4 of 4): "
	  "it needs 573 MiB back from its guests.\n"
	  "Nothing is taken with its balloon now: the guest is at its guarantee, or at "
	  "the least that every guest keeps.\n"
	  "Nothing is taken by the kernel's reclaim of its scope now: the guest is at "
	  "its guarantee, or at the least that every guest keeps.\n"
	  "Nothing was done to it since the agent started.\n" },
	{ "what is only watched says so", only_watched,
	  "vm0 is running: it was promised 1024 MiB, its balloon leaves it 1024 MiB. "
	  "On the host 700 MiB of it are resident; in swap: 0 MiB.\n"
	  "What it says of itself is not used: the guest's memory statistics are too "
	  "old.\n"
	  "Of its memory, 77 MiB were not touched for 120 s, 77 MiB for ten times as "
	  "long (ages by module).\n"
	  "Its memory is cold from 120 s on, by ColdAge.\n"
	  "What is cold goes to swap: the host has swap.\n"
	  "Its policy: mode observe (by [Defaults]), guarantee 0 MiB (built in), limit "
	  "its maximum (built in), 1000 shares (built in), priority normal (built "
	  "in).\n"
	  "The host has 409 of 4096 MiB available, which is level elevated (2 of 4): "
	  "it needs 286 MiB back from its guests.\n"
	  "64 MiB would be taken by paging out what is cold now, but are not: its mode "
	  "is observe: plans are shown, nothing is done.\n"
	  "Nothing is done to it now: its mode is observe: plans are shown, nothing is "
	  "done.\n"
	  "Nothing was done to it since the agent started.\n" },
};

/* What is recorded is what was decided from: not yet what the decision made of it. */
static void was_before(void *userdata, const struct kvmb_record *tick)
{
	assert_true(tick->state->fresh || tick->state->last_ns < tick->sample->now_ns);
	assert_int_equal(tick->plan->now_ns, tick->sample->now_ns);
}

static void text_explains(void **data)
{
	const struct explained *row = *data;
	_cleanup_free_ char *text = NULL;
	struct fixture f;

	begin(&f, 1);
	f.e.callbacks.decided = was_before;
	row->happens(&f);
	assert_int_equal(kvmb_engine_explain(&f.e, "vm0", &text), 0);
	assert_string_equal(text, row->text);
	end(&f);
}

/* The alarm's text: as it was when it was raised, once. */
static void alarm_names_what_is_missing(void **data)
{
	struct kvmb_host_status status;
	struct fixture f;

	(void)data;
	begin(&f, 2);
	assert_int_equal(kvmb_policy_set(&f.e.config->defaults, "Guarantee", "1G", NULL), 0);
	world_available(&f.w, 300);
	for (int i = 0; i < 12; i++) {
		turn(&f);
		kvmb_engine_host_status(&f.e, &status);
		if (i < 10)
			assert_string_equal(status.alarm, "");
		world_pass(&f.w, SEC);
	}
	assert_string_equal(status.alarm,
			    "573 MiB are missing, and nothing is left to take; vm0: at-guarantee; "
			    "vm1: at-guarantee");
	world_available(&f.w, 290);
	turn(&f);
	kvmb_engine_host_status(&f.e, &status);
	assert_non_null(strstr(status.alarm, "573 MiB"));
	world_available(&f.w, 4000);
	for (int i = 0; i < 3; i++) {
		world_pass(&f.w, SEC);
		turn(&f);
	}
	kvmb_engine_host_status(&f.e, &status);
	assert_string_equal(status.alarm, "");
	end(&f);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, cold_rows, cold_row_holds);
	TESTS_ADD_TABLE(&t, store_rows, store_row_holds);
	TESTS_ADD_TABLE(&t, explained, text_explains);
	TESTS_ADD(&t, "an alarm says what is missing, and why each guest gives nothing",
		  alarm_names_what_is_missing);
	return tests_run("explain", &t);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Samepage merging: when it is begun, how fast it scans, when it is not worth it; and its gate. */
#include <errno.h>

#include "plan/ksm.h"
#include "policy/ksm.h"
#include "policy-world.h"

/* ---- The policy -------------------------------------------------------------------------- */

struct bench {
	struct kvmb_ksm ksm;
	struct kvmb_ksm_look look;
	struct kvmb_state_ksm s;
};

/* At 1000 s, wanted and allowed; not ours, and nobody else runs it. */
static void bench_init(struct bench *b)
{
	*b = (struct bench){
		.ksm = { .valid = true, .pages_to_scan = 64, .sleep_msec = 200, .full_scans = 10 },
		.look = { .now_ns = 1000 * SEC, .missing_bytes = 300 * MIB,
			  .allowed = true, .wanted = true },
	};
	b->look.ksm = &b->ksm;
}

static void idle(struct bench *b)
{
	b->look.wanted = false;
}

static void wanted(struct bench *b)
{
}

static void not_allowed(struct bench *b)
{
	b->look.allowed = false;
}

static void others_run_it(struct bench *b)
{
	b->ksm.run = 1;
}

static void advisor_sets_it(struct bench *b)
{
	b->ksm.advised = true;
}

static void unmerged(struct bench *b)
{
	b->ksm.run = 2;
}

static void no_ksm(struct bench *b)
{
	b->ksm.valid = false;
}

static void pausing(struct bench *b)
{
	b->s.retry_ns = b->look.now_ns + 1;
}

static void pause_over(struct bench *b)
{
	b->s.retry_ns = b->look.now_ns;
}

/* 20 s after the last look: a second of CPU time, which is 5 %, has won @mib. */
static void runs(struct bench *b, uint64_t mib)
{
	b->ksm.run = 1;
	b->ksm.pages_to_scan = b->s.pages_to_scan = 400;
	b->ksm.sleep_msec = 20;
	b->s.taken = true;
	b->s.before_pages_to_scan = 64;
	b->s.before_sleep_msec = 200;
	b->s.ordered_ns = b->look.now_ns - 20 * SEC;
	b->s.look_ns = b->look.now_ns - 20 * SEC;
	b->s.saved_bytes = 100 * MIB;
	b->ksm.saved_bytes = (100 + mib) * MIB;
	b->s.cpu_usec = 5 * USEC_PER_SEC;
	b->ksm.cpu_usec = 6 * USEC_PER_SEC;
	b->s.scans = 10;
}

static void pays(struct bench *b)
{
	runs(b, 32);
}

static void pays_not(struct bench *b)
{
	runs(b, 32);
	b->ksm.saved_bytes--;
}

static void pays_nobody_needs_it(struct bench *b)
{
	pays(b);
	idle(b);
}

static void pays_at_11_percent(struct bench *b)
{
	runs(b, 1000);
	b->ksm.cpu_usec = b->s.cpu_usec + 22 * USEC_PER_SEC / 10;
}

static void pays_above_20_percent(struct bench *b)
{
	runs(b, 1000);
	b->ksm.cpu_usec = b->s.cpu_usec + 401 * USEC_PER_SEC / 100;
}

static void pays_fast(struct bench *b)
{
	pays(b);
	b->ksm.pages_to_scan = b->s.pages_to_scan = 1500;
}

static void pays_after_pauses(struct bench *b)
{
	pays(b);
	b->s.pause_sec = 480;
	b->s.proving = true;
}

static void proving(struct bench *b)
{
	runs(b, 0);
	b->s.proving = true;
	b->ksm.full_scans = 11;
}

static void slow_and_poor(struct bench *b)
{
	pays_not(b);
	b->ksm.pages_to_scan = b->s.pages_to_scan = 150;
}

static void one_scan_poor(struct bench *b)
{
	pays_not(b);
	b->ksm.full_scans = 11;
}

static void two_scans_poor(struct bench *b)
{
	pays_not(b);
	b->ksm.full_scans = 12;
}

static void poor_again(struct bench *b)
{
	two_scans_poor(b);
	b->s.pause_sec = 120;
}

static void poor_for_ever(struct bench *b)
{
	two_scans_poor(b);
	b->s.pause_sec = 3000;
}

static void unmerged_by_writes(struct bench *b)
{
	pays(b);
	b->ksm.saved_bytes = 0;
}

static void too_early(struct bench *b)
{
	two_scans_poor(b);
	b->s.look_ns++;
}

static void calm(struct bench *b)
{
	pays(b);
	b->look.calm = true;
}

static void switched_off(struct bench *b)
{
	pays(b);
	not_allowed(b);
}

static void pages_changed(struct bench *b)
{
	pays(b);
	b->ksm.pages_to_scan++;
}

static void sleep_changed(struct bench *b)
{
	pays(b);
	b->ksm.sleep_msec = 10;
}

static void stopped_by_others(struct bench *b)
{
	pays(b);
	b->ksm.run = 0;
}

static void not_yet_set(struct bench *b)
{
	stopped_by_others(b);
	b->s.ordered_ns = b->look.now_ns - 10 * SEC + 1;
}

static void rebooted(struct bench *b)
{
	stopped_by_others(b);
	b->s.ordered_ns = 0;
}

static void stop_shows(struct bench *b)
{
	stopped_by_others(b);
	b->s.stopping = true;
}

static void stop_is_lost(struct bench *b)
{
	pays(b);
	b->s.stopping = true;
}

static void stop_is_young(struct bench *b)
{
	stop_is_lost(b);
	b->s.ordered_ns = b->look.now_ns - 10 * SEC + 1;
}

#define NONE_ { false, false, 0 }
#define RUN(pages) { true, true, pages }
#define STOP { true, false, 64 }

static const struct policy_row {
	const char *name;
	void (*bend)(struct bench *b);
	struct { bool set, run; uint32_t pages; } want;
	enum kvmb_ksm_state state;
	uint32_t pause_sec;
} policy_rows[] = {
	{ "nobody needs it: it is left as it is", idle, NONE_, KVMB_KSM_IDLE, 0 },
	{ "needed, it begins slowly", wanted, RUN(100), KVMB_KSM_IDLE, 0 },
	{ "also where all was unmerged before", unmerged, RUN(100), KVMB_KSM_IDLE, 0 },
	{ "not where it is off", not_allowed, NONE_, KVMB_KSM_OFF, 0 },
	{ "not where somebody else runs it", others_run_it, NONE_, KVMB_KSM_OTHERS, 0 },
	{ "not where the kernel's advisor sets it", advisor_sets_it, NONE_, KVMB_KSM_OTHERS, 0 },
	{ "not where there is none", no_ksm, NONE_, KVMB_KSM_UNAVAILABLE, 0 },
	{ "not in a pause", pausing, NONE_, KVMB_KSM_PAUSED, 0 },
	{ "but after it", pause_over, RUN(100), KVMB_KSM_IDLE, 0 },
	{ "worth its time and needed, it is twice as fast", pays, RUN(800), KVMB_KSM_RUNNING, 0 },
	{ "not needed, it goes on as it is", pays_nobody_needs_it, NONE_, KVMB_KSM_RUNNING, 0 },
	{ "twice as fast must be within a fifth of a CPU", pays_at_11_percent, NONE_,
	  KVMB_KSM_RUNNING, 0 },
	{ "above that it is slower, whatever it wins", pays_above_20_percent, RUN(200),
	  KVMB_KSM_RUNNING, 0 },
	{ "there is an upper bound", pays_fast, RUN(2048), KVMB_KSM_RUNNING, 0 },
	{ "what pays has no long pauses behind it", pays_after_pauses, RUN(800),
	  KVMB_KSM_RUNNING, 0 },
	{ "a byte less than a second is worth, and it is slower", pays_not, RUN(200),
	  KVMB_KSM_RUNNING, 0 },
	{ "there is a lower bound", slow_and_poor, RUN(100), KVMB_KSM_RUNNING, 0 },
	{ "until all was scanned twice there is no verdict", proving, RUN(800),
	  KVMB_KSM_RUNNING, 0 },
	{ "one scan without gain is none", one_scan_poor, RUN(200), KVMB_KSM_RUNNING, 0 },
	{ "two are: it is stopped, its pace as it was found", two_scans_poor, STOP,
	  KVMB_KSM_RUNNING, 120 },
	{ "the next pause is twice as long", poor_again, STOP, KVMB_KSM_RUNNING, 240 },
	{ "an hour at most", poor_for_ever, STOP, KVMB_KSM_RUNNING, 3600 },
	{ "what guests write to is no gain", unmerged_by_writes, RUN(200), KVMB_KSM_RUNNING, 0 },
	{ "it is looked at every 20 s", too_early, NONE_, KVMB_KSM_RUNNING, 0 },
	{ "a host with enough memory for long stops it", calm, STOP, KVMB_KSM_RUNNING, 0 },
	{ "so does the configuration", switched_off, STOP, KVMB_KSM_RUNNING, 0 },
	{ "what somebody else sets is theirs: the pace", pages_changed, NONE_,
	  KVMB_KSM_OTHERS, 3600 },
	{ "the sleep", sleep_changed, NONE_, KVMB_KSM_OTHERS, 3600 },
	{ "that it runs", stopped_by_others, NONE_, KVMB_KSM_OTHERS, 3600 },
	{ "an order has its time to show", not_yet_set, NONE_, KVMB_KSM_RUNNING, 0 },
	{ "one that a reboot undid is nobody's", rebooted, NONE_, KVMB_KSM_IDLE, 0 },
	{ "a stop is done when it shows", stop_shows, NONE_, KVMB_KSM_IDLE, 0 },
	{ "one that does not show is ordered again", stop_is_lost, STOP, KVMB_KSM_RUNNING, 0 },
	{ "after its time", stop_is_young, NONE_, KVMB_KSM_RUNNING, 0 },
};

static void test_policy(void **state)
{
	const struct policy_row *row = *state;
	struct kvmb_ksm_order o = { .set = false };
	struct bench b;

	bench_init(&b);
	row->bend(&b);
	kvmb_ksm_update(&b.look, &b.s, &o);
	assert_int_equal(o.set, row->want.set);
	assert_int_equal(o.run, row->want.run);
	assert_int_equal(o.pages_to_scan, row->want.pages);
	assert_int_equal(o.sleep_msec, !o.set ? 0 : o.run ? 20 : 200);
	assert_int_equal(!o.set, !*o.reason);
	assert_int_equal(b.s.state, row->state);
	assert_int_equal(b.s.pause_sec, row->pause_sec);
	if (row->pause_sec)
		assert_int_equal(b.s.retry_ns, b.look.now_ns + row->pause_sec * SEC);
}

/* Who took it over has it for an hour; then it may be begun again, if nobody runs it. */
static void test_others_have_it_for_an_hour(void **state)
{
	struct kvmb_ksm_order o = { .set = false };
	struct bench b;

	bench_init(&b);
	stopped_by_others(&b);
	kvmb_ksm_update(&b.look, &b.s, &o);
	assert_false(b.s.taken);
	b.look.now_ns += 3599 * SEC;
	kvmb_ksm_update(&b.look, &b.s, &o);
	assert_false(o.set);
	assert_int_equal(b.s.state, KVMB_KSM_OTHERS);
	b.look.now_ns += SEC;
	kvmb_ksm_update(&b.look, &b.s, &o);
	assert_true(o.set);
	assert_int_equal(b.s.state, KVMB_KSM_IDLE);
}

/* The numbers of docs/POLICY.md: each look 20 s after the one before. */
static void test_the_example_of_the_documentation(void **state)
{
	static const struct {
		uint64_t saved_mib, cpu_msec, scans;
		uint32_t pages; /* ordered; 0: nothing */
	} looks[] = {
		{ 0, 0, 0, 0 },	       /* the first look: nothing to compare */
		{ 0, 200, 0, 200 },    /* no verdict yet */
		{ 0, 600, 1, 400 },    /* the same */
		{ 90, 1400, 2, 800 },  /* 90 MiB by 800 ms: 112 a second */
		{ 280, 3000, 3, 1600 }, /* 190 MiB by 1600 ms: 118 */
		{ 380, 6200, 4, 800 }, /* 100 MiB by 3200 ms: 31, too few */
		{ 390, 7800, 4, 400 }, /* 10 MiB by 1600 ms, after one scan */
		{ 390, 8600, 5, 0 },   /* nothing by 800 ms, after two: stopped */
	};
	struct bench b;

	bench_init(&b);
	pays(&b);
	b.ksm.pages_to_scan = b.s.pages_to_scan = 100;
	b.s.look_ns = 0;
	b.s.proving = true;
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++, b.look.now_ns += 20 * SEC) {
		struct kvmb_ksm_order o = { .set = false };

		b.ksm.saved_bytes = looks[i].saved_mib * MIB;
		b.ksm.cpu_usec = looks[i].cpu_msec * USEC_PER_MSEC;
		b.ksm.full_scans = looks[i].scans;
		kvmb_ksm_update(&b.look, &b.s, &o);
		assert_int_equal(o.run ? o.pages_to_scan : 0, looks[i].pages);
		assert_int_equal(o.set && !o.run, i + 1 == ARRAY_SIZE(looks));
		if (o.run)
			b.ksm.pages_to_scan = b.s.pages_to_scan = o.pages_to_scan;
	}
}

/* ---- Through policy and gate -------------------------------------------------------------- */

static void world_ksm(struct world *w)
{
	w->config->host.ksm_auto = true;
	w->sample->host.ksm = (struct kvmb_ksm){
		.valid = true, .pages_to_scan = 64, .sleep_msec = 200,
	};
}

static void a_relaxed_host(struct world *w)
{
}

static void a_host_hard_up(struct world *w)
{
	world_available(w, 300);
}

static void a_short_host_with_free_memory(struct world *w)
{
	world_available(w, 1400);
	for (size_t i = 0; i < w->sample->n_guests; i++)
		world_guest(w, i)->resident_bytes = 1000 * MIB;
}

static void a_short_host_without(struct world *w)
{
	world_available(w, 1400);
	for (size_t i = 0; i < w->sample->n_guests; i++)
		world_guest(w, i)->unused_bytes = 0;
}

static void a_host_hard_up_off(struct world *w)
{
	a_host_hard_up(w);
	w->config->host.ksm_auto = false;
}

static void a_host_hard_up_observed(struct world *w)
{
	a_host_hard_up(w);
	w->config->host.mode = KVMB_MODE_OBSERVE;
}

static void a_host_hard_up_without_libvirt(struct world *w)
{
	a_host_hard_up(w);
	w->sample->guests_valid = false;
}

static const struct world_row {
	const char *name;
	void (*bend)(struct world *w);
	bool set;
	enum kvmb_why why;
} world_rows[] = {
	{ "a relaxed host does not begin", a_relaxed_host, false, KVMB_WHY_NONE },
	{ "one that is hard up does", a_host_hard_up, true, KVMB_WHY_NONE },
	{ "one that is short waits for what is cheaper", a_short_host_with_free_memory, false,
	  KVMB_WHY_NONE },
	{ "where there is nothing cheaper it begins", a_short_host_without, true, KVMB_WHY_NONE },
	{ "without KSM=auto nobody does", a_host_hard_up_off, false, KVMB_WHY_NONE },
	{ "an observed host shows what it would do", a_host_hard_up_observed, true,
	  KVMB_WHY_MODE_OBSERVE },
	{ "without guests there is nothing to merge", a_host_hard_up_without_libvirt, false,
	  KVMB_WHY_NONE },
};

static void test_world(void **state)
{
	const struct world_row *row = *state;
	struct world w;
	bool taken = row->set && row->why == KVMB_WHY_NONE;

	world_init(&w, 2);
	world_ksm(&w);
	row->bend(&w);
	world_decide(&w);
	assert_int_equal(w.plan->ksm.set, row->set);
	assert_int_equal(w.plan->ksm.why, row->why);
	assert_int_equal(w.state->ksm.taken, taken);
	assert_int_equal(w.state->ksm.before_pages_to_scan, taken ? 64 : 0);
	assert_int_equal(w.state->ksm.before_sleep_msec, taken ? 200 : 0);
	if (taken)
		assert_int_equal(w.state->ksm.state, KVMB_KSM_RUNNING);
	world_done(&w);
}

static void test_a_mode_that_does_nothing_stops_it(void **state)
{
	struct world w;

	world_init(&w, 2);
	world_ksm(&w);
	a_host_hard_up(&w);
	world_decide(&w);
	w.sample->host.ksm.run = 1;
	w.sample->host.ksm.pages_to_scan = 100;
	w.sample->host.ksm.sleep_msec = 20;
	world_pass(&w, 10 * SEC);
	a_host_hard_up_observed(&w);
	world_decide(&w);
	assert_true(w.plan->ksm.set);
	assert_false(w.plan->ksm.run);
	assert_int_equal(w.plan->ksm.why, KVMB_WHY_NONE);
	assert_int_equal(w.plan->ksm.pages_to_scan, 64);
	assert_true(w.state->ksm.stopping);
	world_done(&w);
}

/* ---- The gate alone ----------------------------------------------------------------------- */

static const struct gate_row {
	const char *name;
	struct kvmb_ksm_order in;
	bool taken, run_by_others, unavailable;
	enum kvmb_why why;
	uint32_t pages, sleep_msec;
} gate_rows[] = {
	{ "an order is cut to what a host bears", { true, true, 100000, 0, 0, "" }, false, false,
	  false, KVMB_WHY_NONE, 4096, 20 },
	{ "nobody's KSM is taken over", { true, true, 100, 20, 0, "" }, false, true, false,
	  KVMB_WHY_CHANGED, 100, 20 },
	{ "our own is paced", { true, true, 200, 20, 0, "" }, true, true, false,
	  KVMB_WHY_NONE, 200, 20 },
	{ "nor stopped", { true, false, 64, 200, 0, "" }, false, true, false,
	  KVMB_WHY_CHANGED, 64, 200 },
	{ "our own is", { true, false, 64, 0, 0, "" }, true, true, false, KVMB_WHY_NONE, 64, 0 },
	{ "without KSM there is no order", { true, true, 100, 20, 0, "" }, false, false, true,
	  KVMB_WHY_GONE, 100, 20 },
};

static void test_gate(void **state)
{
	const struct gate_row *row = *state;
	struct kvmb_plan *plan = NULL;
	struct world w;

	world_init(&w, 1);
	world_ksm(&w);
	w.sample->host.ksm.valid = !row->unavailable;
	w.sample->host.ksm.run = row->run_by_others;
	w.state->ksm.taken = row->taken;
	assert_int_equal(kvmb_plan_new(&plan), 0);
	plan->ksm = row->in;
	kvmb_ksm_validate(w.config, w.state, w.sample, plan);
	assert_int_equal(plan->ksm.why, row->why);
	assert_int_equal(plan->ksm.pages_to_scan, row->pages);
	assert_int_equal(plan->ksm.sleep_msec, row->sleep_msec);
	(void)kvmb_plan_free(plan);
	world_done(&w);
}

static void test_what_became_of_an_order(void **state)
{
	const struct kvmb_ksm_order run = { .set = true, .run = true }, stop = { .set = true };
	struct kvmb_state_ksm s = { .taken = true, .state = KVMB_KSM_RUNNING };

	kvmb_ksm_conclude(&run, 0, 7 * SEC, &s);
	assert_true(s.taken);
	kvmb_ksm_conclude(&stop, -EROFS, 7 * SEC, &s);
	assert_true(s.taken); /* still to be put back */
	kvmb_ksm_conclude(&stop, 0, 7 * SEC, &s);
	assert_false(s.taken);
	assert_int_equal(s.retry_ns, 0);
	s.taken = true;
	kvmb_ksm_conclude(&run, -EROFS, 7 * SEC, &s);
	assert_false(s.taken);
	assert_int_equal(s.retry_ns, 3607 * SEC);
}

/* ---- Over restarts ------------------------------------------------------------------------ */

static void test_what_is_owed_outlives_a_restart(void **state)
{
	struct kvmb_state *s = NULL, *again = NULL;
	struct kvmb_ksm_order o;
	struct world w;
	char *text = NULL;

	assert_int_equal(kvmb_state_new(&s), 0);
	assert_false(kvmb_ksm_release(&s->ksm, &o));
	s->last_ns = 100 * SEC;
	s->ksm = (struct kvmb_state_ksm){
		.taken = true, .before_pages_to_scan = 64, .before_sleep_msec = 200,
		.pages_to_scan = 800, .pause_sec = 240, .retry_ns = 160 * SEC,
	};
	assert_int_equal(kvmb_state_to_json(s, &text), 0);
	assert_int_equal(kvmb_state_from_json(text, &again), 0);
	assert_true(kvmb_ksm_release(&again->ksm, &o));
	assert_false(o.run);
	assert_int_equal(o.pages_to_scan, 64);
	assert_int_equal(o.sleep_msec, 200);
	assert_int_equal(again->ksm.pages_to_scan, 800);
	assert_int_equal(again->ksm.pause_sec, 240);
	assert_int_equal(again->ksm.retry_ns, 60 * SEC);
	world_init(&w, 0);
	assert_int_equal(kvmb_state_advance(again, w.sample), 0);
	assert_int_equal(again->ksm.retry_ns, 1060 * SEC);
	world_done(&w);
	free(text);
	(void)kvmb_state_free(again);
	(void)kvmb_state_free(s);
}

int main(void)
{
	struct tests t = { .n = 0 };

	TESTS_ADD_TABLE(&t, policy_rows, test_policy);
	TESTS_ADD(&t, "others have it for an hour", test_others_have_it_for_an_hour);
	TESTS_ADD(&t, "the example of docs/POLICY.md", test_the_example_of_the_documentation);
	TESTS_ADD_TABLE(&t, world_rows, test_world);
	TESTS_ADD(&t, "a mode that does nothing stops it", test_a_mode_that_does_nothing_stops_it);
	TESTS_ADD_TABLE(&t, gate_rows, test_gate);
	TESTS_ADD(&t, "what became of an order", test_what_became_of_an_order);
	TESTS_ADD(&t, "what is owed outlives a restart", test_what_is_owed_outlives_a_restart);
	return tests_run("ksm", &t);
}

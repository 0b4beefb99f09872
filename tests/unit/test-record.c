// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of a recording: what was decided once is decided again from the line alone, in any world;
 * and what is no such line is refused with its fault.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/str.h"
#include "model/json.h"
#include "plan/effect.h"
#include "random-world.h"
#include "config-same.h" /* needs cmocka, which that one has */

KVMB_DEFINE_CLEANUP(struct kvmb_record *, kvmb_record_free);

#define WORLDS 60
#define TICKS 40

static char *print_exact(const struct kvmb_state *s)
{
	_cleanup_(kvmb_json_freep) struct kvmb_json *o = NULL;
	char *text = NULL;

	assert_int_equal(kvmb_state_to_exact(s, &o), 0);
	assert_int_equal(kvmb_json_print_line(o, &text), 0);
	return text;
}

static char *print_plan(const struct kvmb_plan *p)
{
	char *text = NULL;

	assert_int_equal(kvmb_plan_to_json(p, &text), 0);
	return text;
}

/* Values that JSON cannot say are no measurement either: no counter comes that far. */
static void tame(uint64_t *v)
{
	if (*v != KVMB_UNKNOWN && *v > INT64_MAX)
		*v = INT64_MAX;
}

static void tame_sample(struct kvmb_sample *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		tame(&s->guests[i].swap_in_bytes);
		tame(&s->guests[i].major_faults);
		tame(&s->guests[i].guest_total_bytes);
		tame(&s->guests[i].unused_bytes);
		tame(&s->guests[i].usable_bytes);
		tame(&s->guests[i].caches_bytes);
		for (size_t b = 0; b < KVMB_AGE_BUCKETS; b++) {
			tame(&s->guests[i].ages.cold_bytes[b]);
			tame(&s->guests[i].ages.promoted_bytes[b]);
		}
	}
}

static void random_reservation(uint64_t *seed, struct world *w)
{
	struct kvmb_reservation wanted = { .bytes = random_below(seed, 2000) * MIB };
	uint32_t id;

	wanted.until_ns = w->sample->now_ns + random_below(seed, 60 * SEC);
	if (random_one_in(seed, 2))
		(void)snprintf(wanted.name, sizeof(wanted.name), "vm%u",
			       (unsigned int)random_below(seed, 8));
	assert_int_equal(kvmb_state_reserve(w->state, &wanted, &id), 0);
}

/* What happens between two ticks: results, requests, policies, another configuration. */
static void random_events(uint64_t *seed, struct world *w)
{
	if (random_one_in(seed, 6))
		random_reservation(seed, w);
	if (random_one_in(seed, 10))
		random_policy(seed, &world_guest(w, 0)->metadata);
	for (size_t i = 0; w->plan && i < w->plan->n_actions; i++) {
		const struct kvmb_action *a = &w->plan->actions[i];
		struct kvmb_result result = {
			.action = *a,
			.got_bytes = random_one_in(seed, 2) ? 0 :
							random_below(seed, a->asked_bytes + 1),
			.why = random_one_in(seed, 8) ? KVMB_WHY_CHANGED : KVMB_WHY_NONE,
		};

		if (random_one_in(seed, 8))
			result.why = KVMB_WHY_BALLOON_STUCK;
		result.net_bytes = (int64_t)result.got_bytes / 8;
		if (!random_one_in(seed, 3))
			kvmb_state_apply_result(w->state, &result);
	}
	if (random_one_in(seed, 6))
		world_state(w, 0)->request_bytes = random_below(seed, 300) * MIB;
	if (random_one_in(seed, 6))
		random_policy(seed, &world_state(w, 0)->runtime);
	if (random_one_in(seed, 10))
		random_config(seed, &w->config->host);
}

/* From text alone: the configuration out of its line, the rest out of the tick's. */
static void decide_from(const char *config, const char *tick, struct kvmb_state **ret_state,
			struct kvmb_plan **ret_plan)
{
	_cleanup_(kvmb_record_freep) struct kvmb_record *c = NULL, *t = NULL;
	_cleanup_free_ char *error = NULL, *recorded = NULL, *again = NULL;
	int r = kvmb_record_from_json(config, &c, NULL);

	assert_int_equal(r, 0);
	r = kvmb_record_from_json(tick, &t, &error);
	if (r < 0)
		print_error("%s\n", error);
	assert_int_equal(r, 0);
	assert_int_equal(t->kind, KVMB_RECORD_TICK);
	assert_int_equal(kvmb_decide(c->config, t->state, t->sample, ret_state, ret_plan), 0);
	recorded = print_plan(t->plan);
	again = print_plan(*ret_plan);
	assert_string_equal(recorded, again);
}

static char *print_record(enum kvmb_record_kind kind, const struct world *w,
			  struct kvmb_state *state)
{
	const struct kvmb_record record = {
		.kind = kind,
		.text = "1.0",
		.config = w->config,
		.state = state,
		.sample = w->sample,
		.plan = w->plan,
	};
	char *text = NULL;

	assert_int_equal(kvmb_record_to_json(&record, &text), 0);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	return text;
}

static void check_tick(struct world *w)
{
	_cleanup_(kvmb_state_freep) struct kvmb_state *before = NULL, *after = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_free_ char *config = print_record(KVMB_RECORD_BEGIN, w, NULL);
	_cleanup_free_ char *tick = NULL, *want = NULL, *got = NULL, *wanted = NULL, *gotten = NULL;

	assert_int_equal(kvmb_state_copy(w->state, &before), 0);
	world_decide(w);
	tick = print_record(KVMB_RECORD_TICK, w, before);
	decide_from(config, tick, &after, &plan);
	want = print_plan(w->plan);
	got = print_plan(plan);
	assert_string_equal(got, want);
	wanted = print_exact(w->state);
	gotten = print_exact(after);
	assert_string_equal(gotten, wanted);
}

static void test_random_worlds(void **unused)
{
	uint64_t seed = 20240229;
	size_t n_actions = 0;

	for (size_t i = 0; i < WORLDS; i++) {
		struct world w;

		random_world(&seed, &w);
		for (size_t t = 0; t < TICKS; t++) {
			random_tick(&seed, &w);
			tame_sample(w.sample);
			random_events(&seed, &w);
			check_tick(&w);
			n_actions += w.plan->n_actions;
		}
		world_done(&w);
	}
	assert_true(n_actions > WORLDS * TICKS / 10);
}

/*
 * Members that no random world shows. A size that is another now: what was added needs a row in
 * lib/model/state-exact.c or lib/config-json.c, and a new version of the format.
 */
static void test_all_members(void **unused)
{
	assert_int_equal(sizeof(struct kvmb_rate), 112);
	assert_int_equal(sizeof(struct kvmb_state_counters), 48);
	assert_int_equal(sizeof(struct kvmb_state_guest), 1336);
	assert_int_equal(sizeof(struct kvmb_state), 1680);
	assert_int_equal(sizeof(struct kvmb_state_ksm), 72);
	assert_int_equal(sizeof(struct kvmb_state_advice), 440);
	assert_int_equal(sizeof(struct kvmb_reservation), 344);
	assert_int_equal(sizeof(struct kvmb_state_cold), 432);
	assert_int_equal(sizeof(struct kvmb_trend), 136);
	assert_int_equal(sizeof(struct kvmb_own_use), 504);
	assert_int_equal(sizeof(struct kvmb_swap_guard), 176);
	assert_int_equal(sizeof(struct kvmb_host_config), 152);
}

static void test_config(void **unused)
{
	_cleanup_(kvmb_record_freep) struct kvmb_record *r = NULL;
	_cleanup_free_ char *first = NULL, *second = NULL;
	struct world w;
	uint64_t seed = 7;

	world_init(&w, 1);
	random_policy(&seed, &w.config->defaults);
	w.config->host.ksm_auto = !w.config->host.ksm_auto; /* not what is built in */
	w.config->host.metadata = !w.config->host.metadata;
	w.config->guests = calloc(2, sizeof(*w.config->guests));
	assert_non_null(w.config->guests);
	w.config->n_guests = 2;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(w.config->guests[i].name, KVMB_NAME_SIZE, "vm%zu", i);
		random_policy(&seed, &w.config->guests[i].policy);
		w.config->guests[i].policy.set = (uint32_t)i + 1;
	}
	first = print_record(KVMB_RECORD_CONFIG, &w, NULL);
	assert_int_equal(kvmb_record_from_json(first, &r, NULL), 0);
	assert_same_host(&r->config->host, &w.config->host);
	assert_int_equal(r->config->n_guests, 2);
	assert_int_equal(r->config->guests[1].policy.set, 2);
	assert_int_equal(r->config->guests[1].policy.limit_bytes,
			 w.config->guests[1].policy.limit_bytes);
	assert_int_equal(kvmb_record_to_json(r, &second), 0);
	assert_string_equal(first, second);
	world_done(&w);
}

/*
 * Lines as an agent wrote them before there was KVMB_ACTION_HIGH: four kinds of action, no
 * reservations, no guard of swap, no KSM.
 */
static void test_older_recording(void **unused)
{
	_cleanup_(kvmb_record_freep) struct kvmb_record *begin = NULL, *tick = NULL;
	_cleanup_(kvmb_state_freep) struct kvmb_state *next = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	_cleanup_free_ char *path = NULL, *text = NULL, *error = NULL;
	const char *top = getenv("top_srcdir");
	char *second;

	assert_int_equal(kvmb_asprintf(&path, "%s/tests/data/record-before-high.jsonl",
				       top ? top : "."), 0);
	assert_int_equal(kvmb_read_alloc_at(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	second = strchr(text, '\n') + 1;
	second[-1] = '\0';
	assert_int_equal(kvmb_record_from_json(text, &begin, &error), 0);
	if (kvmb_record_from_json(second, &tick, &error) < 0)
		fail_msg("%s", error);
	for (size_t k = 0; k < KVMB_ACTION_KINDS; k++) {
		bool known = k < KVMB_ACTION_HIGH;

		assert_int_equal(tick->state->guests[0].n_no_effect[k], known ? k + 1 : 0);
		assert_int_equal(tick->state->guests[0].retry_ns[k], known ? 1001 * SEC + k : 0);
	}
	assert_int_equal(kvmb_decide(begin->config, tick->state, tick->sample, &next, &plan), 0);
}

#define BEGIN "{\"record\":\"begin\",\"format\":\"kvm-balloond-recording\",\"version\":1"

static const struct fault {
	const char *name, *line, *error;
} faults[] = {
	{ "a text is refused", "hello", "line 1: not valid JSON" },
	{ "half a line is refused", "{\"record\":\"tick\",\"sta", "line 1: not valid JSON" },
	{ "another object is refused", "{\"now_ns\":1}", "record: missing" },
	{ "an unknown kind is refused", "{\"record\":\"tock\"}", "record: allowed is" },
	{ "another format is refused",
	  "{\"record\":\"begin\",\"format\":\"x\",\"version\":1,\"agent\":\"1\"}",
	  "format: allowed" },
	{ "a newer version is refused", BEGIN "0,\"agent\":\"1\"}", "version: allowed is 1" },
	{ "a beginning without configuration is refused", BEGIN ",\"agent\":\"1\"}",
	  "config: missing" },
	{ "a configuration without thresholds is refused",
	  BEGIN ",\"agent\":\"1\",\"config\":{\"host\":{\"mode\":\"off\"}}}",
	  "config.host.interval_usec" },
	{ "a tick without state is refused", "{\"record\":\"tick\"}", "state: missing" },
	{ "a state without members is refused", "{\"record\":\"tick\",\"state\":{}}",
	  "state.fresh" },
	{ "an end without reason is refused", "{\"record\":\"end\"}", "why: missing" },
};

static void test_fault(void **state)
{
	const struct fault *f = *state;
	struct kvmb_record *record = NULL;
	_cleanup_free_ char *error = NULL;

	assert_int_equal(kvmb_record_from_json(f->line, &record, &error), -EBADMSG);
	assert_null(record);
	assert_non_null(error);
	if (!strstr(error, f->error))
		print_error("got: %s\n", error);
	assert_non_null(strstr(error, f->error));
}

/* One member of a good line is made bad. */
static const struct spoilt {
	const char *name, *member, *value, *error;
} spoilt[] = {
	{ "a step above all is refused", "\"step_permyriad\":10000", "\"step_permyriad\":10001",
	  "state.guests[0].step_permyriad" },
	{ "no action is pending that is none", "\"pending_kind\":\"",
	  "\"pending_kind\":\"any\",\"was\":\"", "state.guests[0].pending_kind" },
	{ "a guest needs its policy, be it empty", "\"policy\":{}", "\"police\":{}",
	  "state.guests[0].policy" },
	{ "a rate has all its slots", "\"sums\":[0,", "\"sums\":[", "given.sums" },
	{ "and each kind of action its pause, but for those that came later",
	  "\"retry_ns\":[0,0,", "\"retry_ns\":[", "guests[0].retry_ns" },
	{ "two guests do not share a UUID", "\"uuid\":\"00000000-0000-4000-8000-000000000001\"",
	  "\"uuid\":\"00000000-0000-4000-8000-000000000000\"", "state.guests: two" },
	{ "a sample is checked as any", "\"total_bytes\":4294967296", "\"total_bytes\":0",
	  "sample.host.total_bytes" },
	{ "time does not go back", "\"last_ns\":1000000000000", "\"last_ns\":1003000000000",
	  "sample.now_ns" },
	{ "a plan needs its actions", "\"actions\":[", "\"acts\":[", "plan.actions" },
	{ "an action has a kind that is known", "\"kind\":\"", "\"kind\":\"no",
	  "plan.actions[0].kind" },
};

static void replace_first(char *text, const char *what, const char *with, char *out, size_t size)
{
	char *at = strstr(text, what);

	assert_non_null(at);
	(void)snprintf(out, size, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

static void test_spoilt(void **state)
{
	const struct spoilt *s = *state;
	struct kvmb_record *record = NULL;
	_cleanup_free_ char *line = NULL, *error = NULL;
	_cleanup_(kvmb_state_freep) struct kvmb_state *before = NULL;
	static char bad[65536];
	struct world w;

	world_init(&w, 2);
	world_available(&w, 500);
	world_decide(&w);
	w.sample->now_ns += 2 * SEC;
	assert_int_equal(kvmb_state_copy(w.state, &before), 0);
	world_decide(&w);
	line = print_record(KVMB_RECORD_TICK, &w, before);
	assert_int_equal(kvmb_record_from_json(line, &record, NULL), 0);
	record = kvmb_record_free(record);
	replace_first(line, s->member, s->value, bad, sizeof(bad));
	assert_int_equal(kvmb_record_from_json(bad, &record, &error), -EBADMSG);
	if (!strstr(error, s->error))
		print_error("got: %s\n", error);
	assert_non_null(strstr(error, s->error));
	world_done(&w);
}

int main(void)
{
	struct tests t = { .n = 0 };

	TESTS_ADD(&t, "a tick is decided again from its line, in any world", test_random_worlds);
	TESTS_ADD(&t, "every member of state and configuration is in it", test_all_members);
	TESTS_ADD(&t, "a configuration comes back as it was", test_config);
	TESTS_ADD(&t, "a recording of before is read", test_older_recording);
	TESTS_ADD_TABLE(&t, faults, test_fault);
	TESTS_ADD_TABLE(&t, spoilt, test_spoilt);
	return tests_run("record", &t);
}

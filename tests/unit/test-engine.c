// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine from sample to result. Mocked: its sources, which tell of the small world, and the
 * actuators, which do nothing.
 */
#include "policy-world.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine-internal.h"
#include "model/exclude.h"
#include "source/host.h"

#define DEADLINE_MS 30000

/* ---- The sources: one world, as long as a test runs --------------------------------------- */

static struct world *source;

int __wrap_kvmb_host_read(const struct kvmb_root *root, struct kvmb_host_sample *ret);
int __wrap_kvmb_libvirt_take(struct kvmb_libvirt *lv, struct kvmb_guest_sample **ret,
			     size_t *ret_n, struct kvmb_libvirt_status *ret_status);
int __wrap_kvmb_guest_watch_read(struct kvmb_guest_watch *w, struct kvmb_guest_sample *guests,
				 size_t n);
bool __wrap_kvmb_guest_watch_take_host(struct kvmb_guest_watch *w);

int __wrap_kvmb_host_read(const struct kvmb_root *root, struct kvmb_host_sample *ret)
{
	*ret = source->sample->host;
	return 0;
}

int __wrap_kvmb_libvirt_take(struct kvmb_libvirt *lv, struct kvmb_guest_sample **ret,
			     size_t *ret_n, struct kvmb_libvirt_status *ret_status)
{
	size_t n = source->sample->n_guests;

	*ret = calloc(n, sizeof(**ret));
	assert_non_null(*ret);
	memcpy(*ret, source->sample->guests, n * sizeof(**ret));
	*ret_n = n;
	*ret_status = (struct kvmb_libvirt_status){ .connected = true, .complete = true };
	return 0;
}

int __wrap_kvmb_guest_watch_read(struct kvmb_guest_watch *w, struct kvmb_guest_sample *guests,
				 size_t n)
{
	return (int)n; /* filled already */
}

int __wrap_kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_guest_sample *guests, size_t n,
			       const bool *follow);
const char *__wrap_kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid);

static bool followed[8];

int __wrap_kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_guest_sample *guests, size_t n,
			       const bool *follow)
{
	assert_true(n <= ARRAY_SIZE(followed));
	memcpy(followed, follow, n * sizeof(*follow));
	return 0; /* filled already */
}

const char *__wrap_kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid)
{
	return "";
}

bool __wrap_kvmb_guest_watch_take_host(struct kvmb_guest_watch *w)
{
	return false;
}

/* Three triggers since the last time, and the descriptor that tells of them. */
static int trigger_fd = -1;

int __wrap_kvmb_guest_watch_fd(const struct kvmb_guest_watch *w);
int __wrap_kvmb_guest_watch_trigger_error(const struct kvmb_guest_watch *w);
int __wrap_kvmb_guest_watch_dispatch(struct kvmb_guest_watch *w);
void __wrap_kvmb_libvirt_kick(struct kvmb_libvirt *lv);

int __wrap_kvmb_guest_watch_fd(const struct kvmb_guest_watch *w)
{
	return trigger_fd;
}

int __wrap_kvmb_guest_watch_dispatch(struct kvmb_guest_watch *w)
{
	return 3;
}

void __wrap_kvmb_libvirt_kick(struct kvmb_libvirt *lv)
{
}

/* ---- The engine -------------------------------------------------------------------------- */

struct fixture {
	struct world w;
	struct kvmb_engine e;
	struct kvmb_result results[8];
	size_t n_results;
};

static int do_nothing(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		      struct kvmb_result *result)
{
	return 0;
}

static const struct kvmb_actuator_ops nothing_ops = { "nothing", do_nothing, NULL };

static void on_result(void *userdata, const struct kvmb_result *result)
{
	struct fixture *f = userdata;

	assert_true(f->n_results < ARRAY_SIZE(f->results));
	f->results[f->n_results++] = *result;
}

static void begin(struct fixture *f, size_t n_guests)
{
	struct kvmb_actuator table[KVMB_ACTION_KINDS];

	*f = (struct fixture){ .n_results = 0 };
	world_init(&f->w, n_guests);
	source = &f->w;
	for (size_t i = 0; i < KVMB_ACTION_KINDS; i++)
		table[i] = (struct kvmb_actuator){ &nothing_ops, NULL };
	f->e.callbacks.result = on_result;
	f->e.userdata = f;
	assert_int_equal(kvmb_executor_new(table, &f->e.executor), 0);
	assert_int_equal(kvmb_config_copy(f->w.config, &f->e.config), 0);
	assert_int_equal(kvmb_state_new(&f->e.state), 0);
}

static void end(struct fixture *f)
{
	(void)kvmb_executor_free(f->e.executor);
	for (size_t i = 0; i < f->e.n_guests; i++)
		free(f->e.guests[i]);
	free(f->e.guests);
	free(f->e.absent);
	(void)kvmb_plan_free(f->e.plan);
	(void)kvmb_sample_free(f->e.sample);
	(void)kvmb_state_free(f->e.state);
	(void)kvmb_config_free(f->e.config);
	world_done(&f->w);
	source = NULL;
}

/* ---- Samples ----------------------------------------------------------------------------- */

static void a_snapshot_of_just_now_is_not_of_the_future(void **data)
{
	struct fixture f;
	struct kvmb_sample *s = NULL;
	uint64_t now_ns;

	begin(&f, 2);
	now_ns = f.w.sample->now_ns;
	world_guest(&f.w, 0)->facts_ns = now_ns + SEC / 1000;
	world_guest(&f.w, 1)->facts_ns = now_ns - SEC;
	assert_int_equal(kvmb_engine_collect(&f.e, now_ns, &s), 0);
	assert_int_equal(s->guests[0].facts_ns, now_ns);
	assert_int_equal(s->guests[1].facts_ns, now_ns - SEC);
	assert_int_equal(kvmb_guest_unfit(f.w.config, &s->guests[0], now_ns), KVMB_WHY_NONE);
	(void)kvmb_sample_free(s);
	end(&f);
}

int __wrap_kvmb_guest_watch_trigger_error(const struct kvmb_guest_watch *w)
{
	return -EPERM;
}

/* ---- Triggers ---------------------------------------------------------------------------- */

static void each_trigger_counts(void **data)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct kvmb_host_status status;
	struct fixture f;

	begin(&f, 1);
	trigger_fd = event.data.fd = eventfd(1, EFD_CLOEXEC);
	f.e.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(epoll_ctl(f.e.epoll_fd, EPOLL_CTL_ADD, trigger_fd, &event), 0);
	assert_int_equal(kvmb_engine_dispatch(&f.e, f.w.sample->now_ns), KVMB_DISPATCH_TICK);
	kvmb_engine_host_status(&f.e, &status);
	assert_int_equal(status.n_triggers, 3);
	assert_int_equal(status.trigger_error, -EPERM);
	(void)close(f.e.epoll_fd);
	(void)close(trigger_fd);
	trigger_fd = -1;
	end(&f);
}

/* ---- What is taken is remembered first --------------------------------------------------- */

static int persist_fails(void *userdata, const struct kvmb_state *state)
{
	return -ENOSPC;
}

static int persist_works(void *userdata, const struct kvmb_state *state)
{
	return 0;
}

static void without_a_saved_state_no_balloon_is_set(void **data)
{
	struct kvmb_state_guest *g;
	struct fixture f;

	begin(&f, 1);
	world_available(&f.w, 1400);
	world_guest(&f.w, 0)->resident_bytes = 1000 * MIB;
	f.e.callbacks.persist = persist_fails;
	for (size_t i = 1; i <= 3; i++) {
		assert_int_equal(kvmb_engine_tick(&f.e, f.w.sample->now_ns), 0);
		assert_int_equal(f.n_results, i);
		assert_int_equal(f.results[i - 1].action.kind, KVMB_ACTION_BALLOON);
		assert_true(f.results[i - 1].action.asked_bytes > 0);
		assert_int_equal(f.results[i - 1].error, -ENOSPC);
		assert_int_equal(f.e.guests[0]->n_pending, 0);
		world_pass(&f.w, SEC);
	}
	g = kvmb_state_find(f.e.state, world_guest(&f.w, 0)->uuid);
	assert_int_equal(g->n_no_effect[KVMB_ACTION_BALLOON], 0);
	f.e.callbacks.persist = persist_works;
	assert_int_equal(kvmb_engine_tick(&f.e, f.w.sample->now_ns), 0);
	assert_int_equal(f.n_results, 3);
	assert_int_equal(f.e.guests[0]->n_pending, 1);
	end(&f);
}

/* ---- Results ----------------------------------------------------------------------------- */

/* As a plan would have it, until libvirt has taken the order. */
static void order(struct fixture *f, enum kvmb_action_kind kind, uint64_t target_mib, int saved)
{
	struct kvmb_plan *plan = NULL;
	struct kvmb_action a = {
		.kind = kind,
		.rule = KVMB_RULE_OPERATOR,
		.target_bytes = target_mib * MIB,
		.asked_bytes = 64 * MIB,
	};

	memcpy(a.name, world_guest(&f->w, 0)->name, sizeof(a.name));
	memcpy(a.uuid, world_guest(&f->w, 0)->uuid, sizeof(a.uuid));
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_add(plan, &a), 0);
	kvmb_engine_issue(&f->e, plan, saved);
	(void)kvmb_plan_free(plan);
	while (f->e.guests[0]->n_pending) {
		struct pollfd poll_fd = { .fd = kvmb_executor_fd(f->e.executor), .events = POLLIN };

		assert_int_equal(poll(&poll_fd, 1, DEADLINE_MS), 1);
		kvmb_engine_finish(&f->e, f->w.sample->now_ns);
	}
}

/* A sample without a decision. */
static void look(struct fixture *f)
{
	(void)kvmb_sample_free(f->e.sample);
	assert_int_equal(kvmb_engine_collect(&f->e, f->w.sample->now_ns, &f->e.sample), 0);
	assert_int_equal(kvmb_engine_sync_guests(&f->e, f->e.sample), 0);
}

static void an_overtaken_balloon_has_a_result(void **data)
{
	const struct kvmb_guest_sample *s;
	struct kvmb_state_guest *g = NULL;
	struct fixture f;

	begin(&f, 1);
	s = world_guest(&f.w, 0);
	assert_int_equal(kvmb_state_guest(f.e.state, s->uuid, s->name, &g), 0);
	g->request_bytes = 100 * MIB;
	look(&f);
	order(&f, KVMB_ACTION_BALLOON, 960, 0);
	world_guest(&f.w, 0)->balloon_bytes = 984 * MIB;
	world_pass(&f.w, SEC);
	look(&f);
	assert_int_equal(f.n_results, 0);
	order(&f, KVMB_ACTION_DEFLATE, 1024, 0);
	assert_int_equal(f.n_results, 1);
	assert_int_equal(f.results[0].action.kind, KVMB_ACTION_BALLOON);
	assert_int_equal(f.results[0].got_bytes, 40 * MIB);
	assert_int_equal(f.results[0].error, -ECANCELED);
	assert_int_equal(f.results[0].duration_usec, USEC_PER_SEC);
	assert_int_equal(f.e.state->taken_bytes, 40 * MIB);
	assert_int_equal(g->request_bytes, 60 * MIB);
	assert_true(f.e.guests[0]->watching);
	assert_int_equal(f.e.guests[0]->watch.action.kind, KVMB_ACTION_DEFLATE);
	assert_int_equal(f.e.guests[0]->watch.balloon_before_bytes, 984 * MIB);
	end(&f);
}

static void without_a_saved_state_is_given_back(void **data)
{
	struct fixture f;

	begin(&f, 1);
	world_guest(&f.w, 0)->balloon_bytes = 960 * MIB;
	look(&f);
	order(&f, KVMB_ACTION_DEFLATE, 1024, -ENOSPC);
	assert_int_equal(f.n_results, 0);
	assert_true(f.e.guests[0]->watching);
	end(&f);
}

/* ---- Ages -------------------------------------------------------------------------------- */

static const struct follow_row {
	const char *name;
	enum kvmb_guest_state state;
	const char *mode;
	int32_t pid;
	bool releasing;
	const char *why; /* NULL: it is followed */
} follow_rows[] = {
	{ "a guest that runs is aged", KVMB_GUEST_RUNNING, "pressure", 42, false, NULL },
	{ "an observed guest, too", KVMB_GUEST_RUNNING, "observe", 42, false, NULL },
	{ "a paused guest is not aged", KVMB_GUEST_PAUSED, "pressure", 42, false,
	  "it is not running" },
	{ "a guest that is off is not aged", KVMB_GUEST_RUNNING, "off", 42, false,
	  "its mode is off" },
	{ "a guest without a process is not aged", KVMB_GUEST_RUNNING, "pressure", 0, false,
	  "its process is not known" },
	{ "nobody is aged by an agent that stops", KVMB_GUEST_RUNNING, "pressure", 42, true,
	  "the agent stops" },
};

static void follow_row_holds(void **data)
{
	const struct follow_row *row = *data;
	struct kvmb_guest_status status;
	struct kvmb_guest_sample *s;
	struct fixture f;

	begin(&f, 2);
	s = world_guest(&f.w, 1);
	s->state = row->state;
	s->pid = row->pid;
	f.e.releasing = row->releasing;
	assert_int_equal(kvmb_policy_set(&f.e.config->defaults, "Mode", row->mode, NULL), 0);
	memset(followed, !row->why, sizeof(followed));
	followed[1] = row->why;
	look(&f);
	assert_int_equal(followed[1], !row->why);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_string_equal(status.aging_reason, row->why ? row->why : "");
	end(&f);
}

static void ages_of_long_ago_are_not_shown_as_of_now(void **data)
{
	_cleanup_free_ char *then = NULL, *now = NULL;
	struct kvmb_guest_status status;
	struct kvmb_guest_sample *s;
	struct fixture f;
	uint64_t held_usec;

	begin(&f, 1);
	held_usec = u64_max(f.w.config->host.stale_usec, 2 * f.w.config->host.aging_usec);
	s = world_guest(&f.w, 0);
	s->ages = (struct kvmb_ages){ .source = KVMB_AGING_MGLRU, .told_ns = f.w.sample->now_ns };
	s->ages.cold_bytes[KVMB_AGE_BUCKETS - 1] = 77 * MIB;
	look(&f);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_int_equal(status.cold_bytes, 77 * MIB);
	assert_int_equal(kvmb_engine_explain(&f.e, s->name, &then), 0);
	assert_non_null(strstr(then, "Of its memory, 77 MiB were not touched"));
	world_pass(&f.w, held_usec * NSEC_PER_USEC);
	look(&f);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_int_equal(status.cold_bytes, 77 * MIB);
	world_pass(&f.w, NSEC_PER_USEC);
	look(&f);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_true(status.cold_bytes == KVMB_UNKNOWN);
	assert_int_equal(kvmb_engine_explain(&f.e, s->name, &now), 0);
	assert_null(strstr(now, "77 MiB"));
	assert_non_null(strstr(now, "How old its memory is cannot be told now: mglru gives no "
				    "answer.\n"));
	end(&f);
}

static const struct cold_row {
	const char *name;
	struct kvmb_state_cold cold;
	uint64_t want_usec;
	const char *says;
	const char *mode;
} cold_rows[] = {
	{ "a guest is cold by ColdAge, and how long its ages are still too young",
	  { .source = KVMB_AGING_DAMON, .since_ns = 900 * SEC }, 120 * USEC_PER_SEC,
	  "\nIt is cold from 120 s on, by ColdAge; nothing is paged out unasked for 321 s "
	  "more.\n", "proactive" },
	{ "which says nothing to a guest that is left alone anyway",
	  { .source = KVMB_AGING_DAMON, .since_ns = 900 * SEC }, 120 * USEC_PER_SEC,
	  "\nIt is cold from 120 s on, by ColdAge.\n", "pressure" },
	{ "a guest is cold by its minutes",
	  { .source = KVMB_AGING_MODULE, .n_minutes = 2, .minutes = { 9, 7 } },
	  1280 * USEC_PER_SEC,
	  "\nIt is cold from 1280 s on, as 98 % of its minutes asked for (known: 2).\n",
	  "proactive" },
	{ "a guest is cold by its last minute, and what came back in that is said",
	  { .source = KVMB_AGING_MODULE, .n_minutes = 50, .minutes = { [0 ... 48] = 6, 7 },
	    .judged = true, .back_pages = { [7] = 350 } },
	  320 * USEC_PER_SEC,
	  "\nIt is cold from 320 s on, as its last minute alone asked for: 350 pages of that "
	  "age were touched again in the last minute, 358 are allowed.\n", "proactive" },
	{ "of a guest that needs everything nothing is cold",
	  { .source = KVMB_AGING_MODULE, .n_minutes = 1, .minutes = { 16 }, .judged = true },
	  UINT64_MAX, "\nNone of it is cold, as 98 % of its minutes asked for (known: 1).\n",
	  "proactive" },
	{ "a guest is cold by what it suffered",
	  { .source = KVMB_AGING_DAMON, .floor_bucket = 8 }, 640 * USEC_PER_SEC,
	  "\nIt is cold from 640 s on, because it read back more than its target allows.\n",
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

/* ---- What an operator may ask for -------------------------------------------------------- */

static const struct size_row {
	const char *name;
	bool cgroup_valid;
	uint64_t bytes;
	int want;
} size_rows[] = {
	{ "a mebibyte may be asked for", true, MIB, 0 },
	{ "less than a mebibyte may not, for no action would be so small", true, MIB - 1, -ERANGE },
	{ "nothing may not be asked for", true, 0, -ERANGE },
	{ "all that the guest holds may be asked for", true, 700 * MIB, 0 },
	{ "more than the guest holds may not", true, 700 * MIB + 1, -ERANGE },
	{ "without a readable scope QEMU's memory counts", false, 500 * MIB, 0 },
	{ "without a readable scope no more than QEMU's", false, 500 * MIB + 1, -ERANGE },
};

static void size_row_holds(void **data)
{
	const struct size_row *row = *data;
	enum kvmb_why why = KVMB_WHY_NONE;
	struct kvmb_guest_sample *s;
	struct fixture f;

	begin(&f, 1);
	s = world_guest(&f.w, 0);
	s->cgroup_valid = row->cgroup_valid;
	s->resident_bytes = row->cgroup_valid ? 700 * MIB : 0;
	s->rss_bytes = 500 * MIB;
	look(&f);
	kvmb_engine_notify(&f.e);
	assert_int_equal(kvmb_engine_reclaim(&f.e, s->name, row->bytes, &why), row->want);
	end(&f);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "a snapshot that came while the host was read is not of the future",
		  a_snapshot_of_just_now_is_not_of_the_future);
	TESTS_ADD(&t, "of triggers that fire together each one counts", each_trigger_counts);
	TESTS_ADD(&t, "without a saved state no balloon is set, and no guest is blamed",
		  without_a_saved_state_no_balloon_is_set);
	TESTS_ADD(&t, "without a saved state is given back", without_a_saved_state_is_given_back);
	TESTS_ADD(&t, "a balloon that a give-back overtakes has a result all the same",
		  an_overtaken_balloon_has_a_result);
	TESTS_ADD_TABLE(&t, follow_rows, follow_row_holds);
	TESTS_ADD(&t, "ages of long ago are not shown as those of now",
		  ages_of_long_ago_are_not_shown_as_of_now);
	TESTS_ADD_TABLE(&t, cold_rows, cold_row_holds);
	TESTS_ADD_TABLE(&t, size_rows, size_row_holds);
	return tests_run("engine", &t);
}

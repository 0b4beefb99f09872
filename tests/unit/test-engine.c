// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine from sample to result. */
#include "engine-world.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/wait.h"
#include "model/exclude.h"

#define DEADLINE_MS 30000

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

/* ---- Guarantees -------------------------------------------------------------------------- */

static const struct guaranteed_row {
	const char *name;
	uint64_t defaults_mib, first_mib; /* of all; of the first guest, at run time; 0: not set */
	uint64_t want_mib; /* of two guests of 1024 MiB */
} guaranteed_rows[] = {
	{ "without guarantees nothing is guaranteed", 0, 0, 0 },
	{ "what is guaranteed to each adds up", 100, 0, 200 },
	{ "what holds at run time counts", 100, 300, 400 },
	{ "beyond its maximum nothing can be guaranteed to a guest", 100, 5000, 1124 },
	{ "be it beyond all numbers", UINT64_MAX / MIB, 5000, 2048 },
};

static void guaranteed_row_holds(void **data)
{
	const struct guaranteed_row *row = *data;
	struct kvmb_host_status status;
	struct kvmb_state_guest *g;
	struct fixture f;

	begin(&f, 2);
	f.e.config->defaults.set |= 1U << KVMB_FIELD_GUARANTEE;
	f.e.config->defaults.guarantee_bytes = row->defaults_mib * MIB;
	assert_int_equal(kvmb_state_guest(f.e.state, world_guest(&f.w, 0)->uuid, "vm0", &g), 0);
	g->runtime.set = row->first_mib ? 1U << KVMB_FIELD_GUARANTEE : 0;
	g->runtime.guarantee_bytes = row->first_mib * MIB;
	f.e.sample = f.w.sample;
	kvmb_engine_host_status(&f.e, &status);
	assert_int_equal(status.guaranteed_bytes, row->want_mib * MIB);
	f.e.sample = NULL;
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
	enum kvmb_follow how;
	const char *why; /* it is not aged; NULL: it is */
} follow_rows[] = {
	{ "a guest that runs is aged", KVMB_GUEST_RUNNING, "pressure", 42, false,
	  KVMB_FOLLOW_AGES, NULL },
	{ "an observed guest, too", KVMB_GUEST_RUNNING, "observe", 42, false,
	  KVMB_FOLLOW_AGES, NULL },
	{ "a paused guest is not aged, but its store is kept", KVMB_GUEST_PAUSED, "pressure", 42,
	  false, KVMB_FOLLOW_STORE, "it is not running" },
	{ "so is one that sleeps", KVMB_GUEST_OTHER, "pressure", 42, false, KVMB_FOLLOW_STORE,
	  "it is not running" },
	{ "unless it is off", KVMB_GUEST_OTHER, "off", 42, false, KVMB_FOLLOW_NOT,
	  "it is not running" },
	{ "one that is paused and off has nothing kept", KVMB_GUEST_PAUSED, "off", 42, false,
	  KVMB_FOLLOW_NOT, "it is not running" },
	{ "nor has one that is shutting down", KVMB_GUEST_SHUTDOWN, "pressure", 42, false,
	  KVMB_FOLLOW_NOT, "it is not running" },
	{ "a guest that is off is not aged", KVMB_GUEST_RUNNING, "off", 42, false,
	  KVMB_FOLLOW_NOT, "its mode is off" },
	{ "a guest without a process is not aged", KVMB_GUEST_RUNNING, "pressure", 0, false,
	  KVMB_FOLLOW_NOT, "its process is not known" },
	{ "nobody is aged by an agent that stops", KVMB_GUEST_RUNNING, "pressure", 42, true,
	  KVMB_FOLLOW_NOT, "the agent stops" },
	{ "nor is a paused one kept by it", KVMB_GUEST_PAUSED, "pressure", 42, true,
	  KVMB_FOLLOW_NOT, "the agent stops" },
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
	followed[1] = KVMB_FOLLOW_AGES + 1;
	look(&f);
	assert_int_equal(followed[1], row->how);
	assert_int_equal(kvmb_engine_guest_status(&f.e, s->name, &status), 0);
	assert_string_equal(status.aging_reason, row->why ? row->why : "");
	end(&f);
}

/* Before the next sample is taken: what left is not resident, though the kernel counts it. */
static void what_went_out_is_known_at_once(void **data)
{
	static const struct {
		enum kvmb_action_kind kind;
		enum kvmb_backend backend;
		uint64_t got_bytes;
		unsigned int n;
	} rows[] = {
		{ KVMB_ACTION_PAGEOUT, KVMB_BACKEND_FAR, 48 * MIB, 1 },
		{ KVMB_ACTION_PAGEOUT, KVMB_BACKEND_FAR, 0, 0 },
		{ KVMB_ACTION_PAGEOUT, KVMB_BACKEND_SWAP, 48 * MIB, 0 },
		{ KVMB_ACTION_RECLAIM, KVMB_BACKEND_SWAP, 48 * MIB, 0 },
	};
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kvmb_action a = { .kind = rows[i].kind, .backend = rows[i].backend,
					 .pid = 42, .asked_bytes = 64 * MIB };
		struct fixture f;

		begin(&f, 1);
		look(&f);
		memset(&moved_out, 0, sizeof(moved_out));
		action_gets_bytes = rows[i].got_bytes;
		memcpy(a.name, f.e.guests[0]->name, sizeof(a.name));
		memcpy(a.uuid, f.e.guests[0]->uuid, sizeof(a.uuid));
		assert_int_equal(kvmb_executor_submit(f.e.executor, &a), 0);
		for (int k = 0; k < 10000 && !f.n_results; k++) {
			(void)nanosleep(&pause, NULL);
			kvmb_engine_finish(&f.e, f.w.sample->now_ns);
		}
		action_gets_bytes = 0;
		assert_int_equal(f.n_results, 1);
		assert_int_equal(moved_out.n, rows[i].n);
		if (rows[i].n) {
			assert_string_equal(moved_out.uuid, a.uuid);
			assert_int_equal(moved_out.pid, 42);
			assert_int_equal(moved_out.bytes, 48 * MIB);
		}
		end(&f);
	}
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

static const struct reserve_row {
	const char *name;
	bool seen; /* libvirt has told the guests */
	uint64_t bytes, timeout_usec;
	int want;
} reserve_rows[] = {
	{ "a mebibyte for a second may be reserved", true, MIB, 1000000, 0 },
	{ "and anything for an hour", true, 100 * MIB, UINT64_C(3600000000), 0 },
	{ "less than a mebibyte may not be reserved", true, MIB - 1, 1000000, -ERANGE },
	{ "nor for less than a second", true, MIB, 999999, -EINVAL },
	{ "nor for more than an hour", true, MIB, UINT64_C(3600000001), -EINVAL },
	{ "nor for ever", true, MIB, UINT64_MAX, -EINVAL },
	/* of 4096 MiB 15 % are kept, and a guarantee of 256 */
	{ "all that the guarantees and the host leave may be reserved", true,
	  4096 * MIB - 4096 * MIB / 10000 * 1500 - 256 * MIB - 2 * MIB, 1000000, 0 },
	{ "more than that may not", true, 3300 * MIB, 1000000, -E2BIG },
	{ "nor all memory there is", true, UINT64_MAX, 1000000, -E2BIG },
	{ "nothing is reserved before the guests are known", false, MIB, 1000000, -ENOTCONN },
};

/* Who comes back with libvirt would pass for one that has come. */
static void nothing_is_reserved_without_libvirt(void **data)
{
	const struct kvmb_reserve_request request = { MIB, 1000000, "" };
	uint64_t most = 0;
	uint32_t id = 0;
	struct fixture f;

	begin(&f, 1);
	look(&f);
	f.e.sample->guests_valid = false;
	assert_int_equal(kvmb_engine_reserve(&f.e, &request, 1000 * SEC, &id, &most), -ENOTCONN);
	end(&f);
}

/* What is made ready elsewhere would be waited for in vain here. */
static void nothing_is_reserved_where_nothing_is_taken(void **data)
{
	const struct kvmb_reserve_request request = { MIB, 1000000, "" };
	static const struct {
		enum kvmb_mode mode;
		bool dry_run;
		int want;
	} rows[] = {
		{ KVMB_MODE_OFF, false, -EROFS },
		{ KVMB_MODE_OBSERVE, false, -EROFS },
		{ KVMB_MODE_PRESSURE, true, -EROFS },
		{ KVMB_MODE_PRESSURE, false, 0 },
		{ KVMB_MODE_PROACTIVE, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct kvmb_reservation *list;
		uint64_t most = 0;
		uint32_t id = 0;
		struct fixture f;

		begin(&f, 1);
		look(&f);
		f.e.config->host.mode = rows[i].mode;
		f.e.dry_run = rows[i].dry_run;
		assert_int_equal(kvmb_engine_reserve(&f.e, &request, 1000 * SEC, &id, &most),
				 rows[i].want);
		assert_int_equal(kvmb_engine_reservations(&f.e, &list), rows[i].want ? 0 : 1);
		f.e.dry_run = false;
		end(&f);
	}
}

static void reserve_row_holds(void **data)
{
	const struct reserve_row *row = *data;
	const struct kvmb_reserve_request request = { row->bytes, row->timeout_usec, "new" };
	const struct kvmb_reservation *list;
	uint64_t most = 0;
	uint32_t id = 0;
	struct fixture f;

	begin(&f, 1);
	f.e.config->defaults.set = 1U << KVMB_FIELD_GUARANTEE;
	f.e.config->defaults.guarantee_bytes = 256 * MIB;
	if (row->seen)
		look(&f);
	assert_int_equal(kvmb_engine_reserve(&f.e, &request, 1000 * SEC, &id, &most), row->want);
	assert_int_equal(kvmb_engine_reservations(&f.e, &list), row->want ? 0 : 1);
	assert_int_equal(most / MIB, row->want == -E2BIG ? 3225 : 0);
	if (!row->want) {
		assert_int_equal(list->until_ns, 1000 * SEC + row->timeout_usec * 1000);
		assert_int_equal(kvmb_engine_unreserve(&f.e, id + 1), -ENOENT);
		assert_int_equal(kvmb_engine_unreserve(&f.e, id), 0);
		assert_int_equal(kvmb_engine_unreserve(&f.e, id), -ENOENT);
	}
	end(&f);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD(&t, "a snapshot that came while the host was read is not of the future",
		  a_snapshot_of_just_now_is_not_of_the_future);
	TESTS_ADD(&t, "of triggers that fire together each one counts", each_trigger_counts);
	TESTS_ADD_TABLE(&t, guaranteed_rows, guaranteed_row_holds);
	TESTS_ADD(&t, "without a saved state no balloon is set, and no guest is blamed",
		  without_a_saved_state_no_balloon_is_set);
	TESTS_ADD(&t, "without a saved state is given back", without_a_saved_state_is_given_back);
	TESTS_ADD(&t, "a balloon that a give-back overtakes has a result all the same",
		  an_overtaken_balloon_has_a_result);
	TESTS_ADD_TABLE(&t, follow_rows, follow_row_holds);
	TESTS_ADD(&t, "ages of long ago are not shown as those of now",
		  ages_of_long_ago_are_not_shown_as_of_now);
	TESTS_ADD(&t, "what went out is known at once", what_went_out_is_known_at_once);
	TESTS_ADD_TABLE(&t, size_rows, size_row_holds);
	TESTS_ADD_TABLE(&t, reserve_rows, reserve_row_holds);
	TESTS_ADD(&t, "nothing is reserved while libvirt is away",
		  nothing_is_reserved_without_libvirt);
	TESTS_ADD(&t, "nothing is reserved where nothing would be taken for it",
		  nothing_is_reserved_where_nothing_is_taken);
	return tests_run("engine", &t);
}

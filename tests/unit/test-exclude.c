// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest's memory forbids, to the gate, the policy and the operator. */
#include "gate-world.h"
#include "model/exclude.h"

static void passed_through(struct case_ *c)
{
	guest(c)->backing.passthrough = true;
	guest(c)->backing.locked_bytes = 1024 * MIB; /* as VFIO pins it */
}

static void encrypted(struct case_ *c)
{
	guest(c)->backing.encrypted = true;
}

static void locked(struct case_ *c)
{
	guest(c)->backing.locked = true;
}

static void locked_in_fact(struct case_ *c)
{
	guest(c)->backing.locked_bytes = 129 * MIB;
}

static void locked_a_little(struct case_ *c)
{
	guest(c)->backing.locked_bytes = 128 * MIB;
}

static void hugetlb(struct case_ *c)
{
	guest(c)->backing.hugetlb = true;
}

static void hugetlb_in_fact(struct case_ *c)
{
	guest(c)->backing.hugetlb_bytes = 1024 * MIB;
}

static void shared(struct case_ *c)
{
	guest(c)->backing.shared = true;
}

static void shared_and_locked(struct case_ *c)
{
	shared(c);
	locked(c);
}

static void unread(struct case_ *c)
{
	guest(c)->backing.unread = true;
}

static void unread_again(struct case_ *c)
{
	unread(c);
	encrypted(c);
}

static void migrating(struct case_ *c)
{
	guest(c)->job_why = KVMB_WHY_MIGRATING;
}

static void saving(struct case_ *c)
{
	guest(c)->job_why = KVMB_WHY_SAVING;
}

static void snapshot(struct case_ *c)
{
	guest(c)->job_why = KVMB_WHY_SNAPSHOT;
}

#define LEFT_ALONE(w) { w, KVMB_WHY_NONE, w, w, w, w }
#define NOT_EVEN_GIVEN(w) { w, w, w, w, w, w }
#define SWAPPED_IN(w) { KVMB_WHY_NONE, KVMB_WHY_NONE, w, w, w, KVMB_WHY_NONE }

static const struct exclude_row {
	const char *name;
	void (*bend)(struct case_ *c);
	enum kvmb_why why[KVMB_ACTION_KINDS + 1]; /* by kind of action; last: as a whole */
} rows[] = {
	{ "nothing stands against an ordinary guest", NULL, LEFT_ALONE(KVMB_WHY_NONE) },
	{ "a guest with a device of the host's keeps its memory", passed_through,
	  LEFT_ALONE(KVMB_WHY_PASSTHROUGH) },
	{ "an encrypted guest keeps its memory", encrypted, LEFT_ALONE(KVMB_WHY_ENCRYPTED) },
	{ "a guest that is to be locked keeps its memory", locked, LEFT_ALONE(KVMB_WHY_LOCKED) },
	{ "a guest that the kernel says is locked does", locked_in_fact,
	  LEFT_ALONE(KVMB_WHY_LOCKED) },
	{ "a few locked buffers of QEMU's are no reason", locked_a_little,
	  LEFT_ALONE(KVMB_WHY_NONE) },
	{ "a guest of huge pages keeps its memory", hugetlb, LEFT_ALONE(KVMB_WHY_HUGETLB) },
	{ "a guest that the kernel says is of huge pages does", hugetlb_in_fact,
	  LEFT_ALONE(KVMB_WHY_HUGETLB) },
	{ "shared memory is ballooned, not swapped out", shared, SWAPPED_IN(KVMB_WHY_SHARED) },
	{ "shared memory that is locked is neither", shared_and_locked,
	  LEFT_ALONE(KVMB_WHY_LOCKED) },
	{ "a guest whose definition nobody could read keeps its memory", unread,
	  LEFT_ALONE(KVMB_WHY_DEFINITION) },
	{ "for what was known of it before, if that is enough", unread_again,
	  LEFT_ALONE(KVMB_WHY_ENCRYPTED) },
	{ "nothing is done to a guest that migrates", migrating,
	  NOT_EVEN_GIVEN(KVMB_WHY_MIGRATING) },
	{ "nothing is done to a guest that is being saved", saving,
	  NOT_EVEN_GIVEN(KVMB_WHY_SAVING) },
	{ "nothing is done to a guest during a snapshot", snapshot,
	  NOT_EVEN_GIVEN(KVMB_WHY_SNAPSHOT) },
};

static void case_init(struct case_ *c, const struct exclude_row *row)
{
	*c = (struct case_){ .a.idle_usec = 0 };
	world_init(&c->w, 1);
	c->w.state->fresh = false;
	c->w.state->last_ns = c->w.sample->now_ns;
	cold(c);
	if (row->bend)
		row->bend(c);
}

static enum kvmb_why ask_gate(struct case_ *c, enum kvmb_action_kind kind)
{
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;
	struct kvmb_action a = { .kind = kind, .idle_usec = c->a.idle_usec };

	memcpy(a.name, guest(c)->name, sizeof(a.name));
	memcpy(a.uuid, guest(c)->uuid, sizeof(a.uuid));
	if (kind == KVMB_ACTION_HIGH) {
		policy(c, KVMB_FIELD_PRIORITY)->priority = KVMB_PRIORITY_LOW;
		c->w.state->level = KVMB_LEVEL_HARD;
	}
	a.asked_bytes = 10 * MIB;
	a.target_bytes = kind == KVMB_ACTION_DEFLATE ? 1024 * MIB : 1000 * MIB;
	if (kind == KVMB_ACTION_DEFLATE)
		state(c)->target_bytes = 512 * MIB;
	assert_int_equal(kvmb_plan_new(&plan), 0);
	assert_int_equal(kvmb_plan_add(plan, &a), 0);
	assert_int_equal(kvmb_plan_validate(c->w.config, c->w.state, c->w.sample, plan), 0);
	if (plan->n_actions)
		return KVMB_WHY_NONE;
	assert_int_equal(plan->refusals[0].kind, kind);
	return plan->refusals[0].why;
}

static void test_gate(void **data)
{
	const struct exclude_row *row = *data;

	for (unsigned int kind = 0; kind < KVMB_ACTION_KINDS; kind++) {
		struct case_ c;
		enum kvmb_why why;

		case_init(&c, row);
		why = ask_gate(&c, kind);
		if (why != row->why[kind])
			fail_msg("%s: %s", kvmb_action_kind_to_string(kind),
				 kvmb_why_to_string(why));
		world_done(&c.w);
	}
}

static void test_as_a_whole(void **data)
{
	const struct exclude_row *row = *data;
	struct kvmb_policy policy;
	struct case_ c;

	case_init(&c, row);
	kvmb_config_policy(c.w.config, guest(&c)->name, NULL, NULL, &policy);
	assert_string_equal(kvmb_why_to_string(kvmb_guest_excluded(c.w.config, &policy, guest(&c),
								   c.w.sample->now_ns)),
			    kvmb_why_to_string(row->why[KVMB_ACTION_KINDS]));
	world_done(&c.w);
}

/* A host out of memory, by whatever the policy thinks of: what is forbidden is not even planned. */
static void test_policy(void **data)
{
	const struct exclude_row *row = *data;
	struct case_ c;

	case_init(&c, row);
	world_available(&c.w, 100);
	for (int turn = 0; turn < 20; turn++) {
		world_decide(&c.w);
		for (size_t i = 0; i < c.w.plan->n_actions; i++)
			assert_int_equal(row->why[c.w.plan->actions[i].kind], KVMB_WHY_NONE);
		for (size_t i = 0; i < c.w.plan->n_refusals; i++)
			assert_true(c.w.plan->refusals[i].kind == KVMB_ACTION_KINDS ||
				    row->why[KVMB_ACTION_KINDS] == KVMB_WHY_NONE);
		c.w.sample->now_ns += SEC;
		guest(&c)->facts_ns = guest(&c)->ages.told_ns = c.w.sample->now_ns;
	}
	world_done(&c.w);
}

/* What is asked for while the balloon is on its way waits for it, though nothing can be swapped. */
static void test_request_of_shared(void **data)
{
	const struct exclude_row row = { .bend = shared };
	struct case_ c;

	(void)data;
	case_init(&c, &row);
	state(&c)->request_bytes = 100 * MIB;
	state(&c)->request_until_ns = UINT64_MAX;
	guest(&c)->in_flight = true;
	world_decide(&c.w);
	assert_int_equal(c.w.plan->refusals[0].why, KVMB_WHY_IN_FLIGHT);
	assert_int_equal(state(&c)->request_bytes, 100 * MIB);

	guest(&c)->in_flight = false;
	guest(&c)->has_balloon = false;
	world_decide(&c.w);
	assert_int_equal(c.w.plan->n_actions, 0);
	assert_int_equal(c.w.plan->refusals[0].why, KVMB_WHY_SHARED);
	assert_int_equal(state(&c)->request_bytes, 0);
	world_done(&c.w);
}

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, rows, test_gate);
	TESTS_ADD_TABLE(&t, rows, test_as_a_whole);
	TESTS_ADD_TABLE(&t, rows, test_policy);
	TESTS_ADD(&t, "a request waits for the balloon of a guest with shared memory",
		  test_request_of_shared);
	return tests_run("exclude", &t);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model: tokens, policies, plans, and which statistics of a guest are believed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/str.h"
#include "model/guest.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/sample.h"
#include "model/token.h"

static void every_token_is_unique_and_comes_back(void **state)
{
	static const struct kvmb_tokens *const tables[] = {
		&kvmb_mode_tokens,	  &kvmb_priority_tokens, &kvmb_policy_source_tokens,
		&kvmb_policy_field_tokens, &kvmb_guest_state_tokens, &kvmb_why_tokens,
		&kvmb_level_tokens,	  &kvmb_action_kind_tokens, &kvmb_rule_tokens,
	};

	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (unsigned int i = 0; i < tables[t]->n; i++) {
			const char *name = kvmb_token_to_string(tables[t], i);

			assert_non_null(name);
			assert_int_equal(kvmb_token_from_string(tables[t], name), i);
		}
		assert_string_equal(kvmb_token_to_string(tables[t], (unsigned int)tables[t]->n),
				    "invalid");
		assert_int_equal(kvmb_token_from_string(tables[t], "invalid"), -EINVAL);
		assert_int_equal(kvmb_token_from_string(tables[t], ""), -EINVAL);
	}
}

static void public_names_speak_the_same_tokens(void **state)
{
	assert_string_equal(kvmb_mode_to_string(KVMB_MODE_OBSERVE), "observe");
	assert_string_equal(kvmb_priority_to_string(KVMB_PRIORITY_HIGH), "high");
	assert_string_equal(kvmb_policy_source_to_string(KVMB_POLICY_RUNTIME), "runtime");
	assert_string_equal(kvmb_policy_field_to_string(KVMB_FIELD_LIMIT), "Limit");
	assert_string_equal(kvmb_guest_state_to_string(KVMB_GUEST_PAUSED), "paused");
	assert_string_equal(kvmb_why_to_string(KVMB_WHY_STATS_STALE), "stats-stale");
	assert_string_equal(kvmb_level_to_string(KVMB_LEVEL_EMERGENCY), "emergency");
	assert_string_equal(kvmb_action_kind_to_string(KVMB_ACTION_DEFLATE), "deflate");
	assert_string_equal(kvmb_rule_to_string(KVMB_RULE_OPERATOR), "operator");
	assert_int_equal(kvmb_mode_from_string("proactive"), KVMB_MODE_PROACTIVE);
	assert_int_equal(kvmb_priority_from_string("urgent"), -EINVAL);
}

static void every_reason_has_its_own_sentence(void **state)
{
	for (unsigned int i = 0; i < KVMB_WHYS; i++) {
		assert_true(strlen(kvmb_why_to_sentence(i)) > 10);
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(kvmb_why_to_sentence(i), kvmb_why_to_sentence(k));
	}
	assert_string_equal(kvmb_why_to_sentence(KVMB_WHYS), "the reason is not known");
}

/* ---- Statistics of guests ---- */

/* In MiB, so that the tables are readable; X is "not told". */
#define X UINT64_MAX

struct stats_case {
	const char *what;
	uint64_t maximum, balloon, total, unused, usable, caches;
	uint64_t age_usec;
	enum kvmb_why why;
};

static uint64_t mib(uint64_t v)
{
	return v == X ? KVMB_UNKNOWN : v * MIB;
}

static void check_stats(const struct stats_case *c)
{
	struct kvmb_guest_sample g;

	kvmb_guest_init(&g);
	g.has_balloon = true;
	g.maximum_bytes = mib(c->maximum);
	g.balloon_bytes = mib(c->balloon);
	g.guest_total_bytes = mib(c->total);
	g.unused_bytes = mib(c->unused);
	g.usable_bytes = mib(c->usable);
	g.caches_bytes = mib(c->caches);
	g.stats_age_usec = c->age_usec;
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	if (g.stats_why != c->why)
		fail_msg("%s: %s", c->what, kvmb_why_to_string(g.stats_why));
}

static void honest_guests_are_believed(void **state)
{
	static const struct stats_case cases[] = {
		{ "Debian, idle", 1024, 1024, 970, 700, 800, 150, 0, KVMB_WHY_NONE },
		{ "all but the kernel free", 256, 256, 230, 200, 180, 12, 0, KVMB_WHY_NONE },
		{ "usable below unused", 256, 256, 230, 40, 20, 5, 0, KVMB_WHY_NONE },
		{ "nearly out of memory", 256, 256, 230, 2, 0, 3, 0, KVMB_WHY_NONE },
		{ "balloon half full", 1024, 512, 460, 100, 200, 150, 0, KVMB_WHY_NONE },
		{ "report from before the balloon grew", 1024, 512, 970, 700, 800, 150, 9999999,
		  KVMB_WHY_NONE },
		{ "Windows: total does not shrink", 4096, 2048, 4095, 900, 900, 2000, 0,
		  KVMB_WHY_NONE },
		{ "Windows: standby is free and cache", 8192, 8192, 8191, 6600, 6600, 5300, 0,
		  KVMB_WHY_NONE },
		{ "before Linux 4.6", 1024, 1024, 970, 700, X, X, 0, KVMB_WHY_NONE },
		{ "exactly as old as allowed", 1024, 1024, 970, 700, 800, 150, 10 * USEC_PER_SEC,
		  KVMB_WHY_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_stats(&cases[i]);
}

static void others_are_not_and_the_reason_is_told(void **state)
{
	static const struct stats_case cases[] = {
		{ "no driver", 1024, 1024, X, X, X, X, X, KVMB_WHY_STATS_MISSING },
		{ "never sent", 1024, 1024, 970, 700, 800, 150, X, KVMB_WHY_STATS_MISSING },
		{ "no total", 1024, 1024, X, 700, 800, 150, 0, KVMB_WHY_STATS_MISSING },
		{ "no unused", 1024, 1024, 970, X, 800, 150, 0, KVMB_WHY_STATS_MISSING },
		{ "all zero", 1024, 1024, 0, 0, 0, 0, 0, KVMB_WHY_STATS_ZERO },
		{ "all it knows is zero", 1024, 1024, 0, 0, X, X, 0, KVMB_WHY_STATS_ZERO },
		{ "no total but parts", 1024, 1024, 0, 5, 7, 7, 0, KVMB_WHY_STATS_ZERO },
		{ "only a total, old guest", 1024, 1024, 970, 0, X, X, 0, KVMB_WHY_STATS_ZERO },
		{ "only a total", 1024, 1024, 970, 0, 0, 0, 0, KVMB_WHY_STATS_ZERO },
		{ "zero and old", 1024, 1024, 0, 0, 0, 0, 99999999, KVMB_WHY_STATS_ZERO },
		{ "more than it has", 1024, 1024, 1025, 700, 800, 150, 0,
		  KVMB_WHY_STATS_IMPOSSIBLE },
		{ "more than it was promised", 1024, 512, 2048, 700, 800, 150, 0,
		  KVMB_WHY_STATS_IMPOSSIBLE },
		{ "unused above total", 1024, 1024, 970, 971, 800, 150, 0,
		  KVMB_WHY_STATS_IMPOSSIBLE },
		{ "usable above total", 1024, 1024, 970, 700, 971, 150, 0,
		  KVMB_WHY_STATS_IMPOSSIBLE },
		{ "caches above total", 1024, 1024, 970, 700, 800, 971, 0,
		  KVMB_WHY_STATS_IMPOSSIBLE },
		{ "maximum not known", X, 1024, 970, 700, 800, 150, 0, KVMB_WHY_STATS_IMPOSSIBLE },
		{ "impossible and old", 1024, 1024, 970, 971, 800, 150, 99999999,
		  KVMB_WHY_STATS_IMPOSSIBLE },
		{ "old", 1024, 1024, 970, 700, 800, 150, 10 * USEC_PER_SEC + 1,
		  KVMB_WHY_STATS_STALE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_stats(&cases[i]);
}

static void a_guest_without_the_device_is_not_waited_for(void **state)
{
	struct kvmb_guest_sample g;

	kvmb_guest_init(&g);
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	assert_int_equal(g.stats_why, KVMB_WHY_NO_BALLOON);
	g.has_balloon = true;
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	assert_int_equal(g.stats_why, KVMB_WHY_STATS_MISSING);
}

static void a_balloon_that_was_asked_and_told_nothing_is_dead(void **state)
{
	struct kvmb_guest_sample g;

	kvmb_guest_init(&g);
	g.has_balloon = g.stats_asked = true;
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	assert_int_equal(g.stats_why, KVMB_WHY_BALLOON_DEAD);
	g.stats_age_usec = 5 * USEC_PER_SEC; /* it did tell, if not all */
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	assert_int_equal(g.stats_why, KVMB_WHY_STATS_MISSING);
	g.has_balloon = false;
	kvmb_guest_check_stats(&g, 10 * USEC_PER_SEC);
	assert_int_equal(g.stats_why, KVMB_WHY_NO_BALLOON);
}

static void hostile_numbers_do_not_overflow(void **state)
{
	struct kvmb_guest_sample g;

	kvmb_guest_init(&g);
	g.maximum_bytes = UINT64_MAX - 1;
	g.guest_total_bytes = UINT64_MAX - 1;
	g.unused_bytes = UINT64_MAX - 1;
	g.caches_bytes = UINT64_MAX - 1;
	g.stats_age_usec = UINT64_MAX - 1;
	kvmb_guest_check_stats(&g, 0);
	assert_int_equal(g.stats_why, KVMB_WHY_STATS_STALE);
	g.maximum_bytes = 4096;
	kvmb_guest_check_stats(&g, 0);
	assert_int_equal(g.stats_why, KVMB_WHY_STATS_IMPOSSIBLE);
}

/* ---- Policies ---- */

static void built_in_policy_is_complete(void **state)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_policy p;

	kvmb_policy_builtin(&p);
	assert_int_equal(p.set, 0);
	assert_int_equal(p.shares, 1000);
	assert_int_equal(p.refault_target_ppm, 2000);
	assert_int_equal(p.mode, KVMB_MODE_PRESSURE);
	assert_int_equal(p.backend, KVMB_BACKEND_AUTO);
	assert_int_equal(p.priority, KVMB_PRIORITY_NORMAL);
	assert_true(p.limit_bytes == UINT64_MAX);
	assert_int_equal(kvmb_policy_check(&p, &error), 0);
	assert_null(error);
}

static void policy_keys_set_members(void **state)
{
	static const char *const pairs[][2] = {
		{ "Guarantee", "256M" }, { "Limit", "1.5G" },	      { "Shares", "1000000" },
		{ "Priority", "low" },	 { "RefaultTarget", "0.0001%" }, { "Mode", "proactive" },
		{ "Backend", "far" },
	};
	struct kvmb_policy p;

	kvmb_policy_builtin(&p);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_int_equal(kvmb_policy_set(&p, pairs[i][0], pairs[i][1], NULL), 0);
		assert_int_equal(p.set, (2U << i) - 1);
	}
	assert_int_equal(p.guarantee_bytes, 256 * MIB);
	assert_int_equal(p.limit_bytes, 3 * GIB / 2);
	assert_int_equal(p.shares, 1000000);
	assert_int_equal(p.priority, KVMB_PRIORITY_LOW);
	assert_int_equal(p.refault_target_ppm, 1);
	assert_int_equal(p.mode, KVMB_MODE_PROACTIVE);
	assert_int_equal(p.backend, KVMB_BACKEND_FAR);
	assert_int_equal(kvmb_policy_set(&p, "Limit", "max", NULL), 0);
	assert_true(p.limit_bytes == UINT64_MAX);
}

static void a_bad_pair_changes_nothing(void **state)
{
	static const char *const pairs[][2] = {
		{ "Guarantee", "lots" }, { "Limit", "0" },	   { "Shares", "-1" },
		{ "Priority", "LOW" },	 { "RefaultTarget", "2" }, { "Mode", "" },
		{ "Backend", "zswap" },	 { "Shares", "1.5" },	 { "Shares", "4294967297" },
	};
	struct kvmb_policy p, before;

	kvmb_policy_builtin(&before);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *error = NULL;

		memcpy(&p, &before, sizeof(p));
		assert_int_equal(kvmb_policy_set(&p, pairs[i][0], pairs[i][1], &error), -EINVAL);
		assert_non_null(strstr(error, "is not valid, allowed is"));
		assert_non_null(strstr(error, pairs[i][0]));
		assert_memory_equal(&p, &before, sizeof(p));
	}
	memcpy(&p, &before, sizeof(p));
	assert_int_equal(kvmb_policy_set(&p, "guarantee", "1M", NULL), -ENOENT);
	assert_int_equal(kvmb_policy_set(&p, "Step", "1M", NULL), -ENOENT);
	assert_memory_equal(&p, &before, sizeof(p));
}

static void overlay_takes_what_is_set(void **state)
{
	struct kvmb_policy p, from;

	kvmb_policy_builtin(&p);
	kvmb_policy_builtin(&from);
	for (unsigned int i = 0; i < KVMB_FIELDS; i++) {
		from = (struct kvmb_policy){ .set = 1U << i, .shares = 1, .guarantee_bytes = 2,
					     .limit_bytes = 3, .refault_target_ppm = 4,
					     .priority = KVMB_PRIORITY_HIGH,
					     .mode = KVMB_MODE_OFF,
					     .backend = KVMB_BACKEND_SWAP };
		kvmb_policy_overlay(&p, &from, KVMB_POLICY_RUNTIME);
		assert_int_equal(p.set, (2U << i) - 1);
		assert_int_equal(p.source[i], KVMB_POLICY_RUNTIME);
		assert_int_equal(p.guarantee_bytes, 2);
		assert_true(p.limit_bytes == (i >= KVMB_FIELD_LIMIT ? 3 : UINT64_MAX));
		assert_int_equal(p.shares, i >= KVMB_FIELD_SHARES ? 1 : 1000);
		assert_int_equal(p.priority, i >= KVMB_FIELD_PRIORITY ? KVMB_PRIORITY_HIGH :
									 KVMB_PRIORITY_NORMAL);
		assert_int_equal(p.refault_target_ppm, i >= KVMB_FIELD_REFAULT_TARGET ? 4 : 2000);
		assert_int_equal(p.mode, i >= KVMB_FIELD_MODE ? KVMB_MODE_OFF :
								KVMB_MODE_PRESSURE);
		assert_int_equal(p.backend, i >= KVMB_FIELD_BACKEND ? KVMB_BACKEND_SWAP :
								      KVMB_BACKEND_AUTO);
	}
}

static void a_guarantee_above_the_limit_contradicts(void **state)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_policy p;

	kvmb_policy_builtin(&p);
	p.guarantee_bytes = p.limit_bytes = GIB;
	assert_int_equal(kvmb_policy_check(&p, NULL), 0);
	p.guarantee_bytes++;
	assert_int_equal(kvmb_policy_check(&p, &error), -EINVAL);
	assert_string_equal(error, "Guarantee=1073741825 is above Limit=1G, allowed is up to the "
				   "limit");
}

/* ---- Plans and samples ---- */

static void a_plan_owns_copies_of_its_ranges(void **state)
{
	struct kvmb_range ranges[] = { { 4096, 8192 }, { 65536, 4096 } };
	struct kvmb_action a = { .kind = KVMB_ACTION_PAGEOUT, .ranges = ranges, .n_ranges = 2 };
	struct kvmb_plan *p = NULL;

	assert_int_equal(kvmb_plan_new(&p), 0);
	for (size_t i = 0; i < 9; i++) {
		a.asked_bytes = i;
		assert_int_equal(kvmb_plan_add(p, &a), 0);
	}
	ranges[0].hva = 0;
	kvmb_plan_drop(p, 0);
	kvmb_plan_drop(p, 3);
	kvmb_plan_drop(p, 6);
	assert_int_equal(p->n_actions, 6);
	assert_int_equal(p->actions[0].asked_bytes, 1);
	assert_int_equal(p->actions[3].asked_bytes, 5);
	assert_int_equal(p->actions[5].asked_bytes, 7);
	assert_int_equal(p->actions[3].ranges[0].hva, 4096);
	assert_int_equal(p->actions[3].ranges[1].length_bytes, 4096);
	for (size_t i = 0; i < 5; i++) {
		int r = kvmb_plan_refuse(p, "x", KVMB_ACTION_BALLOON, KVMB_WHY_GONE, i);

		assert_int_equal(r, 0);
	}
	assert_int_equal(p->refusals[4].asked_bytes, 4);
	assert_int_equal(p->refusals[4].why, KVMB_WHY_GONE);
	assert_null(kvmb_plan_free(p));
	assert_null(kvmb_plan_free(NULL));
}

static void a_new_sample_knows_nothing(void **state)
{
	struct kvmb_sample *s = NULL;

	assert_int_equal(kvmb_sample_new(KVMB_GUESTS_MAX + 1, &s), -E2BIG);
	assert_null(s);
	assert_int_equal(kvmb_sample_new(2, &s), 0);
	assert_int_equal(s->n_guests, 2);
	assert_true(s->guests[1].unused_bytes == KVMB_UNKNOWN);
	assert_int_equal(s->guests[1].stats_why, KVMB_WHY_STATS_MISSING);
	assert_int_equal(s->guests[1].state, KVMB_GUEST_OTHER);
	assert_null(kvmb_sample_free(s));
	assert_null(kvmb_sample_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token_is_unique_and_comes_back),
		cmocka_unit_test(public_names_speak_the_same_tokens),
		cmocka_unit_test(every_reason_has_its_own_sentence),
		cmocka_unit_test(honest_guests_are_believed),
		cmocka_unit_test(others_are_not_and_the_reason_is_told),
		cmocka_unit_test(a_guest_without_the_device_is_not_waited_for),
		cmocka_unit_test(a_balloon_that_was_asked_and_told_nothing_is_dead),
		cmocka_unit_test(hostile_numbers_do_not_overflow),
		cmocka_unit_test(built_in_policy_is_complete),
		cmocka_unit_test(policy_keys_set_members),
		cmocka_unit_test(a_bad_pair_changes_nothing),
		cmocka_unit_test(overlay_takes_what_is_set),
		cmocka_unit_test(a_guarantee_above_the_limit_contradicts),
		cmocka_unit_test(a_plan_owns_copies_of_its_ranges),
		cmocka_unit_test(a_new_sample_knows_nothing),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine and policies: what of them does not count, and what is written into definitions. */
#include "engine-world.h"

#include "source/libvirt-metadata.h"

/* ---- libvirt's answers are the test's ------------------------------------------------------- */

static struct kvmb_metadata_order order;
static bool ordered, answered;

int __wrap_kvmb_metadata_writer_submit(struct kvmb_metadata_writer *w, const char *uuid,
				       const struct kvmb_policy_change *change);
bool __wrap_kvmb_metadata_writer_next(struct kvmb_metadata_writer *w,
				      struct kvmb_metadata_order *ret);

int __wrap_kvmb_metadata_writer_submit(struct kvmb_metadata_writer *w, const char *uuid,
				       const struct kvmb_policy_change *change)
{
	order = (struct kvmb_metadata_order){ .change = *change };
	memcpy(order.uuid, uuid, strlen(uuid) + 1);
	ordered = true;
	return 0;
}

bool __wrap_kvmb_metadata_writer_next(struct kvmb_metadata_writer *w,
				      struct kvmb_metadata_order *ret)
{
	bool is = answered;

	*ret = order;
	answered = false;
	return is;
}

static struct kvmb_persist told;
static char told_text[KVMB_TEXT_SIZE];

static void on_persisted(void *userdata, const struct kvmb_persist *answer)
{
	told = *answer;
	(void)snprintf(told_text, sizeof(told_text), "%s", answer->text);
}

static void answer(struct fixture *f, int error, const char *text)
{
	assert_true(ordered);
	order.error = error;
	(void)snprintf(order.text, sizeof(order.text), "%s", text);
	answered = true;
	told = (struct kvmb_persist){ 0 };
	assert_int_equal(kvmb_engine_take_persisted(&f->e, f->w.sample->now_ns),
			 error ? 0 : KVMB_DISPATCH_TICK);
}

/* ---- One guest ------------------------------------------------------------------------------ */

static void begin_one(struct fixture *f)
{
	begin(f, 1);
	f->e.callbacks.persisted = on_persisted;
	ordered = answered = false;
	look(f);
	kvmb_engine_notify(&f->e);
}

static void look_again(struct fixture *f)
{
	look(f);
	kvmb_engine_notify(&f->e);
	kvmb_engine_tell_persisted(&f->e);
}

static struct kvmb_policy one(const char *key, const char *value)
{
	struct kvmb_policy p = { 0 };

	assert_int_equal(kvmb_policy_set(&p, key, value, NULL), 0);
	return p;
}

static struct kvmb_guest_status status(struct fixture *f)
{
	struct kvmb_guest_status s;

	assert_int_equal(kvmb_engine_guest_status(&f->e, "vm0", &s), 0);
	return s;
}

static void set_runtime(struct fixture *f, const char *key, const char *value)
{
	struct kvmb_policy p = one(key, value);

	assert_int_equal(kvmb_engine_set_policy(&f->e, "vm0", &p, NULL), 0);
}

static void persist(struct fixture *f, const char *key, const char *value)
{
	const struct kvmb_policy_change c = { .values = one(key, value), .cookie = 5 };

	assert_int_equal(kvmb_engine_persist_policy(&f->e, "vm0", &c, NULL), 0);
}

static void metadata_are_in_force_and_their_source_is_told(void **state)
{
	struct fixture f;

	begin_one(&f);
	world_guest(&f.w, 0)->metadata = one("Shares", "7");
	assert_true(kvmb_engine_metadata_changed(&f.e, f.w.sample->guests, 1));
	look_again(&f);
	assert_false(kvmb_engine_metadata_changed(&f.e, f.w.sample->guests, 1));
	assert_int_equal(status(&f).policy.shares, 7);
	assert_int_equal(status(&f).policy.source[KVMB_FIELD_SHARES], KVMB_POLICY_METADATA);
	assert_string_equal(status(&f).policy_error, "");
	end(&f);
}

static void metadata_at_fault_are_told(void **state)
{
	struct fixture f;

	begin_one(&f);
	(void)snprintf(world_guest(&f.w, 0)->metadata_error, KVMB_TEXT_SIZE, "because");
	assert_true(kvmb_engine_metadata_changed(&f.e, f.w.sample->guests, 1));
	look_again(&f);
	assert_string_equal(status(&f).policy_error, "the metadata do not count: because");
	end(&f);
}

static void metadata_that_contradict_the_host_are_told(void **state)
{
	struct fixture f;

	begin_one(&f);
	world_guest(&f.w, 0)->metadata = one("Guarantee", "2G");
	f.e.config->defaults.limit_bytes = GIB;
	f.e.config->defaults.set |= 1U << KVMB_FIELD_LIMIT;
	look_again(&f);
	assert_int_equal(status(&f).policy.guarantee_bytes, 0);
	assert_string_equal(status(&f).policy_error, "the metadata do not count: Guarantee=2G is "
						     "above Limit=1G, allowed is up to the limit");
	end(&f);
}

static void what_contradicts_metadata_is_refused_at_run_time(void **state)
{
	struct kvmb_policy p = one("Guarantee", "2G");
	_cleanup_free_ char *error = NULL;
	struct fixture f;

	begin_one(&f);
	world_guest(&f.w, 0)->metadata = one("Limit", "1G");
	look_again(&f);
	assert_int_equal(kvmb_engine_set_policy(&f.e, "vm0", &p, &error), -EINVAL);
	assert_string_equal(error, "with that the metadata do not count: Guarantee=2G is above "
				   "Limit=1G, allowed is up to the limit");
	assert_int_equal(status(&f).policy.limit_bytes, GIB);
	end(&f);
}

static void what_was_set_at_run_time_holds_until_the_metadata_are_read(void **state)
{
	struct fixture f;

	begin_one(&f);
	set_runtime(&f, "Guarantee", "512M");
	set_runtime(&f, "Shares", "3");
	persist(&f, "Guarantee", "256M");
	look_again(&f);
	assert_int_equal(status(&f).policy.guarantee_bytes, 512 * MIB);
	answer(&f, 0, "");
	look_again(&f);
	assert_int_equal(status(&f).policy.guarantee_bytes, 512 * MIB);
	assert_int_equal(told.cookie, 0); /* nor is it told before */
	world_guest(&f.w, 0)->metadata = one("Guarantee", "256M");
	look_again(&f);
	assert_int_equal(told.cookie, 5);
	assert_int_equal(told.error, 0);
	assert_int_equal(status(&f).policy.guarantee_bytes, 256 * MIB);
	assert_int_equal(status(&f).policy.source[KVMB_FIELD_GUARANTEE], KVMB_POLICY_METADATA);
	/* what was not written stays */
	assert_int_equal(status(&f).policy.source[KVMB_FIELD_SHARES], KVMB_POLICY_RUNTIME);
	end(&f);
}

static void who_wrote_what_is_never_seen_has_an_answer_all_the_same(void **state)
{
	for (unsigned int gone = 0; gone < 2; gone++) {
		struct fixture f;

		begin_one(&f);
		persist(&f, "Shares", "7");
		answer(&f, 0, "");
		world_guest(&f.w, 0)->metadata = one("Shares", "8"); /* by somebody else */
		world_pass(&f.w, 4 * SEC);
		look_again(&f);
		assert_int_equal(told.cookie, 0);
		if (gone)
			f.w.sample->n_guests = 0;
		else
			world_pass(&f.w, SEC);
		look_again(&f);
		assert_int_equal(told.cookie, 5);
		assert_int_equal(told.error, 0);
		told.cookie = 0; /* and one only */
		look_again(&f);
		assert_int_equal(told.cookie, 0);
		f.w.sample->n_guests = 1;
		end(&f);
	}
}

static void what_is_taken_away_goes_at_run_time_too(void **state)
{
	const struct kvmb_policy_change c = { .unset = 1U << KVMB_FIELD_SHARES };
	struct fixture f;

	begin_one(&f);
	world_guest(&f.w, 0)->metadata = one("Shares", "7");
	set_runtime(&f, "Shares", "3");
	look_again(&f);
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), 0);
	answer(&f, 0, "");
	look_again(&f);
	assert_int_equal(status(&f).policy.shares, 3);
	world_guest(&f.w, 0)->metadata.set = 0;
	look_again(&f);
	assert_int_equal(status(&f).policy.source[KVMB_FIELD_SHARES], KVMB_POLICY_BUILTIN);
	end(&f);
}

/* Whoever sets a value after another was written wants that one, even if libvirt is slow. */
static void a_later_word_at_run_time_holds(void **state)
{
	for (unsigned int late = 0; late < 2; late++) {
		struct fixture f;

		begin_one(&f);
		persist(&f, "Shares", "7");
		if (!late)
			set_runtime(&f, "Shares", "3");
		answer(&f, 0, "");
		if (late)
			set_runtime(&f, "Shares", "3");
		world_guest(&f.w, 0)->metadata = one("Shares", "7");
		look_again(&f);
		assert_int_equal(status(&f).policy.shares, 3);
		end(&f);
	}
}

static void a_refusal_changes_nothing(void **state)
{
	struct fixture f;

	begin_one(&f);
	set_runtime(&f, "Shares", "3");
	persist(&f, "Shares", "7");
	answer(&f, -EACCES, "no");
	assert_int_equal(told.error, -EACCES);
	assert_string_equal(told_text, "no");
	/* that somebody else writes it is another matter */
	world_guest(&f.w, 0)->metadata = one("Shares", "7");
	look_again(&f);
	assert_int_equal(status(&f).policy.shares, 3);
	end(&f);
}

static void what_cannot_be_right_is_not_even_asked(void **state)
{
	struct kvmb_policy_change c = { .values = one("Guarantee", "2G") };
	_cleanup_free_ char *error = NULL;
	struct fixture f;

	begin_one(&f);
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "nobody", &c, NULL), -ENOENT);
	world_guest(&f.w, 0)->metadata = one("Limit", "1G");
	look_again(&f);
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, &error), -EINVAL);
	assert_non_null(strstr(error, "Guarantee=2G is above Limit=1G"));
	c.unset = 1U << KVMB_FIELD_GUARANTEE;
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), -EINVAL);
	c.unset = 1U << KVMB_FIELD_LIMIT; /* which is in the way */
	f.e.dry_run = true;
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), -EROFS);
	assert_false(ordered);
	f.e.dry_run = false;
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), 0);
	assert_true(ordered);
	end(&f);
}

/* As by a reload. */
static void add_class(struct fixture *f, const char *key, const char *value)
{
	f->e.config->classes = reallocarray(f->e.config->classes, 1, sizeof(*f->e.config->classes));
	assert_non_null(f->e.config->classes);
	f->e.config->n_classes = 1;
	f->e.config->classes[0] = (struct kvmb_config_class){ "v*", one(key, value) };
	look_again(f);
}

static void the_class_is_told(void **state)
{
	struct fixture f;

	begin_one(&f);
	add_class(&f, "Shares", "9");
	assert_int_equal(status(&f).policy.shares, 9);
	assert_string_equal(status(&f).classes[KVMB_FIELD_SHARES], "v*");
	assert_null(status(&f).classes[KVMB_FIELD_MODE]);
	end(&f);
}

static void a_class_gives_way_to_what_was_set_before_it_came(void **state)
{
	struct kvmb_policy p = one("Limit", "128M");
	_cleanup_free_ char *error = NULL;
	struct fixture f;

	begin_one(&f);
	set_runtime(&f, "Limit", "256M");
	add_class(&f, "Guarantee", "400M");
	assert_int_equal(status(&f).policy.limit_bytes, 256 * MIB);
	assert_int_equal(status(&f).policy.guarantee_bytes, 0);
	assert_string_equal(status(&f).policy_error,
			    "Guarantee=400M is above Limit=256M, allowed is up to the limit, so "
			    "[Class v*] does not count");
	/* which is no reason to refuse anything else */
	set_runtime(&f, "Shares", "5");
	assert_int_equal(status(&f).policy.shares, 5);
	set_runtime(&f, "Limit", "1G");
	look_again(&f);
	assert_int_equal(status(&f).policy.guarantee_bytes, 400 * MIB);
	assert_string_equal(status(&f).policy_error, "");
	/* but now that it counts, it stands against this */
	assert_int_equal(kvmb_engine_set_policy(&f.e, "vm0", &p, &error), -EINVAL);
	assert_non_null(strstr(error, "Guarantee=400M is above Limit=128M"));
	end(&f);
}

/* A fault of one source must not let another one through. */
static void what_would_not_count_is_refused_whatever_else_does_not(void **state)
{
	const struct kvmb_policy_change c = { .values = one("Guarantee", "2G") };
	struct kvmb_policy p = one("Guarantee", "2G");
	struct fixture f;

	begin_one(&f);
	(void)snprintf(world_guest(&f.w, 0)->metadata_error, KVMB_TEXT_SIZE, "because");
	f.e.config->defaults.limit_bytes = GIB;
	f.e.config->defaults.set |= 1U << KVMB_FIELD_LIMIT;
	look_again(&f);
	assert_int_equal(kvmb_engine_set_policy(&f.e, "vm0", &p, NULL), -EINVAL);
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), -EINVAL);
	assert_false(ordered);
	f.e.config->defaults.set = 0;
	f.e.config->defaults.limit_bytes = UINT64_MAX;
	set_runtime(&f, "Limit", "1G");
	add_class(&f, "Guarantee", "512M");
	p = one("Limit", "256M"); /* would make the class void */
	assert_int_equal(kvmb_engine_set_policy(&f.e, "vm0", &p, NULL), -EINVAL);
	end(&f);
}

static void values_at_run_time_give_way_to_a_later_configuration(void **state)
{
	struct kvmb_policy p = one("Shares", "5");
	struct fixture f;

	begin_one(&f);
	set_runtime(&f, "Limit", "256M");
	f.e.config->defaults.guarantee_bytes = 400 * MIB;
	f.e.config->defaults.set |= 1U << KVMB_FIELD_GUARANTEE;
	look_again(&f);
	assert_int_equal(status(&f).policy.guarantee_bytes, 400 * MIB);
	assert_int_equal(status(&f).policy.limit_bytes, UINT64_MAX);
	assert_non_null(strstr(status(&f).policy_error, "the values set at run time do not"));
	/* It would not count either. */
	assert_int_equal(kvmb_engine_set_policy(&f.e, "vm0", &p, NULL), -EINVAL);
	set_runtime(&f, "Limit", "1G");
	set_runtime(&f, "Shares", "5");
	assert_int_equal(status(&f).policy.shares, 5);
	end(&f);
}

static void metadata_that_are_switched_off_are_neither_told_nor_written(void **state)
{
	const struct kvmb_policy_change c = { .values = one("Shares", "5") };
	struct fixture f;

	begin_one(&f);
	set_runtime(&f, "Shares", "3");
	persist(&f, "Shares", "7");
	f.e.config->host.metadata = false; /* by a reload while libvirt is at it */
	answer(&f, 0, "");
	world_guest(&f.w, 0)->metadata = one("Shares", "7");
	(void)snprintf(world_guest(&f.w, 0)->metadata_error, KVMB_TEXT_SIZE, "because");
	look_again(&f);
	assert_int_equal(status(&f).policy.shares, 3);
	assert_string_equal(status(&f).policy_error, "");
	ordered = false;
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), -EPERM);
	assert_false(ordered);
	end(&f);
}

/* The engine's list of guests and the sample are not made in one step. */
static void a_guest_without_a_sample_is_gone(void **state)
{
	const struct kvmb_policy_change c = { .values = one("Shares", "5") };
	struct fixture f;

	begin_one(&f);
	f.e.sample->n_guests = 0;
	assert_int_equal(kvmb_engine_persist_policy(&f.e, "vm0", &c, NULL), -ENOENT);
	f.e.sample->n_guests = 1;
	end(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_are_in_force_and_their_source_is_told),
		cmocka_unit_test(metadata_at_fault_are_told),
		cmocka_unit_test(metadata_that_contradict_the_host_are_told),
		cmocka_unit_test(what_contradicts_metadata_is_refused_at_run_time),
		cmocka_unit_test(what_was_set_at_run_time_holds_until_the_metadata_are_read),
		cmocka_unit_test(who_wrote_what_is_never_seen_has_an_answer_all_the_same),
		cmocka_unit_test(what_is_taken_away_goes_at_run_time_too),
		cmocka_unit_test(a_later_word_at_run_time_holds),
		cmocka_unit_test(a_refusal_changes_nothing),
		cmocka_unit_test(what_cannot_be_right_is_not_even_asked),
		cmocka_unit_test(the_class_is_told),
		cmocka_unit_test(a_class_gives_way_to_what_was_set_before_it_came),
		cmocka_unit_test(what_would_not_count_is_refused_whatever_else_does_not),
		cmocka_unit_test(values_at_run_time_give_way_to_a_later_configuration),
		cmocka_unit_test(metadata_that_are_switched_off_are_neither_told_nor_written),
		cmocka_unit_test(a_guest_without_a_sample_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

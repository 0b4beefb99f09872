// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests that the configuration names and that do not exist; the engine is put together by hand. */
#include "policy-world.h"

#include <time.h>

#include "engine-internal.h"

#define MANY 4000
#define PASSES 50

static void engine_init(struct kvmb_engine *e, struct world *w, size_t n_configured)
{
	world_init(w, 1);
	w->config->guests = calloc(n_configured, sizeof(*w->config->guests));
	assert_non_null(w->config->guests);
	w->config->n_guests = n_configured;
	for (size_t i = 0; i < n_configured; i++)
		(void)snprintf(w->config->guests[i].name, KVMB_NAME_SIZE, "absent-%05zu", i);
	*e = (struct kvmb_engine){ .config = w->config, .sample = w->sample };
}

static void engine_done(struct kvmb_engine *e, struct world *w)
{
	for (size_t i = 0; i < e->n_guests; i++)
		free(e->guests[i]);
	free(e->guests);
	free(e->absent);
	world_done(w);
}

static void there_is_none_before_libvirt_told(void **data)
{
	struct kvmb_engine e;
	struct world w;

	engine_init(&e, &w, 2);
	w.sample->guests_valid = false;
	assert_int_equal(kvmb_engine_sync_guests(&e, w.sample), 0);
	assert_null(kvmb_engine_absent(&e, 0));
	engine_done(&e, &w);
}

static void those_that_exist_are_left_out(void **data)
{
	struct kvmb_engine e;
	struct world w;

	engine_init(&e, &w, 3);
	memcpy(world_guest(&w, 0)->name, w.config->guests[1].name, KVMB_NAME_SIZE);
	assert_int_equal(kvmb_engine_sync_guests(&e, w.sample), 0);
	assert_string_equal(kvmb_engine_absent(&e, 0), "absent-00000");
	assert_string_equal(kvmb_engine_absent(&e, 1), "absent-00002");
	assert_null(kvmb_engine_absent(&e, 2));
	engine_done(&e, &w);
}

static clock_t read_all(struct kvmb_engine *e)
{
	clock_t began = clock();
	size_t n = 0;

	for (size_t pass = 0; pass < PASSES; pass++)
		for (n = 0; kvmb_engine_absent(e, n); n++)
			;
	assert_int_equal(n, MANY);
	return clock() - began;
}

/* That is a millisecond of work; from the start for each name it would be seconds. */
static void a_long_list_is_read_in_no_time(void **data)
{
	struct kvmb_engine e;
	struct world w;

	engine_init(&e, &w, MANY);
	assert_int_equal(kvmb_engine_sync_guests(&e, w.sample), 0);
	assert_true(read_all(&e) < CLOCKS_PER_SEC);
	engine_done(&e, &w);
}

int main(void)
{
	struct tests t = { .n = 0 };

	TESTS_ADD(&t, "before libvirt told the guests, none is absent",
		  there_is_none_before_libvirt_told);
	TESTS_ADD(&t, "a configured guest that exists is not absent",
		  those_that_exist_are_left_out);
	TESTS_ADD(&t, "a long list of absent guests is read in no time",
		  a_long_list_is_read_in_no_time);
	return tests_run("absent", &t);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine from sample to result. Mocked: its sources, which tell of the small world, and the
 * actuators, which do nothing. A program that includes this is linked with $(engine_world_ldflags).
 */
#ifndef KVMB_TESTS_UNIT_ENGINE_WORLD_H
#define KVMB_TESTS_UNIT_ENGINE_WORLD_H

#include "policy-world.h"

#include <errno.h>

#include "engine-internal.h"
#include "source/host.h"

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

int __wrap_kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_sample *s,
			       const enum kvmb_follow *follow);
const char *__wrap_kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid);

void __wrap_kvmb_age_watch_moved(struct kvmb_age_watch *w, const char *uuid, int32_t pid,
				 uint64_t bytes);

/* What was said to have gone out to a store. */
static struct {
	char uuid[KVMB_UUID_SIZE];
	int32_t pid;
	uint64_t bytes;
	unsigned int n;
} moved_out;

void __wrap_kvmb_age_watch_moved(struct kvmb_age_watch *w, const char *uuid, int32_t pid,
				 uint64_t bytes)
{
	memcpy(moved_out.uuid, uuid, sizeof(moved_out.uuid));
	moved_out.pid = pid;
	moved_out.bytes += bytes;
	moved_out.n++;
}

static enum kvmb_follow followed[8];
static const char *aging_reason = "";

int __wrap_kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_sample *s,
			       const enum kvmb_follow *follow)
{
	assert_true(s->n_guests <= ARRAY_SIZE(followed));
	memcpy(followed, follow, s->n_guests * sizeof(*follow));
	return 0; /* filled already */
}

const char *__wrap_kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid)
{
	return aging_reason;
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

int __wrap_kvmb_guest_watch_trigger_error(const struct kvmb_guest_watch *w)
{
	return -EPERM;
}

/* ---- The engine -------------------------------------------------------------------------- */

struct fixture {
	struct world w;
	struct kvmb_engine e;
	struct kvmb_result results[8];
	size_t n_results;
};

static uint64_t action_gets_bytes; /* though nothing is done */

static int do_nothing(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		      struct kvmb_result *result)
{
	result->got_bytes = action_gets_bytes;
	return 0;
}

static const struct kvmb_actuator_ops nothing_ops = { "nothing", do_nothing, NULL };

static void on_result(void *userdata, const struct kvmb_result *result)
{
	struct fixture *f = userdata;

	assert_true(f->n_results < ARRAY_SIZE(f->results));
	f->results[f->n_results++] = *result;
}

static inline void begin(struct fixture *f, size_t n_guests)
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

static inline void end(struct fixture *f)
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
	free(f->e.persist_waits);
	world_done(&f->w);
	source = NULL;
}

/* A sample without a decision. */
static inline void look(struct fixture *f)
{
	(void)kvmb_sample_free(f->e.sample);
	assert_int_equal(kvmb_engine_collect(&f->e, f->w.sample->now_ns, &f->e.sample), 0);
	assert_int_equal(kvmb_engine_sync_guests(&f->e, f->e.sample), 0);
}

#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine: one tick is sample, decide, issue; between ticks it takes in what the kernel and
 * libvirt tell. Everything here runs in the caller's thread and never waits. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "engine-internal.h"

#include "base/num.h"
#include "base/str.h"

#define EVENTS_MAX 8

int kvmb_engine_fd(struct kvmb_engine *e)
{
	return e->epoll_fd;
}

static void note_triggers(struct kvmb_engine *e, unsigned int n, uint64_t now_ns)
{
	e->n_triggers += n;
	if (!e->trigger_ns)
		e->trigger_ns = now_ns;
	/* Older figures will do for this tick; the next one should have new ones. */
	kvmb_libvirt_kick(e->libvirt);
}

static int dispatch_triggers(struct kvmb_engine *e, uint64_t now_ns)
{
	int r = kvmb_guest_watch_dispatch(e->watch);

	if (r <= 0)
		return r;
	note_triggers(e, (unsigned int)r, now_ns);
	return KVMB_DISPATCH_TICK;
}

/* Guests come and go, and connections: worth a tick, figures alone wait for theirs. */
static int dispatch_libvirt(struct kvmb_engine *e)
{
	struct kvmb_libvirt_status status;
	_cleanup_free_ struct kvmb_guest_sample *guests = NULL;
	size_t n = 0;
	bool news;
	int r = kvmb_libvirt_take(e->libvirt, &guests, &n, &status);

	if (r < 0)
		return r;
	news = n != e->n_guests || status.connected != e->virt_status.connected ||
	       status.complete != e->virt_status.complete;
	for (size_t i = 0; !news && i < n; i++)
		news = !streq(guests[i].uuid, e->guests[i]->uuid);
	news = news || kvmb_engine_metadata_changed(e, guests, n);
	return news ? KVMB_DISPATCH_TICK : 0;
}

static int dispatch_one(struct kvmb_engine *e, const struct epoll_event *event, uint64_t now_ns)
{
	int fd = event->data.fd;

	if (fd == kvmb_guest_watch_fd(e->watch))
		return dispatch_triggers(e, now_ns);
	if (fd == kvmb_libvirt_fd(e->libvirt))
		return dispatch_libvirt(e);
	if (fd == kvmb_age_watch_fd(e->ages))
		kvmb_engine_tell_maps(e);
	else if (e->metadata && fd == kvmb_metadata_writer_fd(e->metadata))
		return kvmb_engine_take_persisted(e, now_ns);
	else
		kvmb_engine_finish(e, now_ns);
	return 0;
}

int kvmb_engine_dispatch(struct kvmb_engine *e, uint64_t now_ns)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(e->epoll_fd, events, EVENTS_MAX, 0);
	int tick = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		int r = dispatch_one(e, &events[i], now_ns);

		if (r < 0)
			return r;
		tick |= r;
	}
	return tick;
}

static void note_reaction(struct kvmb_engine *e)
{
	struct timespec ts;

	if (!e->trigger_ns)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	e->reaction_usec = u64_sub_sat((uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec,
				       e->trigger_ns) / NSEC_PER_USEC;
	e->trigger_ns = 0;
}

static bool changes_balloon(const struct kvmb_plan *plan)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (plan->actions[i].kind == KVMB_ACTION_BALLOON)
			return true;
	return false;
}

/* What is taken must be remembered first. */
static int persist(struct kvmb_engine *e)
{
	if (!(changes_balloon(e->plan) || kvmb_engine_ksm_ordered(e->plan)) || e->dry_run ||
	    !e->callbacks.persist)
		return 0;
	return e->callbacks.persist(e->userdata, e->state);
}

static void tell_decision(struct kvmb_engine *e, struct kvmb_sample *sample,
			  struct kvmb_plan *plan)
{
	const struct kvmb_record tick = {
		.kind = KVMB_RECORD_TICK, .state = e->state, .sample = sample, .plan = plan,
	};

	if (e->callbacks.decided)
		e->callbacks.decided(e->userdata, &tick);
}

static int decide(struct kvmb_engine *e, struct kvmb_sample *sample)
{
	struct kvmb_state *state;
	struct kvmb_plan *plan;
	int r = kvmb_decide(e->config, e->state, sample, &state, &plan);

	if (r < 0)
		return r;
	tell_decision(e, sample, plan);
	(void)kvmb_state_free(e->state);
	(void)kvmb_plan_free(e->plan);
	e->state = state;
	e->plan = plan;
	return 0;
}

/* A guest that has begun to suffer is let go at once, not when its turn in the plan comes. */
static void cancel_triggered(struct kvmb_engine *e, const struct kvmb_sample *sample)
{
	for (size_t i = 0; i < sample->n_guests; i++)
		if (sample->guests[i].triggered)
			kvmb_executor_cancel(e->executor, sample->guests[i].uuid);
}

static bool host_changed(const struct kvmb_engine *e, enum kvmb_level level,
			 const struct kvmb_libvirt_status *status)
{
	return !e->plan || e->plan->level != level ||
	       status->connected != e->virt_status.connected ||
	       !streq(status->error, e->virt_status.error);
}

int kvmb_engine_tick(struct kvmb_engine *e, uint64_t now_ns)
{
	struct kvmb_libvirt_status status_before = e->virt_status;
	enum kvmb_level level_before = e->plan ? e->plan->level : KVMB_LEVEL_RELAXED;
	bool first = !e->sample;
	struct kvmb_sample *sample;
	int r;

	kvmb_engine_finish(e, now_ns);
	r = kvmb_engine_collect(e, now_ns, &sample);
	if (r < 0)
		return r;
	cancel_triggered(e, sample);
	kvmb_engine_watch(e, sample);
	r = e->releasing ? 0 : decide(e, sample);
	if (r < 0) {
		(void)kvmb_sample_free(sample);
		return r;
	}
	(void)kvmb_sample_free(e->sample);
	e->sample = sample;
	r = kvmb_engine_sync_guests(e, sample);
	if (r < 0)
		return r;
	if (e->plan && e->plan->level < KVMB_LEVEL_HARD)
		kvmb_executor_end_limits(e->executor);
	if (!e->releasing) {
		r = persist(e);
		kvmb_engine_issue(e, e->plan, r);
		kvmb_engine_ksm_issue(e, r);
	}
	kvmb_engine_alarm(e);
	e->n_ticks++;
	note_reaction(e);
	kvmb_engine_notify(e);
	kvmb_engine_tell_persisted(e);
	if ((first || host_changed(e, level_before, &status_before)) && e->callbacks.host_changed)
		e->callbacks.host_changed(e->userdata);
	return 0;
}

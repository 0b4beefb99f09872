// SPDX-License-Identifier: LGPL-2.1-or-later
/* Making and unmaking an engine: sources, actuators, and the one descriptor that announces them. */
#include <errno.h>
#include <sys/epoll.h>

#include "engine-internal.h"

#include "actuator/ksm.h"
#include "configuration.h"
#include "wrap/cgroup.h"
#include "wrap/virt.h"

KVMB_DEFINE_CLEANUP(struct kvmb_engine *, kvmb_engine_free);

static void actuators_done(struct kvmb_actuator table[KVMB_ACTION_KINDS])
{
	/* DEFLATE shares BALLOON's; in a dry run all share one. */
	for (size_t i = 0; i < KVMB_ACTION_KINDS; i++) {
		for (size_t k = i + 1; k < KVMB_ACTION_KINDS; k++)
			if (table[k].ctx == table[i].ctx)
				table[k].ctx = NULL;
		if (table[i].ctx)
			kvmb_actuator_done(&table[i]);
	}
}

static int record_actuators(struct kvmb_actuator table[KVMB_ACTION_KINDS])
{
	int r = kvmb_actuator_record_new(&table[0]);

	for (size_t i = 1; r >= 0 && i < KVMB_ACTION_KINDS; i++)
		table[i] = table[0];
	return r;
}

static int pageout_actuator(struct kvmb_engine *e, const char *root, struct kvmb_actuator *ret)
{
	struct kvmb_cold_finder finder;
	int r;

	kvmb_age_watch_finder(e->ages, &finder);
	r = kvmb_actuator_pageout_new(root, &finder, ret);
	if (r < 0)
		finder.unref(finder.ctx);
	return r;
}

static int real_actuators(struct kvmb_engine *e, const char *root,
			  struct kvmb_actuator table[KVMB_ACTION_KINDS])
{
	int r = kvmb_actuator_balloon_new(e->virt, root, &table[KVMB_ACTION_BALLOON]);

	table[KVMB_ACTION_DEFLATE] = table[KVMB_ACTION_BALLOON];
	if (r >= 0)
		r = kvmb_actuator_reclaim_new(root, &table[KVMB_ACTION_RECLAIM]);
	if (r >= 0)
		r = pageout_actuator(e, root, &table[KVMB_ACTION_PAGEOUT]);
	if (r >= 0)
		r = kvmb_actuator_high_new(root, KVMB_HIGH_USEC, &table[KVMB_ACTION_HIGH]);
	return r;
}

static int open_executor(struct kvmb_engine *e, const char *root)
{
	struct kvmb_actuator table[KVMB_ACTION_KINDS] = {};
	int r = e->dry_run ? record_actuators(table) : real_actuators(e, root, table);

	if (r >= 0)
		r = kvmb_executor_new(table, &e->executor);
	if (r < 0) {
		actuators_done(table);
		return r;
	}
	return 0;
}

static int open_sources(struct kvmb_engine *e, const struct kvmb_engine_params *p)
{
	int r = kvmb_root_open(p->root, &e->root);

	if (r >= 0)
		r = kvmb_cgroup_attach(&e->root);
	if (r >= 0)
		r = kvmb_guest_watch_new(&e->root, &e->watch);
	if (r >= 0)
		r = kvmb_age_watch_new(p->root, NULL, &e->ages);
	if (r >= 0)
		r = kvmb_virt_new(p->libvirt_uri, &e->virt);
	if (r >= 0)
		r = kvmb_libvirt_new(e->virt, p->root, e->config->host.interval_usec, e->dry_run,
				     &e->libvirt);
	if (r >= 0)
		r = kvmb_metadata_writer_new(e->virt, &e->metadata);
	return r;
}

int kvmb_engine_add_fd(struct kvmb_engine *e, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_events(struct kvmb_engine *e)
{
	int r;

	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll_fd < 0)
		return -errno;
	r = kvmb_engine_add_fd(e, kvmb_libvirt_fd(e->libvirt));
	if (r >= 0)
		r = kvmb_engine_add_fd(e, kvmb_guest_watch_fd(e->watch));
	if (r >= 0)
		r = kvmb_engine_add_fd(e, kvmb_age_watch_fd(e->ages));
	if (r >= 0)
		r = kvmb_engine_add_fd(e, kvmb_executor_fd(e->executor));
	if (r >= 0)
		r = kvmb_engine_add_fd(e, kvmb_metadata_writer_fd(e->metadata));
	return r;
}

/* What of the configuration lives outside e->config. */
static void apply_config(struct kvmb_engine *e)
{
	const struct kvmb_host_config *h = &e->config->host;

	kvmb_guest_watch_set_trigger(e->watch, h->trigger_stall_usec, h->trigger_window_usec);
	kvmb_age_watch_set_period(e->ages, h->aging_usec);
	kvmb_libvirt_set_interval(e->libvirt, h->interval_usec);
}

int kvmb_engine_new(const struct kvmb_engine_params *p, struct kvmb_engine **ret)
{
	_cleanup_(kvmb_engine_freep) struct kvmb_engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->root = (struct kvmb_root)KVMB_ROOT_INIT;
	e->epoll_fd = -1;
	e->dry_run = p->dry_run;
	e->userdata = p->userdata;
	if (p->callbacks)
		e->callbacks = *p->callbacks;
	r = kvmb_config_copy(p->config, &e->config);
	if (r >= 0)
		r = p->state ? kvmb_state_copy(p->state, &e->state) : kvmb_state_new(&e->state);
	if (r >= 0)
		r = open_sources(e, p);
	if (r >= 0)
		r = open_executor(e, p->root);
	if (r >= 0)
		r = open_events(e);
	if (r < 0)
		return r;
	apply_config(e);
	*ret = TAKE_PTR(e);
	return 0;
}

struct kvmb_engine *kvmb_engine_free(struct kvmb_engine *e)
{
	if (!e)
		return NULL;
	(void)kvmb_executor_free(e->executor);
	(void)kvmb_ksm_setter_free(e->ksm);
	(void)kvmb_metadata_writer_free(e->metadata);
	(void)kvmb_libvirt_free(e->libvirt);
	(void)kvmb_virt_unref(e->virt);
	(void)kvmb_guest_watch_free(e->watch);
	(void)kvmb_age_watch_free(e->ages);
	(void)kvmb_close(e->epoll_fd);
	kvmb_root_close(&e->root);
	for (size_t i = 0; i < e->n_guests; i++)
		free(e->guests[i]);
	free(e->guests);
	free(e->absent);
	free(e->persist_waits);
	free(e->alarm);
	(void)kvmb_plan_free(e->plan);
	(void)kvmb_sample_free(e->sample);
	(void)kvmb_state_free(e->state);
	(void)kvmb_config_free(e->config);
	free(e);
	return NULL;
}

int kvmb_engine_set_config(struct kvmb_engine *e, const struct kvmb_config *c)
{
	struct kvmb_config *copy;
	int r = kvmb_config_copy(c, &copy);

	if (r < 0)
		return r;
	r = kvmb_engine_list_absent(e, copy);
	if (r < 0) {
		(void)kvmb_config_free(copy);
		return r;
	}
	(void)kvmb_config_free(e->config);
	e->config = copy;
	apply_config(e);
	return 0;
}

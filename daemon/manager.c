/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon from its first to its last breath: what it is made of, and the configuration.
 */
#include "manager.h"

#include <errno.h>
#include <signal.h>
#include <sysexits.h>

#include "bus-error.h"
#include "util.h"

int manager_load_config(const struct options *o, struct kvmb_config **ret, char **ret_error)
{
	return kvmb_config_load(o->config_given ? NULL : o->root, o->config, ret, ret_error);
}

int manager_reload(struct manager *m, char **ret_error)
{
	_cleanup_free_ char *error = NULL;
	struct kvmb_config *config = NULL;
	/* READY=1 before the first turn would end the start, and after STOPPING=1 the stop. */
	bool told = m->ready && !m->stopping;
	int r;

	if (told)
		notify_reloading();
	r = manager_load_config(m->options, &config, &error);
	if (r >= 0)
		r = kvmb_engine_set_config(m->engine, config);
	if (r < 0) {
		(void)kvmb_config_free(config);
		journal_log(JOURNAL_RELOAD_REFUSED, NULL,
			    "The old configuration stays in force: %s", error ?: strerror(-r));
	} else {
		(void)kvmb_config_free(m->config);
		m->config = config;
		recorders_write(&m->recorders, &(const struct kvmb_record){
			.kind = KVMB_RECORD_CONFIG, .config = config });
		journal_log(JOURNAL_RELOADED, NULL, "The configuration was read again");
		manager_schedule(m, 0);
	}
	if (told)
		notify_ready();
	if (r == -EBADMSG)
		*ret_error = TAKE_PTR(error);
	return r;
}

/* --release must work also when a fault in the configuration is what ended the daemon. */
static int load_config(struct manager *m)
{
	_cleanup_free_ char *error = NULL;
	int r = manager_load_config(m->options, &m->config, &error);

	if (r >= 0)
		return 0;
	journal_log(JOURNAL_CONFIG_FAULT, NULL, "%s", error ?: strerror(-r));
	return m->options->mode == RUN_RELEASE ? kvmb_config_new(&m->config) : r;
}

static int load_state(struct manager *m, struct kvmb_state **ret)
{
	int r;

	/* A dry run neither knows nor changes what a real one remembers. */
	if (m->options->dry_run && !m->options->state) {
		*ret = NULL;
		return 0;
	}
	r = state_file_open(&m->state_file, m->options->state);
	if (r < 0)
		return r;
	m->state_file.read_only = m->options->dry_run;
	r = state_file_load(&m->state_file, ret);
	if (r >= 0)
		return 0;
	journal_log(JOURNAL_STATE_FAULT, NULL, "%s is not usable, starting afresh: %s",
		    m->state_file.path, strerror(-r));
	*ret = NULL;
	return 0;
}

int manager_save_state(struct manager *m, const struct kvmb_state *state, bool sync)
{
	int r = state_file_save(&m->state_file, state, sync);

	if (r < 0 && r != m->state_error)
		journal_log(JOURNAL_STATE_FAULT, NULL, "%s cannot be written: %s",
			    m->state_file.path, strerror(-r));
	m->state_error = r;
	return r;
}

void manager_keep_state(struct manager *m)
{
	if (state_file_due(&m->state_file, now_ns()))
		(void)manager_save_state(m, kvmb_engine_state(m->engine), false);
}

static int start_engine(struct manager *m)
{
	struct kvmb_state *state = NULL;
	struct kvmb_engine_params params = {
		.root = m->options->root,
		.libvirt_uri = m->options->uri,
		.config = m->config,
		.dry_run = m->options->dry_run,
		.callbacks = &manager_engine_callbacks,
		.userdata = m,
	};
	int r = load_state(m, &state);

	if (r < 0)
		return r;
	params.state = state;
	r = kvmb_engine_new(&params, &m->engine);
	(void)kvmb_state_free(state);
	if (r == -EOPNOTSUPP)
		journal_log(JOURNAL_HOST_UNFIT, NULL,
			    "This host has no cgroup v2 memory controller, which is needed: boot "
			    "it with systemd.unified_cgroup_hierarchy=1");
	return r;
}

/* Threads inherit the mask, so this comes before there are any. */
static int block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	return 0;
}

static int start(struct manager *m)
{
	int r = block_signals();

	if (r >= 0)
		r = load_config(m);
	if (r >= 0)
		r = sd_event_default(&m->event);
	if (r >= 0)
		r = bus_error_register();
	if (r >= 0)
		r = start_engine(m);
	if (r >= 0)
		r = manager_watch(m);
	if (r < 0)
		return r;
	if (m->options->mode == RUN_RELEASE)
		manager_stop(m);
	else
		bus_open(m);
	return 0;
}

static void finish(struct manager *m)
{
	bus_close(m);
	recorders_close(&m->recorders);
	m->tick_source = sd_event_source_disable_unref(m->tick_source);
	m->engine_source = sd_event_source_disable_unref(m->engine_source);
	m->stop_source = sd_event_source_disable_unref(m->stop_source);
	m->event = sd_event_unref(m->event);
	/* The loop is over: no callback comes any more while the engine's threads are ended. */
	m->engine = kvmb_engine_free(m->engine);
	m->config = kvmb_config_free(m->config);
	machines_clear(&m->machines);
	host_view_clear(&m->host);
	state_file_close(&m->state_file);
}

static int exit_status(struct manager *m, int r)
{
	if (r >= 0)
		return r;
	if (!m->config || r == -EOPNOTSUPP)
		return EX_CONFIG; /* told by now */
	journal_log(JOURNAL_FAILED, NULL, "Cannot go on: %s", strerror(-r));
	return EXIT_FAILURE;
}

int manager_run(const struct options *options)
{
	struct manager m = { .options = options, .started_usec = now_usec() };
	int r = start(&m);

	if (r >= 0)
		r = sd_event_loop(m.event);
	r = exit_status(&m, r);
	finish(&m);
	return r;
}

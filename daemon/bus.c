/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The D-Bus side: connection, name, objects, signals.
 */
#include "bus.h"

#include <errno.h>

#include "manager.h"
#include "util.h"

#define RETRY_FIRST_USEC (1 * USEC_PER_SEC)
#define RETRY_LAST_USEC (30 * USEC_PER_SEC)

/* What DBus.RequestName answers (D-Bus specification, "org.freedesktop.DBus.RequestName"). */
#define REQUEST_NAME_PRIMARY_OWNER 1U
#define REQUEST_NAME_ALREADY_OWNER 4U

static int machine_find(sd_bus *connection, const char *path, const char *interface, void *userdata,
			void **ret_found, sd_bus_error *error)
{
	struct manager *m = userdata;
	_cleanup_free_ char *name = NULL;
	struct machine *machine;
	int r = sd_bus_path_decode(path, BUS_MACHINE_PREFIX, &name);

	if (r <= 0)
		return r;
	machine = machines_find(&m->machines, name);
	if (!machine)
		return 0;
	machine_view_fill(m, machine, &m->bus.machine);
	*ret_found = &m->bus.machine;
	return 1;
}

static int machine_list(sd_bus *connection, const char *prefix, void *userdata, char ***ret_nodes,
			sd_bus_error *error)
{
	const struct machines *machines = &((struct manager *)userdata)->machines;
	_cleanup_strv_free_ char **list = calloc(machines->n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < machines->n; i++) {
		list[i] = strdup(machines->table[i]->path);
		if (!list[i])
			return -ENOMEM;
	}
	*ret_nodes = TAKE_PTR(list);
	return 0;
}

static int add_objects(struct manager *m, sd_bus *bus)
{
	int r = sd_bus_add_object_manager(bus, NULL, BUS_PATH);

	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, BUS_MANAGER_INTERFACE,
					     bus_manager_vtable, m);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(bus, NULL, BUS_MACHINE_PREFIX, BUS_MACHINE_INTERFACE,
					       bus_machine_vtable, machine_find, m);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(bus, NULL, BUS_MACHINE_PREFIX, machine_list, m);
	return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	bus_open(userdata);
	return 0;
}

/* No bus is no harm to any guest: say so once, and try again later. */
static void bus_lost(struct manager *m, const char *what, int r)
{
	struct bus *b = &m->bus;

	bus_close(m);
	if (!b->told)
		journal_log(JOURNAL_BUS, NULL, "%s: %s; going on without D-Bus, trying again", what,
			    strerror(-r));
	b->told = true;
	b->retry_usec = b->retry_usec ? b->retry_usec * 2 : RETRY_FIRST_USEC;
	if (b->retry_usec > RETRY_LAST_USEC)
		b->retry_usec = RETRY_LAST_USEC;
	r = sd_event_add_time_relative(m->event, &b->retry_source, CLOCK_MONOTONIC, b->retry_usec,
				       0, on_retry, m);
	if (r < 0)
		journal_log(JOURNAL_BUS, NULL, "Cannot set a timer: %s; D-Bus is not tried again",
			    strerror(-r));
	manager_bus_settled(m);
}

static int on_disconnected(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	bus_lost(userdata, "The bus is gone", -ENOTCONN);
	return 1;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(reply);
	uint32_t answer = 0;

	if (e) {
		bus_lost(m, "The bus refuses the name " BUS_NAME, -sd_bus_error_get_errno(e));
		return 1;
	}
	if (sd_bus_message_read(reply, "u", &answer) < 0 ||
	    (answer != REQUEST_NAME_PRIMARY_OWNER && answer != REQUEST_NAME_ALREADY_OWNER)) {
		journal_log(JOURNAL_FAILED, NULL,
			    "The bus name " BUS_NAME " is taken: another kvm-balloond is running");
		return sd_event_exit(m->event, EXIT_FAILURE);
	}
	if (m->bus.told)
		journal_log(JOURNAL_BUS, NULL, "D-Bus is there again");
	m->bus.told = false;
	m->bus.retry_usec = 0;
	manager_bus_settled(m);
	return 1;
}

static int connection_new(const char *address, sd_bus **ret)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	int r;

	if (!address)
		return sd_bus_open_system_with_description(ret, "kvm-balloond");
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bus);
	return 0;
}

/* None of this waits: authentication, Hello and the name are under way when it returns. */
static int bus_connect(struct manager *m)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int r = connection_new(m->options->address, &bus);

	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(bus, false);
	if (r >= 0)
		r = sd_bus_attach_event(bus, m->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local",
					"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
					"Disconnected", on_disconnected, m);
	if (r >= 0)
		r = add_objects(m, bus);
	if (r >= 0)
		r = sd_bus_request_name_async(bus, NULL, BUS_NAME, 0, on_name, m);
	if (r < 0)
		return r;
	m->bus.connection = TAKE_PTR(bus);
	return 0;
}

void bus_open(struct manager *m)
{
	int r;

	m->bus.retry_source = sd_event_source_disable_unref(m->bus.retry_source);
	r = bus_connect(m);
	if (r < 0)
		bus_lost(m, "Cannot reach the bus", r);
}

void bus_close(struct manager *m)
{
	struct bus *b = &m->bus;

	b->retry_source = sd_event_source_disable_unref(b->retry_source);
	authz_cancel(&b->authz);
	map_calls_drop(&b->maps);
	persist_calls_drop(&b->persists);
	b->connection = sd_bus_close_unref(b->connection);
}

void bus_machine_added(struct manager *m, const struct machine *machine)
{
	if (m->bus.connection)
		(void)sd_bus_emit_object_added(m->bus.connection, machine->path);
}

void bus_machine_removed(struct manager *m, const struct machine *machine)
{
	if (m->bus.connection)
		(void)sd_bus_emit_object_removed(m->bus.connection, machine->path);
}

void bus_machine_changed(struct manager *m, const struct machine *machine, const char **properties)
{
	if (m->bus.connection)
		(void)sd_bus_emit_properties_changed_strv(m->bus.connection, machine->path,
							  BUS_MACHINE_INTERFACE,
							  (char **)properties);
}

void bus_host_changed(struct manager *m, const char **properties)
{
	if (m->bus.connection)
		(void)sd_bus_emit_properties_changed_strv(m->bus.connection, BUS_PATH,
							  BUS_MANAGER_INTERFACE,
							  (char **)properties);
}

void bus_action_done(struct manager *m, const struct kvmb_result *result)
{
	const struct kvmb_action *a = &result->action;
	const struct machine *machine = machines_find(&m->machines, a->name);
	const char *kind = kvmb_action_kind_to_string(a->kind);
	const char *rule = kvmb_rule_to_string(a->rule);
	const char *why = kvmb_why_to_string(result->why);

	if (!m->bus.connection)
		return;
	(void)sd_bus_emit_signal(m->bus.connection, BUS_PATH, BUS_MANAGER_INTERFACE, "ActionDone",
				 "sssttxiss", a->name, kind, rule, a->asked_bytes,
				 result->got_bytes, result->net_bytes, result->error, why,
				 a->reason);
	if (!machine)
		return;
	(void)sd_bus_emit_signal(m->bus.connection, machine->path, BUS_MACHINE_INTERFACE,
				 "ActionDone", "ssttxiss", kind, rule, a->asked_bytes,
				 result->got_bytes, result->net_bytes, result->error, why,
				 a->reason);
}

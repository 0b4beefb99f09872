// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the daemon for its state and reads the replies into plain structs. */
#include "bus.h"

#include <errno.h>
#include <string.h>

#include "util.h"

int bus_get_manager(struct ctl *ctl, struct manager *ret, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r = fields_init(&manager_fields, ret);

	if (r >= 0)
		r = bus_new_get_all(ctl, BUS_PATH, BUS_MANAGER, &call);
	if (r >= 0)
		r = bus_send(ctl, call, error, &reply);
	return r < 0 ? r : fields_read(&manager_fields, ret, reply, NULL);
}

static struct machine *machines_add(struct machines *m)
{
	struct machine *grown;

	if (m->n % 64 == 0) {
		grown = reallocarray(m->items, m->n + 64, sizeof(*grown));
		if (!grown)
			return NULL;
		m->items = grown;
	}
	return &m->items[m->n++];
}

static int read_machine(sd_bus_message *m, struct machines *machines)
{
	struct machine *machine = machines_add(machines);
	int r = machine ? fields_init(&machine_fields, machine) : -ENOMEM;

	return r < 0 ? r : fields_read(&machine_fields, machine, m, NULL);
}

/* One object of GetManagedObjects: "oa{sa{sv}}". Interfaces that are not ours are skipped. */
static int read_object(sd_bus_message *m, struct machines *machines)
{
	const char *path, *interface;
	int r = sd_bus_message_read_basic(m, 'o', &path);

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &interface);
		if (r < 0)
			return r;
		if (strcmp(interface, BUS_MACHINE) == 0)
			r = read_machine(m, machines);
		else
			r = sd_bus_message_skip(m, "a{sv}");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct machine *)a)->name, ((const struct machine *)b)->name);
}

int bus_read_machines(sd_bus_message *m, struct machines *ret)
{
	int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
		r = read_object(m, ret);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r < 0)
		return r;
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
	return 0;
}

int bus_get_machines(struct ctl *ctl, struct machines *ret, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r = bus_new_call(ctl, BUS_PATH, BUS_OBJECTS, "GetManagedObjects", &call);

	if (r >= 0)
		r = bus_send(ctl, call, error, &reply);
	return r < 0 ? r : bus_read_machines(reply, ret);
}

int bus_machine_path(struct ctl *ctl, const char *name, char **ret, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	const char *path;
	int r = bus_new_call(ctl, BUS_PATH, BUS_MANAGER, "GetMachine", &call);

	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "s", name);
	if (r == -EINVAL) /* not UTF-8, so no machine is called that */
		return sd_bus_error_set(error, BUS_NAME ".Error.NoSuchMachine", NULL);
	if (r >= 0)
		r = bus_send(ctl, call, error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

int bus_get_machine(struct ctl *ctl, const char *name, struct machine *ret, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_free_ char *path = NULL;
	int r = fields_init(&machine_fields, ret);

	if (r >= 0)
		r = bus_machine_path(ctl, name, &path, error);
	if (r >= 0)
		r = bus_new_get_all(ctl, path, BUS_MACHINE, &call);
	if (r >= 0)
		r = bus_send(ctl, call, error, &reply);
	return r < 0 ? r : fields_read(&machine_fields, ret, reply, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Methods Histogram and Map of interface Machine: how old a guest's memory is.
 */
#include "bus.h"

#include <errno.h>

#include "bus-error.h"
#include "manager.h"
#include "util.h"

static int no_ages(const char *name, const struct kvmb_guest_status *s, sd_bus_error *error)
{
	const char *why = s->aging_reason && *s->aging_reason ? s->aging_reason : "it is not aged";

	return sd_bus_error_setf(error, BUS_ERROR_NO_AGES,
				 "Nothing tells the ages of the memory of \"%s\": %s", name, why);
}

static int too_many(sd_bus_error *error)
{
	return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
				"Too many requests for a map are pending");
}

static int append_buckets(sd_bus_message *reply, const struct kvmb_ages *a)
{
	int r = sd_bus_message_open_container(reply, 'a', "(ttt)");

	for (unsigned int i = 0; r >= 0 && i < KVMB_AGE_BUCKETS; i++)
		r = sd_bus_message_append(reply, "(ttt)", kvmb_age_bucket_usec(i),
					  a->cold_bytes[i], a->promoted_bytes[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_method_histogram(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	const struct machine_view *v = userdata;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct kvmb_guest_status s;
	int r = kvmb_engine_guest_status(v->manager->engine, v->name, &s);

	if (r == -ENOENT || (r >= 0 && !s.sample))
		return bus_no_machine(error, v->name);
	if (r >= 0 && (s.sample->ages.source == KVMB_AGING_NONE || !s.sample->ages.told_ns))
		return no_ages(v->name, &s, error);
	if (r >= 0)
		r = sd_bus_message_new_method_return(msg, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "s",
					  kvmb_aging_to_string(s.sample->ages.source));
	if (r >= 0)
		r = append_buckets(reply, &s.sample->ages);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int map_allowed(sd_bus_message *msg, uid_t caller, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	const struct machine *machine = bus_machine_of(m, msg, error);
	int r;

	if (!machine)
		return -ENOENT;
	if (m->stopping)
		return bus_ending(error);
	r = map_calls_add(&m->bus.maps, msg, machine->name);
	if (r == -EBUSY)
		return too_many(error);
	if (r < 0)
		return r;
	r = kvmb_engine_ask_map(m->engine, machine->name);
	if (r < 0)
		bus_map_done(m, machine->name, NULL, r);
	else
		manager_map_wanted(m);
	return 1;
}

/* It shows what a guest does, to 2 MiB and by the second: that is not for everybody to see. */
int bus_method_map(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = ((struct machine_view *)userdata)->manager;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_MAP, map_allowed, m }, error);
}

/* Why there is no map, in a form that says what would have to be otherwise. */
static void map_error(struct manager *m, const char *name, int r, sd_bus_error *error)
{
	struct kvmb_guest_status s;
	enum kvmb_aging source;

	if (r == -ENOENT || kvmb_engine_guest_status(m->engine, name, &s) < 0) {
		(void)bus_no_machine(error, name);
		return;
	}
	source = s.sample ? s.sample->ages.source : KVMB_AGING_NONE;
	if (r == -EBUSY)
		(void)too_many(error);
	else if (r == -ESRCH || (r == -EOPNOTSUPP && source == KVMB_AGING_NONE))
		(void)no_ages(name, &s, error);
	else if (r == -EOPNOTSUPP)
		(void)sd_bus_error_setf(error, BUS_ERROR_NO_AGES,
					"Only the module kvm_swap can tell where in the memory of "
					"\"%s\" its ages are; they are from %s (%s)",
					name, kvmb_aging_to_string(source), s.aging_reason ?: "");
	else
		(void)sd_bus_error_setf(error, SD_BUS_ERROR_FAILED,
					"The map of \"%s\" cannot be had: %s", name,
					strerror(-r));
}

void bus_map_done(struct manager *m, const char *name, const struct kvmb_map *map, int error)
{
	_cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

	if (map) {
		map_calls_answer(&m->bus.maps, name, map);
		return;
	}
	map_error(m, name, error, &e);
	map_calls_refuse(&m->bus.maps, name, &e);
}

void bus_stopping(struct manager *m)
{
	static const sd_bus_error ending =
		SD_BUS_ERROR_MAKE_CONST(BUS_ERROR_STOPPING, "kvm-balloond is ending");

	map_calls_refuse(&m->bus.maps, NULL, &ending);
	persist_calls_refuse(&m->bus.persists, &ending);
}

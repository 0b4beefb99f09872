/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The D-Bus side: connection, name, objects, signals. The agent works without a bus too; it then
 * tries to reach it again and again.
 */
#ifndef KVMB_DAEMON_BUS_H
#define KVMB_DAEMON_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include <kvmballoon.h>

#include "authz.h"
#include "bus-map.h"
#include "bus-persist.h"
#include "machine.h"

#define BUS_NAME "org.linux_kvm.Balloon1"
#define BUS_PATH "/org/linux_kvm/Balloon1"
#define BUS_MANAGER_INTERFACE "org.linux_kvm.Balloon1.Manager"
#define BUS_MACHINE_INTERFACE "org.linux_kvm.Balloon1.Machine"
#define BUS_MACHINE_PREFIX BUS_PATH "/machine"

#define POLKIT_SET_POLICY "org.linux_kvm.Balloon1.set-policy"
#define POLKIT_PERSIST_POLICY "org.linux_kvm.Balloon1.persist-policy"
#define POLKIT_RECLAIM "org.linux_kvm.Balloon1.reclaim"
#define POLKIT_MAP "org.linux_kvm.Balloon1.map"
#define POLKIT_RECORD "org.linux_kvm.Balloon1.record"
#define POLKIT_RESERVE "org.linux_kvm.Balloon1.reserve"
#define POLKIT_RELOAD "org.linux_kvm.Balloon1.reload"

/* The states of reservations as they were told last. */
struct reservations_seen {
	struct { uint32_t id; enum kvmb_reservation_state state; } table[KVMB_RESERVATIONS_MAX];
	size_t n;
};

struct bus {
	sd_bus *connection; /* NULL while there is none */
	sd_event_source *retry_source;
	uint64_t retry_usec; /* how long until the next attempt */
	bool told;           /* that the bus is not there */
	struct authz authz;
	struct map_calls maps;
	struct reservations_seen reservations;
	struct persist_calls persists;
	struct machine_view machine; /* of the object that is being asked */
};

struct manager;

/** bus_open() - begin to connect; trouble is told in the journal and tried again later */
void bus_open(struct manager *m);
void bus_close(struct manager *m);

void bus_machine_added(struct manager *m, const struct machine *machine);
/** bus_machine_removed() - to be called while the machine is still in the table */
void bus_machine_removed(struct manager *m, const struct machine *machine);
void bus_machine_changed(struct manager *m, const struct machine *machine, const char **properties);
void bus_host_changed(struct manager *m, const char **properties);
void bus_action_done(struct manager *m, const struct kvmb_result *result);
/**
 * bus_map_done() - answer the callers of Map: @map, or NULL and why not, as guest_map has it, or
 * -ENOENT the guest is gone, -EBUSY too many are asked for
 */
void bus_map_done(struct manager *m, const char *name, const struct kvmb_map *map, int error);
/** bus_persisted() - answer the caller of PersistPolicy that @answer is for */
void bus_persisted(struct manager *m, const struct kvmb_persist *answer);
/** bus_stopping() - nobody is kept waiting while memory is given back */
void bus_stopping(struct manager *m);

/** bus_introspect() - print the interfaces as the bus would show them */
int bus_introspect(void);

/** bus_policy_field() - number of the field called @key, or -EINVAL with @error set */
int bus_policy_field(const char *key, sd_bus_error *error);

/** bus_policy_read() - a{sv} of SetPolicy into a policy; -EINVAL with @error set */
int bus_policy_read(sd_bus_message *m, struct kvmb_policy *ret, sd_bus_error *error);

/**
 * bus_machine_of() - the guest that a message is about, or NULL with @error set
 *
 * Between a call and polkit's answer it may have gone, so it is looked up by path, not remembered.
 */
struct machine *bus_machine_of(struct manager *m, sd_bus_message *msg, sd_bus_error *error);

/* bus-ages.c: methods of interface Machine */
int bus_method_histogram(sd_bus_message *msg, void *userdata, sd_bus_error *error);
int bus_method_map(sd_bus_message *msg, void *userdata, sd_bus_error *error);

/* bus-reserve.c: reservations, on interface Manager */
int bus_method_reserve(sd_bus_message *msg, void *userdata, sd_bus_error *error);
int bus_method_unreserve(sd_bus_message *msg, void *userdata, sd_bus_error *error);
int bus_get_reservations(sd_bus *bus, const char *path, const char *interface,
			 const char *property, sd_bus_message *reply, void *userdata,
			 sd_bus_error *error);
/** bus_reservations_tell() - a signal for each whose state is another than was told last */
void bus_reservations_tell(struct manager *m);
/* bus-persist.c: method of interface Machine */
int bus_method_persist_policy(sd_bus_message *msg, void *userdata, sd_bus_error *error);

/* Tables: nothing but the names, the types, and where the values are. */
extern const sd_bus_vtable bus_manager_vtable[]; /* userdata: struct manager */
extern const sd_bus_vtable bus_machine_vtable[]; /* userdata: struct machine_view */

#endif

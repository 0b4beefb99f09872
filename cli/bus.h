/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to the daemon: opening it, the calls the verbs make, what its errors mean. */
#ifndef CTL_BUS_H
#define CTL_BUS_H

#include <systemd/sd-bus.h>

#include "ctl.h"
#include "fields.h"

#define BUS_NAME "org.linux_kvm.Balloon1"
#define BUS_PATH "/org/linux_kvm/Balloon1"
#define BUS_MACHINE_PATH BUS_PATH "/machine"
#define BUS_MANAGER BUS_NAME ".Manager"
#define BUS_MACHINE BUS_NAME ".Machine"
#define BUS_PROPERTIES "org.freedesktop.DBus.Properties"
#define BUS_OBJECTS "org.freedesktop.DBus.ObjectManager"

/*
 * Every reply is due within this, but for a map, which the daemon itself waits for: up to 20 s.
 * Writes may wait for somebody to type a password.
 */
#define BUS_TIMEOUT_USEC (10 * 1000000ULL)
#define BUS_MAP_TIMEOUT_USEC (25 * 1000000ULL)
#define BUS_ASK_TIMEOUT_USEC (120 * 1000000ULL)

/** bus_open() - connect as the options say, into ctl->bus; prints why not; an exit status */
int bus_open(struct ctl *ctl);

/** bus_failed() - print what went wrong (@error may be NULL), and what to do; an exit status */
int bus_failed(const struct ctl *ctl, const sd_bus_error *error, int r, const char *machine);

/**
 * bus_new_call() - a call of the daemon that does not start it
 */
int bus_new_call(struct ctl *ctl, const char *path, const char *interface, const char *method,
		 sd_bus_message **ret);
/** bus_new_get_all() - a call that asks for all properties of the manager or a machine */
int bus_new_get_all(struct ctl *ctl, const char *path, const char *interface, sd_bus_message **ret);
/** bus_send() - send a call and wait; bus_ask() the same for one that polkit may ask about */
int bus_send(struct ctl *ctl, sd_bus_message *call, sd_bus_error *error, sd_bus_message **ret);
int bus_ask(struct ctl *ctl, sd_bus_message *call, sd_bus_error *error, sd_bus_message **ret);

/* All below return 0 or a negative errno with @error set; the caller clears outputs, always. */
int bus_get_manager(struct ctl *ctl, struct manager *ret, sd_bus_error *error);
int bus_get_machines(struct ctl *ctl, struct machines *ret, sd_bus_error *error);
int bus_get_machine(struct ctl *ctl, const char *name, struct machine *ret, sd_bus_error *error);
/** bus_machine_path() - the object of a machine, from the daemon; free @ret */
int bus_machine_path(struct ctl *ctl, const char *name, char **ret, sd_bus_error *error);

/** bus_read_machines() - the machines in a reply of GetManagedObjects, ordered by name */
int bus_read_machines(sd_bus_message *m, struct machines *ret);

#endif

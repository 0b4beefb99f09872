/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of our D-Bus errors. Where the bus has a well-known name (AccessDenied, InvalidArgs,
 * UnknownObject), that one is used.
 */
#ifndef KVMB_DAEMON_BUS_ERROR_H
#define KVMB_DAEMON_BUS_ERROR_H

#include <systemd/sd-bus.h>

#define BUS_ERROR_NO_SUCH_MACHINE "org.linux_kvm.Balloon1.Error.NoSuchMachine"
#define BUS_ERROR_INVALID_POLICY "org.linux_kvm.Balloon1.Error.InvalidPolicy"
#define BUS_ERROR_INVALID_SIZE "org.linux_kvm.Balloon1.Error.InvalidSize"
#define BUS_ERROR_INVALID_CONFIG "org.linux_kvm.Balloon1.Error.InvalidConfig"
#define BUS_ERROR_EXCLUDED "org.linux_kvm.Balloon1.Error.Excluded"
#define BUS_ERROR_NOT_CONNECTED "org.linux_kvm.Balloon1.Error.NotConnected"
#define BUS_ERROR_NOT_ACTING "org.linux_kvm.Balloon1.Error.NotActing"
#define BUS_ERROR_NOT_WRITTEN "org.linux_kvm.Balloon1.Error.NotWritten"
#define BUS_ERROR_NO_AGES "org.linux_kvm.Balloon1.Error.NoAges"
#define BUS_ERROR_INVALID_TIMEOUT "org.linux_kvm.Balloon1.Error.InvalidTimeout"
#define BUS_ERROR_NO_ROOM "org.linux_kvm.Balloon1.Error.NoRoom"
#define BUS_ERROR_NO_SUCH_RESERVATION "org.linux_kvm.Balloon1.Error.NoSuchReservation"
#define BUS_ERROR_STOPPING "org.linux_kvm.Balloon1.Error.Stopping"

/** bus_no_machine(), bus_ending() - errors of many methods; as sd_bus_error_set() */
int bus_no_machine(sd_bus_error *error, const char *name);
int bus_ending(sd_bus_error *error);

/** bus_error_register() - teach sd-bus which errno each of our names is */
int bus_error_register(void);

#endif

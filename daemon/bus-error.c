/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which errno each of our D-Bus errors is.
 */
#include "bus-error.h"

#include <errno.h>

static const sd_bus_error_map errors[] = {
	SD_BUS_ERROR_MAP(BUS_ERROR_NO_SUCH_MACHINE, ENOENT),
	SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_POLICY, EINVAL),
	SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_SIZE, ERANGE),
	SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_CONFIG, EBADMSG),
	SD_BUS_ERROR_MAP(BUS_ERROR_EXCLUDED, EPERM),
	SD_BUS_ERROR_MAP(BUS_ERROR_NOT_CONNECTED, ENOTCONN),
	SD_BUS_ERROR_MAP(BUS_ERROR_NOT_ACTING, EROFS),
	SD_BUS_ERROR_MAP(BUS_ERROR_NOT_WRITTEN, EIO),
	SD_BUS_ERROR_MAP(BUS_ERROR_NO_AGES, EOPNOTSUPP),
	SD_BUS_ERROR_MAP(BUS_ERROR_INVALID_TIMEOUT, EINVAL),
	SD_BUS_ERROR_MAP(BUS_ERROR_NO_ROOM, E2BIG),
	SD_BUS_ERROR_MAP(BUS_ERROR_NO_SUCH_RESERVATION, ENOENT),
	SD_BUS_ERROR_MAP(BUS_ERROR_STOPPING, ESHUTDOWN),
	SD_BUS_ERROR_MAP_END,
};

int bus_no_machine(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_MACHINE, "There is no machine \"%s\"",
				 name);
}

int bus_ending(sd_bus_error *error)
{
	return sd_bus_error_set(error, BUS_ERROR_STOPPING, "kvm-balloond is ending");
}

int bus_error_register(void)
{
	return sd_bus_error_add_map(errors);
}

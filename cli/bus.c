// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens the bus and sends calls. What replies mean is in bus-read.c, errors are in bus-error.c. */
#include "bus.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "util.h"

static int open_address(const char *address, sd_bus **ret)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = bus;
	bus = NULL;
	return 0;
}

int bus_open(struct ctl *ctl)
{
	int r;

	if (ctl->address)
		r = open_address(ctl->address, &ctl->bus);
	else if (ctl->host)
		r = sd_bus_open_system_remote(&ctl->bus, ctl->host);
	else
		r = sd_bus_open_system(&ctl->bus);
	if (r >= 0)
		return CTL_OK;
	if (r == -EINVAL && ctl->address)
		return ctl_error(CTL_USAGE, "'%s' is not the address of a bus, as in "
				 "unix:path=/run/dbus/system_bus_socket", ctl->address);
	if (r == -EINVAL && ctl->host)
		return ctl_error(CTL_USAGE, "'%s' is not a host, as in root@server", ctl->host);
	if (ctl->host) /* what ssh had to say, it has said */
		return bus_failed(ctl, NULL, -ENOTCONN, NULL);
	return ctl_error(r == -EACCES || r == -EPERM ? CTL_DENIED : CTL_NO_DAEMON,
			 "cannot reach %s: %s", ctl->address ? "that bus" : "the system bus",
			 strerror(-r));
}

int bus_new_call(struct ctl *ctl, const char *path, const char *interface, const char *method,
		 sd_bus_message **ret)
{
	_cleanup_message_ sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(ctl->bus, &m, BUS_NAME, path, interface, method);

	/* Whoever stopped the daemon does not want to have it started by a question. */
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r < 0)
		return r;
	*ret = m;
	m = NULL;
	return 0;
}

int bus_new_get_all(struct ctl *ctl, const char *path, const char *interface, sd_bus_message **ret)
{
	_cleanup_message_ sd_bus_message *m = NULL;
	int r = bus_new_call(ctl, path, BUS_PROPERTIES, "GetAll", &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "s", interface);
	if (r < 0)
		return r;
	*ret = m;
	m = NULL;
	return 0;
}

int bus_send(struct ctl *ctl, sd_bus_message *call, sd_bus_error *error, sd_bus_message **ret)
{
	return sd_bus_call(ctl->bus, call, ctl->reply_usec ?: BUS_TIMEOUT_USEC, error, ret);
}

int bus_ask(struct ctl *ctl, sd_bus_message *call, sd_bus_error *error, sd_bus_message **ret)
{
	int r;

	/* Only where somebody sits who can be asked. */
	if (!isatty(STDIN_FILENO))
		return bus_send(ctl, call, error, ret);
	r = sd_bus_message_set_allow_interactive_authorization(call, true);
	return r < 0 ? r : sd_bus_call(ctl->bus, call, BUS_ASK_TIMEOUT_USEC, error, ret);
}

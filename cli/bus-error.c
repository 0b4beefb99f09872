// SPDX-License-Identifier: GPL-2.0-or-later
/* What an error of the bus or the daemon means to people, and which exit status it is. */
#include "bus.h"

#include <errno.h>
#include <string.h>

#include "text.h"
#include "util.h"

#define DBUS_ERROR(name) "org.freedesktop.DBus.Error." name
#define OUR_ERROR(name) BUS_NAME ".Error." name

static int no_daemon(const struct ctl *ctl)
{
	if (ctl->host)
		return ctl_error(CTL_NO_DAEMON, "kvm-balloond is not running on %s; start it with: "
				 "systemctl --host=%s start kvm-balloond", ctl->host, ctl->host);
	return ctl_error(CTL_NO_DAEMON, "kvm-balloond is not running; start it with: "
			 "systemctl start kvm-balloond");
}

static int no_connection(const struct ctl *ctl)
{
	if (ctl->host)
		return ctl_error(CTL_NO_DAEMON, "no connection to %s; does this work: "
				 "ssh %s systemd-stdio-bridge --version", ctl->host, ctl->host);
	return ctl_error(CTL_NO_DAEMON, "the bus has closed the connection");
}

static const struct {
	const char *name;
	enum ctl_exit status;
	const char *advice; /* printed behind the daemon's own words */
} meanings[] = {
	{ DBUS_ERROR("AccessDenied"), CTL_DENIED, "; try it as root" },
	{ DBUS_ERROR("AuthFailed"), CTL_DENIED, "" },
	{ DBUS_ERROR("InteractiveAuthorizationRequired"), CTL_DENIED,
	  "; try it as root" },
	{ DBUS_ERROR("NoReply"), CTL_NO_DAEMON, "; see: journalctl -u kvm-balloond" },
	{ DBUS_ERROR("Timeout"), CTL_FAILED, "; see: journalctl -u kvm-balloond" },
	{ OUR_ERROR("Stopping"), CTL_NO_DAEMON, "" },
	{ OUR_ERROR("NotConnected"), CTL_IDLE, "; see: systemctl status libvirtd" },
	{ OUR_ERROR("NotActing"), CTL_IDLE, "" },
	{ OUR_ERROR("InvalidConfig"), CTL_FAILED, "; the old configuration stays in force" },
};

static int daemon_error(const sd_bus_error *error)
{
	_cleanup_free_ char *text = text_escape(error->message ?: error->name, "");

	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (strcmp(error->name, meanings[i].name) == 0)
			return ctl_error(meanings[i].status, "%s%s", text ?: "",
					 meanings[i].advice);
	return ctl_error(CTL_FAILED, "%s", text ?: "");
}

int bus_failed(const struct ctl *ctl, const sd_bus_error *error, int r, const char *machine)
{
	if (sd_bus_error_has_names(error, DBUS_ERROR("ServiceUnknown"),
				   DBUS_ERROR("NameHasNoOwner")))
		return no_daemon(ctl);
	if (sd_bus_error_has_names(error, DBUS_ERROR("Disconnected"), DBUS_ERROR("NoServer")) ||
	    r == -ECONNRESET || r == -ENOTCONN)
		return no_connection(ctl);
	if (machine && sd_bus_error_has_names(error, OUR_ERROR("NoSuchMachine"),
					      DBUS_ERROR("UnknownObject"))) {
		_cleanup_free_ char *name = text_escape(machine, "");

		return ctl_error(CTL_NO_MACHINE, "there is no machine '%s'; see: "
				 "kvm-balloonctl list", name ?: "");
	}
	if (sd_bus_error_is_set(error))
		return daemon_error(error);
	if (r == -EBADMSG)
		return ctl_error(CTL_FAILED, "kvm-balloond gave no sensible answer");
	return ctl_errno(r, "kvm-balloond");
}

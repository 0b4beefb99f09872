/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --bus-introspect: both interfaces as XML, without a bus. Two ends of a socket pair talk D-Bus
 * within this process: one has the real tables, the other asks it Introspect.
 */
#include "bus.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "util.h"

/* No bus is in between, so that nothing can be slow but a fault of ours. */
#define INTROSPECT_USEC (5 * USEC_PER_SEC)

static int server_new(int fd, sd_bus **ret)
{
	_cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
	sd_id128_t id;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_fd(bus, fd, fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	r = sd_id128_randomize(&id);
	if (r >= 0)
		r = sd_bus_set_server(bus, true, id);
	/* Introspection looks at the tables only; there is no object behind them here. */
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, BUS_MANAGER_INTERFACE,
					     bus_manager_vtable, NULL);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, BUS_MACHINE_INTERFACE,
					     bus_machine_vtable, NULL);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bus);
	return 0;
}

static int client_new(int fd, sd_bus **ret)
{
	_cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_fd(bus, fd, fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bus);
	return 0;
}

struct answer {
	bool done;
	int error;
};

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct answer *a = userdata;
	const char *xml = "";

	a->done = true;
	a->error = -sd_bus_message_get_errno(reply);
	if (a->error == 0)
		a->error = sd_bus_message_read(reply, "s", &xml);
	if (a->error >= 0 && fputs(xml, stdout) < 0)
		a->error = -EIO;
	return 1;
}

/* Lets both ends work until neither has anything left to do, then looks at the clock. */
static int talk(sd_bus *server, sd_bus *client, struct answer *a)
{
	uint64_t end = now_usec() + INTROSPECT_USEC;

	while (!a->done) {
		int r = sd_bus_process(server, NULL);
		int q = r < 0 ? r : sd_bus_process(client, NULL);

		if (q < 0)
			return q;
		if (r == 0 && q == 0 && now_usec() > end)
			return -ETIMEDOUT;
	}
	return a->error;
}

int bus_introspect(void)
{
	_cleanup_(sd_bus_close_unrefp) sd_bus *server = NULL, *client = NULL;
	struct answer answer = { .done = false };
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	r = server_new(fds[0], &server);
	if (r < 0) {
		(void)close(fds[1]);
		return r;
	}
	r = client_new(fds[1], &client);
	if (r >= 0)
		r = sd_bus_call_method_async(client, NULL, NULL, BUS_PATH,
					     "org.freedesktop.DBus.Introspectable", "Introspect",
					     on_answer, &answer, NULL);
	return r < 0 ? r : talk(server, client, &answer);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays polkit for one test: "fake-polkit ADDRESS ANSWER" owns its name on that bus, answers every
 * CheckAuthorization with yes, no, challenge, or not at all (never), and prints what it was asked.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-bus.h>

static int method_check(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *answer = userdata, *kind, *key, *subject, *action;
	uint32_t flags;
	int r = sd_bus_message_enter_container(m, 'r', "sa{sv}");

	if (r >= 0)
		r = sd_bus_message_read(m, "sa{sv}", &kind, 1, &key, "s", &subject);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		r = sd_bus_message_read(m, "s", &action);
	if (r >= 0)
		r = sd_bus_message_skip(m, "a{ss}");
	if (r >= 0)
		r = sd_bus_message_read(m, "u", &flags);
	if (r < 0)
		return r;
	printf("asked %s for %s %s %s, flags %u\n", action, kind, key, subject, flags);
	fflush(stdout);
	if (strcmp(answer, "never") == 0)
		return 1;
	return sd_bus_reply_method_return(m, "(bba{ss})", strcmp(answer, "yes") == 0,
					  strcmp(answer, "challenge") == 0, 0);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", method_check,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static int serve(const char *address, char *answer)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
					     "org.freedesktop.PolicyKit1.Authority", vtable,
					     answer);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	return r;
}

int main(int argc, char *argv[])
{
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: fake-polkit ADDRESS yes|no|challenge|never\n");
		return 2;
	}
	r = serve(argv[1], argv[2]);
	fprintf(stderr, "fake-polkit: %s\n", strerror(-r));
	return 1;
}

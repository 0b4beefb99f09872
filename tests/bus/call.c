/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls one method and prints the name and the text of the error that comes back, or "none":
 *
 *     call ADDRESS NAME OBJECT INTERFACE METHOD [SIGNATURE [ARGUMENT...]]
 *
 * With CALL_BEFORE=N in the environment the same connection has called it N times before, and still
 * waits for the answers.
 *
 * Signatures are those that the tests need: s, t, x, d, a{sv} with KEY TYPE VALUE triples, and
 * a{sv}as, where "--" and the strings follow them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>

static int append_basic(sd_bus_message *m, char type, const char *text)
{
	switch (type) {
	case 's':
		return sd_bus_message_append(m, "s", text);
	case 't':
		return sd_bus_message_append(m, "t", (uint64_t)strtoull(text, NULL, 10));
	case 'x':
		return sd_bus_message_append(m, "x", (int64_t)strtoll(text, NULL, 10));
	case 'u':
		return sd_bus_message_append(m, "u", (uint32_t)strtoul(text, NULL, 10));
	case 'i':
		return sd_bus_message_append(m, "i", (int32_t)strtol(text, NULL, 10));
	case 'd':
		return sd_bus_message_append(m, "d", strtod(text, NULL));
	default:
		return -EINVAL;
	}
}

static int append_values(sd_bus_message *m, int argc, char *argv[])
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (int i = 0; r >= 0 && i + 2 < argc; i += 3) {
		r = sd_bus_message_open_container(m, 'e', "sv");
		if (r >= 0)
			r = sd_bus_message_append(m, "s", argv[i]);
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'v', argv[i + 1]);
		if (r >= 0)
			r = append_basic(m, argv[i + 1][0], argv[i + 2]);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_values_and_strings(sd_bus_message *m, int argc, char *argv[])
{
	int n = 0, r;

	while (n < argc && strcmp(argv[n], "--") != 0)
		n++;
	r = append_values(m, n, argv);
	return r < 0 ? r : sd_bus_message_append_strv(m, argv + n + (n < argc));
}

static int append(sd_bus_message *m, int argc, char *argv[])
{
	int r = 0;

	if (argc == 0)
		return 0;
	if (strcmp(argv[0], "a{sv}as") == 0)
		return append_values_and_strings(m, argc - 1, argv + 1);
	if (strcmp(argv[0], "a{sv}") == 0)
		return append_values(m, argc - 1, argv + 1);
	if ((size_t)argc != strlen(argv[0]) + 1)
		return -EINVAL;
	for (int i = 1; r >= 0 && i < argc; i++)
		r = append_basic(m, argv[0][i - 1], argv[i]);
	return r;
}

static int connect_bus(const char *address, sd_bus **ret)
{
	int r = sd_bus_new(ret);

	if (r >= 0)
		r = sd_bus_set_address(*ret, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(*ret, true);
	return r < 0 ? r : sd_bus_start(*ret);
}

/* Their answers are nobody's. */
static int call_before(sd_bus *bus, char *argv[])
{
	const char *n = getenv("CALL_BEFORE");
	int r = 0;

	for (int i = n ? atoi(n) : 0; r >= 0 && i > 0; i--)
		r = sd_bus_call_method_async(bus, NULL, argv[2], argv[3], argv[4], argv[5], NULL,
					     NULL, NULL);
	return r;
}

int main(int argc, char *argv[])
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int r;

	if (argc < 6)
		return 2;
	r = connect_bus(argv[1], &bus);
	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, &m, argv[2], argv[3], argv[4], argv[5]);
	if (r >= 0)
		r = append(m, argc - 6, argv + 6);
	if (r >= 0)
		r = call_before(bus, argv);
	if (r < 0) {
		fprintf(stderr, "call: %s\n", strerror(-r));
		return 1;
	}
	if (sd_bus_call(bus, m, 0, &error, NULL) < 0)
		printf("%s: %s\n", error.name, error.message);
	else
		puts("none");
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
	sd_bus_flush_close_unref(bus);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* reserve, release: room for a machine before it is started. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "bus.h"
#include "figure.h"
#include "json.h"
#include "text.h"
#include "util.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define TIMEOUT_USEC (60 * USEC_PER_SEC) /* what is told if nothing else is */
#define END_USEC (3 * USEC_PER_SEC) /* with its next tick the daemon tells that it is over */

struct waiting {
	struct reservation now;
	bool over, gone; /* it ended; the daemon did */
};

/* "90", "90s", "5min", "1h": whole ones, up to a day. */
static int parse_time(const char *option, const char *text, uint64_t *ret_usec)
{
	static const struct {
		const char *suffix;
		uint64_t sec;
	} units[] = { { "", 1 }, { "s", 1 }, { "min", 60 }, { "h", 3600 } };
	char *end;
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	for (size_t i = 0; n && n <= 86400 && i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		*ret_usec = n * units[i].sec * USEC_PER_SEC;
		return CTL_OK;
	}
	return ctl_error(CTL_USAGE, "%s takes a time, as in 90s, 5min or 1h", option);
}

static uint64_t now_usec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *unused)
{
	struct waiting *w = userdata;
	const char *name, *state;
	uint64_t bytes, held;
	uint32_t id;
	char *copy;
	int r = sd_bus_message_read(m, "usstt", &id, &name, &state, &bytes, &held);

	if (r < 0 || id != w->now.id)
		return r < 0 ? r : 0;
	copy = strdup(state);
	if (!copy)
		return -ENOMEM;
	free(w->now.state);
	w->now.state = copy;
	w->now.held_bytes = held;
	w->over = strcmp(state, "pending") != 0;
	return 0;
}

static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *unused)
{
	struct waiting *w = userdata;
	const char *name, *before, *now;
	int r = sd_bus_message_read(m, "sss", &name, &before, &now);

	if (r >= 0 && strcmp(name, BUS_NAME) == 0)
		w->gone = true;
	return r;
}

/* From before the call, so that no change is missed. */
static int watch(struct ctl *ctl, struct waiting *w)
{
	int r = sd_bus_match_signal(ctl->bus, NULL, BUS_NAME, BUS_PATH, BUS_MANAGER,
				    "ReservationChanged", on_changed, w);

	return r < 0 ? r : sd_bus_match_signal(ctl->bus, NULL, "org.freedesktop.DBus",
					       "/org/freedesktop/DBus", "org.freedesktop.DBus",
					       "NameOwnerChanged", on_owner, w);
}

static int wait_for(struct ctl *ctl, struct waiting *w, uint64_t usec)
{
	uint64_t end = now_usec() + usec, now;
	int r = 0;

	while (r >= 0 && !w->over && !w->gone && (now = now_usec()) < end) {
		r = sd_bus_process(ctl->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(ctl->bus, end - now);
	}
	return r == -EINTR ? 0 : r;
}

static int reserve(struct ctl *ctl, struct waiting *w, uint64_t timeout_usec, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	int r = bus_new_call(ctl, BUS_PATH, BUS_MANAGER, "Reserve", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "tts", w->now.bytes, timeout_usec, w->now.name);
	if (r == -EINVAL) /* not UTF-8, so no machine is called that */
		return sd_bus_error_set(error, BUS_NAME ".Error.NoSuchMachine", NULL);
	if (r >= 0)
		r = bus_ask(ctl, call, error, &reply);
	return r < 0 ? r : sd_bus_message_read(reply, "u", &w->now.id);
}

static int show(const struct ctl *ctl, const struct waiting *w)
{
	_cleanup_free_ char *name = text_escape(w->now.name, "");
	int r = 0;

	if (ctl->json)
		r = json_print_reservation(&w->now);
	else
		printf("reservation %" PRIu32 ": %s%s%s, %s\n", w->now.id,
		       figure_size(w->now.bytes).text, *w->now.name ? " for " : "", name ?: "",
		       w->now.state);
	return r < 0 ? ctl_errno(r, "cannot print the reservation") : CTL_OK;
}

/* The room was there: before its guest took it, or it would not have been taken. */
static bool had_room(const struct waiting *w)
{
	return strcmp(w->now.state, "ready") == 0 || strcmp(w->now.state, "used") == 0;
}

static int finish(struct ctl *ctl, struct waiting *w, uint64_t wait_usec)
{
	int r = ctl->wait ? wait_for(ctl, w, wait_usec) : 0;

	if (r < 0 || w->gone)
		return bus_failed(ctl, NULL, r < 0 ? r : -ENOTCONN, NULL);
	if (!ctl->wait || had_room(w))
		return show(ctl, w);
	return ctl_error(CTL_FAILED, "there is no room for %s: reservation %" PRIu32 " %s%s",
			 figure_size(w->now.bytes).text, w->now.id,
			 w->over ? "has ended: " : "is still ", w->now.state);
}

int ctl_verb_reserve(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *size = text_escape(operands[0], "");
	struct waiting w = { .now = { .name = (char *)(ctl->machine ?: "") } };
	uint64_t timeout_usec = TIMEOUT_USEC, wait_usec;
	int r = kvmb_parse_bytes(operands[0], &w.now.bytes);

	if (r < 0 || !w.now.bytes)
		return ctl_error(CTL_USAGE, "'%s' is not a size, as in 512M or 1.5G", size ?: "");
	w.now.held_bytes = w.now.bytes;
	r = ctl->timeout ? parse_time("--timeout", ctl->timeout, &timeout_usec) : CTL_OK;
	wait_usec = timeout_usec + END_USEC;
	if (r == CTL_OK && ctl->wait && *ctl->wait)
		r = parse_time("--wait", ctl->wait, &wait_usec);
	if (r != CTL_OK)
		return r;
	w.now.left_usec = timeout_usec;
	w.now.state = strdup("pending");
	r = w.now.state ? watch(ctl, &w) : -ENOMEM;
	if (r >= 0)
		r = reserve(ctl, &w, timeout_usec, &error);
	r = r < 0 ? bus_failed(ctl, &error, r, ctl->machine) : finish(ctl, &w, wait_usec);
	free(w.now.state);
	return r;
}

static int release(struct ctl *ctl, uint32_t id, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	int r = bus_new_call(ctl, BUS_PATH, BUS_MANAGER, "Release", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "u", id);
	return r < 0 ? r : bus_ask(ctl, call, error, NULL);
}

/* None is fine: it was used, or its time was over. */
static int release_for(struct ctl *ctl, const char *name)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(manager_clear) struct manager m;
	int r = bus_get_manager(ctl, &m, &error);

	for (size_t i = 0; r >= 0 && i < m.reservations.n; i++) {
		if (strcmp(m.reservations.items[i].name, name) != 0)
			continue;
		r = release(ctl, m.reservations.items[i].id, &error);
		if (sd_bus_error_has_name(&error, BUS_NAME ".Error.NoSuchReservation")) {
			sd_bus_error_free(&error);
			r = 0;
		}
	}
	return r < 0 ? bus_failed(ctl, &error, r, NULL) : CTL_OK;
}

int ctl_verb_release(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	unsigned long id = 0;
	char *end = NULL;
	int r;

	if (!n == !ctl->machine)
		return ctl_error(CTL_USAGE, "release takes the number of a reservation, or "
				 "--for=MACHINE");
	if (!n)
		return release_for(ctl, ctl->machine);
	if (*operands[0] >= '0' && *operands[0] <= '9')
		id = strtoul(operands[0], &end, 10);
	if (!end || *end || !id || id > UINT32_MAX)
		return ctl_error(CTL_USAGE, "release takes the number of a reservation, as "
				 "'kvm-balloonctl status' has it");
	r = release(ctl, (uint32_t)id, &error);
	return r < 0 ? bus_failed(ctl, &error, r, NULL) : CTL_OK;
}

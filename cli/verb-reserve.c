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

#define KEPT ", which was there" /* the hook of libvirt tells by it what is its own */
#define LEAST_BYTES (UINT64_C(1) << 20) /* the daemon reserves no less */
#define WAIT_MAX_USEC (86400 * USEC_PER_SEC)

struct waiting {
	struct reservation now;
	bool over, gone; /* it ended; the daemon did */
	bool kept;       /* it is not of ours */
};

/* "90", "90s", "5m", "5min", "1h": whole ones, up to a day. */
static int parse_time(const char *option, const char *text, uint64_t *ret_usec)
{
	static const struct {
		const char *suffix;
		uint64_t sec;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "min", 60 },
		      { "h", 3600 } };
	char *end;
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	for (size_t i = 0; n && n <= 86400 && i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		if (n * units[i].sec * USEC_PER_SEC > WAIT_MAX_USEC)
			break;
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

static int parse_timeout(const char *text, uint64_t *ret_usec)
{
	int r = parse_time("--timeout", text, ret_usec);

	if (r == CTL_OK && *ret_usec > KVMB_RESERVE_TIMEOUT_MAX_USEC)
		return ctl_error(CTL_USAGE, "--timeout takes 1s to 1h");
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

/* What is still held, not what it was once: its machine may have used some and be gone again. */
static bool serves(const struct reservation *r, const struct waiting *w)
{
	return strcmp(r->name, w->now.name) == 0 && r->held_bytes >= w->now.bytes &&
	       (strcmp(r->state, "ready") == 0 || strcmp(r->state, "pending") == 0);
}

/* 1: there is one that does as well, it is waited for instead. */
static int keep(struct ctl *ctl, struct waiting *w, sd_bus_error *error)
{
	_cleanup_(manager_clear) struct manager m;
	int r = bus_get_manager(ctl, &m, error);

	for (size_t i = 0; r >= 0 && i < m.reservations.n && !w->kept; i++) {
		struct reservation *found = &m.reservations.items[i];

		if (!serves(found, w))
			continue;
		w->kept = true;
		w->over = strcmp(found->state, "pending") != 0;
		w->now.id = found->id;
		w->now.bytes = found->bytes;
		w->now.held_bytes = found->held_bytes;
		w->now.left_usec = found->left_usec;
		free(w->now.state);
		w->now.state = found->state;
		found->state = NULL;
	}
	return r < 0 ? r : w->kept;
}

static int show(const struct ctl *ctl, const struct waiting *w)
{
	_cleanup_free_ char *name = text_escape(w->now.name, "");
	int r = 0;

	if (ctl->json)
		r = json_print_reservation(&w->now);
	else
		printf("reservation %" PRIu32 "%s: %s%s%s, %s\n", w->now.id,
		       w->kept ? KEPT : "", figure_size(w->now.bytes).text,
		       *w->now.name ? " for " : "", name ?: "", w->now.state);
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
	return ctl_error(CTL_FAILED, "there is no room for %s: reservation %" PRIu32 "%s %s%s",
			 figure_size(w->now.bytes).text, w->now.id,
			 w->kept ? KEPT "," : "",
			 w->over ? "has ended: " : "is still ", w->now.state);
}

/* For so long a daemon that hangs may hold up who told how long to wait; else as any question. */
static int read_times(struct ctl *ctl, uint64_t *ret_timeout_usec, uint64_t *ret_wait_usec)
{
	int r = ctl->timeout ? parse_timeout(ctl->timeout, ret_timeout_usec) : CTL_OK;

	*ret_wait_usec = *ret_timeout_usec + END_USEC;
	if (r != CTL_OK || !ctl->wait || !*ctl->wait)
		return r;
	r = parse_time("--wait", ctl->wait, ret_wait_usec);
	if (r == CTL_OK && *ret_wait_usec < BUS_TIMEOUT_USEC)
		ctl->reply_usec = *ret_wait_usec;
	return r;
}

static int check_operands(const struct ctl *ctl, const char *size, uint64_t *ret_bytes)
{
	_cleanup_free_ char *shown = text_escape(size, "");
	int r = kvmb_parse_bytes(size, ret_bytes);

	if (r < 0 || !*ret_bytes)
		return ctl_error(CTL_USAGE, "'%s' is not a size, as in 512M or 1.5G", shown ?: "");
	if (*ret_bytes < LEAST_BYTES)
		return ctl_error(CTL_USAGE, "less than 1M is not reserved");
	if (ctl->at_least && !ctl->machine)
		return ctl_error(CTL_USAGE, "reserve takes --at-least with --for only");
	return CTL_OK;
}

static int get_room(struct ctl *ctl, struct waiting *w, uint64_t timeout_usec, sd_bus_error *error)
{
	int r = watch(ctl, w);

	if (r >= 0 && ctl->at_least)
		r = keep(ctl, w, error);
	return r < 0 || w->kept ? r : reserve(ctl, w, timeout_usec, error);
}

int ctl_verb_reserve(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	struct waiting w = { .now = { .name = (char *)(ctl->machine ?: "") } };
	uint64_t timeout_usec = TIMEOUT_USEC, wait_usec;
	int r = check_operands(ctl, operands[0], &w.now.bytes), status;

	if (r == CTL_OK)
		r = read_times(ctl, &timeout_usec, &wait_usec);
	if (r != CTL_OK)
		return r;
	w.now.held_bytes = w.now.bytes;
	w.now.left_usec = timeout_usec;
	w.now.state = strdup("pending");
	r = w.now.state ? get_room(ctl, &w, timeout_usec, &error) : -ENOMEM;
	if (r >= 0 && w.kept && ctl->wait && !*ctl->wait)
		wait_usec = w.now.left_usec + END_USEC;
	status = r < 0 ? bus_failed(ctl, &error, r, ctl->machine) : finish(ctl, &w, wait_usec);
	free(w.now.state);
	return r == -ETIMEDOUT ? CTL_NO_DAEMON : status;
}

static int release(struct ctl *ctl, uint32_t id, sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	int r = bus_new_call(ctl, BUS_PATH, BUS_MANAGER, "Release", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "u", id);
	return r < 0 ? r : bus_ask(ctl, call, error, NULL);
}

/* All of that machine, or the one of that number. None is fine: it was used, or is over. */
static int release_for(struct ctl *ctl, const char *name, uint32_t id)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(manager_clear) struct manager m;
	int r = bus_get_manager(ctl, &m, &error);

	for (size_t i = 0; r >= 0 && i < m.reservations.n; i++) {
		const struct reservation *found = &m.reservations.items[i];

		if (strcmp(found->name, name) != 0 || (id && found->id != id))
			continue;
		r = release(ctl, found->id, &error);
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

	if (!n && !ctl->machine)
		return ctl_error(CTL_USAGE, "release takes the number of a reservation, or "
				 "--for=MACHINE");
	if (!n)
		return release_for(ctl, ctl->machine, 0);
	if (*operands[0] >= '0' && *operands[0] <= '9')
		id = strtoul(operands[0], &end, 10);
	if (!end || *end || !id || id > UINT32_MAX)
		return ctl_error(CTL_USAGE, "release takes the number of a reservation, as "
				 "'kvm-balloonctl status' has it");
	if (ctl->machine)
		return release_for(ctl, ctl->machine, (uint32_t)id);
	r = release(ctl, (uint32_t)id, &error);
	return r < 0 ? bus_failed(ctl, &error, r, NULL) : CTL_OK;
}

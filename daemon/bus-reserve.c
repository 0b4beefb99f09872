/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reservations on interface Manager: asked for and released, listed, and told as they change.
 */
#include "bus.h"

#include <errno.h>
#include <inttypes.h>

#include "bus-error.h"
#include "journal.h"
#include "manager.h"
#include "util.h"

static int refused(int r, uint64_t most_bytes, sd_bus_error *error)
{
	char most[SIZE_TEXT_SIZE];

	switch (r) {
	case -ERANGE:
		return sd_bus_error_set(error, BUS_ERROR_INVALID_SIZE,
					"Less than 1 MiB is not reserved");
	case -EINVAL:
		return sd_bus_error_set(error, BUS_ERROR_INVALID_TIMEOUT,
					"The timeout must be from 1 s to 1 h");
	case -ENAMETOOLONG:
		return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_MACHINE,
					"No managed machine has a name of more than 255 bytes");
	case -EROFS:
		return sd_bus_error_set(error, BUS_ERROR_NOT_ACTING,
					"The agent takes nothing from anybody, by the mode of "
					"the host or for it runs dry; so it makes no room");
	case -ENOTCONN:
		return sd_bus_error_set(error, BUS_ERROR_NOT_CONNECTED,
					"libvirt has not told the guests yet");
	case -ENOSPC:
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "There are %d reservations, which is the most",
					 KVMB_RESERVATIONS_MAX);
	case -E2BIG:
		return sd_bus_error_setf(error, BUS_ERROR_NO_ROOM,
					 "So much can never be made available; the most that can "
					 "be reserved now is %s (%" PRIu64 " bytes)",
					 size_text(most, most_bytes), most_bytes);
	default:
		return r;
	}
}

static void log_one(const struct kvmb_reservation *r, const char *what, uid_t caller)
{
	char size[SIZE_TEXT_SIZE];

	journal_log(JOURNAL_RESERVATION, *r->name ? r->name : NULL,
		    "reservation %" PRIu32 " %s over D-Bus by user %u: %s (%" PRIu64
		    " bytes) for %s", r->id, what, (unsigned int)caller,
		    size_text(size, r->bytes), r->bytes,
		    *r->name ? r->name : "the next machine that comes");
}

static void log_by_id(struct manager *m, uint32_t id, const char *what, uid_t caller)
{
	const struct kvmb_reservation *list;
	size_t n = kvmb_engine_reservations(m->engine, &list);

	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			log_one(&list[i], what, caller);
}

static int reserve_allowed(sd_bus_message *msg, uid_t caller, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;
	struct kvmb_reserve_request request;
	uint64_t most_bytes = 0;
	uint32_t id;
	int r = sd_bus_message_read(msg, "tts", &request.bytes, &request.timeout_usec,
				    &request.name);

	if (r < 0)
		return r;
	if (m->stopping)
		return bus_ending(error);
	r = kvmb_engine_reserve(m->engine, &request, now_ns(), &id, &most_bytes);
	if (r < 0)
		return refused(r, most_bytes, error);
	log_by_id(m, id, "made", caller);
	r = sd_bus_reply_method_return(msg, "u", id);
	bus_reservations_tell(m);
	manager_schedule(m, 0);
	return r;
}

int bus_method_reserve(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_RESERVE, reserve_allowed, m }, error);
}

static int unreserve_allowed(sd_bus_message *msg, uid_t caller, void *userdata,
			     sd_bus_error *error)
{
	struct manager *m = userdata;
	uint32_t id;
	int r = sd_bus_message_read(msg, "u", &id);

	if (r < 0)
		return r;
	r = kvmb_engine_unreserve(m->engine, id);
	if (r == -ENOENT)
		return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_RESERVATION,
					 "There is no reservation %" PRIu32 ", or it has ended",
					 id);
	if (r < 0)
		return r;
	log_by_id(m, id, "released", caller);
	bus_reservations_tell(m);
	return sd_bus_reply_method_return(msg, NULL);
}

int bus_method_unreserve(sd_bus_message *msg, void *userdata, sd_bus_error *error)
{
	struct manager *m = userdata;

	return authz_run(&m->bus.authz,
			 &(struct authz_request){ msg, POLKIT_RESERVE, unreserve_allowed, m },
			 error);
}

int bus_get_reservations(sd_bus *bus, const char *path, const char *interface,
			 const char *property, sd_bus_message *reply, void *userdata,
			 sd_bus_error *error)
{
	const struct kvmb_reservation *list;
	size_t n = kvmb_engine_reservations(((struct manager *)userdata)->engine, &list);
	uint64_t now = now_ns();
	int r = sd_bus_message_open_container(reply, 'a', "(ussttt)");

	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct kvmb_reservation *v = &list[i];
		uint64_t left_ns = v->until_ns > now ? v->until_ns - now : 0;

		r = sd_bus_message_append(reply, "(ussttt)", v->id, v->name,
					  kvmb_reservation_state_to_string(v->state), v->bytes,
					  v->held_bytes, left_ns / NSEC_PER_USEC);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static bool was_told(const struct reservations_seen *seen, const struct kvmb_reservation *r)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->table[i].id == r->id)
			return seen->table[i].state == r->state;
	return false;
}

/* One that has ended stays in the list for a tick, so that none ends unseen. */
void bus_reservations_tell(struct manager *m)
{
	struct reservations_seen *seen = &m->bus.reservations, now = { .n = 0 };
	const struct kvmb_reservation *list;
	size_t n = kvmb_engine_reservations(m->engine, &list);

	for (size_t i = 0; i < n && i < KVMB_RESERVATIONS_MAX; i++) {
		const struct kvmb_reservation *r = &list[i];

		now.table[now.n].id = r->id;
		now.table[now.n++].state = r->state;
		if (was_told(seen, r) || !m->bus.connection)
			continue;
		(void)sd_bus_emit_signal(m->bus.connection, BUS_PATH, BUS_MANAGER_INTERFACE,
					 "ReservationChanged", "usstt", r->id, r->name,
					 kvmb_reservation_state_to_string(r->state), r->bytes,
					 r->held_bytes);
	}
	*seen = now;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers of the method Map, and their answer.
 */
#include "bus-map.h"

#include <errno.h>

#include "util.h"

/* Less than the 25 s that callers wait by default, so that they learn what they waited for. */
#define MAP_USEC (20 * USEC_PER_SEC)

static size_t count_of_sender(const struct map_calls *c, sd_bus_message *msg)
{
	const char *sender = sd_bus_message_get_sender(msg);
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += streq(sd_bus_message_get_sender(c->table[i].message), sender);
	return n;
}

int map_calls_add(struct map_calls *c, sd_bus_message *msg, const char *machine)
{
	struct map_call *call = &c->table[c->n];

	if (c->n >= MAP_CALLS_MAX || count_of_sender(c, msg) >= MAP_CALLS_PER_SENDER)
		return -EBUSY;
	*call = (struct map_call){ .machine = strdup(machine), .since_usec = now_usec() };
	if (!call->machine)
		return -ENOMEM;
	call->message = sd_bus_message_ref(msg);
	c->n++;
	return 0;
}

/* The last one takes the place: their order means nothing. */
static void remove_call(struct map_calls *c, size_t i)
{
	sd_bus_message_unref(c->table[i].message);
	free(c->table[i].machine);
	c->table[i] = c->table[--c->n];
}

static int append_extent(sd_bus_message *reply, const struct kvmb_map_extent *e)
{
	int r = sd_bus_message_open_container(reply, 'r', "tay");

	if (r >= 0)
		r = sd_bus_message_append(reply, "t", e->gpa);
	if (r >= 0)
		r = sd_bus_message_append_array(reply, 'y', e->ages, e->n_blocks);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int send_map(sd_bus_message *msg, const struct kvmb_map *map)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(msg, &reply);

	if (r >= 0)
		r = sd_bus_message_append(reply, "tt", map->block_bytes, map->unit_usec);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(tay)");
	for (size_t i = 0; r >= 0 && i < map->n_extents; i++)
		r = append_extent(reply, &map->extents[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

void map_calls_answer(struct map_calls *c, const char *machine, const struct kvmb_map *map)
{
	for (size_t i = c->n; i-- > 0;) {
		int r;

		if (!streq(c->table[i].machine, machine))
			continue;
		r = send_map(c->table[i].message, map);
		if (r < 0)
			(void)sd_bus_reply_method_errno(c->table[i].message, r, NULL);
		remove_call(c, i);
	}
}

void map_calls_refuse(struct map_calls *c, const char *machine, const sd_bus_error *error)
{
	for (size_t i = c->n; i-- > 0;) {
		if (machine && !streq(c->table[i].machine, machine))
			continue;
		(void)sd_bus_reply_method_error(c->table[i].message, error);
		remove_call(c, i);
	}
}

void map_calls_expire(struct map_calls *c, uint64_t now_usec)
{
	static const sd_bus_error late = SD_BUS_ERROR_MAKE_CONST(
		SD_BUS_ERROR_TIMEOUT, "What tells the ages of the machine gives no answer");

	for (size_t i = c->n; i-- > 0;) {
		if (now_usec - c->table[i].since_usec < MAP_USEC)
			continue;
		(void)sd_bus_reply_method_error(c->table[i].message, &late);
		remove_call(c, i);
	}
}

void map_calls_drop(struct map_calls *c)
{
	while (c->n > 0)
		remove_call(c, c->n - 1);
}

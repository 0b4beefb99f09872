// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the list of reservations off the bus. */
#include "reservations.h"

#include <errno.h>
#include <string.h>

#include "util.h"

void reservations_clear(struct reservations *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->items[i].name);
		free(r->items[i].state);
	}
	free(r->items);
	*r = (struct reservations){ 0 };
}

static int add(struct reservations *list, const struct reservation *told)
{
	struct reservation *grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
	struct reservation *r;

	if (!grown)
		return -ENOMEM;
	list->items = grown;
	r = &grown[list->n++];
	*r = *told;
	r->name = strdup(told->name);
	r->state = strdup(told->state);
	return r->name && r->state ? 0 : -ENOMEM;
}

int reservations_read(sd_bus_message *m, struct reservations *ret)
{
	_cleanup_(reservations_clear) struct reservations list = { 0 };
	struct reservation told;
	int r = sd_bus_message_enter_container(m, 'a', "(ussttt)");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(m, "(ussttt)", &told.id, &told.name, &told.state,
					&told.bytes, &told.held_bytes, &told.left_usec)) > 0) {
		r = add(&list, &told);
		if (r < 0)
			return r;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0)
		return r;
	reservations_clear(ret);
	*ret = list;
	list = (struct reservations){ 0 };
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers of the method Map, each kept until the engine has the answer for its guest, and the
 * answer itself. Nobody waits in the loop for it.
 */
#ifndef KVMB_DAEMON_BUS_MAP_H
#define KVMB_DAEMON_BUS_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include <kvmballoon.h>

/* Each answer to a guest of 1 TiB has half a MiB: what lies about at most is bounded by this. */
#define MAP_CALLS_MAX 64
/* One caller must not take the places of all others. */
#define MAP_CALLS_PER_SENDER 8

struct map_call {
	sd_bus_message *message;
	char *machine;
	uint64_t since_usec;
};

struct map_calls {
	struct map_call table[MAP_CALLS_MAX];
	size_t n;
};

/**
 * map_calls_add() - keep a caller until the answer for @machine is there
 * Return: 0, -EBUSY as many as may be are waiting, in all or of this sender, -ENOMEM.
 */
int map_calls_add(struct map_calls *c, sd_bus_message *msg, const char *machine);

/** map_calls_answer() - reply @map to all that wait for @machine */
void map_calls_answer(struct map_calls *c, const char *machine, const struct kvmb_map *map);

/** map_calls_refuse() - reply @error to all that wait for @machine, or NULL: to all */
void map_calls_refuse(struct map_calls *c, const char *machine, const sd_bus_error *error);

/** map_calls_expire() - reply with an error to those whom the source lets wait for too long */
void map_calls_expire(struct map_calls *c, uint64_t now_usec);

/** map_calls_drop() - forget all callers, whose connection is gone */
void map_calls_drop(struct map_calls *c);

#endif

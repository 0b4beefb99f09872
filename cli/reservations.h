/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of reservations, as the property of that name has it. */
#ifndef CTL_RESERVATIONS_H
#define CTL_RESERVATIONS_H

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#define RESERVATIONS_SIGNATURE "a(ussttt)"

struct reservation {
	uint32_t id;
	char *name, *state;
	uint64_t bytes, held_bytes, left_usec;
};

struct reservations {
	struct reservation *items;
	size_t n;
};

/** reservations_read() - @m stands before the array; @ret's old contents are replaced */
int reservations_read(sd_bus_message *m, struct reservations *ret);
void reservations_clear(struct reservations *r);

#endif

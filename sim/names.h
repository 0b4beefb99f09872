/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to numbers, in the order in which they come. */
#ifndef SIM_NAMES_H
#define SIM_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names {
	char **list; /* by number */
	size_t n;
	uint32_t *slots; /* number + 1, 0 free; open addressing */
	size_t n_slots;  /* a power of two, at least twice n */
	size_t next;     /* the number that is likely asked for next: steps repeat their order */
};

/**
 * names_number() - the number of a name, a new one where it has none
 * Return: 0, -ENOMEM, -ENOSPC where there are FEED_VMS_MAX.
 */
int names_number(struct names *s, const char *name, size_t length, size_t *ret);
void names_clear(struct names *s);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Picks what is to be said about a machine in one word, and colours. */
#include "note.h"

#include <string.h>

#include "util.h"

bool note_is(const char *token)
{
	return *token && strcmp(token, kvmb_why_to_string(KVMB_WHY_NONE)) != 0;
}

const char *note_of(const struct machine *m, enum colour *ret_colour)
{
	const struct { const char *token; enum colour colour; bool applies; } notes[] = {
		{ m->degraded, COLOUR_RED, note_is(m->degraded) },
		{ m->state, COLOUR_YELLOW, *m->state && strcmp(m->state, "running") != 0 },
		{ m->excluded, COLOUR_YELLOW, note_is(m->excluded) },
		{ m->stats_status, COLOUR_YELLOW, note_is(m->stats_status) },
		{ "", COLOUR_NONE, true },
	};
	size_t i = 0;

	while (!notes[i].applies)
		i++;
	if (ret_colour)
		*ret_colour = notes[i].colour;
	return notes[i].token;
}

const char *note_sentence(const char *token)
{
	for (unsigned int i = 0; i < KVMB_WHYS; i++)
		if (strcmp(token, kvmb_why_to_string(i)) == 0)
			return kvmb_why_to_sentence(i);
	return token;
}

enum colour note_level_colour(const char *level)
{
	static const enum colour colours[] = {
		[KVMB_LEVEL_RELAXED] = COLOUR_GREEN,
		[KVMB_LEVEL_ELEVATED] = COLOUR_YELLOW,
		[KVMB_LEVEL_HARD] = COLOUR_RED,
		[KVMB_LEVEL_EMERGENCY] = COLOUR_RED,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(colours); i++)
		if (strcmp(level, kvmb_level_to_string(i)) == 0)
			return colours[i];
	return COLOUR_NONE;
}

enum colour note_pressure_colour(uint32_t permyriad)
{
	/* The built-in thresholds: a tenth of the time is what the policy calls pressure. */
	if (permyriad == UINT32_MAX || permyriad < 500)
		return COLOUR_NONE;
	return permyriad < 1000 ? COLOUR_YELLOW : COLOUR_RED;
}

enum colour note_kills_colour(uint64_t n)
{
	return n && n != UINT64_MAX ? COLOUR_RED : COLOUR_NONE;
}

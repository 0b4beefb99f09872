/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is noteworthy about a machine, and which colour its and the host's state deserve. */
#ifndef CTL_NOTE_H
#define CTL_NOTE_H

#include <stdbool.h>

#include "fields.h"
#include "term.h"

/** note_of() - the one token that matters most now, "" if none; @ret_colour (optional) with it */
const char *note_of(const struct machine *m, enum colour *ret_colour);

/** note_is() - whether a token of the daemon says something: neither "" nor "none" */
bool note_is(const char *token);

/** note_sentence() - what a token means, for people; the token itself if it is not known */
const char *note_sentence(const char *token);

enum colour note_level_colour(const char *level);
enum colour note_pressure_colour(uint32_t permyriad);
enum colour note_kills_colour(uint64_t n);

#endif

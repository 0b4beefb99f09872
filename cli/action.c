// SPDX-License-Identifier: GPL-2.0-or-later
/* How an action ended: only a part of those that brought less than was asked have failed. */
#include "action.h"

#include <errno.h>

#include "note.h"

enum action_end action_end(const struct action_event *a)
{
	if (a->error >= 0)
		return ACTION_DONE;
	if (note_is(a->why))
		return ACTION_REFUSED;
	return a->error == -ECANCELED ? ACTION_EARLY : ACTION_FAILED;
}

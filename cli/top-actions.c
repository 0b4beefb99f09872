// SPDX-License-Identifier: GPL-2.0-or-later
/* The last action on each machine, for the last column of top. */
#include <errno.h>
#include <string.h>

#include "figure.h"
#include "top.h"
#include "util.h"

static struct top_action *find(const struct top_actions *a, const char *machine)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i].machine, machine) == 0)
			return &a->items[i];
	return NULL;
}

const struct top_action *top_actions_find(const struct top_actions *a, const char *machine)
{
	return find(a, machine);
}

static struct top_action *add(struct top_actions *a, const char *machine)
{
	struct top_action *grown = reallocarray(a->items, a->n + 1, sizeof(*grown));
	char *name = strdup(machine);

	if (grown)
		a->items = grown;
	if (!grown || !name) {
		free(name);
		return NULL;
	}
	a->items[a->n] = (struct top_action){ .machine = name };
	return &a->items[a->n++];
}

int top_actions_note(struct top_actions *a, const struct action_event *event, uint64_t now_usec)
{
	/* Four letters: the column is as wide as "reclaim fail". */
	static const char *const ends[] = {
		[ACTION_REFUSED] = "held", [ACTION_EARLY] = "cut", [ACTION_FAILED] = "fail",
	};
	enum action_end end = action_end(event);
	struct top_action *one = find(a, event->machine) ?: add(a, event->machine);

	if (!one)
		return -ENOMEM;
	one->failed = end == ACTION_FAILED;
	one->time_usec = now_usec;
	if (end != ACTION_DONE)
		snprintf(one->text, sizeof(one->text), "%.12s %s", event->kind, ends[end]);
	else
		snprintf(one->text, sizeof(one->text), "%.12s %.8s", event->kind,
			 figure_short(event->got_bytes).text);
	return 0;
}

static bool is_there(const struct machines *machines, const char *name)
{
	for (size_t i = 0; i < machines->n; i++)
		if (strcmp(machines->items[i].name, name) == 0)
			return true;
	return false;
}

void top_actions_prune(struct top_actions *a, const struct machines *machines)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (is_there(machines, a->items[i].machine))
			a->items[kept++] = a->items[i];
		else
			free(a->items[i].machine);
	}
	a->n = kept;
}

void top_actions_clear(struct top_actions *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->items[i].machine);
	free(a->items);
	*a = (struct top_actions){ 0 };
}

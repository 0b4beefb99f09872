/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one frame of top shows, and drawing it: values in, text out. */
#ifndef CTL_TOP_H
#define CTL_TOP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "action.h"
#include "fields.h"

enum top_sort {
	TOP_SORT_NAME,
	TOP_SORT_RESIDENT,
	TOP_SORT_SWAP,
	TOP_SORT_REFAULTS,
	TOP_SORT_PRESSURE,
	TOP_SORTS,
};

/* The last action on a machine, kept while the machine is there. */
struct top_action {
	char *machine;
	char text[24];
	bool failed;
	uint64_t time_usec; /* CLOCK_MONOTONIC */
};

struct top_actions {
	struct top_action *items;
	size_t n;
};

struct top_view {
	struct manager manager;
	struct machines machines;
	struct top_actions actions;
	enum top_sort sort;
	bool reverse;
	bool colours;
	bool interactive;   /* keys work: say which */
	unsigned int width; /* columns; at least 1 */
	unsigned int rows;  /* of machines to show; 0: all */
	size_t offset;      /* of the first machine shown; top_draw() keeps it in range */
	uint64_t now_usec;  /* CLOCK_MONOTONIC */
	char held[16];      /* an escape sequence that has not come in full yet */
	char clock[16];
	const char *message; /* takes the place of the legend; NULL or "": none */
};

/* Lines of a frame that are not machines, with the one for keys. */
#define TOP_FRAME_LINES 7

/** top_draw() - one frame, lines ended by newlines, none longer than view->width */
int top_draw(FILE *f, struct top_view *view);

/** top_actions_note() - remember an action; top_actions_prune() forgets those of other machines */
int top_actions_note(struct top_actions *a, const struct action_event *event, uint64_t now_usec);
void top_actions_prune(struct top_actions *a, const struct machines *machines);
void top_actions_clear(struct top_actions *a);
const struct top_action *top_actions_find(const struct top_actions *a, const char *machine);

/** top_sort() - bring the machines into the order that is asked for */
void top_sort(struct top_view *view);

enum top_key { TOP_REDRAW, TOP_QUIT };

/** top_keys() - do what was typed; sequences may come in pieces */
enum top_key top_keys(struct top_view *view, const char *keys);

#endif

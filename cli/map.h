/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine's memory by age as a picture: for a terminal, and for a file. Values in, text out. */
#ifndef CTL_MAP_H
#define CTL_MAP_H

#include <stdbool.h>
#include <stdio.h>

#include <kvmballoon.h>

struct map_view {
	const char *machine;
	const struct kvmb_map *map;
	unsigned int width;  /* columns; at least 1 */
	unsigned int rows;   /* of the screen; 0: as many as make a good picture */
	bool colours;
	bool interactive;    /* keys work: say which */
	const char *message; /* takes the place of the legend; NULL or "": none */
	const char *clock;   /* at the right end of the title */
};

/** map_draw() - lines ended by newlines, none longer than view->width */
int map_draw(FILE *f, const struct map_view *v);

/** map_draw_svg() - a heat map that needs nothing else to be shown; @when: for its title */
int map_draw_svg(FILE *f, const char *machine, const struct kvmb_map *map, const char *when);

#endif

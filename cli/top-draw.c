// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Draws a frame of top. Columns stand where they stand whatever the values are, so that nothing
 * moves from frame to frame; only the width of the terminal decides.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "figure.h"
#include "line.h"
#include "note.h"
#include "top.h"
#include "util.h"

/* After that long an action is history and its note goes. */
#define ACTION_SHOWN_USEC (60 * 1000000ULL)

/* Columns of those that grow with the terminal. The others have what their figures need. */
struct layout {
	unsigned int name, bar, mode, note;
};

#define FIGURES_COLUMNS (4 + 4 + 4 + 4 + 5 + 4 + 9) /* with the blanks between all columns */

static struct layout layout_for(unsigned int width)
{
	struct layout l = { .mode = width >= 90 ? 9 : 4, .note = width >= 100 ? 16 : 12 };
	unsigned int fixed = FIGURES_COLUMNS + l.mode + l.note;
	unsigned int rest = width > fixed + 20 ? width - fixed : 20;

	l.bar = rest * 14 / 30;
	l.name = rest - l.bar;
	return l;
}

static struct line new_line(FILE *f, const struct top_view *v)
{
	return (struct line){ f, v->width, v->colours };
}

static void draw_title(FILE *f, const struct top_view *v)
{
	const struct manager *m = &v->manager;
	struct line l = new_line(f, v);
	size_t n = v->machines.n, first = n ? v->offset + 1 : 0;
	size_t last = v->rows && v->offset + v->rows < n ? v->offset + v->rows : n;

	line_cell(&l, COLOUR_BOLD, "kvm-balloond", 14);
	line_text(&l, COLOUR_NONE, "mode ");
	line_cell(&l, COLOUR_BOLD, m->mode, 11);
	line_text(&l, COLOUR_NONE, "level ");
	line_cell(&l, note_level_colour(m->level), m->level, 10);
	line_cell(&l, COLOUR_YELLOW, m->dry_run ? "dry run" : "", 9);
	if (last - first + 1 < n)
		line_printf(&l, COLOUR_NONE, "%zu-%zu of %zu", first, last, n);
	else
		line_printf(&l, COLOUR_NONE, "%zu machine%s", n, n == 1 ? "" : "s");
	line_figure(&l, COLOUR_NONE, v->clock, l.left);
	line_end(&l);
}

static void draw_host_bars(FILE *f, const struct top_view *v)
{
	const struct manager *m = &v->manager;
	unsigned int bar = v->width > 58 ? v->width - 38 : 20;
	struct line l = new_line(f, v);

	line_cell(&l, COLOUR_NONE, "Memory", 7);
	line_bar_used(&l, note_level_colour(m->level),
		      figure_used(m->total_bytes, m->available_bytes), m->total_bytes, bar);
	line_gap(&l, 2);
	line_figure(&l, COLOUR_BOLD, figure_short(m->available_bytes).text, 4);
	line_printf(&l, COLOUR_NONE, " available of %s", figure_short(m->total_bytes).text);
	line_end(&l);

	l = new_line(f, v);
	line_cell(&l, COLOUR_NONE, "Swap", 7);
	line_bar_used(&l, COLOUR_NONE, figure_used(m->swap_total_bytes, m->swap_free_bytes),
		      m->swap_total_bytes, bar);
	line_gap(&l, 2);
	line_figure(&l, COLOUR_NONE,
		    figure_short(figure_used(m->swap_total_bytes, m->swap_free_bytes)).text, 4);
	line_printf(&l, COLOUR_NONE, " used of %s", figure_short(m->swap_total_bytes).text);
	if (m->swap_ram_bytes && m->swap_ram_bytes != UINT64_MAX)
		line_printf(&l, COLOUR_NONE, ", %s RAM", figure_short(m->swap_ram_bytes).text);
	line_end(&l);
}

static void draw_ratio(struct line *l, const char *name, uint32_t permyriad)
{
	line_text(l, COLOUR_NONE, name);
	line_figure(l, note_pressure_colour(permyriad), figure_ratio(permyriad).text, 4);
	line_text(l, COLOUR_NONE, "%");
}

static void draw_size(struct line *l, const char *name, uint64_t bytes)
{
	line_text(l, COLOUR_NONE, name);
	line_figure(l, COLOUR_NONE, figure_short(bytes).text, 4);
}

static void draw_host_figures(FILE *f, const struct top_view *v)
{
	const struct manager *m = &v->manager;
	bool negative = m->net_bytes < 0 && m->net_bytes != FIGURE_UNKNOWN_NET;
	uint64_t net = m->net_bytes == FIGURE_UNKNOWN_NET ? UINT64_MAX : (uint64_t)m->net_bytes;
	struct line l = new_line(f, v);

	draw_ratio(&l, "PSI some ", m->psi_some);
	draw_ratio(&l, " full ", m->psi_full);
	draw_size(&l, "  need ", m->need_bytes);
	draw_size(&l, " spare ", m->spare_bytes);
	draw_size(&l, " taken ", m->taken_bytes);
	draw_size(&l, " given ", m->given_bytes);
	draw_size(&l, negative ? " net -" : " net  ", negative ? -net : net);
	line_end(&l);
}

/* What stops everything takes the line; other trouble stands behind what the bars mean. */
static void draw_message(FILE *f, const struct top_view *v)
{
	const struct manager *m = &v->manager;
	struct line l = new_line(f, v);

	if (v->message && *v->message) {
		line_text(&l, COLOUR_RED, v->message);
	} else if (!m->connected) {
		line_printf(&l, COLOUR_RED, "libvirt is not connected: %s",
			    *m->connection_error ? m->connection_error : "no reason was told");
	} else if (*m->connection_error) {
		line_printf(&l, COLOUR_RED, "libvirt tells no guests: %s", m->connection_error);
	} else {
		line_legend(&l);
		line_gap(&l, 4);
		if (*m->degraded)
			line_printf(&l, COLOUR_RED, "degraded: %s%s", *m->degraded,
				    m->degraded[1] ? " and others" : "");
	}
	line_end(&l);
}

/* The column that rules the order is marked. */
static enum colour title_colour(const struct top_view *v, enum top_sort column)
{
	return v->sort == column ? COLOUR_YELLOW : COLOUR_BOLD;
}

static void draw_columns(FILE *f, const struct top_view *v, const struct layout *c)
{
	struct line l = new_line(f, v);

	line_cell(&l, title_colour(v, TOP_SORT_NAME), "NAME", c->name + 1);
	line_cell(&l, COLOUR_BOLD, "USE OF MAXIMUM", c->bar + 1);
	line_cell(&l, title_colour(v, TOP_SORT_RESIDENT), " RES", 5);
	line_cell(&l, COLOUR_BOLD, "BALL", 5);
	line_cell(&l, COLOUR_BOLD, " MAX", 5);
	line_cell(&l, title_colour(v, TOP_SORT_SWAP), "SWAP", 5);
	line_cell(&l, title_colour(v, TOP_SORT_REFAULTS), "REF/m", 6);
	line_cell(&l, title_colour(v, TOP_SORT_PRESSURE), "PSI%", 5);
	line_cell(&l, COLOUR_BOLD, "MODE", c->mode + 1);
	line_cell(&l, COLOUR_BOLD, "NOTE", c->note);
	line_end(&l);
}

static void draw_note(struct line *l, const struct top_view *v, const struct machine *m,
		      unsigned int columns)
{
	const struct top_action *a = top_actions_find(&v->actions, m->name);
	enum colour colour;
	const char *note = note_of(m, &colour);

	if (!*note && a && v->now_usec - a->time_usec < ACTION_SHOWN_USEC) {
		note = a->text;
		colour = a->failed ? COLOUR_RED : COLOUR_NONE;
	}
	line_cell(l, colour, note, columns);
}

static void draw_machine(FILE *f, const struct top_view *v, const struct layout *c,
			 const struct machine *m)
{
	const uint64_t sizes[] = { m->resident_bytes, m->balloon_bytes, m->maximum_bytes,
				   m->swap_bytes };
	struct line l = new_line(f, v);
	char mode[16];

	line_cell(&l, COLOUR_NONE, m->name, c->name);
	line_gap(&l, 1);
	line_bar_machine(&l, m->resident_bytes, m->balloon_bytes, m->maximum_bytes, c->bar);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		line_gap(&l, 1);
		line_figure(&l, COLOUR_NONE, figure_short(sizes[i]).text, 4);
	}
	line_gap(&l, 1);
	line_figure(&l, COLOUR_NONE, figure_count(m->refaults_per_min, 5).text, 5);
	line_gap(&l, 1);
	line_figure(&l, note_pressure_colour(m->psi_some), figure_ratio(m->psi_some).text, 4);
	line_gap(&l, 1);
	/* Cut without an ellipsis: four letters are enough to know it. */
	snprintf(mode, sizeof(mode), "%.*s", (int)c->mode, m->mode);
	line_cell(&l, COLOUR_NONE, mode, c->mode);
	line_gap(&l, 1);
	draw_note(&l, v, m, c->note);
	line_end(&l);
}

static void draw_keys(FILE *f, const struct top_view *v)
{
	static const char *const names[TOP_SORTS] = { "n name", "m memory", "s swap", "f refaults",
						      "p pressure" };
	struct line l = new_line(f, v);

	line_text(&l, COLOUR_BOLD, "q quit");
	line_text(&l, COLOUR_NONE, "  order: ");
	for (unsigned int i = 0; i < TOP_SORTS; i++) {
		line_text(&l, v->sort == i ? COLOUR_YELLOW : COLOUR_NONE, names[i]);
		line_gap(&l, 2);
	}
	line_text(&l, v->reverse ? COLOUR_YELLOW : COLOUR_NONE, "r reverse");
	line_end(&l);
}

static void clamp_offset(struct top_view *v)
{
	size_t most = v->rows && v->machines.n > v->rows ? v->machines.n - v->rows : 0;

	if (v->offset > most)
		v->offset = most;
}

int top_draw(FILE *f, struct top_view *v)
{
	struct layout layout = layout_for(v->width);
	size_t end;

	top_sort(v);
	clamp_offset(v);
	end = v->rows && v->offset + v->rows < v->machines.n ? v->offset + v->rows : v->machines.n;
	draw_title(f, v);
	draw_host_bars(f, v);
	draw_host_figures(f, v);
	draw_message(f, v);
	draw_columns(f, v, &layout);
	for (size_t i = v->offset; i < end; i++)
		draw_machine(f, v, &layout, &v->machines.items[i]);
	/* The line of keys stays at the bottom. */
	for (size_t i = end - v->offset; v->interactive && i < v->rows; i++)
		fputc('\n', f);
	if (v->interactive)
		draw_keys(f, v);
	return ferror(f) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* histogram: a machine's resident memory by how long it has not been touched. */
#include <errno.h>
#include <string.h>

#include "ages.h"
#include "bus.h"
#include "fact.h"
#include "figure.h"
#include "json.h"
#include "line.h"
#include "util.h"

#define AGE_COLUMNS 8
#define SIZE_COLUMNS 9
/* All but the bar, with the blanks between columns. */
#define FIXED_COLUMNS (AGE_COLUMNS + 3 * SIZE_COLUMNS + 4)
#define BAR_COLUMNS_MIN 10
/* A longer bar says no more, and the figures behind it get far away. */
#define BAR_COLUMNS_MAX 60

struct layout {
	unsigned int width, bar;
};

static struct layout layout_for(const struct ctl *ctl)
{
	struct layout l = { .width = ctl->width ?: 80, .bar = BAR_COLUMNS_MIN };

	if (l.width > FIXED_COLUMNS + BAR_COLUMNS_MIN)
		l.bar = l.width - FIXED_COLUMNS;
	if (l.bar > BAR_COLUMNS_MAX)
		l.bar = BAR_COLUMNS_MAX;
	return l;
}

static struct figure age_figure(uint64_t usec)
{
	return usec ? figure_usec(usec) : (struct figure){ "0 s" };
}

/* Of MGLRU and DAMON the counters are all 0: they cannot tell. */
static bool knows_promotions(const struct histogram *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->buckets[i].promoted_bytes)
			return true;
	return strcmp(h->source, kvmb_aging_to_string(KVMB_AGING_MODULE)) == 0;
}

static uint64_t largest(const struct histogram *h)
{
	uint64_t most = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->buckets[i].resident_bytes > most)
			most = h->buckets[i].resident_bytes;
	return most;
}

static void print_titles(const struct ctl *ctl, const struct layout *c)
{
	struct line l = { stdout, c->width, ctl->colours };

	line_figure(&l, COLOUR_BOLD, "IDLE FOR", AGE_COLUMNS);
	line_gap(&l, 1);
	line_figure(&l, COLOUR_BOLD, "RESIDENT", SIZE_COLUMNS);
	line_gap(&l, 1 + c->bar + 1);
	line_figure(&l, COLOUR_BOLD, "OR LONGER", SIZE_COLUMNS);
	line_gap(&l, 1);
	line_figure(&l, COLOUR_BOLD, "PROMOTED", SIZE_COLUMNS);
	line_end(&l);
}

static void print_bucket(const struct ctl *ctl, const struct layout *c, const struct histogram *h,
			 size_t i)
{
	const struct histogram_bucket *b = &h->buckets[i];
	struct line l = { stdout, c->width, ctl->colours };
	uint64_t promoted = knows_promotions(h) ? b->promoted_bytes : UINT64_MAX;

	line_figure(&l, COLOUR_NONE, age_figure(b->idle_usec).text, AGE_COLUMNS);
	line_gap(&l, 1);
	line_figure(&l, COLOUR_NONE, figure_size(b->resident_bytes).text, SIZE_COLUMNS);
	line_gap(&l, 1);
	line_bar_used(&l, COLOUR_GREEN, b->resident_bytes, largest(h), c->bar);
	line_gap(&l, 1);
	line_figure(&l, COLOUR_NONE, figure_size(histogram_idle(h, i)).text, SIZE_COLUMNS);
	line_gap(&l, 1);
	line_figure(&l, COLOUR_NONE, figure_size(promoted).text, SIZE_COLUMNS);
	line_end(&l);
}

static int print_histogram(const struct ctl *ctl, const char *name, const struct histogram *h)
{
	struct layout c = layout_for(ctl);
	_cleanup_free_ char *title = NULL;

	if (asprintf(&title, "%s: %s resident, by how long it was not touched; ages from %s", name,
		     figure_size(histogram_idle(h, 0)).text, h->source) < 0) {
		title = NULL;
		return -ENOMEM;
	}
	fact_paragraph(ctl, title);
	putchar('\n');
	print_titles(ctl, &c);
	for (size_t i = 0; i < h->n; i++)
		print_bucket(ctl, &c, h, i);
	putchar('\n');
	fact_paragraph(ctl, "OR LONGER would be freed by paging out all that was idle for so long. "
			    "PROMOTED was touched again after it had been idle for so long.");
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int get_histogram(struct ctl *ctl, const char *name, struct histogram *ret,
			 sd_bus_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
	_cleanup_free_ char *path = NULL;
	int r = bus_machine_path(ctl, name, &path, error);

	if (r >= 0)
		r = bus_new_call(ctl, path, BUS_MACHINE, "Histogram", &call);
	if (r >= 0)
		r = bus_send(ctl, call, error, &reply);
	return r < 0 ? r : histogram_read(reply, ret);
}

int ctl_verb_histogram(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	struct histogram h;
	int r = get_histogram(ctl, operands[0], &h, &error);

	if (r < 0)
		return bus_failed(ctl, &error, r, operands[0]);
	r = ctl->json ? json_print_histogram(operands[0], &h) :
			print_histogram(ctl, operands[0], &h);
	return r < 0 ? ctl_errno(r, "cannot print the histogram") : CTL_OK;
}

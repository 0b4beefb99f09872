// SPDX-License-Identifier: GPL-2.0-or-later
/* list: one line per machine. */
#include <errno.h>

#include "bus.h"
#include "figure.h"
#include "json.h"
#include "note.h"
#include "table.h"
#include "text.h"
#include "util.h"

static const struct table_column columns[] = {
	{ "NAME", .shrink = true },
	{ "RESIDENT", .right = true },
	{ "FAR", .right = true, .drop = true },
	{ "COLD", .right = true, .drop = true },
	{ "BALLOON", .right = true },
	{ "MAXIMUM", .right = true },
	{ "SWAP", .right = true },
	{ "AGING", .drop = true },
	{ "MODE" },
	{ "NOTE" },
};

static int add_machine(struct table *t, const struct machine *m)
{
	enum colour note_colour;
	const char *note = note_of(m, &note_colour);
	struct figure resident = figure_size(m->resident_bytes);
	struct figure cold = figure_size(m->cold_bytes);
	struct figure balloon = figure_size(m->balloon_bytes);
	struct figure maximum = figure_size(m->maximum_bytes);
	struct figure swap = figure_size(m->swap_bytes);
	struct figure far = figure_size(m->far_bytes);
	const struct table_cell cells[ARRAY_SIZE(columns)] = {
		{ m->name },	   { resident.text }, { far.text },  { cold.text },
		{ balloon.text }, { maximum.text },  { swap.text }, { m->aging },
		{ m->mode },	   { note, note_colour },
	};

	return table_add(t, cells);
}

static int print_table(const struct ctl *ctl, const struct machines *m)
{
	_cleanup_(table_freep) struct table *t = NULL;
	int r = table_new(ctl, columns, ARRAY_SIZE(columns), &t);

	for (size_t i = 0; i < m->n && r >= 0; i++)
		r = add_machine(t, &m->items[i]);
	return r < 0 ? r : table_print(t);
}

/* For completion and loops: nothing but names. */
static int print_names(const struct machines *m)
{
	for (size_t i = 0; i < m->n; i++) {
		_cleanup_free_ char *name = text_escape(m->items[i].name, "");

		if (!name)
			return -ENOMEM;
		puts(name);
	}
	return 0;
}

int ctl_verb_list(struct ctl *ctl, int n, char **operands)
{
	_cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(machines_clear) struct machines m = { 0 };
	int r = bus_get_machines(ctl, &m, &error);

	if (r < 0)
		return bus_failed(ctl, &error, r, NULL);
	if (ctl->json)
		r = json_print_machines(&m);
	else if (ctl->names)
		r = print_names(&m);
	else if (m.n)
		r = print_table(ctl, &m);
	else
		fputs("There are no machines. 'kvm-balloonctl status' tells whether libvirt is "
		      "connected.\n", stderr);
	return r < 0 ? ctl_errno(r, "cannot print the list") : CTL_OK;
}

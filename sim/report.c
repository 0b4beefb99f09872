// SPDX-License-Identifier: GPL-2.0-or-later
/* The report as a table and as JSON lines: the same figures, a line for each ratio. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>

#include "cli/figure.h"
#include "cli/table.h"
#include "cli/util.h"

static const struct table_column columns[] = {
	{ "RATIO", .right = true },      { "HOSTS", .right = true },
	{ "VIOLATED", .right = true },   { "OVER", .right = true },
	{ "REFAULTS/H", .right = true }, { "BALLOON", .right = true },
	{ "SWAPPED", .right = true },    { "KERNEL", .right = true },
	{ "WORST HOST", .right = true },
};

/* Per VM and hour. */
static uint64_t refaults_per_hour(const struct host_totals *t)
{
	unsigned __int128 bytes = t->refault_bytes;

	return t->vm_seconds ? (uint64_t)(bytes * 3600 / t->vm_seconds) : 0;
}

/* A part in percent, fine enough to show what is rare. */
static struct figure percent(uint64_t part, uint64_t whole)
{
	uint64_t ppm = report_ppm(part, whole);
	struct figure f;

	if (part && !ppm)
		return (struct figure){ "<0.0001%" };
	snprintf(f.text, sizeof(f.text), "%" PRIu64 ".%04" PRIu64 "%%", ppm / 10000, ppm % 10000);
	return f;
}

static int add_row(struct table *t, const struct fleet_report *r)
{
	const struct host_totals *s = &r->totals;
	struct figure figures[ARRAY_SIZE(columns)];
	struct table_cell cells[ARRAY_SIZE(columns)];

	snprintf(figures[0].text, sizeof(figures[0].text), "%u.%02u", r->ratio_percent / 100,
		 r->ratio_percent % 100);
	snprintf(figures[1].text, sizeof(figures[1].text), "%zu", r->n_hosts);
	figures[2] = percent(s->n_violations, s->n_vm_steps);
	figures[3] = percent(s->n_oom_steps, s->n_steps);
	figures[4] = figure_size(refaults_per_hour(s));
	figures[5] = figure_size(s->balloon_bytes);
	figures[6] = figure_size(s->swapped_bytes);
	figures[7] = figure_size(s->kernel_bytes);
	snprintf(figures[8].text, sizeof(figures[8].text), "%zu: %.20s", r->worst_host,
		 percent(r->worst.n_oom_steps ?: r->worst.n_violations,
			 r->worst.n_oom_steps ? r->worst.n_steps : r->worst.n_vm_steps).text);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		cells[i] = (struct table_cell){ figures[i].text, COLOUR_NONE };
	return table_add(t, cells);
}

int report_table(const struct fleet_report *reports, size_t n)
{
	_cleanup_(table_freep) struct table *t = NULL;
	struct ctl plain = { .json = false }; /* no colours, as wide as it gets */
	int r = table_new(&plain, columns, ARRAY_SIZE(columns), &t);

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = add_row(t, &reports[i]);
	return r < 0 ? r : table_print(t);
}

static void print_json(const struct fleet_report *r, FILE *f)
{
	const struct host_totals *t = &r->totals;
	const struct {
		const char *name;
		uint64_t value;
	} members[] = {
		{ "ratio_percent", r->ratio_percent },
		{ "vms", r->n_vms },
		{ "hosts", r->n_hosts },
		{ "vm_steps", t->n_vm_steps },
		{ "host_steps", t->n_steps },
		{ "violations", t->n_violations },
		{ "violations_ppm", report_ppm(t->n_violations, t->n_vm_steps) },
		{ "over_steps", t->n_oom_steps },
		{ "over_ppm", report_ppm(t->n_oom_steps, t->n_steps) },
		{ "refault_bytes", t->refault_bytes },
		{ "refault_bytes_per_vm_hour", refaults_per_hour(t) },
		{ "balloon_bytes", t->balloon_bytes },
		{ "swapped_bytes", t->swapped_bytes },
		{ "kernel_bytes", t->kernel_bytes },
		{ "worst_host", r->worst_host },
		{ "worst_host_over_steps", r->worst.n_oom_steps },
		{ "worst_host_violations", r->worst.n_violations },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		fprintf(f, "%s\"%s\": %" PRIu64, i ? ", " : "{", members[i].name,
			members[i].value);
	fputs("}\n", f);
}

int report_json(const struct fleet_report *reports, size_t n, FILE *f)
{
	for (size_t i = 0; i < n; i++)
		print_json(&reports[i], f);
	return ferror(f) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints a plan: the level, what would be done and what would not, as tables. */
#include "plan.h"

#include "fact.h"
#include "figure.h"
#include "table.h"
#include "util.h"

static int add_action(struct table *t, const struct kvmb_action *a)
{
	struct figure asked = figure_size(a->asked_bytes);
	struct figure target = figure_size(a->target_bytes ?: UINT64_MAX);
	const struct table_cell cells[] = {
		{ a->name }, { kvmb_action_kind_to_string(a->kind) }, { asked.text },
		{ target.text }, { kvmb_rule_to_string(a->rule) },
	};

	return table_add(t, cells);
}

static int print_actions(const struct ctl *ctl, const struct kvmb_plan *p)
{
	static const struct table_column columns[] = {
		{ "MACHINE", .shrink = true }, { "ACTION" }, { "AMOUNT", .right = true },
		{ "NEW SIZE", .right = true }, { "RULE" },
	};
	_cleanup_(table_freep) struct table *t = NULL;
	int r = table_new(ctl, columns, ARRAY_SIZE(columns), &t);

	for (size_t i = 0; i < p->n_actions && r >= 0; i++)
		r = add_action(t, &p->actions[i]);
	return r < 0 ? r : table_print(t);
}

/* The sentences with the numbers, below the table: they are longer than a column. */
static void print_reasons(const struct ctl *ctl, const struct kvmb_plan *p)
{
	putchar('\n');
	for (size_t i = 0; i < p->n_actions; i++) {
		_cleanup_free_ char *text = NULL;

		if (asprintf(&text, "%s: %s", p->actions[i].name, p->actions[i].reason) < 0)
			text = NULL;
		fact_paragraph(ctl, text ?: p->actions[i].reason);
	}
}

static int add_refusal(struct table *t, const struct kvmb_refusal *f)
{
	struct figure asked = figure_size(f->asked_bytes ?: UINT64_MAX);
	const struct table_cell cells[] = {
		{ f->name }, { kvmb_action_kind_to_string(f->kind) }, { asked.text },
		{ kvmb_why_to_string(f->why) }, { kvmb_why_to_sentence(f->why) },
	};

	return table_add(t, cells);
}

static int print_refusals(const struct ctl *ctl, const struct kvmb_plan *p)
{
	static const struct table_column columns[] = {
		{ "MACHINE", .shrink = true }, { "REFUSED" }, { "AMOUNT", .right = true },
		{ "WHY" }, { "THAT IS", .shrink = true },
	};
	_cleanup_(table_freep) struct table *t = NULL;
	int r = table_new(ctl, columns, ARRAY_SIZE(columns), &t);

	for (size_t i = 0; i < p->n_refusals && r >= 0; i++)
		r = add_refusal(t, &p->refusals[i]);
	return r < 0 ? r : table_print(t);
}

static void print_ksm(const struct ctl *ctl, const struct kvmb_ksm_order *o)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!o->set)
		return;
	if (o->run)
		r = asprintf(&text, "KSM runs, %u pages each %u ms; %s", o->pages_to_scan,
			     o->sleep_msec, o->reason);
	else
		r = asprintf(&text, "KSM does not run; %s", o->reason);
	putchar('\n');
	fact_paragraph(ctl, r < 0 ? o->reason : text);
	if (o->why != KVMB_WHY_NONE)
		fact_paragraph(ctl, kvmb_why_to_sentence(o->why));
}

int plan_print(const struct ctl *ctl, const struct kvmb_plan *p)
{
	int r = 0;

	printf("Level %s, %s to regain, %s to spare.\n", kvmb_level_to_string(p->level),
	       figure_size(p->need_bytes).text, figure_size(p->spare_bytes).text);
	if (!p->n_actions)
		puts("Nothing would be done.");
	else
		r = print_actions(ctl, p);
	if (r >= 0 && p->n_actions)
		print_reasons(ctl, p);
	print_ksm(ctl, &p->ksm);
	if (r >= 0 && p->n_refusals) {
		putchar('\n');
		r = print_refusals(ctl, p);
	}
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* status of one machine: its memory as host and guest see it, its policy and where that is from. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fact.h"
#include "figure.h"
#include "line.h"
#include "note.h"
#include "status.h"
#include "table.h"
#include "util.h"

static void print_who(const struct ctl *ctl, const struct machine *m)
{
	fact_print(ctl, "Machine", COLOUR_BOLD, "%s", m->name);
	fact_print(ctl, "UUID", COLOUR_NONE, "%s", m->uuid);
	if (m->pid && m->pid != UINT32_MAX)
		fact_print(ctl, "State", COLOUR_NONE, "%s, QEMU is process %" PRIu32, m->state,
			   m->pid);
	else
		fact_print(ctl, "State", COLOUR_NONE, "%s", m->state);
	if (note_is(m->degraded))
		fact_print(ctl, "Degraded", COLOUR_RED, "%s (%s)", note_sentence(m->degraded),
			   m->degraded);
	if (note_is(m->excluded))
		fact_print(ctl, "Left alone", COLOUR_YELLOW, "%s (%s)", note_sentence(m->excluded),
			   m->excluded);
	if (*m->policy_error)
		fact_print(ctl, "Policy", COLOUR_YELLOW, "%s", m->policy_error);
}

static void print_memory(const struct ctl *ctl, const struct machine *m)
{
	struct line l = { stdout, ctl->width ?: 80, ctl->colours };

	line_text(&l, COLOUR_NONE, "     Memory: ");
	line_bar_machine(&l, m->resident_bytes, m->balloon_bytes, m->maximum_bytes, 30);
	line_gap(&l, 2);
	line_legend(&l);
	line_end(&l);
	fact_print(ctl, "", COLOUR_NONE, "%s resident, balloon at %s of %s",
		   figure_size(m->resident_bytes).text, figure_size(m->balloon_bytes).text,
		   figure_size(m->maximum_bytes).text);
	if (m->target_bytes && m->target_bytes != UINT64_MAX)
		fact_print(ctl, "Target", COLOUR_NONE, "%s, set by kvm-balloond",
			   figure_size(m->target_bytes).text);
	fact_print(ctl, "Swapped", COLOUR_NONE, "%s", figure_size(m->swap_bytes).text);
}

/* An older daemon does not tell. */
static void print_cold(const struct ctl *ctl, const struct machine *m)
{
	bool aged = strcmp(m->aging, kvmb_aging_to_string(KVMB_AGING_NONE)) != 0;

	if (!*m->aging)
		return;
	if (!aged) {
		fact_print(ctl, "Cold", COLOUR_NONE, "not known%s%s", *m->aging_reason ? ": " : "",
			   m->aging_reason);
		return;
	}
	fact_print(ctl, "Cold", COLOUR_NONE, "%s, ages from %s%s%s%s",
		   figure_size(m->cold_bytes).text, m->aging, *m->aging_reason ? " (" : "",
		   m->aging_reason, *m->aging_reason ? ")" : "");
	/* In seconds, as explain has it: the steps of ages would be lost in minutes. */
	if (m->cold_age_usec == UINT64_MAX)
		fact_print(ctl, "Cold age", COLOUR_NONE, "-");
	else
		fact_print(ctl, "Cold age", COLOUR_NONE, "%" PRIu64 " s",
			   m->cold_age_usec / 1000000);
}

static void print_inside(const struct ctl *ctl, const struct machine *m)
{
	if (note_is(m->stats_status)) {
		fact_print(ctl, "Inside", COLOUR_YELLOW, "statistics are ignored: %s (%s)",
			   note_sentence(m->stats_status), m->stats_status);
		return;
	}
	fact_print(ctl, "Inside", COLOUR_NONE, "%s free, %s usable, %s of caches (told %s ago)",
		   figure_size(m->unused_bytes).text, figure_size(m->usable_bytes).text,
		   figure_size(m->caches_bytes).text, figure_usec(m->stats_age_usec).text);
	if (m->free_page_reporting)
		fact_print(ctl, "Reporting", COLOUR_NONE, "what it frees comes back by itself");
}

static void print_effects(const struct ctl *ctl, const struct machine *m)
{
	fact_print(ctl, "Refaults", COLOUR_NONE, "%s pages a minute, %s in all",
		   figure_count(m->refaults_per_min, 20).text, figure_count(m->refaults, 20).text);
	fact_print(ctl, "Pressure", note_pressure_colour(m->psi_some), "some %s %%, full %s %%",
		   figure_ratio(m->psi_some).text, figure_ratio(m->psi_full).text);
	fact_print(ctl, "OOM kills", note_kills_colour(m->oom_kills), "%s",
		   figure_count(m->oom_kills, 20).text);
	fact_print(ctl, "Totals", COLOUR_NONE, "%s taken, %s given back, net %s in %s actions",
		   figure_size(m->taken_bytes).text, figure_size(m->given_bytes).text,
		   figure_net(m->net_bytes).text, figure_count(m->n_actions, 20).text);
}

/* The target in percent with its four digits: "0.2 %" is 2000 ppm. */
static struct figure percent_of_ppm(uint32_t ppm)
{
	struct figure f;
	int n;

	if (ppm == UINT32_MAX)
		return (struct figure){ "-" };
	n = snprintf(f.text, sizeof(f.text), "%" PRIu32 ".%04" PRIu32, ppm / 10000, ppm % 10000);
	while (f.text[n - 1] == '0' && f.text[n - 2] != '.')
		f.text[--n] = '\0';
	strcpy(f.text + n, " %");
	return f;
}

/* Room for the longest pattern. */
struct source_text {
	char text[KVMB_NAME_SIZE + 40];
};

static const char *source_text(const char *source)
{
	static const char *const texts[] = {
		[KVMB_POLICY_BUILTIN] = "built-in",
		[KVMB_POLICY_CONFIG] = "[Defaults] of the configuration",
		[KVMB_POLICY_METADATA] = "the metadata of its definition in libvirt",
		[KVMB_POLICY_GUEST] = "its section of the configuration",
		[KVMB_POLICY_RUNTIME] = "set at run time",
	};

	for (unsigned int i = 0; source && i < ARRAY_SIZE(texts); i++)
		if (strcmp(source, kvmb_policy_source_to_string(i)) == 0)
			return texts[i];
	return source ?: "-";
}

/* "class:web-*" */
static struct source_text source_cell(const char *source)
{
	static const char class[] = "class:";
	struct source_text t;
	const char *text = source_text(source);

	if (source && strncmp(source, class, strlen(class)) == 0)
		(void)snprintf(t.text, sizeof(t.text), "[Class %s] of the configuration",
			       source + strlen(class));
	else
		(void)snprintf(t.text, sizeof(t.text), "%s", text);
	return t;
}

static struct figure policy_value(const struct machine *m, enum kvmb_policy_field field)
{
	struct figure f = { "-" };

	switch (field) {
	case KVMB_FIELD_GUARANTEE:
		return figure_size(m->guarantee_bytes);
	case KVMB_FIELD_LIMIT:
		return m->limit_bytes == UINT64_MAX ? (struct figure){ "max" } :
						      figure_size(m->limit_bytes);
	case KVMB_FIELD_SHARES:
		return figure_count(m->shares == UINT32_MAX ? UINT64_MAX : m->shares, 20);
	case KVMB_FIELD_PRIORITY:
		snprintf(f.text, sizeof(f.text), "%.20s", m->priority);
		return f;
	case KVMB_FIELD_REFAULT_TARGET:
		return percent_of_ppm(m->refault_target_ppm);
	case KVMB_FIELD_MODE:
		snprintf(f.text, sizeof(f.text), "%.20s", m->mode);
		return f;
	case KVMB_FIELD_BACKEND:
		snprintf(f.text, sizeof(f.text), "%.20s", m->backend);
		return f;
	default:
		return f;
	}
}

static int print_policy(const struct ctl *ctl, const struct machine *m)
{
	static const struct table_column columns[] = {
		{ "POLICY" }, { "VALUE", .right = true }, { "FROM", .shrink = true },
	};
	_cleanup_(table_freep) struct table *t = NULL;
	int r = table_new(ctl, columns, ARRAY_SIZE(columns), &t);

	for (unsigned int i = 0; i < KVMB_FIELDS && r >= 0; i++) {
		struct figure value = policy_value(m, i);
		struct source_text source = source_cell(m->sources[i]);
		const struct table_cell cells[] = {
			{ kvmb_policy_field_to_string(i) },
			{ value.text },
			{ source.text },
		};

		r = table_add(t, cells);
	}
	return r < 0 ? r : table_print(t);
}

int status_print_machine(const struct ctl *ctl, const struct machine *m)
{
	print_who(ctl, m);
	print_memory(ctl, m);
	print_cold(ctl, m);
	status_print_far(ctl, m);
	print_inside(ctl, m);
	print_effects(ctl, m);
	putchar('\n');
	return print_policy(ctl, m);
}

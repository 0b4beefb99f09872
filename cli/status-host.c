// SPDX-License-Identifier: GPL-2.0-or-later
/* status without a machine: the daemon and its host, then what needs somebody's eyes. */
#include <string.h>

#include "fact.h"
#include "figure.h"
#include "line.h"
#include "note.h"
#include "status.h"
#include "text.h"
#include "util.h"

#define BAR_COLUMNS 30
#define NAME_COLUMNS 24
/* More would push the host's own figures off the screen. */
#define PROBLEMS_MAX 12

/* A fact that begins with a bar: short enough never to need wrapping. */
static void print_bar(const struct ctl *ctl, const char *key, enum colour c, uint64_t used,
		      uint64_t total)
{
	struct line l = { stdout, ctl->width ?: 80, ctl->colours };

	line_figure(&l, COLOUR_NONE, key, 11);
	line_text(&l, COLOUR_NONE, ": ");
	line_bar_used(&l, c, used, total, BAR_COLUMNS);
	line_end(&l);
}

static void print_memory(const struct ctl *ctl, const struct manager *m)
{
	print_bar(ctl, "Memory", note_level_colour(m->level),
		  figure_used(m->total_bytes, m->available_bytes), m->total_bytes);
	fact_print(ctl, "", COLOUR_NONE, "%s available of %s, %s free",
		   figure_size(m->available_bytes).text, figure_size(m->total_bytes).text,
		   figure_size(m->free_bytes).text);
	if (!m->swap_total_bytes) {
		/* With stores it is not missed. */
		fact_print(ctl, "Swap", m->far_bytes == UINT64_MAX ? COLOUR_YELLOW : COLOUR_NONE,
			   "none");
		return;
	}
	print_bar(ctl, "Swap", COLOUR_NONE, figure_used(m->swap_total_bytes, m->swap_free_bytes),
		  m->swap_total_bytes);
	fact_print(ctl, "", COLOUR_NONE, "%s used of %s; it occupies %s of memory (zram, zswap)",
		   figure_size(figure_used(m->swap_total_bytes, m->swap_free_bytes)).text,
		   figure_size(m->swap_total_bytes).text, figure_size(m->swap_ram_bytes).text);
}

static void print_far(const struct ctl *ctl, const struct manager *m)
{
	if (m->far_bytes != UINT64_MAX)
		fact_print(ctl, "Far", COLOUR_NONE,
			   "%s of all machines are out in their stores, which hold %s of memory",
			   figure_size(m->far_bytes).text, figure_size(m->far_pool_bytes).text);
}

static void print_ksm(const struct ctl *ctl, const struct manager *m)
{
	bool others = strcmp(m->ksm, kvmb_ksm_state_to_string(KVMB_KSM_OTHERS)) == 0;

	/* An older daemon does not tell. */
	if (!*m->ksm)
		return;
	if (m->ksm_saved_bytes == UINT64_MAX)
		fact_print(ctl, "KSM", COLOUR_NONE, "%s", m->ksm);
	else
		fact_print(ctl, "KSM", COLOUR_NONE, "%s%s, saves %s", m->ksm,
			   others ? " set it: left alone" : "",
			   figure_size(m->ksm_saved_bytes).text);
}

static void print_connection(const struct ctl *ctl, const struct manager *m)
{
	if (m->connected && *m->connection_error)
		fact_print(ctl, "libvirt", COLOUR_RED,
			   "connected, but tells no guests: %s; guests are left as they are",
			   m->connection_error);
	else if (m->connected)
		fact_print(ctl, "libvirt", COLOUR_NONE, "connected");
	else
		fact_print(ctl, "libvirt", COLOUR_RED,
			   "not connected: %s; guests are left as they are",
			   *m->connection_error ? m->connection_error : "no reason was told");
}

static void print_skipped(const struct ctl *ctl, const struct manager *m)
{
	/* An older daemon does not tell. */
	if (m->n_skipped == 0 || m->n_skipped == UINT32_MAX)
		return;
	fact_print(ctl, "Skipped", COLOUR_YELLOW,
		   "%s not managed: names longer than 255 bytes or not UTF-8, or too many",
		   figure_count(m->n_skipped, 20).text);
}

/* The machines whose ages one source tells, and why there is none better, as the first has it. */
static void print_source(const struct ctl *ctl, const struct machines *machines,
			 const char *source)
{
	const char *why = "";
	size_t n = 0;

	for (size_t i = 0; i < machines->n; i++) {
		const struct machine *m = &machines->items[i];

		if (strcmp(m->aging, source) != 0)
			continue;
		if (!n++)
			why = m->aging_reason;
	}
	if (n)
		fact_print(ctl, "", COLOUR_NONE, "%s: %zu machine%s%s%s%s", source, n,
			   n == 1 ? "" : "s", *why ? " (" : "", why, *why ? ")" : "");
}

static uint64_t cold_of_all(const struct machines *machines)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < machines->n; i++)
		if (machines->items[i].cold_bytes <= UINT64_MAX - 1 - sum)
			sum += machines->items[i].cold_bytes;
	return sum;
}

static void print_cold(const struct ctl *ctl, const struct manager *m,
		       const struct machines *machines)
{
	/* An older daemon does not tell. */
	if (m->aging_usec == UINT64_MAX)
		return;
	if (!m->aging_usec) {
		fact_print(ctl, "Cold memory", COLOUR_NONE, "not known: AgingInterval=0");
		return;
	}
	fact_print(ctl, "Cold memory", COLOUR_NONE, "%s of the machines', idle for %s or longer",
		   figure_size(cold_of_all(machines)).text, figure_usec(m->cold_usec).text);
	for (unsigned int i = KVMB_AGINGS; i-- > 0;)
		print_source(ctl, machines, kvmb_aging_to_string(i));
}

/* Why there is no advice, or what bounds it. */
static const char *advice_sentence(const char *basis)
{
	static const struct {
		enum kvmb_advice_basis basis;
		const char *sentence;
	} all[] = {
		{ KVMB_ADVICE_WORKING_SET, "as much as what is in use leaves room for" },
		{ KVMB_ADVICE_SWAP, "as much as memory and swap can hold" },
		{ KVMB_ADVICE_NO_GUESTS, "there are no machines" },
		{ KVMB_ADVICE_NO_AGES,
		  "too little is known of how old the machines' memory is" },
		{ KVMB_ADVICE_NO_FIGURES, "what the host itself uses is not known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(basis, kvmb_advice_basis_to_string(all[i].basis)) == 0)
			return all[i].sentence;
	return basis;
}

static void print_advice(const struct ctl *ctl, const struct manager *m)
{
	uint32_t sure = m->advice_confidence;

	/* An older daemon does not tell. */
	if (!*m->advice_basis)
		return;
	if (m->advised_ratio == UINT32_MAX)
		fact_print(ctl, "Overcommit", COLOUR_NONE, "%s times; no advice: %s",
			   figure_times(m->ratio).text, advice_sentence(m->advice_basis));
	else
		fact_print(ctl, "Overcommit", COLOUR_NONE,
			   "%s times; %s could be carried, %s (confidence %s, %s %%)",
			   figure_times(m->ratio).text, figure_times(m->advised_ratio).text,
			   advice_sentence(m->advice_basis),
			   sure < 2500 ? "low" : sure < 6000 ? "medium" : "high",
			   figure_ratio(sure).text);
}

static void print_reservations(const struct ctl *ctl, const struct reservations *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct reservation *r = &list->items[i];

		fact_print(ctl, i ? "" : "Reserved", COLOUR_NONE,
			   "%u: %s of %s held for %s, %s, %s left", r->id,
			   figure_size(r->held_bytes).text, figure_size(r->bytes).text,
			   *r->name ? r->name : "the next machine", r->state,
			   figure_usec(r->left_usec).text);
	}
}

/* What of it cannot be kept is the operator's to mend; what can is no news. */
static void print_guarantees(const struct ctl *ctl, const struct manager *m)
{
	/* An older daemon does not tell. */
	if (m->guaranteed_bytes == UINT64_MAX || m->guaranteed_bytes <= m->total_bytes)
		return;
	fact_print(ctl, "Guaranteed", COLOUR_YELLOW,
		   "%s to all machines together, more than the host has: not all of it can be kept",
		   figure_size(m->guaranteed_bytes).text);
}

void status_print_host(const struct ctl *ctl, const struct manager *m,
		       const struct machines *machines)
{
	fact_print(ctl, "Daemon", COLOUR_NONE, "kvm-balloond %s, mode %s%s", m->version, m->mode,
		   m->dry_run ? ", dry run: actions are only recorded" : "");
	print_connection(ctl, m);
	fact_print(ctl, "Level", note_level_colour(m->level), "%s", m->level);
	if (*m->alarm)
		fact_print(ctl, "Alarm", COLOUR_RED, "%s", m->alarm);
	print_memory(ctl, m);
	print_far(ctl, m);
	print_ksm(ctl, m);
	fact_print(ctl, "Pressure", note_pressure_colour(m->psi_some), "some %s %%, full %s %%",
		   figure_ratio(m->psi_some).text, figure_ratio(m->psi_full).text);
	if (*m->trigger_error)
		fact_print(ctl, "", COLOUR_YELLOW, "stalls are noticed late, at the next tick: "
			   "the kernel gives no trigger (%s)", m->trigger_error);
	fact_print(ctl, "Needed", COLOUR_NONE, "%s to regain, %s to spare",
		   figure_size(m->need_bytes).text, figure_size(m->spare_bytes).text);
	print_reservations(ctl, &m->reservations);
	print_advice(ctl, m);
	fact_print(ctl, "Totals", COLOUR_NONE, "%s taken, %s given back; net %s",
		   figure_size(m->taken_bytes).text, figure_size(m->given_bytes).text,
		   figure_net(m->net_bytes).text);
	print_cold(ctl, m, machines);
	fact_print(ctl, "OOM kills", note_kills_colour(m->oom_kills), "%s",
		   figure_count(m->oom_kills, 20).text);
	fact_print(ctl, "Machines", COLOUR_NONE, "%s", figure_count(m->n_machines, 20).text);
	print_guarantees(ctl, m);
	print_skipped(ctl, m);
	for (char **name = m->absent; *name; name++)
		fact_print(ctl, name == m->absent ? "Absent" : "", COLOUR_YELLOW,
			   "%s is configured, but there is no such machine", *name);
}

/* What an operator may want to mend. Other reasons to leave a machine alone pass, or are wanted. */
static bool is_fault(const char *token)
{
	static const enum kvmb_why faults[] = {
		KVMB_WHY_NO_BALLOON, KVMB_WHY_STATS_MISSING,	KVMB_WHY_STATS_STALE,
		KVMB_WHY_STATS_ZERO, KVMB_WHY_STATS_IMPOSSIBLE, KVMB_WHY_NO_CGROUP,
		KVMB_WHY_FACTS_STALE, KVMB_WHY_NO_EFFECT,	KVMB_WHY_BALLOON_DEAD,
		KVMB_WHY_DEFINITION,  KVMB_WHY_BALLOON_STUCK,
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (strcmp(token, kvmb_why_to_string(faults[i])) == 0)
			return true;
	return false;
}

/* The fault of a machine, and what it leads to; NULL if it has none. */
static const char *fault_of(const struct machine *m, const char **ret_effect,
			    enum colour *ret_colour)
{
	*ret_colour = COLOUR_YELLOW;
	if (note_is(m->degraded)) {
		*ret_effect = "degraded";
		*ret_colour = COLOUR_RED;
		return m->degraded;
	}
	*ret_effect = "left alone";
	if (is_fault(m->excluded))
		return m->excluded;
	*ret_effect = "statistics are ignored";
	return is_fault(m->stats_status) ? m->stats_status : NULL;
}

void status_print_problems(const struct ctl *ctl, const struct machines *machines)
{
	size_t n = 0;

	for (size_t i = 0; i < machines->n; i++) {
		enum colour colour;
		const char *effect, *fault = fault_of(&machines->items[i], &effect, &colour);
		_cleanup_free_ char *safe = text_escape(machines->items[i].name, "");
		_cleanup_free_ char *name = safe ? text_fit(safe, NAME_COLUMNS) : NULL;

		if (!fault || ++n > PROBLEMS_MAX)
			continue;
		fact_print(ctl, n == 1 ? "Attention" : "", colour, "%s: %s: %s", name ?: "", effect,
			   note_sentence(fault));
	}
	if (n > PROBLEMS_MAX)
		fact_print(ctl, "", COLOUR_NONE, "and %zu more; see: kvm-balloonctl list",
			   n - PROBLEMS_MAX);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Means that not every guest or host has: free page reporting. */
#include "policy/turn.h"
#include "rule-world.h"

/* ---- Free page reporting ------------------------------------------------------------------ */

static void one_reports(struct world *w)
{
	host_short(w);
	free_is_backed(w, 1);
	world_guest(w, 1)->backing.reports_free = true;
}

static void hard_one_reports(struct world *w)
{
	one_reports(w);
	world_available(w, 700);
}

static void one_reports_in_vain(struct world *w)
{
	one_reports(w);
	w->state->fresh = false;
	world_state(w, 1)->unreported_ns = w->sample->now_ns - 10 * SEC;
}

static void reported(struct world *w)
{
	one_reports_in_vain(w);
	world_state(w, 1)->unreported_ns++;
}

static void first_reports(struct world *w)
{
	host_short(w);
	free_is_backed(w, 0);
	world_guest(w, 0)->backing.reports_free = true;
}

static const struct rule_row report_rows[] = {
	{ "what a guest reports is waited for: nobody else gives meanwhile", one_reports,
	  { NOTHING, NOTHING, NOTHING } },
	{ "and that is said", first_reports, { NOTHING, NOTHING, NOTHING },
	  KVMB_ACTION_BALLOON, KVMB_WHY_REPORTING },
	{ "for ten seconds", reported, { NOTHING, NOTHING, NOTHING } },
	{ "what has not come by then is taken by balloon", one_reports_in_vain,
	  { NOTHING, TAKES(GUEST_FREE, 64, 960), NOTHING } },
	{ "a host that is hard up does not wait for reports", hard_one_reports,
	  { RECLAIMS(HOST_PRESSURE, 64), TAKES(GUEST_FREE, 64, 960),
	    RECLAIMS(HOST_PRESSURE, 64) } },
};

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, report_rows, test_rule);
	return tests_run("means", &t);
}

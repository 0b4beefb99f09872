// SPDX-License-Identifier: GPL-2.0-or-later
/* The gate where little is known: guests never seen before, figures that nobody told. */
#include "gate-table.h"

static void pressed(struct case_ *c)
{
	guest(c)->psi.some_avg10_permyriad = 1000;
}

static void never_seen(struct case_ *c)
{
	c->w.state->n_guests = 0;
}

static void never_seen_pressed(struct case_ *c)
{
	pressed(c);
	c->w.state->level = KVMB_LEVEL_HARD;
	never_seen(c);
}

static void never_seen_off(struct case_ *c)
{
	c->w.config->defaults.set |= 1U << KVMB_FIELD_MODE;
	c->w.config->defaults.mode = KVMB_MODE_OFF;
	guest(c)->balloon_bytes = 512 * MIB;
	never_seen(c);
}

static void never_seen_ballooned(struct case_ *c)
{
	guest(c)->balloon_bytes = 512 * MIB;
	never_seen(c);
}

static void never_seen_in_flight(struct case_ *c)
{
	never_seen_ballooned(c);
	guest(c)->in_flight = true;
}

static void unused_unknown(struct case_ *c)
{
	guest(c)->unused_bytes = KVMB_UNKNOWN;
}

static void pressure_unknown(struct case_ *c)
{
	pressed(c);
	guest(c)->psi_valid = false;
}

static void pressed_less(struct case_ *c)
{
	guest(c)->psi.some_avg10_permyriad = 999;
}

static void small_ranges(struct case_ *c)
{
	for (size_t i = 0; i < 3; i++)
		c->ranges[i] = (struct kvmb_range){ 0x7f0000000000 + i * GIB, 10 * MIB };
	c->a.ranges = c->ranges;
	c->a.n_ranges = 3;
}

static const struct gate_row rows[] = {
	{ "a guest that was never seen has its rate, and gives a step", never_seen, B, 0,
	  KVMB_WHY_NONE, 64, 960 },
	{ "it stalls like any other, hard up or not", never_seen_pressed, R, 64,
	  KVMB_WHY_GUEST_PRESSURE },
	{ "its balloon is not ours to let go", never_seen_off, D, 1024, KVMB_WHY_MODE_OFF,
	  .rule = KVMB_RULE_RELEASE },
	{ "it can be given more", never_seen_ballooned, D, 1024, KVMB_WHY_NONE, 512, 1024 },
	{ "whatever is done to it just now", never_seen_in_flight, D, 1024, KVMB_WHY_NONE, 512,
	  1024 },
	{ "no balloon where what is free is not told", unused_unknown, B, 1000,
	  KVMB_WHY_TOO_SMALL },
	{ "an unknown pressure stops nothing", pressure_unknown, R, 64, KVMB_WHY_NONE, 64 },
	{ "less than the bound is no pressure", pressed_less, R, 64, KVMB_WHY_NONE, 64 },
	{ "a page-out of three small ranges keeps all", small_ranges, P, 60, KVMB_WHY_NONE, 30 },
};

int main(void)
{
	static struct tests t;

	TESTS_ADD_TABLE(&t, rows, test_gate);
	return tests_run("unseen", &t);
}

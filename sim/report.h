/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of it: a table, JSON lines, a curve. Return: 0 or -errno. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdio.h>

#include "fleet.h"

#define PPM 1000000U

/** report_ppm() - @part of @whole, to the nearest; 0 of nothing */
static inline uint64_t report_ppm(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)(((unsigned __int128)part * PPM + whole / 2) / whole) : 0;
}

int report_table(const struct fleet_report *reports, size_t n);
int report_json(const struct fleet_report *reports, size_t n, FILE *f);
/** report_svg() - ratio against risk; @reports in any order */
int report_svg(const struct fleet_report *reports, size_t n, FILE *f);

#endif

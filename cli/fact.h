/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "key: value" lines on standard output, keys aligned, long values wrapped below their start. */
#ifndef CTL_FACT_H
#define CTL_FACT_H

#include "ctl.h"
#include "term.h"

/** fact_print() - one fact; the value is escaped */
void fact_print(const struct ctl *ctl, const char *key, enum colour c, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** fact_paragraph() - wrapped text without a key; newlines in it stay */
void fact_paragraph(const struct ctl *ctl, const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results of one test program as TAP on stdout. */
#ifndef KVMB_TESTS_KMOD_TAP_H
#define KVMB_TESTS_KMOD_TAP_H

#include <stdbool.h>

/** ok() - one test, named by a sentence that may have its figures */
void ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** skip() - one test that cannot be made here */
void skip(const char *name, const char *why);

/** note() - a line that is no test */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** tap_end() - the plan line; the program's exit status */
int tap_end(void);

#endif

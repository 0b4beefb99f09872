// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned int n_tests, n_failed;

void ok(bool good, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	n_failed += !good;
	printf("%s %u - ", good ? "ok" : "not ok", ++n_tests);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

void skip(const char *name, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++n_tests, name, why);
	fflush(stdout);
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

int tap_end(void)
{
	printf("1..%u\n", n_tests);
	return n_failed > 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs in a testbed host with kvm_swap and kvm_bench loaded; prints JSON lines. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "benches.h"

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(64, "usage: bench-kmod pass|hold|pageout|vcpu|accuracy|far MIB (of pass)");
	if (!strcmp(argv[1], "pass"))
		bench_pass(strtoul(argv[2], NULL, 10) << 20);
	else if (!strcmp(argv[1], "hold"))
		bench_hold();
	else if (!strcmp(argv[1], "pageout"))
		bench_pageout();
	else if (!strcmp(argv[1], "vcpu"))
		bench_vcpu();
	else if (!strcmp(argv[1], "accuracy"))
		bench_accuracy();
	else if (!strcmp(argv[1], "far"))
		bench_far();
	else
		errx(64, "no bench %s", argv[1]);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all fuzz targets share: the entry point's prototype, and a check that also NDEBUG keeps.
 */
#ifndef KVMB_TESTS_FUZZ_H
#define KVMB_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif

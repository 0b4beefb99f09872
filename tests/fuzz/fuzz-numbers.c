/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts to numbers: outputs are untouched on failure, in range on success, and come back.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"
#include "fuzz.h"
#include "model/policy.h"

#define UNTOUCHED UINT64_C(0x5aa55aa55aa55aa5)
#define UNTOUCHED32 UINT32_C(0x5aa55aa5)

static void check_result(int r, bool untouched)
{
	REQUIRE(r == 0 || r == -EINVAL || r == -ERANGE);
	REQUIRE(r == 0 || untouched);
}

static void check_bytes(const char *text)
{
	char again[KVMB_BYTES_TEXT_SIZE];
	uint64_t v = UNTOUCHED, back;
	int r = kvmb_parse_bytes(text, &v);

	check_result(r, v == UNTOUCHED);
	if (r < 0)
		return;
	REQUIRE(v <= INT64_MAX);
	kvmb_format_bytes(again, sizeof(again), v);
	REQUIRE(kvmb_parse_bytes(again, &back) == 0 && back == v);
}

static void check_ratios(const char *text)
{
	uint32_t permyriad = UNTOUCHED32, ppm = UNTOUCHED32;
	int coarse = kvmb_parse_permyriad(text, &permyriad), fine = kvmb_parse_ppm(text, &ppm);

	check_result(coarse, permyriad == UNTOUCHED32);
	check_result(fine, ppm == UNTOUCHED32);
	REQUIRE(coarse < 0 || permyriad <= PERMYRIAD);
	REQUIRE(fine < 0 || ppm <= PPM);
	/* what can be said in permyriad can be said in ppm */
	REQUIRE(coarse < 0 || (fine == 0 && ppm == permyriad * 100));
}

static void check_others(const char *text)
{
	uint64_t u64 = UNTOUCHED, usec = UNTOUCHED, decimal = UNTOUCHED;

	check_result(kvmb_parse_u64(text, &u64), u64 == UNTOUCHED);
	check_result(kvmb_parse_usec(text, &usec), usec == UNTOUCHED);
	check_result(kvmb_parse_decimal(text, strlen(text), 2, &decimal), decimal == UNTOUCHED);
}

static void check_policy(const char *text)
{
	for (unsigned int i = 0; i < KVMB_FIELDS; i++) {
		_cleanup_free_ char *error = NULL;
		struct kvmb_policy p;
		int r;

		kvmb_policy_builtin(&p);
		r = kvmb_policy_set(&p, kvmb_policy_field_to_string(i), text, &error);
		REQUIRE(r == 0 ? p.set == 1U << i && !error : r == -EINVAL && !p.set && error);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	check_bytes(text);
	check_ratios(text);
	check_others(text);
	check_policy(text);
	return 0;
}

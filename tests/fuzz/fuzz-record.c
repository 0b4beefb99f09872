/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a recording: either refused with a reason, or the same after one more round; and what a
 * tick says is fit to be decided from.
 */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "configuration.h"
#include "fuzz.h"
#include "model/plan.h"
#include "model/state.h"

KVMB_DEFINE_CLEANUP(struct kvmb_record *, kvmb_record_free);

static void check_round_trip(const struct kvmb_record *record)
{
	_cleanup_(kvmb_record_freep) struct kvmb_record *back = NULL;
	_cleanup_free_ char *first = NULL, *second = NULL;

	REQUIRE(kvmb_record_to_json(record, &first) == 0);
	REQUIRE(kvmb_record_from_json(first, &back, NULL) == 0);
	REQUIRE(kvmb_record_to_json(back, &second) == 0);
	REQUIRE(streq(first, second));
}

static void check_decision(const struct kvmb_record *tick)
{
	_cleanup_(kvmb_config_freep) struct kvmb_config *config = NULL;
	_cleanup_(kvmb_state_freep) struct kvmb_state *state = NULL;
	_cleanup_(kvmb_plan_freep) struct kvmb_plan *plan = NULL;

	REQUIRE(kvmb_config_new(&config) == 0);
	REQUIRE(kvmb_decide(config, tick->state, tick->sample, &state, &plan) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size), *error = NULL;
	_cleanup_(kvmb_record_freep) struct kvmb_record *record = NULL;
	int r;

	if (!text)
		return 0;
	r = kvmb_record_from_json(text, &record, &error);
	REQUIRE(r == 0 || (r == -EBADMSG && error));
	REQUIRE(!record == (r < 0));
	if (!record)
		return 0;
	REQUIRE(record->kind < KVMB_RECORDS);
	check_round_trip(record);
	if (record->kind == KVMB_RECORD_TICK)
		check_decision(record);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The actuator of a dry run: counts what it is told to do. */
#include <errno.h>
#include <stdlib.h>

#include "actuator/actuator.h"

struct record {
	atomic_uint_fast64_t n;
};

static int record_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
			struct kvmb_result *result)
{
	struct record *rec = ctx;

	(void)a;
	(void)cancel;
	atomic_fetch_add(&rec->n, 1);
	result->got_bytes = 0;
	result->net_bytes = 0;
	result->why = KVMB_WHY_NONE;
	return 0;
}

static const struct kvmb_actuator_ops record_ops = { "record", record_apply, free };

int kvmb_actuator_record_new(struct kvmb_actuator *ret)
{
	struct record *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return -ENOMEM;
	atomic_init(&rec->n, 0);
	*ret = (struct kvmb_actuator){ .ops = &record_ops, .ctx = rec };
	return 0;
}

uint64_t kvmb_actuator_recorded(const struct kvmb_actuator *a)
{
	struct record *rec = a->ctx;

	return atomic_load(&rec->n);
}

void kvmb_actuator_done(struct kvmb_actuator *a)
{
	if (a->ops && a->ops->free)
		a->ops->free(a->ctx);
	*a = (struct kvmb_actuator){ 0 };
}

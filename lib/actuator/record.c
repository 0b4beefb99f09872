/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The actuator of a dry run: does nothing. What it was told to do is in its results. */
#include "actuator/actuator.h"

static int record_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
			struct kvmb_result *result)
{
	(void)ctx;
	(void)a;
	(void)cancel;
	result->got_bytes = 0;
	result->net_bytes = 0;
	result->why = KVMB_WHY_NONE;
	return 0;
}

static const struct kvmb_actuator_ops record_ops = { "record", record_apply, NULL };

int kvmb_actuator_record_new(struct kvmb_actuator *ret)
{
	*ret = (struct kvmb_actuator){ .ops = &record_ops };
	return 0;
}

void kvmb_actuator_done(struct kvmb_actuator *a)
{
	if (a->ops && a->ops->free)
		a->ops->free(a->ctx);
	*a = (struct kvmb_actuator){ 0 };
}

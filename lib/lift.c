// SPDX-License-Identifier: LGPL-2.1-or-later
/* Limits that outlived whoever set them. */
#include <kvmballoon.h>

#include "actuator/limit.h"
#include "wrap/cgroup.h"

int kvmb_lift_limits(const char *root)
{
	_cleanup_(kvmb_root_close) struct kvmb_root r = KVMB_ROOT_INIT;
	int error = kvmb_root_open(root, &r);

	if (error >= 0)
		error = kvmb_cgroup_attach(&r);
	return error < 0 ? error : kvmb_limit_watch(&r);
}

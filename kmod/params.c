// SPDX-License-Identifier: GPL-2.0-only
/* Bounds of a guest's parameters: one place for ioctl and sysfs. */
#include "compat/flush.h"
#include "params.h"
#include "scan.h"
#include "tree.h"

static bool is_within(u64 value, u64 low, u64 high)
{
	return value >= low && value <= high;
}

int kvms_params_check(const struct kvms_params *p)
{
	if ((p->scan_period_ms && !is_within(p->scan_period_ms, 100, 3600000)) ||
	    !is_within(p->passes_per_age, 1, 255) ||
	    !is_within(p->budget_usec, 100, KVMS_BUDGET_USEC_MAX) ||
	    !is_within(p->budget_pages, KVMS_BLOCK_PAGES, U32_MAX) ||
	    !is_within(p->cpu_permille, 1, 1000))
		return -EINVAL;
	return p->flush && !KVMS_CAN_FLUSH ? -EOPNOTSUPP : 0;
}

int kvms_params_set(struct kvms_vm *vm, const struct kvms_params *p)
{
	bool same_period = p->scan_period_ms == vm->params.scan_period_ms;
	bool same_unit = same_period && p->passes_per_age == vm->params.passes_per_age;
	int ret = kvms_params_check(p);

	lockdep_assert_held(&vm->mutex);

	if (ret)
		return ret;
	vm->params = *p;
	/* An age counts units: in another one it would call young memory old. */
	if (!same_unit) {
		kvms_tree_make_young(vm);
		memset(vm->promoted, 0, sizeof(vm->promoted));
	}
	if (!same_period)
		kvms_scan_kick(vm);
	return 0;
}

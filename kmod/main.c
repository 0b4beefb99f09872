// SPDX-License-Identifier: GPL-2.0-only
/* Comes and goes: what was begun first ends last. */
#include <linux/init.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>

#include "dev.h"
#include "far.h"
#include "scan.h"
#include "sysfs.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init kvms_init(void)
{
	int ret = kvms_sysfs_init();

	if (ret)
		return ret;
	ret = kvms_far_init(kvms_sysfs_top());
	if (ret)
		goto out_sysfs;
	ret = kvms_scan_init();
	if (ret)
		goto out_far;
	ret = kvms_dev_init();
	if (ret)
		goto out_scan;
	return 0;
out_scan:
	kvms_scan_exit();
out_far:
	kvms_far_exit();
out_sysfs:
	kvms_sysfs_exit();
	return ret;
}

static void __exit kvms_exit(void)
{
	kvms_dev_exit();
	kvms_scan_exit();
	kvms_far_exit();
	kvms_sysfs_exit();
	/* Notifiers that were let go are freed after their grace period. */
	mmu_notifier_synchronize();
}

module_init(kvms_init);
module_exit(kvms_exit);
MODULE_DESCRIPTION("Ages the memory of KVM guests, and keeps what is cold outside of it");
MODULE_LICENSE("GPL");

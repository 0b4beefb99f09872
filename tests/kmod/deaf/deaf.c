// SPDX-License-Identifier: GPL-2.0-or-later
/* For a test: while this module is there, the KVM of one VM does not tell what was touched. */
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>

static int fd = -1;
module_param(fd, int, 0);
MODULE_PARM_DESC(fd, "VM descriptor of whoever loads the module");

static struct file *file;
static const struct mmu_notifier_ops *ops;
static struct mmu_notifier_ops deaf_ops;

static struct mmu_notifier *notifier(void)
{
	struct kvm *kvm = file->private_data;

	return &kvm->mmu_notifier;
}

static int __init deaf_init(void)
{
	file = fget(fd);
	if (!file)
		return -EBADF;
	ops = notifier()->ops;
	deaf_ops = *ops;
	deaf_ops.clear_young = NULL;
	WRITE_ONCE(notifier()->ops, &deaf_ops);
	return 0;
}

static void __exit deaf_exit(void)
{
	WRITE_ONCE(notifier()->ops, ops);
	mmu_notifier_synchronize();
	fput(file);
}

module_init(deaf_init);
module_exit(deaf_exit);
MODULE_DESCRIPTION("Test of kvm_swap: a KVM without accessed bits");
MODULE_LICENSE("GPL");

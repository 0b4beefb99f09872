// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The yardstick of tests/bench: what KVM's clear_young() itself costs, without anything of kvm_swap
 * around it. Never installed.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "kvm_bench.h"

static bool ask(struct kvm *kvm, unsigned long start, unsigned long end)
{
	struct mmu_notifier *mn = &kvm->mmu_notifier;

	return mn->ops->clear_young(mn, kvm->mm, start, end);
}

static void ask_all(struct kvm *kvm, struct kvm_bench_young *y)
{
	u64 start_ns = ktime_get_ns(), at;

	for (at = y->hva; at < y->hva + y->bytes; at += y->step)
		y->young += ask(kvm, at, at + y->step);
	y->ns = ktime_get_ns() - start_ns;
}

static void ask_each(struct kvm *kvm, struct kvm_bench_young *y)
{
	u64 at;

	for (at = y->hva; at < y->hva + y->bytes; at += y->step) {
		u64 start_ns = ktime_get_ns(), ns;

		y->young += ask(kvm, at, at + y->step);
		ns = ktime_get_ns() - start_ns;
		y->ns += ns;
		y->longest_ns = max(y->longest_ns, ns);
	}
}

/* The mm is the caller's, so it stays; KVM stays as long as its file is held. */
static int young_run(struct file *file, struct kvm_bench_young *y)
{
	struct kvm *kvm = file->private_data;

	if (strcmp(file->f_path.dentry->d_name.name, "kvm-vm") || kvm->mm != current->mm)
		return -EINVAL;
	if (!y->step || y->hva > TASK_SIZE_MAX || y->bytes > TASK_SIZE_MAX - y->hva)
		return -EINVAL;
	y->ns = 0;
	y->longest_ns = 0;
	y->young = 0;
	if (y->each)
		ask_each(kvm, y);
	else
		ask_all(kvm, y);
	return 0;
}

static long bench_ioctl(struct file *unused, unsigned int cmd, unsigned long user)
{
	struct kvm_bench_young y;
	struct file *file;
	int ret;

	if (cmd != KVM_BENCH_YOUNG)
		return -ENOTTY;
	if (copy_from_user(&y, (void __user *)user, sizeof(y)))
		return -EFAULT;
	file = fget(y.vm_fd);
	if (!file)
		return -EBADF;
	ret = young_run(file, &y);
	fput(file);
	if (!ret && copy_to_user((void __user *)user, &y, sizeof(y)))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm-bench",
	.fops = &bench_fops,
	.mode = 0600,
};

module_misc_device(device);
MODULE_DESCRIPTION("Times KVM's clear_young(), for benchmarks");
MODULE_LICENSE("GPL");

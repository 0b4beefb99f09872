// SPDX-License-Identifier: GPL-2.0-only
/* /dev/kvm-swap and the guest descriptors: checks and copies what user space says, nothing else. */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "age.h"
#include "compat/flush.h"
#include "dev.h"
#include "far.h"
#include "params.h"
#include "report.h"
#include "vm.h"

static bool age_check(const void *arg)
{
	const struct kvm_swap_age *a = arg;

	return !a->flags && KVMS_ALL_ZERO(a->reserved) && IS_ALIGNED(a->cursor, PAGE_SIZE) &&
	       a->cursor <= TASK_SIZE_MAX;
}

static int age_run(struct kvms_vm *vm, void *arg)
{
	struct kvm_swap_age *a = arg;
	struct kvms_pass pass = {
		.cursor = a->cursor,
		.max_pages = a->max_pages ?: vm->params.budget_pages,
		.max_usec = min(a->max_usec ?: vm->params.budget_usec, KVMS_BUDGET_USEC_MAX),
	};
	int ret = kvms_age(vm, &pass);

	if (ret)
		return ret;
	a->cursor = pass.cursor;
	a->pages = pass.pages;
	a->young = pass.young;
	a->calls = pass.calls;
	a->raced = pass.raced;
	a->usec = pass.usec;
	return 0;
}

static bool histogram_check(const void *arg)
{
	const struct kvm_swap_histogram *h = arg;

	return !h->flags && !h->reserved0 && KVMS_ALL_ZERO(h->reserved);
}

static int histogram_run(struct kvms_vm *vm, void *arg)
{
	return kvms_histogram(vm, arg);
}

static bool cold_check(const void *arg)
{
	const struct kvm_swap_cold *c = arg;

	return !(c->flags & ~KVM_SWAP_COLD_BY_ADDRESS) && !c->reserved0 &&
	       KVMS_ALL_ZERO(c->reserved);
}

static int cold_run(struct kvms_vm *vm, void *arg)
{
	return kvms_cold(vm, arg);
}

static bool map_check(const void *arg)
{
	const struct kvm_swap_map *m = arg;

	return !m->flags && KVMS_ALL_ZERO(m->reserved);
}

static int map_run(struct kvms_vm *vm, void *arg)
{
	return kvms_map(vm, arg);
}

static bool stats_check(const void *arg)
{
	const struct kvm_swap_stats *s = arg;

	return !s->flags && KVMS_ALL_ZERO(s->reserved);
}

static int stats_run(struct kvms_vm *vm, void *arg)
{
	kvms_stats(vm, arg);
	return 0;
}

static bool params_check(const void *arg)
{
	const struct kvm_swap_params *p = arg;

	return !(p->flags & ~KVM_SWAP_PARAMS_SET) && p->flush <= 1 && KVMS_ALL_ZERO(p->reserved);
}

static int params_run(struct kvms_vm *vm, void *arg)
{
	struct kvm_swap_params *p = arg;
	const struct kvms_params wanted = {
		.scan_period_ms = p->scan_period_ms,
		.passes_per_age = p->passes_per_age,
		.budget_usec = p->budget_usec,
		.cpu_permille = p->cpu_permille,
		.budget_pages = p->budget_pages,
		.flush = p->flush,
	};

	if (p->flags & KVM_SWAP_PARAMS_SET)
		return kvms_params_set(vm, &wanted);
	p->scan_period_ms = vm->params.scan_period_ms;
	p->passes_per_age = vm->params.passes_per_age;
	p->budget_usec = vm->params.budget_usec;
	p->cpu_permille = vm->params.cpu_permille;
	p->budget_pages = vm->params.budget_pages;
	p->flush = vm->params.flush;
	return 0;
}

static const struct kvms_call calls[] = {
	{ KVM_SWAP_AGE, age_check, age_run },
	{ KVM_SWAP_HISTOGRAM, histogram_check, histogram_run },
	{ KVM_SWAP_COLD, cold_check, cold_run },
	{ KVM_SWAP_MAP, map_check, map_run, .lockless = true },
	{ KVM_SWAP_STATS, stats_check, stats_run },
	{ KVM_SWAP_PARAMS, params_check, params_run },
};

static int call_run(struct kvms_vm *vm, const struct kvms_call *call, void *arg)
{
	int ret;

	if (!call->check(arg))
		return -EINVAL;
	if (call->lockless)
		return call->run(vm, arg);
	ret = mutex_lock_killable(&vm->mutex);
	if (ret)
		return ret;
	ret = call->run(vm, arg);
	mutex_unlock(&vm->mutex);
	return ret;
}

/* A record that cannot be written is refused before the call changes anything. */
static int call_run_if_writable(struct kvms_vm *vm, const struct kvms_call *call, void *arg,
				void __user *user)
{
	size_t size = _IOC_SIZE(call->cmd);
	int ret;

	if (copy_to_user(user, arg, size))
		return -EFAULT;
	ret = call_run(vm, call, arg);
	if (!ret && copy_to_user(user, arg, size))
		ret = -EFAULT;
	return ret;
}

static const struct kvms_call *call_find(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].cmd == cmd)
			return &calls[i];
	for (i = 0; i < KVMS_STORE_CALLS; i++)
		if (kvms_store_calls[i].cmd == cmd)
			return &kvms_store_calls[i];
	return NULL;
}

static long guest_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	const struct kvms_call *call = call_find(cmd);
	void *arg;
	long ret;

	if (!call)
		return -ENOTTY;
	arg = memdup_user((void __user *)user, _IOC_SIZE(cmd));
	if (IS_ERR(arg))
		return PTR_ERR(arg);
	ret = call_run_if_writable(file->private_data, call, arg, (void __user *)user);
	kfree(arg);
	return ret;
}

static __poll_t guest_poll(struct file *file, poll_table *wait)
{
	struct kvms_vm *vm = file->private_data;

	poll_wait(file, &vm->wait, wait);
	return READ_ONCE(vm->gone) ? EPOLLHUP : 0;
}

static int guest_release(struct inode *inode, struct file *file)
{
	kvms_vm_detach(file->private_data);
	return 0;
}

static const struct file_operations guest_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = guest_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = guest_poll,
	.release = guest_release,
};

static int guest_open(struct kvms_vm *vm)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = anon_inode_getfile("kvm-swap-guest", &guest_fops, vm, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long dev_attach(void __user *user)
{
	struct kvm_swap_attach attach;
	struct kvms_vm *vm;
	int ret;

	if (copy_from_user(&attach, user, sizeof(attach)))
		return -EFAULT;
	if (attach.flags || !KVMS_ALL_ZERO(attach.reserved))
		return -EINVAL;
	ret = kvms_vm_attach(attach.vm_fd, &vm);
	if (ret)
		return ret;
	ret = guest_open(vm);
	if (ret < 0)
		kvms_vm_detach(vm);
	return ret;
}

static long dev_info_get(void __user *user)
{
	const struct kvm_swap_info info = {
		.abi = KVM_SWAP_ABI,
		.max_age = KVM_SWAP_AGE_MAX,
		.features = (KVMS_CAN_FLUSH ? KVM_SWAP_FEATURE_FLUSH : 0) | kvms_far_features(),
		.compressors = kvms_far_compressors(),
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static int dev_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	switch (cmd) {
	case KVM_SWAP_INFO:
		return dev_info_get((void __user *)user);
	case KVM_SWAP_ATTACH:
		return dev_attach((void __user *)user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm-swap",
	.fops = &device_fops,
	.mode = 0600,
};

int kvms_dev_init(void)
{
	return misc_register(&device);
}

void kvms_dev_exit(void)
{
	misc_deregister(&device);
}

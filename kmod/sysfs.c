// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/kvm_swap/PID-ID/: one value a file; what can be set is what PARAMS sets. */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "far.h"
#include "params.h"
#include "sysfs.h"

struct kvms_dir {
	struct kobject kobj;
	struct kvms_vm *vm;
};

static struct kobject *top;

static struct kvms_vm *kobj_vm(struct kobject *kobj)
{
	return container_of(kobj, struct kvms_dir, kobj)->vm;
}

#define COUNTER(name)                                                                              \
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)   \
	{                                                                                          \
		return sysfs_emit(buf, "%llu\n", READ_ONCE(kobj_vm(kobj)->counters.name));         \
	}                                                                                          \
	static struct kobj_attribute name##_attr = __ATTR_RO_MODE(name, 0400)

COUNTER(passes);
COUNTER(pages);
COUNTER(young);
COUNTER(calls);
COUNTER(raced);
COUNTER(raced_lost);
COUNTER(usec);

static ssize_t guest_gone_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(kobj_vm(kobj)->gone));
}

static struct kobj_attribute guest_gone_attr = __ATTR_RO_MODE(guest_gone, 0400);

#define PARAM(name)                                                                                \
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)   \
	{                                                                                          \
		return sysfs_emit(buf, "%u\n", READ_ONCE(kobj_vm(kobj)->params.name));             \
	}                                                                                          \
	static ssize_t name##_store(struct kobject *kobj, struct kobj_attribute *attr,             \
				    const char *buf, size_t count)                                 \
	{                                                                                          \
		struct kvms_vm *vm = kobj_vm(kobj);                                                \
		struct kvms_params p;                                                              \
		u32 value;                                                                         \
		int ret = kstrtou32(buf, 10, &value);                                              \
												   \
		if (!ret)                                                                          \
			ret = mutex_lock_killable(&vm->mutex);                                     \
		if (ret)                                                                           \
			return ret;                                                                \
		p = vm->params;                                                                    \
		p.name = value;                                                                    \
		ret = kvms_params_set(vm, &p);                                                     \
		mutex_unlock(&vm->mutex);                                                          \
		return ret ?: count;                                                               \
	}                                                                                          \
	static struct kobj_attribute name##_attr = __ATTR_RW_MODE(name, 0600)

PARAM(scan_period_ms);
PARAM(passes_per_age);
PARAM(budget_usec);
PARAM(cpu_permille);

static struct attribute *guest_attrs[] = {
	&passes_attr.attr,	   &pages_attr.attr,	      &young_attr.attr,
	&calls_attr.attr,	   &raced_attr.attr,	      &raced_lost_attr.attr,
	&usec_attr.attr,	   &guest_gone_attr.attr,     &scan_period_ms_attr.attr,
	&passes_per_age_attr.attr, &budget_usec_attr.attr,    &cpu_permille_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(guest);

static void dir_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct kvms_dir, kobj));
}

static const struct kobj_type dir_type = {
	.release = dir_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = guest_groups,
};

int kvms_sysfs_add(struct kvms_vm *vm)
{
	struct kvms_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!dir)
		return -ENOMEM;
	dir->vm = vm;
	ret = kobject_init_and_add(&dir->kobj, &dir_type, top, "%d-%llu", vm->pid, vm->id);
	if (ret) {
		kobject_put(&dir->kobj);
		return ret;
	}
	if (kvms_far_sysfs_group())
		ret = sysfs_create_group(&dir->kobj, kvms_far_sysfs_group());
	vm->dir = dir;
	if (ret)
		kvms_sysfs_remove(vm);
	return ret;
}

void kvms_sysfs_remove(struct kvms_vm *vm)
{
	kobject_del(&vm->dir->kobj);
	kobject_put(&vm->dir->kobj);
	vm->dir = NULL;
}

struct kvms_vm *kvms_sysfs_vm(struct kobject *kobj)
{
	return kobj_vm(kobj);
}

struct kobject *kvms_sysfs_top(void)
{
	return top;
}

int kvms_sysfs_init(void)
{
	top = kobject_create_and_add("kvm_swap", kernel_kobj);
	return top ? 0 : -ENOMEM;
}

void kvms_sysfs_exit(void)
{
	kobject_put(top);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/kvm_swap/store/ for the host, PID-ID/store/ for a guest: what STORE_STATS and
 * STORE_PARAMS tell, one value a file.
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "far-impl.h"
#include "sysfs.h"

static struct kobject *folder;

/* ---- A guest's --------------------------------------------------------------------------- */

static int stats_read(struct kobject *kobj, struct kvm_swap_store_stats *s)
{
	struct kvms_vm *vm = kvms_sysfs_vm(kobj);
	int ret = mutex_lock_killable(&vm->mutex);

	if (ret)
		return ret;
	ret = kvms_store_stats(vm, s);
	mutex_unlock(&vm->mutex);
	return ret;
}

#define FIGURE(name)                                                                               \
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)   \
	{                                                                                          \
		struct kvm_swap_store_stats s;                                                     \
		int ret = stats_read(kobj, &s);                                                    \
												   \
		return ret ?: sysfs_emit(buf, "%llu\n", s.name);                                   \
	}                                                                                          \
	static struct kobj_attribute name##_attr = __ATTR_RO_MODE(name, 0400)

FIGURE(pages);
FIGURE(same_filled);
FIGURE(stored_bytes);
FIGURE(pool_bytes);
FIGURE(metadata_bytes);
FIGURE(outs);
FIGURE(faults);
FIGURE(fetched);
FIGURE(dropped);
FIGURE(dense);
FIGURE(integrity_failures);
FIGURE(reserve_used);

static ssize_t param_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count, void (*set)(struct kvm_swap_store_params *p, u64 value))
{
	struct kvms_vm *vm = kvms_sysfs_vm(kobj);
	struct kvm_swap_store_params p = { 0 };
	u64 value;
	int ret = kstrtou64(buf, 10, &value);

	if (!ret)
		ret = mutex_lock_killable(&vm->mutex);
	if (ret)
		return ret;
	ret = kvms_store_params_get(vm, &p);
	if (!ret) {
		p.host_limit_bytes = KVM_SWAP_SAME_LIMIT;
		set(&p, value);
		ret = kvms_store_params_set(vm, &p);
	}
	mutex_unlock(&vm->mutex);
	return ret ?: count;
}

/* What does not fit is out of bounds. */
#define PARAM(name)                                                                                \
	static void name##_set(struct kvm_swap_store_params *p, u64 value)                         \
	{                                                                                          \
		p->name = min_t(u64, value, type_max(typeof(p->name)));                            \
	}                                                                                          \
												   \
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)   \
	{                                                                                          \
		return sysfs_emit(buf, "%llu\n",                                                   \
				  (u64)READ_ONCE(kvms_sysfs_vm(kobj)->far_params.name));           \
	}                                                                                          \
												   \
	static ssize_t name##_store(struct kobject *kobj, struct kobj_attribute *attr,             \
				    const char *buf, size_t count)                                 \
	{                                                                                          \
		return param_store(kobj, attr, buf, count, name##_set);                            \
	}                                                                                          \
	static struct kobj_attribute name##_attr = __ATTR_RW_MODE(name, 0600)

PARAM(compressor);
PARAM(encrypt);
PARAM(limit_bytes);

static struct attribute *guest_attrs[] = {
	&pages_attr.attr,	 &same_filled_attr.attr,  &stored_bytes_attr.attr,
	&pool_bytes_attr.attr,	 &metadata_bytes_attr.attr, &outs_attr.attr,
	&faults_attr.attr,	 &fetched_attr.attr,	  &dropped_attr.attr,
	&dense_attr.attr,	 &integrity_failures_attr.attr, &reserve_used_attr.attr,
	&compressor_attr.attr,	 &encrypt_attr.attr,	  &limit_bytes_attr.attr,
	NULL,
};

static const struct attribute_group guest_group = { .name = "store", .attrs = guest_attrs };

const struct attribute_group *kvms_far_sysfs_group(void)
{
	return &guest_group;
}

/* ---- The host's -------------------------------------------------------------------------- */

static ssize_t host_pool_bytes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 bytes, pages;

	kvms_far_sum(&bytes, &pages);
	return sysfs_emit(buf, "%llu\n", bytes);
}

static struct kobj_attribute host_pool_bytes_attr = __ATTR(pool_bytes, 0400, host_pool_bytes_show,
							   NULL);

static ssize_t host_pages_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 bytes, pages;

	kvms_far_sum(&bytes, &pages);
	return sysfs_emit(buf, "%llu\n", pages);
}

static struct kobj_attribute host_pages_attr = __ATTR(pages, 0400, host_pages_show, NULL);

static ssize_t host_limit_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(kvms_far_limit_bytes));
}

static ssize_t host_limit_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
				size_t count)
{
	u64 value;
	int ret = kstrtou64(buf, 10, &value);

	if (ret)
		return ret;
	if (value == KVM_SWAP_SAME_LIMIT)
		return -EINVAL;
	WRITE_ONCE(kvms_far_limit_bytes, value);
	return count;
}

static struct kobj_attribute host_limit_attr = __ATTR(limit_bytes, 0600, host_limit_show,
						      host_limit_store);

static ssize_t dense_ms_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(kvms_dense_ms));
}

static ssize_t dense_ms_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			      size_t count)
{
	u32 value;
	int ret = kstrtou32(buf, 10, &value);

	if (ret)
		return ret;
	WRITE_ONCE(kvms_dense_ms, value);
	return count;
}

static struct kobj_attribute dense_ms_attr = __ATTR_RW_MODE(dense_ms, 0600);

static struct attribute *host_attrs[] = {
	&host_pool_bytes_attr.attr,
	&host_pages_attr.attr,
	&host_limit_attr.attr,
	&dense_ms_attr.attr,
	NULL,
};

static const struct attribute_group host_group = { .attrs = host_attrs };

int kvms_far_sysfs_init(struct kobject *top)
{
	int ret;

	folder = kobject_create_and_add("store", top);
	if (!folder)
		return -ENOMEM;
	ret = sysfs_create_group(folder, &host_group);
	if (ret)
		kobject_put(folder);
	return ret;
}

void kvms_far_sysfs_exit(void)
{
	kobject_put(folder);
}

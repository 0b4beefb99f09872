// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that are attached: found by their struct kvm, shared, let go when they end or nobody is
 * interested any more.
 *
 * KVM is referenced, so a VM whose descriptors are all closed stays until we notice: that is when
 * the only reference left is ours (kvms_vm_is_orphan(), asked by scan.c every second), or its mm
 * goes. Then the reference is dropped by a work, for KVM's end may sleep for long.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "far.h"
#include "notifier.h"
#include "scan.h"
#include "sysfs.h"
#include "trace.h"
#include "tree.h"
#include "vm.h"

static DEFINE_MUTEX(kvms_vms_mutex);
static LIST_HEAD(kvms_vms);
static u64 kvms_next_id;

static const struct kvms_params default_params = {
	.scan_period_ms = 0,
	.passes_per_age = 1,
	.budget_usec = 10000,
	.budget_pages = 1 << 20,
	.cpu_permille = 20,
};

/* KVM keeps its file operations to itself; the inode says as much. */
static bool is_kvm_vm(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file->f_path.dentry->d_name.name, "kvm-vm");
}

/*
 * A reference to KVM, and one to the module whose code a VM ends in (kvm_amd, kvm_intel): on newer
 * kernels only its descriptors keep that, and we may hold on to the VM for longer.
 */
static int kvm_from_fd(int vm_fd, struct kvm **ret, struct module **ret_owner)
{
	struct file *file = fget(vm_fd);
	int r = 0;

	if (!file)
		return -EBADF;
	if (is_kvm_vm(file)) {
		*ret_owner = file->f_op->owner;
		__module_get(*ret_owner);
		*ret = file->private_data;
		kvm_get_kvm(*ret);
	} else {
		r = -EINVAL;
	}
	fput(file);
	return r;
}

static void kvm_release(struct kvm *kvm, struct module *owner)
{
	kvm_put_kvm(kvm);
	module_put(owner);
}

static bool can_age(const struct kvm *kvm)
{
	if (kvm->mmu_notifier.ops && kvm->mmu_notifier.ops->clear_young)
		return true;
	pr_warn_once("this KVM does not tell what its guests have touched\n");
	return false;
}

static void roots_put(struct kvms_vm *vm, int n)
{
	struct kvms_root *root, *next;

	list_for_each_entry_safe(root, next, &vm->roots, link)
		if (root->as_id < n)
			kvms_root_put(vm, root);
}

static int roots_get(struct kvms_vm *vm)
{
	int as_id, n = kvms_as_ids(vm->kvm), ret = 0;
	struct kvms_root *root;

	for (as_id = 0; as_id < n; as_id++) {
		ret = kvms_root_get(vm, as_id, &root);
		if (ret) {
			roots_put(vm, as_id);
			break;
		}
	}
	return ret;
}

/* All that KVM's own reference keeps; done once, by the work or by the last detach. */
static void vm_drop_kvm(struct kvms_vm *vm)
{
	struct kvm *kvm;

	mutex_lock(&vm->mutex);
	kvm = vm->kvm;
	vm->kvm = NULL;
	kvms_tree_clear(vm);
	mutex_unlock(&vm->mutex);
	if (kvm)
		kvm_release(kvm, vm->owner);
}

static void gone_work(struct work_struct *work)
{
	vm_drop_kvm(container_of(work, struct kvms_vm, gone_work));
}

static struct kvms_vm *vm_alloc(struct kvm *kvm, struct module *owner)
{
	struct kvms_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;
	vm->pfns = kcalloc(KVMS_BLOCK_PAGES, sizeof(*vm->pfns), GFP_KERNEL_ACCOUNT);
	if (!vm->pfns) {
		kfree(vm);
		return NULL;
	}
	kref_init(&vm->ref);
	mutex_init(&vm->mutex);
	spin_lock_init(&vm->lock);
	init_waitqueue_head(&vm->wait);
	INIT_WORK(&vm->gone_work, gone_work);
	vm->restless_until = jiffies;
	kvms_scan_prepare(vm);
	INIT_LIST_HEAD(&vm->roots);
	vm->tree = RB_ROOT_CACHED;
	__module_get(owner);
	vm->owner = owner;
	kvm_get_kvm(kvm);
	vm->kvm = kvm;
	vm->mm = kvm->mm;
	vm->pid = kvm->userspace_pid;
	vm->id = ++kvms_next_id;
	return vm;
}

static void vm_free(struct kvms_vm *vm)
{
	cancel_work_sync(&vm->gone_work);
	vm_drop_kvm(vm);
	kvms_far_release(vm);
	kfree(vm->pfns);
	kfree(vm);
}

/* Whoever had the guest before has let it go, if only just: all of it begins anew. */
static void begin(struct kvms_vm *vm)
{
	vm->counters = (struct kvms_counters){ 0 };
	memset(vm->promoted, 0, sizeof(vm->promoted));
	vm->scan_cursor = 0;
	vm->grow = false;
	vm->params = default_params;
	kvms_far_prepare(vm);
}

static int roots_get_locked(struct kvms_vm *vm)
{
	int ret;

	ret = mutex_lock_killable(&vm->mutex);
	if (ret)
		return ret;
	if (list_empty(&vm->roots))
		begin(vm);
	ret = vm->kvm && !READ_ONCE(vm->gone) ? roots_get(vm) : -ESRCH;
	mutex_unlock(&vm->mutex);
	return ret;
}

static void roots_put_locked(struct kvms_vm *vm)
{
	mutex_lock(&vm->mutex);
	roots_put(vm, KVMS_AS_MAX);
	mutex_unlock(&vm->mutex);
}

/* The mm is held by the caller. */
static int vm_new(struct kvm *kvm, struct module *owner, struct kvms_vm **ret)
{
	struct kvms_vm *vm = vm_alloc(kvm, owner);
	int r = -ENOMEM;

	lockdep_assert_held(&kvms_vms_mutex);

	if (!vm)
		return r;
	r = kvms_notifier_register(vm);
	if (r)
		goto out_free;
	r = kvms_sysfs_add(vm);
	if (r)
		goto out_notifier;
	kvms_scan_start(vm);
	list_add(&vm->link, &kvms_vms);
	*ret = vm;
	return 0;
out_notifier:
	kvms_notifier_unregister(vm);
out_free:
	vm_free(vm);
	return r;
}

static struct kvms_vm *vm_find(const struct kvm *kvm)
{
	struct kvms_vm *vm;

	lockdep_assert_held(&kvms_vms_mutex);

	list_for_each_entry(vm, &kvms_vms, link)
		if (READ_ONCE(vm->kvm) == kvm)
			return vm;
	return NULL;
}

/* The guest as it is attached already, or a new one. */
static int vm_get(struct kvm *kvm, struct module *owner, struct kvms_vm **ret)
{
	struct kvms_vm *vm;
	int r;

	lockdep_assert_held(&kvms_vms_mutex);

	vm = vm_find(kvm);
	if (vm) {
		kref_get(&vm->ref);
		*ret = vm;
		return 0;
	}
	if (!mmget_not_zero(kvm->mm))
		return -ESRCH;
	r = vm_new(kvm, owner, ret);
	mmput_async(kvm->mm);
	return r;
}

/* Called with kvms_vms_mutex held, which this gives back. */
static void vm_release(struct kref *ref)
{
	struct kvms_vm *vm = container_of(ref, struct kvms_vm, ref);

	lockdep_assert_held(&kvms_vms_mutex);

	list_del(&vm->link);
	mutex_unlock(&kvms_vms_mutex);
	kvms_sysfs_remove(vm); /* waits for writers, which may kick the scan */
	kvms_scan_stop(vm);
	kvms_notifier_unregister(vm);
	vm_free(vm);
}

static void vm_put(struct kvms_vm *vm)
{
	kref_put_mutex(&vm->ref, vm_release, &kvms_vms_mutex);
}

/* The guest may be in a long pass: its mutex is waited for when the list is free for others. */
static int attach_kvm(struct kvm *kvm, struct module *owner, struct kvms_vm **ret)
{
	struct kvms_vm *vm;
	int r;

	r = mutex_lock_killable(&kvms_vms_mutex);
	if (r)
		return r;
	r = vm_get(kvm, owner, &vm);
	mutex_unlock(&kvms_vms_mutex);
	if (r)
		return r;
	r = roots_get_locked(vm);
	if (r)
		vm_put(vm);
	else
		*ret = vm;
	return r;
}

int kvms_vm_attach(int vm_fd, struct kvms_vm **ret)
{
	struct module *owner;
	struct kvm *kvm;
	int r = kvm_from_fd(vm_fd, &kvm, &owner);

	if (r)
		return r;
	r = can_age(kvm) ? attach_kvm(kvm, owner, ret) : -ENODEV;
	if (!r)
		trace_kvm_swap_attach(*ret);
	kvm_release(kvm, owner);
	return r;
}

void kvms_vm_detach(struct kvms_vm *vm)
{
	trace_kvm_swap_detach(vm);
	roots_put_locked(vm);
	vm_put(vm);
}

bool kvms_vm_is_orphan(struct kvms_vm *vm)
{
	lockdep_assert_held(&vm->mutex);

	return vm->kvm && refcount_read(&vm->kvm->users_count) == 1;
}

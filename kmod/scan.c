// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes of the module's own: a work per guest, never longer than the guest's budget in one go, and
 * paused after each stretch so long that it keeps to its share of a CPU.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>

#include "age.h"
#include "notifier.h"
#include "scan.h"
#include "vm.h"

#define WATCH_MS 1000

static struct workqueue_struct *scan_queue;

/* How long to rest after a stretch of @usec: usec : rest = permille : 1000 - permille */
static unsigned long rest_jiffies(const struct kvms_params *p, u64 usec)
{
	return usecs_to_jiffies(div_u64(usec * (1000 - p->cpu_permille), p->cpu_permille)) + 1;
}

/* A stretch of a pass; *ret_rest is how long until the next. */
static int scan_step(struct kvms_vm *vm, unsigned long *ret_rest)
{
	const struct kvms_params *p = &vm->params;
	struct kvms_pass pass = {
		.cursor = vm->scan_cursor,
		.max_pages = p->budget_pages,
		.max_usec = p->budget_usec,
	};
	int ret;

	lockdep_assert_held(&vm->mutex);

	if (!vm->scan_cursor)
		vm->scan_began = jiffies;
	ret = kvms_age(vm, &pass);
	if (ret)
		return ret;
	vm->scan_cursor = pass.cursor;
	*ret_rest = rest_jiffies(p, pass.usec);
	if (!pass.cursor) {
		unsigned long next = vm->scan_began + msecs_to_jiffies(p->scan_period_ms);

		if (time_after(next, jiffies))
			*ret_rest = max(*ret_rest, next - jiffies);
	}
	return 0;
}

static void scan_work(struct work_struct *work)
{
	struct kvms_vm *vm = container_of(to_delayed_work(work), struct kvms_vm, scan_work);
	unsigned long rest = msecs_to_jiffies(WATCH_MS), wanted = rest;
	bool gone;

	mutex_lock(&vm->mutex);
	if (kvms_vm_is_orphan(vm))
		kvms_notifier_gone(vm);
	gone = READ_ONCE(vm->gone);
	if (!gone && vm->params.scan_period_ms && time_after_eq(jiffies, vm->scan_next)) {
		if (!scan_step(vm, &wanted))
			vm->scan_next = jiffies + wanted;
	}
	if (!gone && vm->params.scan_period_ms && time_after(vm->scan_next, jiffies))
		rest = min(rest, vm->scan_next - jiffies);
	mutex_unlock(&vm->mutex);
	if (!gone)
		queue_delayed_work(scan_queue, &vm->scan_work, rest);
}

void kvms_scan_prepare(struct kvms_vm *vm)
{
	INIT_DELAYED_WORK(&vm->scan_work, scan_work);
	vm->scan_next = jiffies;
}

void kvms_scan_start(struct kvms_vm *vm)
{
	queue_delayed_work(scan_queue, &vm->scan_work, msecs_to_jiffies(WATCH_MS));
}

void kvms_scan_kick(struct kvms_vm *vm)
{
	lockdep_assert_held(&vm->mutex);

	vm->scan_next = jiffies;
	if (!READ_ONCE(vm->gone))
		mod_delayed_work(scan_queue, &vm->scan_work, 0);
}

void kvms_scan_stop(struct kvms_vm *vm)
{
	cancel_delayed_work_sync(&vm->scan_work);
}

void kvms_scan_queue(struct work_struct *work)
{
	queue_work(scan_queue, work);
}

int kvms_scan_init(void)
{
	scan_queue = alloc_workqueue("kvm_swap", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return scan_queue ? 0 : -ENOMEM;
}

void kvms_scan_exit(void)
{
	destroy_workqueue(scan_queue);
}

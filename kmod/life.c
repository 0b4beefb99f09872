// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far memory's beginning and end, and how much of it there may be.
 *
 * It begins with the first PAGE_OUT. When the last user has let the guest go it is nobody's: a work
 * drains it, as long as the host has memory to spare, and ends it when nothing is out. Who attaches
 * to a guest of the same process before that has it again. Until its end it holds the module, whose
 * code faults need. The work ends with it; the module's exit waits for works.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "far-impl.h"
#include "params.h"

#define REST_MS		1000 /* an empty chunk may be wanted again; memory may be short */
#define REFILL_MS	100  /* what a fault took comes back when somebody has given memory back */
#define DRAIN_REST_MS	20   /* 512 pages in this time: 100 MiB/s at most, of all stores */
#define DRAIN_FLOOR_PART 8   /* of memory: what others have come to count on stays theirs */
#define DRAIN_USEC	10000
#define DRAIN_PAGES	65536
#define DRAIN_PAGES_MAX	1048576

static DEFINE_MUTEX(kvms_fars_mutex);
static LIST_HEAD(kvms_fars);
static u64 kvms_next_store;
static unsigned long drain_next; /* jiffies (kvms_fars_mutex) */
static struct workqueue_struct *far_queue;
static struct workqueue_struct *refill_queue; /* of its own: faults wait for it, in effect */

u64 kvms_far_limit_bytes;

u64 kvms_far_features(void)
{
	return KVM_SWAP_FEATURE_STORE;
}

u32 kvms_far_compressors(void)
{
	return kvms_compressor_mask();
}

/* ---- Limits ------------------------------------------------------------------------------ */

void kvms_far_sum(u64 *ret_bytes, u64 *ret_pages)
{
	struct kvms_far *far;

	*ret_bytes = 0;
	*ret_pages = 0;
	mutex_lock(&kvms_fars_mutex);
	list_for_each_entry(far, &kvms_fars, link) {
		*ret_bytes += kvms_store_bytes(&far->store);
		*ret_pages += READ_ONCE(far->used);
	}
	mutex_unlock(&kvms_fars_mutex);
}

/* Where the store's pool has to stop for the host's sake, were it the only one that grows. */
void kvms_far_measure_room(struct kvms_far *far)
{
	u64 limit = READ_ONCE(kvms_far_limit_bytes), bytes, pages;

	kvms_far_sum(&bytes, &pages);
	far->room_bytes = kvms_store_bytes(&far->store) + (bytes < limit ? limit - bytes : 0);
}

bool kvms_far_has_room(struct kvms_far *far)
{
	u64 bytes = kvms_store_bytes(&far->store);

	return bytes < READ_ONCE(far->limit_bytes) && bytes < far->room_bytes;
}

/* ---- End --------------------------------------------------------------------------------- */

/* Nobody frees its pages any more: no chunk is left, and each has waited for those who did. */
static void far_free(struct kvms_far *far)
{
	cancel_delayed_work(&far->work);
	cancel_delayed_work_sync(&far->refill);
	kvms_reserve_empty(far);
	kvms_dense_clear(far);
	kvms_store_free(&far->store);
	mmdrop(far->mm);
	kvfree(far);
	module_put(THIS_MODULE);
}

/* Once it is off the list nobody can take it over; before that it may have been, and be in use. */
static bool far_is_over(struct kvms_far *far)
{
	bool over;

	mutex_lock(&kvms_fars_mutex);
	over = far->released && !READ_ONCE(far->n_pages);
	if (over)
		list_del(&far->link);
	mutex_unlock(&kvms_fars_mutex);
	return over;
}

/* One pace for the host, however many stores there are. */
static bool is_drains_turn(void)
{
	bool is;

	mutex_lock(&kvms_fars_mutex);
	is = time_after_eq(jiffies, drain_next);
	if (is)
		drain_next = jiffies + msecs_to_jiffies(DRAIN_REST_MS);
	mutex_unlock(&kvms_fars_mutex);
	return is;
}

/* Nobody has asked for these pages: what there is to spare, and nobody has to give memory back. */
static unsigned int drain_released(struct kvms_far *far)
{
	struct kvms_home h = { .gfp = KVMS_HOME_UNASKED };

	if (!is_drains_turn())
		return DRAIN_REST_MS;
	if (si_mem_available() < (long)(totalram_pages() / DRAIN_FLOOR_PART))
		return REST_MS;
	mutex_lock(&far->mutex);
	kvms_drain_some(far, KVMS_BLOCK_PAGES, ktime_get_ns() + DRAIN_USEC * NSEC_PER_USEC, &h);
	mutex_unlock(&far->mutex);
	return h.moved ? DRAIN_REST_MS : REST_MS;
}

/* No two of a store's run at once; nobody else gives back chunks, or frees it. */
static void far_work(struct work_struct *work)
{
	struct kvms_far *far = container_of(to_delayed_work(work), struct kvms_far, work);
	bool released = READ_ONCE(far->released);
	unsigned int rest_ms = released ? drain_released(far) : 0;

	if (kvms_region_shrink(far))
		queue_delayed_work(far_queue, &far->work, 0);
	else if (!released)
		return;
	else if (far_is_over(far))
		far_free(far);
	else
		queue_delayed_work(far_queue, &far->work, msecs_to_jiffies(rest_ms));
}

/* The work ends it, which may be before this returns: chunks take their time. */
static void far_release(struct kvms_far *far)
{
	mutex_lock(&kvms_fars_mutex);
	WRITE_ONCE(far->released, true);
	mod_delayed_work(far_queue, &far->work, 0);
	mutex_unlock(&kvms_fars_mutex);
}

void kvms_far_release(struct kvms_vm *vm)
{
	if (vm->far)
		far_release(vm->far);
}

void kvms_far_kick(struct kvms_far *far)
{
	queue_delayed_work(far_queue, &far->work, msecs_to_jiffies(REST_MS));
}

/* ---- Beginning --------------------------------------------------------------------------- */

static void refill_work(struct work_struct *work)
{
	struct kvms_far *far = container_of(to_delayed_work(work), struct kvms_far, refill);

	if (!kvms_reserve_fill(far))
		queue_delayed_work(refill_queue, &far->refill, msecs_to_jiffies(REFILL_MS));
}

void kvms_far_refill(struct kvms_far *far)
{
	queue_delayed_work(refill_queue, &far->refill, 0);
}

static int far_new(struct kvms_vm *vm, struct kvms_far **ret)
{
	const struct kvms_far_params *params = &vm->far_params;
	struct kvms_far *far = kvzalloc(sizeof(*far), GFP_KERNEL); /* may outlive who asks */
	int r;

	if (!far)
		return -ENOMEM;
	mutex_init(&far->mutex);
	spin_lock_init(&far->lock);
	INIT_LIST_HEAD(&far->chunks);
	INIT_LIST_HEAD(&far->reserve);
	INIT_DELAYED_WORK(&far->work, far_work);
	INIT_DELAYED_WORK(&far->refill, refill_work);
	xa_init(&far->dense);
	far->limit_bytes = params->limit_bytes;
	far->no_chunk_until = jiffies;
	r = kvms_store_init(&far->store, kvms_compressor_find(params->compressor),
			    params->encrypt);
	if (r) {
		kvfree(far);
		return r;
	}
	if (!kvms_reserve_fill(far))
		kvms_far_refill(far);
	__module_get(THIS_MODULE);
	mmgrab(vm->mm);
	far->mm = vm->mm;
	mutex_lock(&kvms_fars_mutex);
	far->store.id = ++kvms_next_store;
	list_add(&far->link, &kvms_fars);
	mutex_unlock(&kvms_fars_mutex);
	*ret = far;
	return 0;
}

int kvms_far_get(struct kvms_vm *vm, struct kvms_far **ret)
{
	struct kvms_far *far = vm->far;
	int r = 0;

	lockdep_assert_held(&vm->mutex);

	if (!far)
		r = far_new(vm, &far);
	if (r)
		return r;
	WRITE_ONCE(vm->far, far);
	*ret = far;
	return 0;
}

/* What was let go of with pages of this process in it, and is the caller's now; or NULL. */
static struct kvms_far *far_adopt(struct mm_struct *mm)
{
	struct kvms_far *far, *found = NULL;

	mutex_lock(&kvms_fars_mutex);
	list_for_each_entry(far, &kvms_fars, link) {
		if (!far->released || far->mm != mm || !READ_ONCE(far->used))
			continue;
		WRITE_ONCE(far->released, false);
		found = far;
		break;
	}
	mutex_unlock(&kvms_fars_mutex);
	return found;
}

void kvms_far_prepare(struct kvms_vm *vm)
{
	struct kvms_far *far;

	lockdep_assert_held(&vm->mutex);

	if (vm->far) /* of who had the guest before */
		return;
	far = far_adopt(vm->mm);
	vm->far_params = (struct kvms_far_params){
		.compressor = far ? far->store.compressor->id : KVM_SWAP_COMPRESSOR_LZ4,
		.encrypt = !far || far->store.cipher,
		.limit_bytes = far ? far->limit_bytes : KVM_SWAP_NO_LIMIT,
	};
	WRITE_ONCE(vm->far, far);
}

/* What is out was made in another way: there may be none. A new store begins with the next page. */
int kvms_far_replace(struct kvms_vm *vm, const struct kvms_far_params *wanted)
{
	struct kvms_far *far = vm->far;

	lockdep_assert_held(&vm->mutex);

	if (!far || (vm->far_params.compressor == wanted->compressor &&
		     vm->far_params.encrypt == wanted->encrypt))
		return 0;
	if (READ_ONCE(far->used))
		return -EBUSY;
	WRITE_ONCE(vm->far, NULL);
	far_release(far);
	return 0;
}

/* ---- Drain ------------------------------------------------------------------------------- */

int kvms_drain(struct kvms_vm *vm, struct kvm_swap_drain *d)
{
	u64 start_ns = ktime_get_ns();
	u64 end_ns = start_ns + (d->max_usec ?: DRAIN_USEC) * (u64)NSEC_PER_USEC;
	struct kvms_far *far = vm->far;
	struct kvms_home h = { .gfp = KVMS_HOME_BY_ORDER };
	int ret = 0;

	lockdep_assert_held(&vm->mutex);

	if (d->max_usec > KVMS_BUDGET_USEC_MAX || d->max_pages > DRAIN_PAGES_MAX)
		return -EINVAL;
	if (far) {
		mutex_lock(&far->mutex);
		ret = kvms_drain_some(far, d->max_pages ?: DRAIN_PAGES, end_ns, &h);
		far->drained = !READ_ONCE(far->used);
		if (far->drained)
			kvms_far_kick(far);
		mutex_unlock(&far->mutex);
	}
	if (!ret && !h.moved && h.no_memory)
		ret = -ENOMEM;
	if (ret)
		return ret;
	d->pages = h.moved;
	d->left = far ? READ_ONCE(far->used) : 0;
	d->usec = (ktime_get_ns() - start_ns) / NSEC_PER_USEC;
	return 0;
}

/* ---- The module's ------------------------------------------------------------------------ */

int kvms_far_init(struct kobject *top)
{
	int ret;

	/* More would be no store of memory but a second one: what goes out must halve at least. */
	kvms_far_limit_bytes = (u64)totalram_pages() << (PAGE_SHIFT - 1);
	drain_next = jiffies;
	far_queue = alloc_workqueue("kvm_swap_far", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!far_queue)
		return -ENOMEM;
	ret = -ENOMEM;
	refill_queue = alloc_workqueue("kvm_swap_refill", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!refill_queue)
		goto out_far;
	ret = kvms_far_sysfs_init(top);
	if (ret)
		goto out_refill;
	return 0;
out_refill:
	destroy_workqueue(refill_queue);
out_far:
	destroy_workqueue(far_queue);
	return ret;
}

/* The last far memory holds the module until its work has nothing more to do but to return. */
void kvms_far_exit(void)
{
	kvms_far_sysfs_exit();
	destroy_workqueue(far_queue);
	destroy_workqueue(refill_queue);
}

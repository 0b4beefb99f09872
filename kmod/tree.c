// SPDX-License-Identifier: GPL-2.0-only
/*
 * The age tree: a root per address space, below it the memslots, below those a block per 2 MiB.
 *
 * Nothing here points into KVM: memslots are looked up anew under kvm->srcu when their generation
 * has changed, so a slot that was deleted or moved can leave nothing stale behind (seed 003).
 * Memory that two address spaces share is aged once, in the first: one question to KVM clears the
 * accessed bits of all.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sort.h>

#include "kvm_swap.h"
#include "tree.h"

/* Beyond so many blocks a callback marks the whole slot: it holds a spinlock. */
#define MARK_BLOCKS_MAX	512

void kvms_block_mark(struct kvms_vm *vm, struct kvms_block *b, unsigned int first,
		     unsigned int last)
{
	lockdep_assert_held(&vm->lock);

	if (b->inval) {
		first = min_t(unsigned int, first, b->inval_first);
		last = max_t(unsigned int, last, b->inval_last);
	}
	b->inval = 1;
	b->inval_first = first;
	b->inval_last = last;
}

static void slot_mark(struct kvms_vm *vm, struct kvms_slot *slot, unsigned long start,
		      unsigned long end)
{
	unsigned long base = slot->it.start & KVMS_BLOCK_MASK;
	unsigned long first = max(start, slot->it.start), last = min(end - 1, slot->it.last);
	unsigned long i = (first - base) >> KVM_SWAP_BLOCK_SHIFT;
	unsigned long i_last = (last - base) >> KVM_SWAP_BLOCK_SHIFT;

	if (i_last - i >= MARK_BLOCKS_MAX) {
		WRITE_ONCE(slot->all_marked, true);
		return;
	}
	for (; i <= i_last; i++) {
		unsigned long hva, n = kvms_block_pages(slot, i, &hva);
		unsigned long from = max(first, hva), to = min(last, hva + (n << PAGE_SHIFT) - 1);

		kvms_block_mark(vm, &slot->blocks[i], (from - hva) >> PAGE_SHIFT,
				(to - hva) >> PAGE_SHIFT);
	}
}

static void slot_mark_came(struct kvms_slot *slot, unsigned long start, unsigned long end)
{
	unsigned long base = slot->it.start & KVMS_BLOCK_MASK;
	unsigned long i = (max(start, slot->it.start) - base) >> KVM_SWAP_BLOCK_SHIFT;
	unsigned long last = (min(end - 1, slot->it.last) - base) >> KVM_SWAP_BLOCK_SHIFT;

	for (; i <= last; i++)
		slot->blocks[i].came = 1;
}

void kvms_tree_came(struct kvms_vm *vm, unsigned long start, unsigned long end)
{
	struct interval_tree_node *it;

	lockdep_assert_held(&vm->lock);

	for (it = interval_tree_iter_first(&vm->tree, start, end - 1); it;
	     it = interval_tree_iter_next(it, start, end - 1))
		slot_mark_came(container_of(it, struct kvms_slot, it), start, end);
}

void kvms_slot_unmark(struct kvms_vm *vm, struct kvms_slot *slot)
{
	unsigned long i, hva, n;

	lockdep_assert_held(&vm->mutex);

	if (!READ_ONCE(slot->all_marked))
		return;
	WRITE_ONCE(slot->all_marked, false);
	for (i = 0; i < slot->n_blocks; i++) {
		n = kvms_block_pages(slot, i, &hva);
		spin_lock(&vm->lock);
		kvms_block_mark(vm, &slot->blocks[i], 0, n - 1);
		spin_unlock(&vm->lock);
		cond_resched();
	}
}

bool kvms_tree_invalidate(struct kvms_vm *vm, unsigned long start, unsigned long end)
{
	struct interval_tree_node *it;
	bool any = false;

	lockdep_assert_held(&vm->lock);
	WARN_ON_ONCE(!vm->in_progress);

	for (it = interval_tree_iter_first(&vm->tree, start, end - 1); it;
	     it = interval_tree_iter_next(it, start, end - 1)) {
		slot_mark(vm, container_of(it, struct kvms_slot, it), start, end);
		any = true;
	}
	return any;
}

static void slot_free(struct kvms_slot *slot)
{
	unsigned long i;

	for (i = 0; i < slot->n_blocks; i++) {
		kfree(slot->blocks[i].ages);
		if (i % 1024 == 0)
			cond_resched();
	}
	kvfree_rcu(slot, rcu);
}

static void view_set(struct kvms_vm *vm, struct kvms_view *view)
{
	struct kvms_view *old = rcu_replace_pointer(vm->view, view, lockdep_is_held(&vm->mutex));

	if (old)
		kvfree_rcu(old, rcu);
}

/* Callbacks find it no more; it stays on a list, and in vm->view if it was. */
static void slot_unlink(struct kvms_vm *vm, struct kvms_slot *slot)
{
	lockdep_assert_held(&vm->mutex);

	spin_lock(&vm->lock);
	interval_tree_remove(&slot->it, &vm->tree);
	spin_unlock(&vm->lock);
}

/* Those that were unlinked, and are in vm->view no more. */
static void slots_free(struct list_head *slots)
{
	struct kvms_slot *slot, *next;

	list_for_each_entry_safe(slot, next, slots, link) {
		list_del(&slot->link);
		slot_free(slot);
	}
}

/* vm->view is empty. */
static void root_clear(struct kvms_vm *vm, struct kvms_root *root)
{
	struct kvms_slot *slot;

	list_for_each_entry(slot, &root->slots, link)
		slot_unlink(vm, slot);
	slots_free(&root->slots);
}

static struct kvms_slot *slot_new(const struct kvms_memslot *from)
{
	unsigned long last = from->hva + (from->n_pages << PAGE_SHIFT) - 1;
	unsigned long n = (last >> KVM_SWAP_BLOCK_SHIFT) - (from->hva >> KVM_SWAP_BLOCK_SHIFT) + 1;
	struct kvms_slot *slot = kvzalloc(struct_size(slot, blocks, n), GFP_KERNEL_ACCOUNT);

	if (!slot)
		return NULL;
	slot->it.start = from->hva;
	slot->it.last = last;
	slot->base_gfn = from->base_gfn;
	slot->n_pages = from->n_pages;
	slot->n_blocks = n;
	slot->id = from->id;
	slot->small = from->small;
	return slot;
}

/* Before @next, or last where that is the list's head. */
static void slot_insert(struct kvms_vm *vm, struct kvms_root *root, struct kvms_slot *slot,
			struct list_head *next)
{
	lockdep_assert_held(&vm->mutex);

	slot->root = root;
	list_add_tail(&slot->link, next);
	spin_lock(&vm->lock);
	interval_tree_insert(&slot->it, &vm->tree);
	spin_unlock(&vm->lock);
}

static struct kvms_slot *slot_of(struct list_head *link)
{
	return list_entry(link, struct kvms_slot, link);
}

static struct kvms_slot *slot_same(struct kvms_vm *vm, const struct kvms_memslot *from)
{
	struct interval_tree_node *it = interval_tree_iter_first(&vm->tree, from->hva, from->hva);
	struct kvms_slot *slot = it ? container_of(it, struct kvms_slot, it) : NULL;

	return slot && it->start == from->hva && slot->n_pages == from->n_pages ? slot : NULL;
}

/*
 * A slot whose memory is where it was keeps its ages, wherever the guest sees it now, and in
 * whichever address space: the first that has it. @now is by gfn, and so root->slots will be.
 */
static void root_match(struct kvms_vm *vm, struct kvms_root *root,
		       const struct kvms_memslots_now *now)
{
	struct kvms_slot *slot;
	unsigned int i;

	for (i = 0; i < now->n; i++) {
		slot = slot_same(vm, &now->slots[i]);
		if (!slot || slot->root)
			continue;
		slot->root = root;
		slot->id = now->slots[i].id;
		slot->base_gfn = now->slots[i].base_gfn;
		slot->small = now->slots[i].small;
		list_move_tail(&slot->link, &root->slots);
		cond_resched();
	}
}

/*
 * A part of the memory that is followed already makes room when the whole comes in the same address
 * space. What another address space shows stays followed there. False: there is no room.
 */
static bool make_room(struct kvms_vm *vm, const struct kvms_root *root,
		      const struct kvms_memslot *from, struct list_head **next,
		      struct list_head *old)
{
	unsigned long last = from->hva + (from->n_pages << PAGE_SHIFT) - 1;
	struct interval_tree_node *it;
	struct kvms_slot *slot;

	for (it = interval_tree_iter_first(&vm->tree, from->hva, last); it;
	     it = interval_tree_iter_next(it, from->hva, last)) {
		slot = container_of(it, struct kvms_slot, it);
		if (slot->root != root || it->start < from->hva || it->last > last)
			return false;
	}
	while ((it = interval_tree_iter_first(&vm->tree, from->hva, last))) {
		slot = container_of(it, struct kvms_slot, it);
		if (*next == &slot->link)
			*next = slot->link.next;
		slot_unlink(vm, slot);
		list_move(&slot->link, old);
	}
	return true;
}

static int root_fill(struct kvms_vm *vm, struct kvms_root *root,
		     const struct kvms_memslots_now *now, struct list_head *old)
{
	struct list_head *next = root->slots.next;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < now->n; i++) {
		const struct kvms_memslot *from = &now->slots[i];
		struct kvms_slot *slot = slot_same(vm, from);

		while (next != &root->slots && slot_of(next)->base_gfn < from->base_gfn)
			next = next->next;
		if (slot || !make_room(vm, root, from, &next, old))
			continue;
		slot = slot_new(from);
		if (slot)
			slot_insert(vm, root, slot, next);
		else
			ret = -ENOMEM;
		cond_resched();
	}
	return ret;
}

/* While it logs what is written, and where addresses do not line up, KVM uses no huge pages. */
static bool is_small(const struct kvm_memory_slot *memslot)
{
	unsigned long page = memslot->userspace_addr >> PAGE_SHIFT;

	return memslot->flags & KVM_MEM_LOG_DIRTY_PAGES ||
	       (page ^ memslot->base_gfn) & (KVMS_BLOCK_PAGES - 1);
}

static int by_gfn(const void *a, const void *b)
{
	const struct kvms_memslot *x = a, *y = b;

	return x->base_gfn < y->base_gfn ? -1 : x->base_gfn > y->base_gfn;
}

/* Plain values of all memslots of an address space, by gfn; ret_now->slots is for kvfree(). */
static int memslots_read(struct kvms_vm *vm, int as_id, struct kvms_memslots_now *ret_now)
{
	struct kvm_memory_slot *memslot;
	struct kvms_memslot *now;
	struct kvm_memslots *slots;
	unsigned int n = 0;
	int bkt, idx, ret = 0;

	idx = srcu_read_lock(&vm->kvm->srcu);
	slots = __kvm_memslots(vm->kvm, as_id);
	kvm_for_each_memslot(memslot, bkt, slots)
		n++;
	now = kvcalloc(n + 1, sizeof(*now), GFP_KERNEL_ACCOUNT);
	if (!now) {
		ret = -ENOMEM;
		goto out_unlock;
	}
	n = 0;
	kvm_for_each_memslot(memslot, bkt, slots) {
		/* What KVM itself has mapped there is not the guest's memory. */
		if (memslot->id >= KVM_USER_MEM_SLOTS)
			continue;
		now[n++] = (struct kvms_memslot){
			.base_gfn = memslot->base_gfn,
			.n_pages = memslot->npages,
			.hva = memslot->userspace_addr,
			.id = memslot->id,
			.small = is_small(memslot),
		};
	}
	*ret_now = (struct kvms_memslots_now){ now, n, slots->generation };
out_unlock:
	srcu_read_unlock(&vm->kvm->srcu, idx);
	if (!ret)
		sort(now, n, sizeof(*now), by_gfn, NULL);
	return ret;
}

static u64 memslots_generation(struct kvms_vm *vm, int as_id)
{
	int idx = srcu_read_lock(&vm->kvm->srcu);
	u64 generation = __kvm_memslots(vm->kvm, as_id)->generation;

	srcu_read_unlock(&vm->kvm->srcu, idx);
	return generation;
}

static bool is_behind(struct kvms_vm *vm)
{
	struct kvms_root *root;

	list_for_each_entry(root, &vm->roots, link)
		if (memslots_generation(vm, root->as_id) != vm->generation[root->as_id])
			return true;
	return false;
}

/* Everything that following needs, so that it changes nothing where that is not to be had. */
static int read_all(struct kvms_vm *vm, struct kvms_memslots_now *now, struct kvms_view **ret)
{
	struct kvms_root *root;
	int r = 0;

	list_for_each_entry(root, &vm->roots, link)
		if (!r)
			r = memslots_read(vm, root->as_id, &now[root->as_id]);
	if (r)
		return r;
	*ret = kvzalloc(struct_size(*ret, slots, now[0].n), GFP_KERNEL_ACCOUNT);
	return *ret ? 0 : -ENOMEM;
}

static void view_fill(struct kvms_vm *vm, struct kvms_view *view)
{
	struct kvms_root *root;
	struct kvms_slot *slot;

	list_for_each_entry(root, &vm->roots, link) {
		if (root->as_id)
			continue;
		list_for_each_entry(slot, &root->slots, link) {
			view->slots[view->n].slot = slot;
			view->slots[view->n].gpa = gfn_to_gpa(slot->base_gfn);
			view->slots[view->n].end = gfn_to_gpa(slot->base_gfn + slot->n_pages);
			view->n++;
		}
	}
}

/* All slots are given up first, and those that are wanted taken again. */
static void match(struct kvms_vm *vm, const struct kvms_memslots_now *now, struct list_head *old)
{
	struct kvms_root *root;
	struct kvms_slot *slot;

	list_for_each_entry(root, &vm->roots, link)
		list_splice_tail_init(&root->slots, old);
	list_for_each_entry(slot, old, link)
		slot->root = NULL;
	list_for_each_entry(root, &vm->roots, link)
		root_match(vm, root, &now[root->as_id]);
	list_for_each_entry(slot, old, link)
		slot_unlink(vm, slot);
}

/*
 * All that went is unlinked before anything that came is taken in, so that its place is free; it is
 * freed when the map does not show it any more.
 */
static int follow(struct kvms_vm *vm, const struct kvms_memslots_now *now, struct kvms_view *view)
{
	struct kvms_root *root;
	LIST_HEAD(old);
	int ret = 0, r;

	match(vm, now, &old);
	list_for_each_entry(root, &vm->roots, link) {
		r = root_fill(vm, root, &now[root->as_id], &old);
		if (r)
			ret = r;
		else
			vm->generation[root->as_id] = now[root->as_id].generation;
	}
	view_fill(vm, view);
	view_set(vm, view);
	slots_free(&old);
	return ret;
}

int kvms_tree_sync(struct kvms_vm *vm)
{
	struct kvms_memslots_now now[KVMS_AS_MAX] = {};
	struct kvms_view *view;
	int ret, i;

	lockdep_assert_held(&vm->mutex);

	if (!vm->kvm || !is_behind(vm))
		return 0;
	vm->slots_changed = true;
	ret = read_all(vm, now, &view);
	if (!ret)
		ret = follow(vm, now, view);
	for (i = 0; i < KVMS_AS_MAX; i++)
		kvfree(now[i].slots);
	return ret;
}

static void block_make_young(struct kvms_block *b, unsigned long n)
{
	unsigned long i;

	for (i = 0; b->ages && i < n; i++)
		if (b->ages[i] != KVMS_ABSENT)
			b->ages[i] = 0;
	b->aux = 1;
	WRITE_ONCE(b->age, 0);
}

void kvms_tree_make_young(struct kvms_vm *vm)
{
	struct kvms_root *root;
	struct kvms_slot *slot;
	unsigned long i, hva;

	lockdep_assert_held(&vm->mutex);

	list_for_each_entry(root, &vm->roots, link)
		list_for_each_entry(slot, &root->slots, link)
			for (i = 0; i < slot->n_blocks; i++) {
				block_make_young(&slot->blocks[i], kvms_block_pages(slot, i, &hva));
				cond_resched();
			}
}

void kvms_tree_clear(struct kvms_vm *vm)
{
	struct kvms_root *root;

	lockdep_assert_held(&vm->mutex);

	view_set(vm, NULL);
	list_for_each_entry(root, &vm->roots, link) {
		root_clear(vm, root);
		vm->generation[root->as_id] = KVMS_NO_GENERATION;
	}
}

struct kvms_slot *kvms_slot_at(struct kvms_vm *vm, unsigned long addr)
{
	struct interval_tree_node *it;

	lockdep_assert_held(&vm->mutex);

	it = interval_tree_iter_first(&vm->tree, addr, ULONG_MAX);
	return it ? container_of(it, struct kvms_slot, it) : NULL;
}

int kvms_root_get(struct kvms_vm *vm, int as_id, struct kvms_root **ret)
{
	struct kvms_root *root;

	lockdep_assert_held(&vm->mutex);

	list_for_each_entry(root, &vm->roots, link)
		if (root->as_id == as_id) {
			kref_get(&root->ref);
			*ret = root;
			return 0;
		}
	root = kzalloc(sizeof(*root), GFP_KERNEL_ACCOUNT);
	if (!root)
		return -ENOMEM;
	kref_init(&root->ref);
	INIT_LIST_HEAD(&root->slots);
	root->as_id = as_id;
	vm->generation[as_id] = KVMS_NO_GENERATION;
	list_add_tail(&root->link, &vm->roots);
	*ret = root;
	return 0;
}

/* kref_put() needs no more than the root: its slots were removed before. */
static void root_free(struct kref *ref)
{
	struct kvms_root *root = container_of(ref, struct kvms_root, ref);

	WARN_ON_ONCE(!list_empty(&root->slots));
	list_del(&root->link);
	kfree(root);
}

void kvms_root_put(struct kvms_vm *vm, struct kvms_root *root)
{
	lockdep_assert_held(&vm->mutex);

	if (kref_read(&root->ref) == 1) {
		view_set(vm, NULL);
		root_clear(vm, root);
	}
	kref_put(&root->ref, root_free);
}

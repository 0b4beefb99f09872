// SPDX-License-Identifier: GPL-2.0-only
/* Histograms, counters and the map: sums over the age tree. */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "report.h"
#include "tree.h"

/* Pages [first, last), unmapped since they were asked: nobody knows whether they are there. */
struct unmapped {
	unsigned int first;
	unsigned int last;
};

static struct unmapped block_unmapped(struct kvms_vm *vm, const struct kvms_block *b)
{
	struct unmapped u = { 0 };

	spin_lock(&vm->lock);
	if (b->inval) {
		u.first = b->inval_first;
		u.last = b->inval_last + 1;
	}
	spin_unlock(&vm->lock);
	return u;
}

static void block_add(u64 *bytes, const struct kvms_block *b, unsigned long n, struct unmapped u)
{
	unsigned int away = u.last - u.first;
	unsigned long i;

	if (!b->ages) {
		if (b->resident > away)
			bytes[b->age == KVMS_SUSPECT ? 0 : b->age] +=
				(u64)(b->resident - away) << PAGE_SHIFT;
		return;
	}
	for (i = 0; i < n; i++)
		if (b->ages[i] != KVMS_ABSENT && (i < u.first || i >= u.last))
			bytes[b->ages[i] == KVMS_SUSPECT ? 0 : b->ages[i]] += PAGE_SIZE;
}

static int slot_add(struct kvms_vm *vm, u64 *bytes, struct kvms_slot *slot)
{
	unsigned long i, hva;

	kvms_slot_unmark(vm, slot);
	for (i = 0; i < slot->n_blocks; i++) {
		const struct kvms_block *b = &slot->blocks[i];
		unsigned long n = kvms_block_pages(slot, i, &hva);

		if (b->resident)
			block_add(bytes, b, n, block_unmapped(vm, b));
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

int kvms_histogram_cold(struct kvms_vm *vm, u64 *bytes)
{
	struct kvms_root *root;
	struct kvms_slot *slot;
	int ret;

	lockdep_assert_held(&vm->mutex);

	ret = kvms_tree_sync(vm);
	memset(bytes, 0, KVM_SWAP_AGES * sizeof(*bytes));
	list_for_each_entry(root, &vm->roots, link)
		list_for_each_entry(slot, &root->slots, link)
			ret = ret ?: slot_add(vm, bytes, slot);
	return ret;
}

int kvms_histogram(struct kvms_vm *vm, struct kvm_swap_histogram *h)
{
	unsigned int i;
	int ret = kvms_histogram_cold(vm, h->cold_bytes);

	if (ret)
		return ret;
	h->passes = vm->counters.passes;
	h->resident_bytes = 0;
	for (i = 0; i < KVM_SWAP_AGES; i++) {
		h->resident_bytes += h->cold_bytes[i];
		h->promoted_bytes[i] = vm->promoted[i] << PAGE_SHIFT;
	}
	return 0;
}

static void slot_stats(const struct kvms_slot *slot, struct kvm_swap_stats *stats)
{
	unsigned long i;

	stats->slots++;
	stats->blocks += slot->n_blocks;
	stats->tree_bytes += struct_size(slot, blocks, slot->n_blocks);
	for (i = 0; i < slot->n_blocks; i++)
		if (slot->blocks[i].ages)
			stats->split_blocks++;
	cond_resched();
}

static void copy_counters(const struct kvms_counters *c, struct kvm_swap_stats *stats)
{
	stats->passes = c->passes;
	stats->pages = c->pages;
	stats->young = c->young;
	stats->calls = c->calls;
	stats->raced = c->raced;
	stats->raced_lost = c->raced_lost;
	stats->residency_reads = c->residency_reads;
	stats->usec = c->usec;
	stats->longest_call_ns = c->longest_call_ns;
	stats->alloc_failures = c->alloc_failures;
}

void kvms_stats(struct kvms_vm *vm, struct kvm_swap_stats *stats)
{
	struct kvms_root *root;
	struct kvms_slot *slot;

	lockdep_assert_held(&vm->mutex);

	*stats = (struct kvm_swap_stats){ .guest_gone = READ_ONCE(vm->gone) };
	list_for_each_entry(root, &vm->roots, link)
		list_for_each_entry(slot, &root->slots, link)
			slot_stats(slot, stats);
	stats->tree_bytes += stats->split_blocks * KVMS_BLOCK_PAGES;
	copy_counters(&vm->counters, stats);
	spin_lock(&vm->lock);
	stats->invalidations = vm->invalidations;
	spin_unlock(&vm->lock);
}

/* ---- The map ----------------------------------------------------------------------------- */

static u8 block_at(const struct kvms_slot *slot, u64 start, u64 gpa)
{
	unsigned long hva = slot->it.start + (gpa > start ? gpa - start : 0);
	int age;

	if (start >= gpa + KVMS_BLOCK_SIZE)
		return KVM_SWAP_MAP_NO_MEMORY;
	age = kvms_block_age(&slot->blocks[(hva - (slot->it.start & KVMS_BLOCK_MASK)) >>
					   KVM_SWAP_BLOCK_SHIFT]);
	return age < 0 ? KVM_SWAP_MAP_ABSENT : age;
}

/* The slot from @i on that is at or next after an address. */
static unsigned int slot_from(const struct kvms_view *view, unsigned int i, u64 gpa)
{
	while (i < view->n && view->slots[i].end <= gpa)
		i++;
	return i;
}

static void map_fill(const struct kvms_view *view, struct kvm_swap_map *map)
{
	unsigned int i = slot_from(view, 0, map->gpa);
	u64 gpa;

	if (i == view->n)
		return;
	gpa = max(map->gpa, view->slots[i].gpa & KVMS_BLOCK_MASK);
	map->gpa = gpa;
	while (i < view->n && map->count < KVM_SWAP_MAP_BLOCKS) {
		map->blocks[map->count++] = block_at(view->slots[i].slot, view->slots[i].gpa, gpa);
		gpa += KVMS_BLOCK_SIZE;
		i = slot_from(view, i, gpa);
	}
	map->next_gpa = i < view->n ? gpa : 0;
}

/* Ages are read as they are, without a lock (seed 002): a pass changes one at a time. */
int kvms_map(struct kvms_vm *vm, struct kvm_swap_map *map)
{
	const struct kvms_view *view;

	if (!IS_ALIGNED(map->gpa, KVMS_BLOCK_SIZE))
		return -EINVAL;
	map->count = 0;
	map->next_gpa = 0;
	rcu_read_lock();
	view = rcu_dereference(vm->view);
	if (view)
		map_fill(view, map);
	rcu_read_unlock();
	return 0;
}

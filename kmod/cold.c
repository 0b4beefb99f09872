// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cold ranges, by address or coldest first, ready for process_madvise(2).
 *
 * A cursor is the page to go on at; coldest first, the age in hand is in its upper eight bits.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "notifier.h"
#include "report.h"
#include "residency.h"
#include "trace.h"
#include "tree.h"

#define CURSOR_AGE_SHIFT	56
#define CURSOR_PAGE		((1ULL << CURSOR_AGE_SHIFT) - 1)

#define TRIES			3
/* So many blocks a call, found or not: it holds the guest's mutex. */
#define BLOCKS_MAX		8192

struct search {
	struct kvms_vm *vm;
	struct kvm_swap_cold *out;
	unsigned long addr;
	unsigned int n_blocks; /* looked at */
	u8 min_age;
	u8 max_age;
};

static bool is_wanted(const struct search *s, u8 age)
{
	return age >= s->min_age && age <= s->max_age;
}

static bool block_may_have(const struct search *s, const struct kvms_block *b, unsigned long n)
{
	unsigned long i;

	if (!b->resident || !b->ages)
		return b->resident && is_wanted(s, b->age);
	for (i = 0; i < n; i++)
		if (is_wanted(s, b->ages[i]))
			return true;
	return false;
}

/* What the notifier has marked of the block; @slot may have been marked whole. */
static u32 block_marks(const struct kvms_slot *slot, const struct kvms_block *b)
{
	if (READ_ONCE(slot->all_marked))
		return U32_MAX;
	return b->inval ? b->inval_first << 16 | b->inval_last : U32_MAX - 1;
}

/*
 * What was unmapped is not told of. Nor is anything where pages have come, as QEMU fills memory
 * without a word from KVM, and nobody knows which: the next pass is to find them.
 */
static void forget_new(struct kvms_vm *vm, struct kvms_block *b, unsigned int first,
		       unsigned int last)
{
	if (!b->ages && kvms_residency_more(vm, b, first, last)) {
		bitmap_zero(vm->resident, KVMS_BLOCK_PAGES);
		b->known = 0;
	} else if (last >= first) {
		bitmap_clear(vm->resident, first, last - first + 1);
	}
}

/*
 * Pages that are wanted and there, in vm->ages; the others are made absent. -EBUSY: more of it has
 * been marked meanwhile, which happens as soon as unmapping begins.
 */
static int block_read_try(struct search *s, const struct kvms_slot *slot, struct kvms_block *b,
			  unsigned long hva, unsigned long n)
{
	struct kvms_vm *vm = s->vm;
	unsigned int first = 1, last = 0;
	unsigned long i;
	u32 marks;
	bool raced;
	int ret;

	spin_lock(&vm->lock);
	marks = block_marks(slot, b);
	spin_unlock(&vm->lock);
	ret = kvms_residency_read(vm, hva, n);
	if (ret)
		return ret;
	spin_lock(&vm->lock);
	raced = marks != block_marks(slot, b);
	if (b->inval) {
		first = b->inval_first;
		last = b->inval_last;
	}
	spin_unlock(&vm->lock);
	forget_new(vm, b, first, last);
	for (i = 0; i < n; i++) {
		u8 age = b->ages ? b->ages[i] : b->age;

		vm->ages[i] = test_bit(i, vm->resident) && is_wanted(s, age) ? age : KVMS_ABSENT;
	}
	return raced ? -EBUSY : 0;
}

static int block_read(struct search *s, const struct kvms_slot *slot, struct kvms_block *b,
		      unsigned long hva, unsigned long n)
{
	struct kvms_counters *c = &s->vm->counters;
	int tries, ret = -EBUSY;

	for (tries = 0; ret == -EBUSY && tries < TRIES; tries++) {
		ret = block_read_try(s, slot, b, hva, n);
		c->raced += ret == -EBUSY;
	}
	c->raced_lost += ret == -EBUSY;
	return ret;
}

static bool joins(const struct kvm_swap_range *r, unsigned long hva, u64 gpa, u8 age, u32 level)
{
	return r->hva + r->bytes == hva && r->gpa + r->bytes == gpa && r->age == age &&
	       r->level == level;
}

/* False when the record is full. */
static bool emit(struct search *s, const struct kvms_slot *slot, unsigned long hva, u8 age,
		 u32 level)
{
	struct kvm_swap_cold *out = s->out;
	struct kvm_swap_range *r = out->count ? &out->ranges[out->count - 1] : NULL;
	u64 gpa = gfn_to_gpa(kvms_slot_gfn(slot, hva));

	if (r && joins(r, hva, gpa, age, level)) {
		r->bytes += PAGE_SIZE;
		return true;
	}
	if (out->count == KVM_SWAP_COLD_RANGES)
		return false;
	out->ranges[out->count++] = (struct kvm_swap_range){
		.hva = hva, .gpa = gpa, .bytes = PAGE_SIZE, .age = age, .level = level,
	};
	return true;
}

/* One block from s->addr on; s->addr is then where to go on. 1: the record is full. */
static int block_search(struct search *s, struct kvms_slot *slot, unsigned long index)
{
	struct kvms_block *b = &slot->blocks[index];
	unsigned long hva, n = kvms_block_pages(slot, index, &hva), i;
	u32 level;
	int ret;

	s->n_blocks++;
	if (!block_may_have(s, b, n)) {
		s->addr = hva + (n << PAGE_SHIFT);
		return 0;
	}
	ret = block_read(s, slot, b, hva, n);
	level = s->vm->huge ? KVM_SWAP_LEVEL_2M : KVM_SWAP_LEVEL_4K;
	for (i = (s->addr - hva) >> PAGE_SHIFT; !ret && i < n; i++) {
		u8 age = s->vm->ages[i];

		s->addr = hva + (i << PAGE_SHIFT);
		if (age != KVMS_ABSENT && !emit(s, slot, s->addr, age, level))
			return 1;
	}
	s->addr = hva + (n << PAGE_SHIFT);
	return ret == -EINTR ? ret : 0; /* what raced is not cold */
}

/* From s->addr to the end. 1: there is more; 0: no more. */
static int search(struct search *s)
{
	int ret;

	while (s->n_blocks < BLOCKS_MAX) {
		struct kvms_slot *slot = kvms_slot_at(s->vm, s->addr);

		if (!slot)
			return 0;
		s->addr = max(s->addr, slot->it.start);
		kvms_slot_unmark(s->vm, slot);
		ret = block_search(s, slot, (s->addr - (slot->it.start & KVMS_BLOCK_MASK)) >>
						    KVM_SWAP_BLOCK_SHIFT);
		if (ret)
			return ret;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 1;
}

static int by_address(struct search *s)
{
	int ret;

	s->addr = s->out->cursor << PAGE_SHIFT;
	s->min_age = s->out->min_age;
	s->max_age = KVM_SWAP_AGE_MAX;
	ret = search(s);
	if (ret >= 0)
		s->out->cursor = ret ? s->addr >> PAGE_SHIFT : 0;
	return ret < 0 ? ret : 0;
}

/* The oldest age that memory has, at most @limit; 0 if there is none. */
static u8 oldest(const u64 *bytes, unsigned int limit)
{
	while (limit && !bytes[limit])
		limit--;
	return limit;
}

/* The oldest age that memory has from @limit down, by a look at all of it. 0: none. */
static int next_age(struct search *s, unsigned int limit, unsigned int *ret)
{
	u64 *bytes = kcalloc(KVM_SWAP_AGES, sizeof(*bytes), GFP_KERNEL_ACCOUNT);
	int r;

	if (!bytes)
		return -ENOMEM;
	r = kvms_histogram_cold(s->vm, bytes);
	if (!r)
		*ret = oldest(bytes, limit);
	kfree(bytes);
	return r;
}

/* One age after the other; where an age is gone on with, nothing else is looked at before. */
static int coldest_first(struct search *s)
{
	struct kvm_swap_cold *out = s->out;
	unsigned int age = out->cursor >> CURSOR_AGE_SHIFT;
	int ret = 0;

	if (age)
		s->addr = (out->cursor & CURSOR_PAGE) << PAGE_SHIFT;
	else
		ret = next_age(s, KVM_SWAP_AGE_MAX, &age);
	while (!ret && age >= out->min_age) {
		s->min_age = age;
		s->max_age = age;
		ret = search(s);
		s->addr = ret ? s->addr : 0;
		if (!ret)
			ret = next_age(s, age - 1, &age);
	}
	if (ret >= 0)
		out->cursor = ret ? (u64)age << CURSOR_AGE_SHIFT | s->addr >> PAGE_SHIFT : 0;
	return ret < 0 ? ret : 0;
}

static bool cursor_is_sane(const struct kvm_swap_cold *cold)
{
	u64 age = cold->cursor >> CURSOR_AGE_SHIFT;
	u64 page = cold->cursor & CURSOR_PAGE;

	if (page > TASK_SIZE_MAX >> PAGE_SHIFT || age > KVM_SWAP_AGE_MAX)
		return false;
	if (cold->flags & KVM_SWAP_COLD_BY_ADDRESS)
		return !age;
	return !cold->cursor || age >= cold->min_age;
}

int kvms_cold(struct kvms_vm *vm, struct kvm_swap_cold *cold)
{
	struct search s = { .vm = vm, .out = cold };
	int ret;

	lockdep_assert_held(&vm->mutex);

	if (!cold->min_age || cold->min_age > KVM_SWAP_AGE_MAX || !cursor_is_sane(cold))
		return -EINVAL;
	if (!vm->kvm || READ_ONCE(vm->gone) || !mmget_not_zero(vm->mm))
		return -ESRCH;
	cold->count = 0;
	ret = kvms_tree_sync(vm);
	if (!ret)
		ret = cold->flags & KVM_SWAP_COLD_BY_ADDRESS ? by_address(&s) : coldest_first(&s);
	if (!ret)
		trace_kvm_swap_cold(vm, cold);
	mmput_async(vm->mm);
	return ret;
}

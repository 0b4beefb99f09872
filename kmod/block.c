// SPDX-License-Identifier: GPL-2.0-only
/*
 * One block's ages. Where all resident pages have one age, that is all that is kept, and not which
 * they are; but where pages are out in the store they are told apart, for those will come back one
 * by one and are young then, and the others must not be taken for them.
 */
#include <linux/slab.h>

#include "block.h"
#include "residency.h"

void kvms_block_load(struct kvms_vm *vm, const struct kvms_block *b, unsigned long n)
{
	lockdep_assert_held(&vm->mutex);

	if (b->ages)
		memcpy(vm->ages, b->ages, n);
	else
		memset(vm->ages, b->age, n);
}

struct tally {
	unsigned long resident;
	unsigned long sum;
	u8 age;
	bool even;
};

static void count(const u8 *ages, unsigned long n, struct tally *t)
{
	unsigned long i;

	*t = (struct tally){ .even = true };
	for (i = 0; i < n; i++) {
		if (ages[i] == KVMS_ABSENT)
			continue;
		if (!t->resident++)
			t->age = ages[i];
		t->even &= ages[i] == t->age;
		t->sum += ages[i] == KVMS_SUSPECT ? 0 : ages[i];
	}
}

static void make_uniform(struct kvms_block *b, u8 age)
{
	kfree(b->ages);
	b->ages = NULL;
	WRITE_ONCE(b->age, age);
}

void kvms_block_store(struct kvms_vm *vm, struct kvms_block *b, unsigned long n)
{
	bool was_hot = !b->ages && b->age == 0;
	struct tally t;

	lockdep_assert_held(&vm->mutex);

	count(vm->ages, n, &t);
	b->resident = t.resident;
	b->away &= t.resident < n;
	if (t.even && !(b->away && t.resident)) {
		make_uniform(b, t.age);
		if (t.age == 0)
			b->aux = was_hot && b->aux < 2 * KVMS_CLOSE_LOOK - 1 ? b->aux + 1 : 1;
		return;
	}
	if (!b->ages)
		b->ages = kmalloc(KVMS_BLOCK_PAGES, GFP_KERNEL_ACCOUNT);
	if (!b->ages) {
		vm->counters.alloc_failures++;
		make_uniform(b, 0);
		b->aux = 1;
		return;
	}
	memcpy(b->ages, vm->ages, n);
	WRITE_ONCE(b->age, t.sum / t.resident);
}

/* Who came without a word from KVM cannot be told from the others: all are young then. */
static void know_residents(struct kvms_vm *vm, const struct kvms_block *b, unsigned long n)
{
	unsigned int first = 1, last = 0;
	unsigned long i;

	spin_lock(&vm->lock);
	if (b->inval) {
		first = b->inval_first;
		last = b->inval_last;
	}
	spin_unlock(&vm->lock);
	if (!b->ages && (!b->known || kvms_residency_more(vm, b, first, last)))
		memset(vm->ages, 0, n);
	for (i = 0; i < n; i++)
		if (!test_bit(i, vm->resident))
			vm->ages[i] = KVMS_ABSENT;
}

void kvms_block_moved(struct kvms_vm *vm, struct kvms_block *b, unsigned long n,
		      const unsigned long *moved, const unsigned long *stayed)
{
	unsigned long i;

	lockdep_assert_held(&vm->mutex);

	kvms_block_load(vm, b, n);
	know_residents(vm, b, n);
	for_each_set_bit(i, moved, n)
		vm->ages[i] = KVMS_ABSENT;
	for_each_set_bit(i, stayed, n)
		if (vm->ages[i] != KVMS_ABSENT)
			vm->ages[i] = 0;
	/* What was mapped as one is so no more. */
	b->huge = 0;
	b->giant = 0;
	b->away |= !bitmap_empty(moved, n);
	kvms_block_store(vm, b, n);
}

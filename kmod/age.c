// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pass: every block's pages are asked for, as few questions as will do, and age by one or begin
 * anew.
 *
 * One question clears the accessed bits of all that it covers and answers for all together. "Not
 * young" is exact for every page; "young" says that at least one was touched and loses which. So
 * the pages that were of one age are asked together, in pieces that grow with that age (two pages
 * at age 1, four at age 2, a block from age 9 on); a piece that turns out young becomes suspect,
 * and the next pass asks each of its pages alone. A suspect page that is not young then was touched
 * one pass ago at the latest: it goes on with age 1. An error can only make memory look younger.
 *
 * A block that was all young in every page is asked as one too, with a close look in passes 1, 2,
 * 4, 8, 16 and every 16th from then on. What the host maps as one is asked as one always, and from
 * age 2 on together with neighbours of the same age.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "age.h"
#include "block.h"
#include "compat/flush.h"
#include "notifier.h"
#include "residency.h"
#include "trace.h"
#include "tree.h"

#define TRIES		3
#define PIECE_ORDER_MAX	9	/* 512 pages */
#define RUN_ORDER_MAX	7	/* 128 huge blocks keep KVM for about as long as 512 pages do */
#define ALONE_MAX	16	/* huge blocks per look at the clock, which costs as much as one */
#define RESIDENCY_LOOK	64

/* Pages of a block, both included; last < first: none. */
struct hull {
	unsigned int first;
	unsigned int last;
};

static const struct hull no_pages = { .first = 1, .last = 0 };

/* The block in hand: where its pages are. */
struct span {
	unsigned long hva;
	unsigned long n;
};

struct walk {
	struct kvms_vm *vm;
	struct kvms_pass *pass;
	bool grow;     /* ages grow in this pass */
	bool suspects; /* the block in hand has some, or will have */
};

static bool ask(struct walk *w, unsigned long hva, unsigned long n_pages)
{
	struct mmu_notifier *mn = &w->vm->kvm->mmu_notifier;

	w->pass->calls++;
	return mn->ops->clear_young(mn, w->vm->mm, hva, hva + (n_pages << PAGE_SHIFT));
}

/* About more than one mapping: the longest of these is what a vCPU may have to wait for. */
static bool ask_timed(struct walk *w, unsigned long hva, unsigned long n_pages)
{
	struct kvms_counters *c = &w->vm->counters;
	u64 start_ns = ktime_get_ns();
	bool young = ask(w, hva, n_pages);

	c->longest_call_ns = max(c->longest_call_ns, ktime_get_ns() - start_ns);
	return young;
}

static u8 older(const struct walk *w, u8 age)
{
	age = age == KVMS_SUSPECT ? 0 : age;
	return age < KVM_SWAP_AGE_MAX && w->grow ? age + 1 : age;
}

/* A page whose question was its own. */
static u8 page_answer(struct walk *w, const struct kvms_block *b, u8 age, bool young)
{
	u8 was = age == KVMS_SUSPECT ? b->aux : age;

	if (!young)
		return older(w, age);
	if (was)
		w->vm->promoted[was]++;
	w->pass->young++;
	return 0;
}

/* ---- Blocks of one age ------------------------------------------------------------------- */

static bool close_look_due(const struct kvms_block *b)
{
	return is_power_of_2(b->aux) || b->aux % KVMS_CLOSE_LOOK == 0;
}

/* Asked as one: all of it is old, or it was all young not long ago, or there is nothing. */
static bool is_simple(struct kvms_vm *vm, const struct kvms_block *b)
{
	lockdep_assert_held(&vm->lock);

	if (b->ages || !b->known || b->inval || b->came || b->giant)
		return false;
	if (b->huge || !b->resident)
		return true;
	return b->age == 0 ? !close_look_due(b) : b->age != KVMS_SUSPECT;
}

static void uniform_young(struct walk *w, struct kvms_block *b)
{
	u8 was = b->age == KVMS_SUSPECT ? b->aux : b->age;

	w->pass->young += b->resident;
	if (b->huge) {
		w->vm->promoted[was] += was ? b->resident : 0;
		WRITE_ONCE(b->age, 0);
	} else if (b->age == 0) {
		b->aux = b->aux < 2 * KVMS_CLOSE_LOOK - 1 ? b->aux + 1 : KVMS_CLOSE_LOOK;
	} else {
		b->aux = was;
		WRITE_ONCE(b->age, KVMS_SUSPECT);
	}
}

/* What is not there grows no older: QEMU may fill it without a word from KVM. */
static void uniform_idle(struct walk *w, struct kvms_block *b)
{
	if (b->resident)
		WRITE_ONCE(b->age, older(w, b->age));
}

/* ---- Blocks page by page ----------------------------------------------------------------- */

static unsigned long piece_length(const u8 *ages, unsigned long at, unsigned long n)
{
	u8 age = ages[at];
	unsigned long limit, len;

	if (age == 0 || age == KVMS_SUSPECT)
		return 1;
	limit = age == KVMS_ABSENT ? n : 1UL << min_t(unsigned int, age, PIECE_ORDER_MAX);
	for (len = 1; len < limit && at + len < n && ages[at + len] == age; len++)
		;
	return len;
}

static void piece_answer(struct walk *w, struct kvms_block *b, unsigned long at, unsigned long len,
			 bool young)
{
	u8 *ages = w->vm->ages + at, age = ages[0];

	if (len == 1) {
		ages[0] = page_answer(w, b, age, young);
	} else if (!young) {
		memset(ages, older(w, age), len);
	} else {
		w->pass->young += len;
		b->aux = w->suspects ? min(b->aux, age) : age;
		w->suspects = true;
		memset(ages, KVMS_SUSPECT, len);
	}
}

/* One bit speaks for all pages. The huge zero page is read, too, and none of them. */
static void ask_huge(struct walk *w, struct kvms_block *b, struct span at)
{
	bool young = ask(w, at.hva, at.n);
	unsigned long i;

	for (i = 0; i < at.n; i++)
		if (w->vm->ages[i] != KVMS_ABSENT)
			w->vm->ages[i] = page_answer(w, b, w->vm->ages[i], young);
}

/* Ask for everything in vm->ages. True if a page has come that was not there. */
static bool ask_pieces(struct walk *w, struct kvms_block *b, unsigned long hva, unsigned long n)
{
	u8 *ages = w->vm->ages;
	unsigned long at, len;
	bool arrived = false;

	for (at = 0; at < n; at += len) {
		bool young;

		len = piece_length(ages, at, n);
		young = len == 1 ? ask(w, hva + (at << PAGE_SHIFT), 1) :
				   ask_timed(w, hva + (at << PAGE_SHIFT), len);
		if (ages[at] == KVMS_ABSENT)
			arrived |= young;
		else
			piece_answer(w, b, at, len, young);
	}
	return arrived;
}

/* Residency has to be known before pages can be told apart. */
static bool must_read(const struct kvms_block *b, bool invalid, unsigned long n)
{
	return invalid || !b->known || (!b->ages && b->resident != n);
}

/*
 * Pages that went are absent, those that came are young. Which were there is not kept where all had
 * one age: when there may be more than those, apart from @used, all are young.
 */
static int refresh(struct walk *w, struct kvms_block *b, struct span at, struct hull used)
{
	struct kvms_vm *vm = w->vm;
	unsigned long i;
	int ret = kvms_residency_read(vm, at.hva, at.n);

	if (ret)
		return ret;
	if (vm->giant || (!b->ages && kvms_residency_more(vm, b, used.first, used.last)))
		memset(vm->ages, 0, at.n);
	for (i = 0; i < at.n; i++)
		if (!test_bit(i, vm->resident))
			vm->ages[i] = KVMS_ABSENT;
		else if (vm->ages[i] == KVMS_ABSENT)
			vm->ages[i] = 0;
	b->known = 1;
	b->huge = vm->huge;
	b->giant = vm->giant;
	return 0;
}

/* Until they were unmapped they may have been used: the accessed bits of that are lost. */
static void make_young(struct kvms_vm *vm, struct hull used)
{
	unsigned int i;

	for (i = used.first; i <= used.last; i++)
		if (vm->ages[i] != KVMS_ABSENT)
			vm->ages[i] = 0;
}

/* Pages that came home from the store lost no accessed bits: none of them is in the hull. */
static bool take_invalid(struct kvms_vm *vm, struct kvms_block *b, struct hull *ret)
{
	bool invalid;

	spin_lock(&vm->lock);
	invalid = b->inval || b->came;
	if (b->inval)
		*ret = (struct hull){ b->inval_first, b->inval_last };
	b->inval = 0;
	b->came = 0;
	spin_unlock(&vm->lock);
	return invalid;
}

static void put_invalid(struct kvms_vm *vm, struct kvms_block *b, struct hull hull)
{
	spin_lock(&vm->lock);
	if (hull.last >= hull.first)
		kvms_block_mark(vm, b, hull.first, hull.last);
	else
		b->came = 1;
	spin_unlock(&vm->lock);
}

static bool has_raced(struct kvms_vm *vm, const struct kvms_block *b, struct span at)
{
	bool raced;

	spin_lock(&vm->lock);
	raced = b->inval || kvms_notifier_busy(vm, at.hva, at.hva + (at.n << PAGE_SHIFT));
	spin_unlock(&vm->lock);
	return raced;
}

/* Ask for all pages once, and for the residency of what was unmapped as often as it raced. */
static int age_pages_try(struct walk *w, struct kvms_block *b, struct span at, bool *asked)
{
	struct hull used = no_pages;
	bool invalid = take_invalid(w->vm, b, &used);
	int ret = 0;

	if (must_read(b, invalid, at.n))
		ret = refresh(w, b, at, used);
	if (!ret)
		make_young(w->vm, used); /* so that they are asked alone */
	if (!ret && !*asked) {
		*asked = true;
		if (b->giant)
			; /* its bit would be that of all the others, too */
		else if (b->huge)
			ask_huge(w, b, at);
		else if (ask_pieces(w, b, at.hva, at.n))
			ret = refresh(w, b, at, used);
	}
	if (!ret)
		make_young(w->vm, used);
	else if (invalid)
		put_invalid(w->vm, b, used);
	return ret;
}

static int age_pages(struct walk *w, struct kvms_block *b, struct span at)
{
	struct kvms_vm *vm = w->vm;
	bool asked = false;
	int tries, ret;

	kvms_block_load(vm, b, at.n);
	w->suspects = memchr(vm->ages, KVMS_SUSPECT, at.n);
	for (tries = 0; tries < TRIES; tries++) {
		ret = age_pages_try(w, b, at, &asked);
		/* What KVM has answered it will not answer again. */
		if (!ret || asked)
			kvms_block_store(vm, b, at.n);
		if (ret)
			break;
		if (!has_raced(vm, b, at))
			return 0;
		w->pass->raced++;
		trace_kvm_swap_raced(vm, at.hva, at.hva + (at.n << PAGE_SHIFT));
		cond_resched();
	}
	if (ret == -EINTR)
		return ret;
	vm->counters.raced_lost++;
	return 0;
}

/* ---- The walk ---------------------------------------------------------------------------- */

/*
 * KVM says when the guest's first touch brings a page, nobody when QEMU's does: blocks that are not
 * full are looked at again, some in each pass.
 */
static void forget_residency(struct kvms_vm *vm, struct kvms_block *b, unsigned long i,
			     unsigned long n)
{
	if (b->resident < n && (vm->counters.passes + i) % RESIDENCY_LOOK == 0)
		b->known = 0;
}

/* A block of at least this age is asked together with neighbours of the same, where huge. */
static bool is_old(const struct kvms_block *b)
{
	return b->age >= 2 && b->age != KVMS_SUSPECT;
}

static bool is_alike(const struct kvms_block *a, const struct kvms_block *b)
{
	return a->huge == b->huge && (is_old(a) ? a->age == b->age : !is_old(b));
}

static unsigned long run_limit(const struct kvms_slot *slot, const struct kvms_block *b)
{
	if (!b->huge || slot->small)
		return 1;
	return is_old(b) ? 1UL << min_t(unsigned int, b->age, RUN_ORDER_MAX) : ALONE_MAX;
}

/* How many blocks from this one on are done in one go; 0: the pages of this one are told apart. */
static unsigned long simple_run(struct kvms_vm *vm, const struct kvms_slot *slot, unsigned long i)
{
	const struct kvms_block *b = &slot->blocks[i];
	unsigned long limit = min(run_limit(slot, b), slot->n_blocks - i), n = 0;

	spin_lock(&vm->lock);
	while (n < limit && is_simple(vm, &b[n]) && is_alike(b, &b[n]))
		n++;
	spin_unlock(&vm->lock);
	return n;
}

static void age_together(struct walk *w, struct kvms_block *b, unsigned long hva, unsigned long run)
{
	bool young = ask_timed(w, hva, run * KVMS_BLOCK_PAGES);
	unsigned long k;

	for (k = 0; k < run; k++) {
		if (!young) {
			uniform_idle(w, &b[k]);
		} else if (run == 1) {
			uniform_young(w, &b[k]);
		} else {
			b[k].aux = b[k].age;
			WRITE_ONCE(b[k].age, KVMS_SUSPECT);
		}
	}
}

static void age_alone(struct walk *w, struct kvms_block *b, unsigned long hva, unsigned long run)
{
	unsigned long k;

	for (k = 0; k < run; k++) {
		if (ask(w, hva + k * KVMS_BLOCK_SIZE, KVMS_BLOCK_PAGES))
			uniform_young(w, &b[k]);
		else
			uniform_idle(w, &b[k]);
	}
}

/* Pages have come where there were none; they have just been used. */
static int admit(struct walk *w, struct kvms_block *b, struct span at)
{
	int ret;

	b->known = 0;
	kvms_block_load(w->vm, b, at.n);
	ret = refresh(w, b, at, no_pages);
	if (!ret) {
		make_young(w->vm, (struct hull){ 0, at.n - 1 });
		kvms_block_store(w->vm, b, at.n);
	}
	return ret == -EINTR ? ret : 0;
}

static int age_simple(struct walk *w, struct kvms_block *b, struct span at)
{
	bool young = ask_timed(w, at.hva, at.n);

	if (young && !b->resident)
		return admit(w, b, at);
	if (young)
		uniform_young(w, b);
	else
		uniform_idle(w, b);
	return 0;
}

/* One block, or a run of huge ones; *ret_blocks is how many. */
static int age_block(struct walk *w, struct kvms_slot *slot, unsigned long i,
		     unsigned long *ret_blocks)
{
	struct kvms_block *b = &slot->blocks[i];
	unsigned long k, run;
	struct span at;
	int ret = 0;

	at.n = kvms_block_pages(slot, i, &at.hva);
	forget_residency(w->vm, b, i, at.n);
	run = simple_run(w->vm, slot, i);
	if (!run)
		ret = age_pages(w, b, at);
	else if (!b->huge)
		ret = age_simple(w, b, at);
	else if (is_old(b))
		age_together(w, b, at.hva, run);
	else
		age_alone(w, b, at.hva, run);
	*ret_blocks = max(run, 1UL);
	for (k = 0; k < *ret_blocks; k++)
		w->pass->pages += b[k].resident;
	return ret;
}

static bool is_spent(const struct kvms_pass *pass, u64 start_ns)
{
	return pass->pages >= pass->max_pages ||
	       ktime_get_ns() - start_ns >= pass->max_usec * NSEC_PER_USEC;
}

static void pass_done(struct kvms_vm *vm, struct kvms_pass *pass)
{
	pass->cursor = 0;
	vm->counters.passes++;
	if (vm->params.flush)
		kvms_flush(vm->kvm);
}

static int walk(struct walk *w, u64 start_ns)
{
	struct kvms_vm *vm = w->vm;
	struct kvms_pass *pass = w->pass;
	unsigned long index, blocks, hva;
	struct kvms_slot *slot;
	int ret;

	do {
		slot = kvms_slot_at(vm, pass->cursor);
		if (!slot) {
			pass_done(vm, pass);
			return 0;
		}
		kvms_slot_unmark(vm, slot);
		hva = max(pass->cursor, slot->it.start);
		index = (hva - (slot->it.start & KVMS_BLOCK_MASK)) >> KVM_SWAP_BLOCK_SHIFT;
		ret = age_block(w, slot, index, &blocks);
		if (ret)
			return ret;
		pass->cursor = (hva & KVMS_BLOCK_MASK) + blocks * KVMS_BLOCK_SIZE;
		pass->cursor = min(pass->cursor, slot->it.last + 1);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		/* Nobody but us keeps the memory any more. */
		if (atomic_read(&vm->mm->mm_users) == 1)
			return -ESRCH;
	} while (!is_spent(pass, start_ns));
	return 0;
}

/* Changed memslots may have cost accessed bits: nothing grows by the next pass that is due. */
static int begin(struct kvms_vm *vm, const struct kvms_pass *pass)
{
	bool due = vm->counters.passes % vm->params.passes_per_age == 0;
	int ret = kvms_tree_sync(vm);

	vm->grow = (pass->cursor ? vm->grow : due) && !vm->slots_changed;
	if (due && !pass->cursor)
		vm->slots_changed = false;
	return ret;
}

int kvms_age(struct kvms_vm *vm, struct kvms_pass *pass)
{
	struct kvms_counters *c = &vm->counters;
	struct walk w = { .vm = vm, .pass = pass };
	u64 start_ns = ktime_get_ns();
	int ret;

	lockdep_assert_held(&vm->mutex);

	if (!vm->kvm || READ_ONCE(vm->gone) || !mmget_not_zero(vm->mm))
		return -ESRCH;
	ret = begin(vm, pass);
	if (ret)
		goto out_put;
	w.grow = vm->grow;
	ret = walk(&w, start_ns);
	pass->usec = (ktime_get_ns() - start_ns) / NSEC_PER_USEC;
	c->pages += pass->pages;
	c->young += pass->young;
	c->calls += pass->calls;
	c->raced += pass->raced;
	c->usec += pass->usec;
	trace_kvm_swap_age(vm, pass);
out_put:
	mmput_async(vm->mm);
	return ret;
}

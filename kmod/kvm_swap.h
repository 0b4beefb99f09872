/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module's files share. Locks, outermost first (docs/LOCKING.md):
 *
 *   kvms_vms_mutex   the list of guests that are attached
 *   vm->mutex        one guest: its ages, slots, parameters; a pass holds it
 *   far->mutex       its memory that is out, where there is a store (far-impl.h)
 *   mm->mmap_lock    (read) residency
 *   kvm->srcu        (read) memslots
 *   vm->lock         spinlock: what notifier callbacks write
 *
 * vm->view is read under RCU alone: the map waits for no pass.
 */
#ifndef _KVM_SWAP_H
#define _KVM_SWAP_H

#include <linux/interval_tree.h>
#include <linux/kref.h>
#include <linux/kvm_host.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/kvm_swap.h>

#include "compat/as_ids.h"

#define KVMS_BLOCK_PAGES	(1UL << (KVM_SWAP_BLOCK_SHIFT - PAGE_SHIFT))
#define KVMS_BLOCK_SIZE		(1UL << KVM_SWAP_BLOCK_SHIFT)
#define KVMS_BLOCK_MASK		(~(KVMS_BLOCK_SIZE - 1))

/* Ages beyond KVM_SWAP_AGE_MAX, never seen outside. */
#define KVMS_SUSPECT	254	/* touched as a part of a larger piece; asked alone next time */
#define KVMS_ABSENT	255	/* not resident */

/**
 * struct kvms_block - the ages of 2 MiB
 * @ages: one a page, NULL while all resident pages have @age
 * @resident: pages
 * @huge: the host maps it as one
 * @giant: as a part of a larger one (1 GiB), whose bit speaks for all of that: always young
 * @known: residency has been asked
 * @away: some of its pages are out in the store
 * @facts: those five in one, for who reads them without the mutex; see kvms_block_age()
 * @age: of all resident pages; when split, their mean
 * @aux: uniform and age 0: passes it has been all young, to tell when to look closely again;
 *       with suspects: the age they had
 * @inval_first, @inval_last, @inval: hull of the pages unmapped since they were last asked
 * @came: pages have come home from the store since
 *
 * vm->mutex protects all but the last four, which are vm->lock's and so in a word of their own.
 * 16 bytes for 2 MiB: 0.0008 % of the guest.
 */
struct kvms_block {
	u8 *ages;
	union {
		struct {
			u16 resident:10;
			u16 huge:1;
			u16 known:1;
			u16 giant:1;
			u16 away:1;
		};
		u16 facts;
	};
	u8 age;
	u8 aux;
	u32 inval_first:9;
	u32 inval_last:9;
	u32 inval:1;
	u32 came:1;
};

/**
 * kvms_block_age() - age, 0 for what is suspect; -1 where no page is there
 * Without any lock: a pass may change it meanwhile, to what is true a moment later.
 */
static inline int kvms_block_age(const struct kvms_block *b)
{
	const struct kvms_block now = { .facts = READ_ONCE(b->facts) };
	u8 age = READ_ONCE(b->age);

	if (!now.resident)
		return -1;
	return age == KVMS_SUSPECT ? 0 : age;
}

/**
 * struct kvms_slot - the ages of a memslot, found again as long as it keeps its memory
 * @it: addresses in the guest's process, last one included; key of vm->tree
 * @link: in root->slots, by base_gfn
 * @blocks: the first and the last one may be of less than 2 MiB
 */
struct kvms_slot {
	struct rcu_head rcu; /* the map is read without a lock */
	struct interval_tree_node it;
	struct list_head link;
	struct kvms_root *root;
	gfn_t base_gfn;
	unsigned long n_pages;
	unsigned long n_blocks;
	int id;
	bool all_marked; /* every block is to be marked invalid (lock) */
	bool small;      /* KVM maps it by small pages, whatever the host does */
	struct kvms_block blocks[];
};

/**
 * struct kvms_root - the age tree of one address space of the guest (x86: normal and SMM)
 *
 * Found again instead of built twice; freed by the last attachment that uses it.
 */
struct kvms_root {
	struct list_head link;
	struct kref ref;
	struct list_head slots;
	int as_id;
};

/* A memslot as it was when its generation was read. */
struct kvms_memslot {
	gfn_t base_gfn;
	unsigned long n_pages;
	unsigned long hva;
	int id;
	bool small;
};

/* All of an address space, by base_gfn. */
struct kvms_memslots_now {
	struct kvms_memslot *slots;
	unsigned int n;
	u64 generation;
};

/**
 * struct kvms_view - the first address space as it was followed last, for who reads it under RCU
 * By guest-physical address; the slots in it are freed after a grace period, as it is itself.
 */
struct kvms_view {
	struct rcu_head rcu;
	unsigned int n;
	struct {
		const struct kvms_slot *slot;
		u64 gpa;
		u64 end;
	} slots[];
};

struct kvms_params {
	u32 scan_period_ms;
	u32 passes_per_age;
	u32 budget_usec;
	u32 cpu_permille;
	u64 budget_pages;
	bool flush;
};

struct kvms_counters {
	u64 passes;
	u64 pages;
	u64 young;
	u64 calls;
	u64 raced;
	u64 raced_lost;
	u64 residency_reads;
	u64 usec;
	u64 longest_call_ns;
	u64 alloc_failures;
};

/* Of the store that the next PAGE_OUT makes, or that there is. */
struct kvms_far_params {
	u32 compressor;
	bool encrypt;
	u64 limit_bytes;
};

/**
 * struct kvms_vm - a guest that is attached, shared by all who attach to it
 * @kvm: referenced until the guest is gone; NULL afterwards (mutex)
 * @owner: of KVM's code for this processor, referenced as long as @kvm is
 * @mm: of the guest's process, kept by @mn's registration
 * @tree: all slots of all roots by address (written under mutex and lock, read under either)
 * @view: what the map shows (written under mutex, read under RCU)
 * @far: its memory that is out, made by the first PAGE_OUT (mutex; notifiers compare it)
 * @in_progress, @busy_start, @busy_end: as KVM's own: invalidations that go on, their hull (lock)
 * @gone: the guest has ended; set once
 * @detaching: the last user lets go; set once
 */
struct kvms_vm {
	struct list_head link;
	struct kref ref;
	struct kvm *kvm;
	struct module *owner;
	struct mm_struct *mm;
	struct kvms_dir *dir;
	pid_t pid;
	u64 id;

	struct mmu_notifier mn;
	struct mmu_interval_notifier mni;
	wait_queue_head_t wait;
	struct work_struct gone_work;
	struct delayed_work scan_work;
	bool gone;
	bool detaching;

	struct mutex mutex; /* of all down to @giant, and of @kvm */
	struct list_head roots;
	struct kvms_view __rcu *view;
	u64 generation[KVMS_AS_MAX];
	struct kvms_params params;
	struct kvms_far_params far_params;
	struct kvms_far *far;
	struct kvms_counters counters;
	u64 promoted[KVM_SWAP_AGES];
	u64 scan_cursor;
	unsigned long scan_began;
	unsigned long scan_next;
	bool grow; /* the pass in hand makes pages older */
	bool slots_changed; /* since the last pass began that could have made them older */
	unsigned long *pfns;                            /* scratch of one block: hmm's answer */
	DECLARE_BITMAP(resident, KVMS_BLOCK_PAGES);     /* ... which of its pages are there */
	u8 ages[KVMS_BLOCK_PAGES];                      /* ... their ages */
	bool huge;                                      /* ... mapped as one */
	bool giant;                                     /* ... together with others */
	unsigned long restless_until;                   /* jiffies: no use in waiting for quiet */

	spinlock_t lock; /* of the rest, taken in notifier callbacks */
	struct rb_root_cached tree;
	unsigned long in_progress;
	unsigned long busy_start;
	unsigned long busy_end;
	u64 invalidations;
};

#endif

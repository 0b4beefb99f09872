// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages of a block are there now, and how the host maps them: asked of the page tables
 * through hmm_range_fault(), which faults nothing in when it is not told to.
 */
#include <linux/delay.h>
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "kvm_swap.h"
#include "residency.h"

/* An unmapping that goes on makes the question void; it is short. */
#define TRIES 3
#define SHORT_USEC 100
#define LONG_USEC 100000

#define BLOCK_ORDER	(KVM_SWAP_BLOCK_SHIFT - PAGE_SHIFT)

/*
 * A page whose access NUMA balancing has taken away, to see who uses it, is there: hmm tells its
 * frame, but not that it is valid, and nothing of how it is mapped. Of a hole in hugetlbfs it tells
 * how that would be mapped, and frames that count from 0.
 */
static bool is_resident(unsigned long pfn)
{
	unsigned long frame = pfn & ~HMM_PFN_FLAGS;

	if ((pfn & HMM_PFN_FLAGS) && !(pfn & HMM_PFN_VALID))
		return false;
	return frame && !is_zero_pfn(frame);
}

/*
 * The huge zero page has no name for modules; it is nobody's memory, and all others are, but only
 * as long as they are mapped.
 */
static bool is_huge_zero(unsigned long pfn)
{
	unsigned long frame = pfn & ~HMM_PFN_FLAGS;
	struct folio *folio;

	if (!(pfn & HMM_PFN_VALID) || hmm_pfn_to_map_order(pfn) != BLOCK_ORDER || !pfn_valid(frame))
		return false;
	folio = pfn_folio(frame);
	return !folio_test_anon(folio) && !READ_ONCE(folio->mapping);
}

/* By one mapping; without access, what looks like it: an aligned run of frames. */
static bool is_huge(const unsigned long *pfns)
{
	unsigned long i;

	if (pfns[0] & HMM_PFN_FLAGS)
		return pfns[0] & HMM_PFN_VALID && hmm_pfn_to_map_order(pfns[0]) >= BLOCK_ORDER;
	for (i = 1; i < KVMS_BLOCK_PAGES; i++)
		if (pfns[i] != pfns[0] + i)
			return false;
	return pfns[0] && IS_ALIGNED(pfns[0], KVMS_BLOCK_PAGES);
}

/*
 * mmu_interval_read_begin() waits until no unmapping goes on, and cannot be killed meanwhile: where
 * many processors fault at once that may not be for as long as they do. So it is not called then,
 * but a moment looked for when none does; what begins just now is waited for. Where one goes on for
 * long, as of much memory, the next blocks need not find that out as well.
 */
static bool is_quiet(struct kvms_vm *vm)
{
	u64 end_ns = ktime_get_ns() + LONG_USEC * NSEC_PER_USEC;

	lockdep_assert_held(&vm->mutex);

	while (READ_ONCE(vm->in_progress)) {
		if (time_before(jiffies, vm->restless_until) || fatal_signal_pending(current))
			return false;
		if (ktime_get_ns() >= end_ns) {
			vm->restless_until = jiffies + usecs_to_jiffies(LONG_USEC);
			return false;
		}
		usleep_range(SHORT_USEC / 2, SHORT_USEC);
	}
	return true;
}

static int read_once(struct kvms_vm *vm, struct hmm_range *range, bool *ret_zero)
{
	bool raced, zero;
	int ret;

	if (!is_quiet(vm))
		return -EBUSY;
	range->notifier_seq = mmu_interval_read_begin(&vm->mni);
	ret = mmap_read_lock_killable(vm->mm);
	if (ret)
		return ret;
	ret = hmm_range_fault(range);
	mmap_read_unlock(vm->mm);
	if (ret)
		return ret;
	zero = is_huge_zero(vm->pfns[0]);
	spin_lock(&vm->lock);
	raced = mmu_interval_read_retry(&vm->mni, range->notifier_seq);
	spin_unlock(&vm->lock);
	if (raced)
		return -EBUSY;
	*ret_zero = zero;
	return 0;
}

bool kvms_residency_more(const struct kvms_vm *vm, const struct kvms_block *b, unsigned int first,
			 unsigned int last)
{
	unsigned int i, marked = last >= first ? last - first + 1 : 0, others = 0;

	for_each_set_bit(i, vm->resident, KVMS_BLOCK_PAGES)
		others += i < first || i > last;
	return others + min_t(unsigned int, marked, b->resident) > b->resident;
}

bool kvms_residency_is_out(const struct kvms_vm *vm, unsigned long i)
{
	unsigned long frame = vm->pfns[i] & ~HMM_PFN_FLAGS;

	return vm->pfns[i] & HMM_PFN_VALID && pfn_valid(frame) &&
	       is_device_private_page(pfn_to_page(frame));
}

int kvms_residency_read(struct kvms_vm *vm, unsigned long hva, unsigned long n_pages)
{
	return kvms_residency_read_far(vm, NULL, hva, n_pages);
}

int kvms_residency_read_far(struct kvms_vm *vm, struct kvms_far *far, unsigned long hva,
			    unsigned long n_pages)
{
	struct hmm_range range = {
		.notifier = &vm->mni,
		.start = hva,
		.end = hva + (n_pages << PAGE_SHIFT),
		.hmm_pfns = vm->pfns,
		.dev_private_owner = far, /* as the device pages have it */
	};
	int tries, ret = -EBUSY;
	unsigned long i;
	bool zero;

	lockdep_assert_held(&vm->mutex);

	vm->counters.residency_reads++;
	for (tries = 0; ret == -EBUSY && tries < TRIES; tries++)
		ret = read_once(vm, &range, &zero);
	if (ret)
		return ret;
	vm->huge = n_pages == KVMS_BLOCK_PAGES && is_huge(vm->pfns);
	vm->giant = vm->pfns[0] & HMM_PFN_VALID && hmm_pfn_to_map_order(vm->pfns[0]) > BLOCK_ORDER;
	bitmap_zero(vm->resident, KVMS_BLOCK_PAGES);
	if (zero)
		return 0;
	for (i = 0; i < n_pages; i++)
		if (is_resident(vm->pfns[i]) && !(far && kvms_residency_is_out(vm, i)))
			__set_bit(i, vm->resident);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Can modules ask which pages of a process are there, how they are mapped, and let its mm go? */
#include <linux/hmm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>

unsigned long probe(struct mm_struct *mm, struct hmm_range *range);
unsigned long probe(struct mm_struct *mm, struct hmm_range *range)
{
	unsigned long seq = mmu_interval_read_begin(range->notifier);

	mmput_async(mm);
	return seq + hmm_range_fault(range) + hmm_pfn_to_map_order(range->hmm_pfns[0]);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Can modules ask which pages of a process are there, and how they are mapped? */
#include <linux/hmm.h>

unsigned int probe(struct hmm_range *range);
unsigned int probe(struct hmm_range *range)
{
	return hmm_range_fault(range) + hmm_pfn_to_map_order(range->hmm_pfns[0]);
}

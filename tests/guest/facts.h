/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's kernel says of its memory. */
#ifndef KVMB_GUEST_FACTS_H
#define KVMB_GUEST_FACTS_H

#include <stdint.h>

/**
 * struct facts - KiB from /proc/meminfo and counters from /proc/vmstat; 0 where the kernel has
 * none
 */
struct facts {
	uint64_t total_kib;
	uint64_t free_kib;
	uint64_t available_kib;
	uint64_t cached_kib;
	uint64_t anon_kib;
	uint64_t anon_huge_kib;
	uint64_t oom_kills;
	uint64_t major_faults;
	uint64_t balloon_inflated_pages;
	uint64_t balloon_deflated_pages;
};

/** facts_read() - read both files; Return: 0 or -errno */
int facts_read(struct facts *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a process' memory the kernel holds fast: /proc/PID/status. */
#include "source/process-memory.h"

#include <errno.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"

/* mlock() counts in the first, VFIO there or in the second, by its version. */
struct status {
	uint64_t locked_bytes;
	uint64_t pinned_bytes;
	uint64_t hugetlb_bytes;
};

static const struct kvmb_pair_field fields[] = {
	{ "VmLck", offsetof(struct status, locked_bytes) },
	{ "VmPin", offsetof(struct status, pinned_bytes) },
	{ "HugetlbPages", offsetof(struct status, hugetlb_bytes) },
};

#define HAS_LOCKED 1U /* HugetlbPages depends on how the kernel was built, VmLck does not */

int kvmb_parse_process_status(const char *text, struct kvmb_backing *ret)
{
	struct status s = { 0 };

	if (!(kvmb_parse_pairs(text, fields, ARRAY_SIZE(fields), &s) & HAS_LOCKED))
		return -EBADMSG;
	/* JSON's numbers end at INT64_MAX. */
	ret->locked_bytes = u64_min(u64_add_sat(s.locked_bytes, s.pinned_bytes), INT64_MAX);
	ret->hugetlb_bytes = u64_min(s.hugetlb_bytes, INT64_MAX);
	return 0;
}

int kvmb_process_memory_read(const struct kvmb_root *root, int32_t pid, struct kvmb_backing *ret)
{
	char path[32], text[8192]; /* about 1.5 KiB, more with many CPUs and groups */
	int r;

	(void)snprintf(path, sizeof(path), "%d/status", pid);
	r = kvmb_read_at(root->proc_fd, path, text, sizeof(text), NULL);
	if (r == -ENOENT)
		return -ESRCH;
	return r < 0 ? r : kvmb_parse_process_status(text, ret);
}

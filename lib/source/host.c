/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's memory, swap and pressure, from /proc and /sys below a root. */
#include "source/host.h"

#include <errno.h>
#include <stddef.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/pressure.h"
#include "base/swap-ram.h"
#include "source/swap-device.h"

struct meminfo {
	uint64_t total;
	uint64_t available;
	uint64_t free;
	uint64_t shmem;
	uint64_t swap_total;
	uint64_t swap_free;
	uint64_t zswap;
};

static const struct kvmb_pair_field meminfo_fields[] = {
	{ "MemTotal", offsetof(struct meminfo, total) },
	{ "MemAvailable", offsetof(struct meminfo, available) },
	{ "MemFree", offsetof(struct meminfo, free) },
	{ "Shmem", offsetof(struct meminfo, shmem) },
	{ "SwapTotal", offsetof(struct meminfo, swap_total) },
	{ "SwapFree", offsetof(struct meminfo, swap_free) },
	{ "Zswap", offsetof(struct meminfo, zswap) },
};

#define MEMINFO_NEEDED UINT64_C(0x3f) /* all but Zswap, which came with 5.19 */

static const struct kvmb_pair_field vmstat_fields[] = {
	{ "pswpin", offsetof(struct kvmb_host_sample, swap_in_pages) },
	{ "pswpout", offsetof(struct kvmb_host_sample, swap_out_pages) },
	{ "workingset_refault_anon", offsetof(struct kvmb_host_sample, refault_anon) },
	{ "workingset_refault_file", offsetof(struct kvmb_host_sample, refault_file) },
	{ "oom_kill", offsetof(struct kvmb_host_sample, oom_kills) },
};

int kvmb_parse_meminfo(const char *text, struct kvmb_host_sample *ret, uint64_t *ret_zswap_bytes)
{
	struct meminfo m = { 0 };
	uint64_t found = kvmb_parse_pairs(text, meminfo_fields, ARRAY_SIZE(meminfo_fields), &m);

	if ((found & MEMINFO_NEEDED) != MEMINFO_NEEDED || m.total == 0)
		return -EBADMSG;
	ret->total_bytes = m.total;
	ret->available_bytes = u64_min(m.available, m.total);
	ret->free_bytes = u64_min(m.free, m.total);
	ret->shmem_bytes = m.shmem;
	ret->swap_total_bytes = m.swap_total;
	ret->swap_free_bytes = u64_min(m.swap_free, m.swap_total);
	*ret_zswap_bytes = m.zswap;
	return 0;
}

int kvmb_parse_vmstat(const char *text, struct kvmb_host_sample *ret)
{
	struct kvmb_host_sample h = *ret;

	h.swap_in_pages = h.swap_out_pages = 0;
	h.refault_anon = h.refault_file = h.oom_kills = 0;
	if (!kvmb_parse_pairs(text, vmstat_fields, ARRAY_SIZE(vmstat_fields), &h))
		return -EBADMSG;
	*ret = h;
	return 0;
}

/* Figures that one read of /proc/meminfo gives, and what they lead to in /sys. */
static int read_memory(const struct kvmb_root *root, struct kvmb_host_sample *h)
{
	char text[16384]; /* about 1.6 KiB in 6.12 */
	uint64_t zswap;
	int r;

	r = kvmb_read_at(root->proc_fd, "meminfo", text, sizeof(text), NULL);
	if (r < 0)
		return r;
	r = kvmb_parse_meminfo(text, h, &zswap);
	if (r < 0)
		return r;
	return kvmb_swap_ram_read(root, zswap, &h->swap_ram_bytes);
}

static int read_counters(const struct kvmb_root *root, struct kvmb_host_sample *h)
{
	char text[32768]; /* about 5 KiB in 6.12 */
	int r = kvmb_read_at(root->proc_fd, "vmstat", text, sizeof(text), NULL);

	return r < 0 ? r : kvmb_parse_vmstat(text, h);
}

static int read_pressure(const struct kvmb_root *root, struct kvmb_host_sample *h)
{
	int r = kvmb_psi_read_at(root->proc_fd, "pressure/memory", &h->psi);

	h->psi_valid = r == 0;
	/* Built without PSI, or switched off on the command line. */
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

int kvmb_host_read(const struct kvmb_root *root, struct kvmb_host_sample *ret)
{
	struct kvmb_host_sample h = { 0 };
	int r;

	r = read_memory(root, &h);
	if (r < 0)
		return r;
	r = read_counters(root, &h);
	if (r < 0)
		return r;
	/* For a guard that may do without: its counters are 0 then. */
	(void)kvmb_swap_device_read(root, &h);
	r = read_pressure(root, &h);
	if (r < 0)
		return r;
	*ret = h;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls of kvm_swap(4) about a guest's store. */
#include "source/store-module.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <uapi/kvm_swap.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/num.h"

#define PAGE_BYTES 4096

_Static_assert(KVMB_FAULT_BUCKETS == KVM_SWAP_FAULT_BUCKETS, "one histogram");
_Static_assert(KVMB_MOVE_RANGES <= KVM_SWAP_MOVE_RANGES, "what is asked at once fits");
_Static_assert(KVM_SWAP_NO_LIMIT == KVMB_UNKNOWN, "one word for no limit");

static uint64_t bytes_of(uint64_t pages)
{
	return u64_mul_sat(pages, PAGE_BYTES);
}

static enum kvmb_compressor compressor_of(uint32_t compressor)
{
	switch (compressor) {
	case KVM_SWAP_COMPRESSOR_LZ4:
		return KVMB_COMPRESSOR_LZ4;
	case KVM_SWAP_COMPRESSOR_ZSTD:
		return KVMB_COMPRESSOR_ZSTD;
	default:
		return KVMB_COMPRESSOR_NONE;
	}
}

static void add_to(uint64_t *sum, uint64_t v)
{
	*sum = u64_add_sat(*sum, v);
}

static void add(struct kvmb_store *s, const struct kvm_swap_store_stats *k)
{
	add_to(&s->out_bytes, bytes_of(k->pages));
	add_to(&s->same_filled_bytes, bytes_of(k->same_filled));
	add_to(&s->stored_bytes, k->stored_bytes);
	add_to(&s->pool_bytes, k->pool_bytes);
	add_to(&s->metadata_bytes, k->metadata_bytes);
	add_to(&s->outs, k->outs);
	add_to(&s->faults, k->faults);
	add_to(&s->fetched, k->fetched);
	add_to(&s->dropped, k->dropped);
	add_to(&s->dense, k->dense);
	add_to(&s->integrity_failures, k->integrity_failures);
	for (size_t i = 0; i < KVMB_FAULT_BUCKETS; i++)
		add_to(&s->fault_ns[i], k->fault_ns[i]);
}

bool kvmb_store_offered(const struct kvm_swap_info *info)
{
	return info->features & KVM_SWAP_FEATURE_STORE && info->compressors;
}

int kvmb_store_out(const struct kvmb_root *root, uint64_t *ret_bytes)
{
	uint64_t pages = 0;
	int r = kvmb_read_u64_at(root->sys_fd, "kernel/kvm_swap/store/pages", &pages);

	if (r < 0 && r != -ENOENT)
		return r;
	*ret_bytes = bytes_of(pages);
	return 0;
}

/* Of several VMs in a process some may go before the others. */
static int unless_gone(int r, size_t *n_gone)
{
	if (r != -ESRCH)
		return r;
	(*n_gone)++;
	return 0;
}

/* Of several VMs in a process the limit of the first that has one stands for all. */
static int read_one(int fd, struct kvmb_store *s, struct kvmb_host_store *host)
{
	struct kvm_swap_store_params params = { 0 };
	struct kvm_swap_store_stats stats = { 0 };

	if (ioctl(fd, KVM_SWAP_STORE_STATS, &stats) < 0)
		return -errno;
	if (ioctl(fd, KVM_SWAP_STORE_PARAMS, &params) < 0)
		return -errno;
	add(s, &stats);
	s->compressor = s->compressor ?: compressor_of(stats.compressor);
	s->encrypted = s->encrypted || stats.encrypted;
	s->limit_bytes = u64_min(s->limit_bytes, params.limit_bytes);
	*host = (struct kvmb_host_store){
		.valid = true,
		.out_bytes = bytes_of(stats.host_pages),
		.pool_bytes = stats.host_pool_bytes,
		.limit_bytes = params.host_limit_bytes,
	};
	return 0;
}

int kvmb_store_read(const int *fds, size_t n, struct kvmb_store *ret,
		    struct kvmb_host_store *ret_host)
{
	struct kvmb_store s = { .valid = true, .limit_bytes = KVMB_UNKNOWN };
	struct kvmb_host_store host = { .valid = false };
	size_t n_gone = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = unless_gone(read_one(fds[i], &s, &host), &n_gone);
	if (r >= 0 && n_gone == n)
		r = -ESRCH;
	if (r < 0)
		return r;
	*ret = s;
	*ret_host = host;
	return 0;
}

/* ---- Moving ------------------------------------------------------------------------------ */

/* OUTSIDE of one VM may be inside of the next one of its process. */
static const enum kvmb_left left_of[KVM_SWAP_SKIPS] = {
	[KVM_SWAP_SKIP_ABSENT] = KVMB_LEFT_CHANGED,
	[KVM_SWAP_SKIP_OUTSIDE] = KVMB_LEFT_CHANGED,
	[KVM_SWAP_SKIP_FILE] = KVMB_LEFT_SHARED,
	[KVM_SWAP_SKIP_SHARED] = KVMB_LEFT_SHARED,
	[KVM_SWAP_SKIP_KSM] = KVMB_LEFT_SHARED,
	[KVM_SWAP_SKIP_LOCKED] = KVMB_LEFT_HELD,
	[KVM_SWAP_SKIP_PINNED] = KVMB_LEFT_HELD,
	[KVM_SWAP_SKIP_DENSE] = KVMB_LEFT_DENSE,
	[KVM_SWAP_SKIP_RACED] = KVMB_LEFT_CHANGED,
	[KVM_SWAP_SKIP_LIMIT] = KVMB_LEFT_LIMIT,
	[KVM_SWAP_SKIP_NO_MEMORY] = KVMB_LEFT_NO_MEMORY,
	/* POISONED is of PAGE_IN; and what a newer module may add */
	[KVM_SWAP_SKIP_POISONED ... KVM_SWAP_SKIPS - 1] = KVMB_LEFT_CHANGED,
};

static void count(const struct kvm_swap_move *k, struct kvmb_moved *m)
{
	add_to(&m->bytes, bytes_of(k->pages));
	add_to(&m->stored_bytes, k->stored_bytes);
	for (size_t i = 0; i < KVM_SWAP_SKIPS; i++)
		add_to(&m->left_bytes[left_of[i]], bytes_of(k->skipped[i]));
}

/* One VM: call after call, until all was dealt with. */
static int move_one(int fd, struct kvm_swap_move *k, struct kvmb_moved *m)
{
	uint64_t before;

	k->cursor = 0;
	do {
		before = k->cursor;
		if (ioctl(fd, KVM_SWAP_PAGE_OUT, k) < 0)
			return -errno;
		count(k, m);
	} while (k->cursor > before);
	return k->cursor ? -EIO : 0;
}

int kvmb_store_move(const int *fds, size_t n_fds, const struct kvmb_range *ranges, size_t n,
		    struct kvmb_moved *ret)
{
	_cleanup_free_ struct kvm_swap_move *k = calloc(1, sizeof(*k));
	struct kvmb_moved m = { 0 };
	size_t n_gone = 0;
	int r = 0;

	if (!k)
		return -ENOMEM;
	if (!n || n > KVMB_MOVE_RANGES)
		return -EINVAL;
	k->count = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		k->ranges[i] = (struct kvm_swap_span){ ranges[i].hva, ranges[i].length_bytes };
	for (size_t i = 0; r >= 0 && i < n_fds; i++)
		r = unless_gone(move_one(fds[i], k, &m), &n_gone);
	if (r >= 0 && n_gone == n_fds)
		r = -ESRCH;
	if (r < 0 && (!m.bytes || r == -ESRCH))
		return r;
	m.error = r;
	*ret = m;
	return 0;
}

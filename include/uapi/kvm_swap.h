/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/kvm-swap: how old the memory of a running KVM guest is, and a store outside of its memory
 * for what is cold; see kvm_swap(4).
 *
 * A page's age is the number of aging steps since it was last seen touched, 0 to KVM_SWAP_AGE_MAX.
 * All records are of fixed size. Members called reserved must be zero, unknown flags are refused
 * (EINVAL). Sizes are in bytes, times in microseconds or milliseconds as the name says.
 */
#ifndef _UAPI_KVM_SWAP_H
#define _UAPI_KVM_SWAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_SWAP_ABI		1
#define KVM_SWAP_BLOCK_SHIFT	21	/* a block is 2 MiB, the unit of MAP */
#define KVM_SWAP_AGE_MAX	250	/* older pages stay at that */
#define KVM_SWAP_AGES		(KVM_SWAP_AGE_MAX + 1)

/* kvm_swap_info.features */
#define KVM_SWAP_FEATURE_FLUSH	(1ULL << 0)	/* PARAMS can ask for a TLB flush per pass */
#define KVM_SWAP_FEATURE_STORE	(1ULL << 1)	/* PAGE_OUT and the rest: see below */

/**
 * struct kvm_swap_info - what this module can do (KVM_SWAP_INFO, device)
 * @abi: KVM_SWAP_ABI; a program refuses to work with another one
 * @max_age: KVM_SWAP_AGE_MAX
 * @features: KVM_SWAP_FEATURE_*
 * @compressors: 1 << KVM_SWAP_COMPRESSOR_* of each that the store can use; 0 without a store
 *
 * Without KVM_SWAP_FEATURE_STORE the module was built for a kernel that lacks what the store needs
 * (CONFIG_DEVICE_PRIVATE, or an interface that kmod/probes/store.c asks for): the calls from
 * PAGE_OUT on fail with EOPNOTSUPP.
 */
struct kvm_swap_info {
	__u32 abi;
	__u32 max_age;
	__u64 features;
	__u32 compressors;
	__u32 reserved0;
	__u64 reserved[5];
};

/**
 * struct kvm_swap_attach - begin to follow a guest (KVM_SWAP_ATTACH, device)
 * @vm_fd: the caller's copy of a KVM VM descriptor (pidfd_getfd(2) from QEMU)
 * @flags: 0
 *
 * Returns a guest descriptor, close-on-exec. poll(2) on it reports POLLHUP when the guest is gone.
 * Attaching to a guest that is attached already shares its ages.
 */
struct kvm_swap_attach {
	__s32 vm_fd;
	__u32 flags;
	__u64 reserved[3];
};

/**
 * struct kvm_swap_age - age a part of the guest (KVM_SWAP_AGE, guest)
 * @flags: 0
 * @max_usec: in: return after about so long, 0 for the default of PARAMS
 * @cursor: in: where to go on, 0 for a new pass; out: 0 when the pass is complete
 * @max_pages: in: return after so many pages, 0 for the default of PARAMS
 * @pages: out: resident pages looked at
 * @young: out: pages among them found touched; of memory asked about as a whole, all of it
 * @calls: out: calls of KVM's notifier
 * @raced: out: blocks asked about anew because their memory was just being unmapped
 * @usec: out: time spent
 */
struct kvm_swap_age {
	__u32 flags;
	__u32 max_usec;
	__u64 cursor;
	__u64 max_pages;
	__u64 pages;
	__u64 young;
	__u64 calls;
	__u64 raced;
	__u64 usec;
	__u64 reserved[2];
};

/**
 * struct kvm_swap_histogram - resident and promoted memory by age (KVM_SWAP_HISTOGRAM, guest)
 * @flags: 0
 * @passes: out: complete passes since the attachment
 * @resident_bytes: out: all resident memory, the sum of @cold_bytes
 * @cold_bytes: out: resident memory of each age
 * @promoted_bytes: out: since the attachment: memory found touched again, by the age it had. Of
 *                  memory asked about as a whole only what was seen touched page by page
 *                  afterwards, at least one page: a lower bound.
 */
struct kvm_swap_histogram {
	__u32 flags;
	__u32 reserved0;
	__u64 passes;
	__u64 resident_bytes;
	__u64 reserved[5];
	__u64 cold_bytes[KVM_SWAP_AGES];
	__u64 promoted_bytes[KVM_SWAP_AGES];
};

/* kvm_swap_range.level: how the host maps it */
#define KVM_SWAP_LEVEL_4K	1
#define KVM_SWAP_LEVEL_2M	2

/**
 * struct kvm_swap_range - memory of one age
 * @hva: address in the guest's process
 * @gpa: guest-physical address
 * @bytes: length; all of it was resident when it was asked
 * @age: of every page in it
 * @level: KVM_SWAP_LEVEL_*
 */
struct kvm_swap_range {
	__u64 hva;
	__u64 gpa;
	__u64 bytes;
	__u32 age;
	__u32 level;
};

#define KVM_SWAP_COLD_RANGES		256
#define KVM_SWAP_COLD_BY_ADDRESS	(1U << 0)	/* by address; else coldest first */

/**
 * struct kvm_swap_cold - cold resident ranges (KVM_SWAP_COLD, guest)
 * @flags: KVM_SWAP_COLD_*
 * @min_age: pages of at least this age, 1 to KVM_SWAP_AGE_MAX
 * @cursor: in: 0 to begin; out: 0 when there is no more
 * @count: out: ranges filled in
 */
struct kvm_swap_cold {
	__u32 flags;
	__u32 min_age;
	__u64 cursor;
	__u32 count;
	__u32 reserved0;
	__u64 reserved[5];
	struct kvm_swap_range ranges[KVM_SWAP_COLD_RANGES];
};

#define KVM_SWAP_MAP_BLOCKS	4096
#define KVM_SWAP_MAP_ABSENT	254	/* no resident page in the block */
#define KVM_SWAP_MAP_NO_MEMORY	255	/* no memslot there */

/**
 * struct kvm_swap_map - mean age of each 2 MiB block (KVM_SWAP_MAP, guest)
 * @flags: 0
 * @count: out: blocks filled in
 * @gpa: in: where to begin, a multiple of 2 MiB; out: the first block filled in (blocks without
 *       memory at the beginning are left out)
 * @next_gpa: out: where to go on, 0 when there is no more
 * @blocks: out: mean age of the resident pages, or KVM_SWAP_MAP_*
 *
 * Takes no lock: it waits for no pass, and tells of memslots as they were followed last.
 */
struct kvm_swap_map {
	__u32 flags;
	__u32 count;
	__u64 gpa;
	__u64 next_gpa;
	__u64 reserved[5];
	__u8 blocks[KVM_SWAP_MAP_BLOCKS];
};

/**
 * struct kvm_swap_stats - counters since the attachment (KVM_SWAP_STATS, guest)
 * @flags: 0
 * @guest_gone: out: 1 when the guest has ended
 * @slots: out: memslots followed
 * @blocks: out: 2 MiB blocks followed
 * @split_blocks: out: those with an age per page
 * @tree_bytes: out: memory that the ages take
 * @passes: out: complete passes
 * @pages: out: resident pages looked at
 * @young: out: pages found touched
 * @calls: out: calls of KVM's notifier
 * @raced: out: blocks asked about anew
 * @raced_lost: out: blocks left for the next pass, for they raced every time
 * @residency_reads: out: blocks whose residency was asked
 * @invalidations: out: calls of our own notifier that met memory of the guest
 * @usec: out: time spent in passes
 * @longest_call_ns: out: longest single call of KVM's notifier, where it may hold KVM's mmu_lock;
 *                   calls about a single mapping, the shortest there are, are not timed
 * @alloc_failures: out: blocks that stayed uniform for want of memory
 */
struct kvm_swap_stats {
	__u32 flags;
	__u32 guest_gone;
	__u64 slots;
	__u64 blocks;
	__u64 split_blocks;
	__u64 tree_bytes;
	__u64 passes;
	__u64 pages;
	__u64 young;
	__u64 calls;
	__u64 raced;
	__u64 raced_lost;
	__u64 residency_reads;
	__u64 invalidations;
	__u64 usec;
	__u64 longest_call_ns;
	__u64 alloc_failures;
	__u64 reserved[8];
};

#define KVM_SWAP_PARAMS_SET	(1U << 0)	/* else they are only read */

/**
 * struct kvm_swap_params - how a guest is aged (KVM_SWAP_PARAMS, guest)
 * @flags: KVM_SWAP_PARAMS_SET or 0
 * @scan_period_ms: in, out: the module begins a pass of its own so often; 0: only AGE does; else
 *                  100 to 3600000
 * @passes_per_age: in, out: a page ages by one in so many passes, 1 to 255
 * @budget_usec: in, out: longest stretch of a pass in one go, 100 to 1000000
 * @budget_pages: in, out: the same in pages, at least 512
 * @cpu_permille: in, out: share of one CPU that passes of the module's own may use, 1 to 1000
 * @flush: in, out: 1: flush the guest's TLBs after each pass, so that a processor's cached entry
 *         cannot hide an access; EOPNOTSUPP without KVM_SWAP_FEATURE_FLUSH
 */
struct kvm_swap_params {
	__u32 flags;
	__u32 scan_period_ms;
	__u32 passes_per_age;
	__u32 budget_usec;
	__u64 budget_pages;
	__u32 cpu_permille;
	__u32 flush;
	__u64 reserved[4];
};

/*
 * The store: memory that left the guest, compressed and encrypted in the kernel's own, which a
 * touch by the guest or its process brings home. Each guest has one, made by its first PAGE_OUT;
 * all who are attached share it. It ends when the last one has let the guest go and nothing is out
 * any more; who attaches to the same process' guest before that has it again.
 */

#define KVM_SWAP_MOVE_RANGES	256

/**
 * struct kvm_swap_span - memory by its address in the guest's process
 * @hva, @bytes: multiples of 4096, not empty, not wrapping
 */
struct kvm_swap_span {
	__u64 hva;
	__u64 bytes;
};

/* kvm_swap_move.skipped: why a page was left where it is */
#define KVM_SWAP_SKIP_ABSENT	0	/* not there: never touched, swapped, or moved already */
#define KVM_SWAP_SKIP_OUTSIDE	1	/* in no memslot of the guest, or not mapped */
#define KVM_SWAP_SKIP_FILE	2	/* of a file, of shared memory or hugetlbfs */
#define KVM_SWAP_SKIP_SHARED	3	/* mapped more than once, as after a fork */
#define KVM_SWAP_SKIP_KSM	4	/* merged */
#define KVM_SWAP_SKIP_LOCKED	5	/* mlock(2), or memory that must not be moved */
#define KVM_SWAP_SKIP_PINNED	6	/* somebody holds it: pinned for DMA, under I/O, locked */
#define KVM_SWAP_SKIP_DENSE	7	/* compresses to over 2,990 bytes with tag, or did lately */
#define KVM_SWAP_SKIP_RACED	8	/* changed hands, or memory is unmapped all the time */
#define KVM_SWAP_SKIP_LIMIT	9	/* this store, or all together, are at their limit */
#define KVM_SWAP_SKIP_NO_MEMORY	10	/* no memory for it */
#define KVM_SWAP_SKIP_POISONED	11	/* PAGE_IN: failed its check: lost */
#define KVM_SWAP_SKIPS		16

/**
 * struct kvm_swap_move - move pages out (KVM_SWAP_PAGE_OUT, guest) or home (KVM_SWAP_PAGE_IN)
 * @flags: 0
 * @count: in: ranges filled in, 1 to KVM_SWAP_MOVE_RANGES; the others are not looked at
 * @cursor: in: bytes of the ranges, one after the other, to leave out: 0 to begin; out: where to go
 *          on, 0 when all were dealt with
 * @max_usec: in: return after about so long, 0 for 10000, at most 1000000
 * @max_pages: in: return when so many pages were looked at, 0 for 65536, at most 1048576
 * @pages: out: moved
 * @stored_bytes: out: PAGE_OUT: what they take in the store; PAGE_IN: what they took
 * @usec: out: time spent
 * @skipped: out: pages that were not moved, by reason
 *
 * Every page that was dealt with is in @pages or in one of @skipped. PAGE_IN says
 * KVM_SWAP_SKIP_ABSENT of pages that are not out, KVM_SWAP_SKIP_RACED of those that others had
 * locked, or brought home just then, KVM_SWAP_SKIP_NO_MEMORY of all others that stay out and are
 * not lost.
 *
 * Errors: EINVAL for a range, a cursor or a bound that cannot be, ESRCH when the guest has ended,
 * EINTR for a fatal signal, EOPNOTSUPP without a store. PAGE_OUT: ENOENT when this kernel has no
 * such compressor or cipher as STORE_PARAMS asks for, ENOMEM when no store could be made.
 * PAGE_IN: ENOMEM when not a single page was moved, for want of memory.
 */
struct kvm_swap_move {
	__u32 flags;
	__u32 count;
	__u64 cursor;
	__u32 max_usec;
	__u32 reserved0;
	__u64 max_pages;
	__u64 pages;
	__u64 stored_bytes;
	__u64 usec;
	__u64 skipped[KVM_SWAP_SKIPS];
	__u64 reserved[4];
	struct kvm_swap_span ranges[KVM_SWAP_MOVE_RANGES];
};

/**
 * struct kvm_swap_drain - bring home whatever is out (KVM_SWAP_DRAIN, guest)
 * @flags: 0
 * @max_usec: in: return after about so long, 0 for 10000, at most 1000000
 * @max_pages: in: return when so many pages were brought home, 0 for 65536, at most 1048576
 * @pages: out: brought home
 * @left: out: still out. To be called until it is 0; it stays above that while pages are locked or
 *        cannot be read (STORE_STATS: integrity_failures), a fork alone has them, or others page
 *        out.
 * @usec: out: time spent
 *
 * For an orderly end: close(2) does not wait, and leaves the store to a thread of the kernel, which
 * brings home what is out while the host has memory to spare. Nothing is lost either way. Works
 * when the guest has ended and its process lives on.
 * Errors: ENOMEM when pages are out and not a single one was brought home for want of memory:
 * nothing has changed; EINVAL, EINTR, EOPNOTSUPP as above.
 */
struct kvm_swap_drain {
	__u32 flags;
	__u32 max_usec;
	__u64 max_pages;
	__u64 pages;
	__u64 left;
	__u64 usec;
	__u64 reserved[4];
};

#define KVM_SWAP_FAULT_BUCKETS	32

/**
 * struct kvm_swap_store_stats - what is out, and what came of it (KVM_SWAP_STORE_STATS, guest)
 * @flags: 0
 * @compressor, @encrypted: out: KVM_SWAP_COMPRESSOR_*, 0 or 1: of what is out
 * @pages: out: pages that are out now
 * @same_filled: out: those of them that are one word repeated: they take no room
 * @stored_bytes: out: what the others were compressed to
 * @pool_bytes: out: memory that this takes
 * @metadata_bytes: out: memory for what the kernel and the module remember of each page that could
 *                  be out, and for what faults need: page-out frees PAGES x 4096 less these two.
 *                  What the pool's own records take is not told by the kernel: it is reckoned from
 *                  the sizes of what is stored, as if the pool's pages were full.
 *                  Ages of the pages are in kvm_swap_stats.tree_bytes.
 * @host_pool_bytes: out: @pool_bytes of all stores of this host
 * @host_pages: out: @pages of all stores, those included whose guest was let go
 * @outs: out: pages that went out, since the store was made, as all below
 * @faults: out: pages that came home by a touch
 * @fetched: out: pages that came home by PAGE_IN or DRAIN
 * @dropped: out: pages that were discarded or unmapped while out: their content was not needed
 * @dense: out: pages tried that did not compress
 * @integrity_failures: out: attempts to read a page that failed the cipher's check, or could not be
 *                      decompressed. Whoever touches such a page gets SIGBUS, never wrong data.
 *                      DRAIN leaves alone what has failed before.
 * @reserve_used: out: faults that took a page of the store's reserve, for there was no other
 * @fault_ns: out: faults by the time they took in the module: 2^i to 2^(i+1) - 1 ns, the first
 *            bucket from 0 on, the last one without end
 *
 * Before the first PAGE_OUT all is 0 but what is the host's.
 */
struct kvm_swap_store_stats {
	__u32 flags;
	__u32 compressor;
	__u32 encrypted;
	__u32 reserved0;
	__u64 pages;
	__u64 same_filled;
	__u64 stored_bytes;
	__u64 pool_bytes;
	__u64 metadata_bytes;
	__u64 host_pool_bytes;
	__u64 host_pages;
	__u64 outs;
	__u64 faults;
	__u64 fetched;
	__u64 dropped;
	__u64 dense;
	__u64 integrity_failures;
	__u64 reserve_used;
	__u64 reserved[8];
	__u64 fault_ns[KVM_SWAP_FAULT_BUCKETS];
};

#define KVM_SWAP_COMPRESSOR_LZ4		1
#define KVM_SWAP_COMPRESSOR_ZSTD	2

#define KVM_SWAP_NO_LIMIT		(~0ULL)
#define KVM_SWAP_SAME_LIMIT		(~0ULL - 1)	/* host_limit_bytes: leave it */

#define KVM_SWAP_STORE_PARAMS_SET	(1U << 0)	/* else they are only read */

/**
 * struct kvm_swap_store_params - how a guest's store works (KVM_SWAP_STORE_PARAMS, guest)
 * @flags: KVM_SWAP_STORE_PARAMS_SET or 0
 * @compressor: in, out: KVM_SWAP_COMPRESSOR_*, at first LZ4
 * @encrypt: in, out: 1, at first: AES-256-GCM with a key of the store's own; 0: not
 * @limit_bytes: in, out: no page goes out while the store's pool has grown to this, at first
 *               KVM_SWAP_NO_LIMIT. A lower one brings nothing home: PAGE_IN does.
 * @host_limit_bytes: in, out: the same for the pools of all stores of this host together, at first
 *                    half of its memory; one value for all guests. KVM_SWAP_SAME_LIMIT leaves it:
 *                    what was read may be another one's by the time it is written.
 *
 * Errors: EINVAL for a value out of its bounds or a compressor that INFO does not name, EBUSY for
 * another @compressor or @encrypt while pages are out (DRAIN first), EOPNOTSUPP without a store.
 */
struct kvm_swap_store_params {
	__u32 flags;
	__u32 compressor;
	__u32 encrypt;
	__u32 reserved0;
	__u64 limit_bytes;
	__u64 host_limit_bytes;
	__u64 reserved[4];
};

#define KVM_SWAP_IOC		0xB7
#define KVM_SWAP_INFO		_IOR(KVM_SWAP_IOC, 0x00, struct kvm_swap_info)
#define KVM_SWAP_ATTACH		_IOW(KVM_SWAP_IOC, 0x01, struct kvm_swap_attach)
#define KVM_SWAP_AGE		_IOWR(KVM_SWAP_IOC, 0x10, struct kvm_swap_age)
#define KVM_SWAP_HISTOGRAM	_IOWR(KVM_SWAP_IOC, 0x11, struct kvm_swap_histogram)
#define KVM_SWAP_COLD		_IOWR(KVM_SWAP_IOC, 0x12, struct kvm_swap_cold)
#define KVM_SWAP_MAP		_IOWR(KVM_SWAP_IOC, 0x13, struct kvm_swap_map)
#define KVM_SWAP_STATS		_IOWR(KVM_SWAP_IOC, 0x14, struct kvm_swap_stats)
#define KVM_SWAP_PARAMS		_IOWR(KVM_SWAP_IOC, 0x15, struct kvm_swap_params)
#define KVM_SWAP_PAGE_OUT	_IOWR(KVM_SWAP_IOC, 0x20, struct kvm_swap_move)
#define KVM_SWAP_PAGE_IN	_IOWR(KVM_SWAP_IOC, 0x21, struct kvm_swap_move)
#define KVM_SWAP_DRAIN		_IOWR(KVM_SWAP_IOC, 0x22, struct kvm_swap_drain)
#define KVM_SWAP_STORE_STATS	_IOWR(KVM_SWAP_IOC, 0x23, struct kvm_swap_store_stats)
#define KVM_SWAP_STORE_PARAMS	_IOWR(KVM_SWAP_IOC, 0x24, struct kvm_swap_store_params)

#endif

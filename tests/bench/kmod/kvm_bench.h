/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/kvm-bench, for benchmarks only: KVM's question about accessed bits, asked bare and timed. */
#ifndef KVMB_BENCH_KVM_BENCH_H
#define KVMB_BENCH_KVM_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct kvm_bench_young - clear_young() over a range, in steps
 * @vm_fd: a VM of the calling process
 * @each: in: 1: time each call, for @longest_ns
 * @hva, @bytes: range of the process's memory
 * @step: bytes of one call
 * @ns: out: time of all calls together
 * @longest_ns: out: longest call
 * @young: out: calls that found anything young
 */
struct kvm_bench_young {
	__s32 vm_fd;
	__u32 each;
	__u64 hva;
	__u64 bytes;
	__u64 step;
	__u64 ns;
	__u64 longest_ns;
	__u64 young;
};

#define KVM_BENCH_YOUNG	_IOWR(0xB8, 0x00, struct kvm_bench_young)

#endif

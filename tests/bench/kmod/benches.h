/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of bench-kmod. Each makes its own guests and prints figures. */
#ifndef KVMB_BENCH_BENCHES_H
#define KVMB_BENCH_BENCHES_H

#include <stddef.h>

/** bench_pass() - what a pass costs against KVM's own calls, and the memory of the ages */
void bench_pass(size_t guest_bytes);

/** bench_hold() - the longest single call, where KVM may hold its mmu_lock */
void bench_hold(void);

/** bench_pageout() - page-out of cold ranges against the bare system call */
void bench_pageout(void);

/** bench_vcpu() - what a busy guest loses to passes */
void bench_vcpu(void);

/** bench_accuracy() - what is called cold, and for how much CPU time, beside DAMON */
void bench_accuracy(void);

/** bench_far() - far memory against zram: how fast, out and home, and what it frees */
void bench_far(void);

/** bench_far_room() - the last of it */
void bench_far_room(void);

#endif

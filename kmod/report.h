/* SPDX-License-Identifier: GPL-2.0-only */
/* What the age tree says. All under vm->mutex; they change no age. */
#ifndef _KVMS_REPORT_H
#define _KVMS_REPORT_H

#include "kvm_swap.h"

/** kvms_histogram() - fill in all but flags */
void kvms_histogram(struct kvms_vm *vm, struct kvm_swap_histogram *h);

/**
 * kvms_cold() - fill in ranges, cursor and count
 * Residency is asked again: all of a range was resident at one moment of the call.
 * Return: 0, -EINVAL for a cursor or an age that cannot be, -ESRCH the guest is gone, -EINTR.
 */
int kvms_cold(struct kvms_vm *vm, struct kvm_swap_cold *cold);

/** kvms_histogram_cold() - resident bytes of each age, KVM_SWAP_AGES of them */
void kvms_histogram_cold(struct kvms_vm *vm, u64 *bytes);

/** kvms_map() - fill in blocks, count, gpa and next_gpa; -EINVAL for an odd gpa */
int kvms_map(struct kvms_vm *vm, struct kvm_swap_map *map);

/** kvms_stats() - fill in all but flags */
void kvms_stats(struct kvms_vm *vm, struct kvm_swap_stats *stats);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the age tree says. All under vm->mutex but the map; they change no age. What follows
 * memslots first can fail with -ENOMEM, what takes long with -EINTR for a fatal signal.
 */
#ifndef _KVMS_REPORT_H
#define _KVMS_REPORT_H

#include "kvm_swap.h"

/** kvms_histogram() - fill in all but flags. 0, -ENOMEM, -EINTR. */
int kvms_histogram(struct kvms_vm *vm, struct kvm_swap_histogram *h);

/**
 * kvms_cold() - fill in ranges, cursor and count
 * Residency is asked again: all of a range was resident at one moment of the call.
 * Return: 0, -EINVAL for a cursor or an age that cannot be, -ESRCH the guest is gone, -ENOMEM,
 * -EINTR.
 */
int kvms_cold(struct kvms_vm *vm, struct kvm_swap_cold *cold);

/** kvms_histogram_cold() - resident bytes of each of KVM_SWAP_AGES ages. 0, -ENOMEM, -EINTR. */
int kvms_histogram_cold(struct kvms_vm *vm, u64 *bytes);

/**
 * kvms_map() - fill in blocks, count, gpa and next_gpa; without vm->mutex, under RCU
 * As memslots were followed last. 0, -EINVAL for an odd gpa.
 */
int kvms_map(struct kvms_vm *vm, struct kvm_swap_map *map);

/** kvms_stats() - fill in all but flags; of the memslots as they were followed last */
void kvms_stats(struct kvms_vm *vm, struct kvm_swap_stats *stats);

#endif

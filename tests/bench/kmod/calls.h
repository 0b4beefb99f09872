/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of kvm_swap and of the yardstick beside it. Errors end the program. */
#ifndef KVMB_BENCH_CALLS_H
#define KVMB_BENCH_CALLS_H

#include "guest.h"

/** swap_attach() - a guest descriptor of /dev/kvm-swap */
int swap_attach(const struct guest *g);

/** swap_pass() - one complete pass; Return: nanoseconds, as the caller waits for it */
uint64_t swap_pass(int fd);

/** swap_passes() - so many */
void swap_passes(int fd, int n);

void swap_stats(int fd, struct kvm_swap_stats *ret);
uint64_t swap_resident(int fd);

/** swap_set_period() - passes of the module's own from now on, 0: none */
void swap_set_period(int fd, uint32_t period_ms);

/**
 * swap_cold() - the next ranges of at least that age
 * @c: zeroed before the first call
 * Return: whether there may be more
 */
bool swap_cold(int fd, struct kvm_swap_cold *c, uint32_t flags, uint32_t min_age);

/** bare_young() - KVM's clear_young() over the guest's memory, @step bytes a call */
struct kvm_bench_young bare_young(const struct guest *g, size_t step, bool each);

uint64_t now_ns(void);

/** sleep_until() - of now_ns()'s clock */
void sleep_until(uint64_t ns);

#endif

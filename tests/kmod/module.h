/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module's calls, as the tests make them. What may not fail here ends the program. */
#ifndef KVMB_TESTS_KMOD_MODULE_H
#define KVMB_TESTS_KMOD_MODULE_H

#include "vm.h"

/** device_open(), device_close() - /dev/kvm-swap, for all attachments of this process */
void device_open(void);
void device_close(void);
int device_fd(void);

/** attach() - KVM_SWAP_ATTACH: a guest descriptor, or -1 and errno */
int attach(int vm_fd);
int must_attach(const struct vm *vm);

/** pass() - a whole pass, and what it did; pass_some() - the same, or -1 and errno */
struct kvm_swap_age pass(int fd);
int pass_some(int fd, struct kvm_swap_age *sum);
void passes(int fd, unsigned int n);

struct kvm_swap_stats stats(int fd);
struct kvm_swap_params params(int fd);

/** histogram() - in static memory, until the next one */
struct kvm_swap_histogram *histogram(int fd);

/** resident() - pages of the histogram, without the page of code */
size_t resident(int fd);

/**
 * read_ages() - age of each page of vm->memory by COLD, 0 where it is young or not resident
 * @flags: KVM_SWAP_COLD_BY_ADDRESS or 0
 * @ages: vm->n_pages of them
 */
void read_ages(int fd, const struct vm *vm, uint32_t flags, uint8_t *ages);

/** vmstat() - a figure of /proc/vmstat, 0 where this kernel has none of that name */
unsigned long vmstat(const char *name);

#define GONE_MS 60000 /* a machine may be busy */

/** is_gone() - poll(2) says so within that time */
bool is_gone(int fd, int timeout_ms);

/** soon() - wait for a condition, for two minutes at most */
bool soon(bool (*is_true)(void *arg), void *arg);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's second address space: what a vCPU sees in system management mode. */
#ifndef KVMB_TESTS_KMOD_SMM_H
#define KVMB_TESTS_KMOD_SMM_H

#include "vm.h"

/** smm_new() - memory of SMM's own at VM_BASE, and the code that touches it; false: no SMM here */
bool smm_new(const struct vm *vm, uint8_t *memory, size_t n_pages);

/** smm_touch() - the guest writes to @n pages from @first on, as SMM sees them */
void smm_touch(const struct vm *vm, size_t first, size_t n);

#endif

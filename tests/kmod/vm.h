/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiny KVM guest for tests of kvm_swap: it touches the pages it is told to, nothing else of its
 * memory. Errors end the test program: nothing here may fail on a host that can run guests.
 */
#ifndef KVMB_TESTS_KMOD_VM_H
#define KVMB_TESTS_KMOD_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uapi/kvm_swap.h>

#define PAGE 4096UL
#define BLOCK (2UL << 20)
#define BLOCK_PAGES (BLOCK / PAGE)
#define VM_BASE 0x40000000UL /* guest-physical address of its memory; the code is below */

enum vm_backing { VM_SMALL, VM_HUGE, VM_SHARED };

struct vm {
	int fd;
	int vcpu_fd;
	void *run;
	size_t run_size;
	uint8_t *code; /* a slot of its own: one page */
	uint8_t *memory;
	size_t n_pages;
};

/** vm_new() - n_pages of memory, none of it touched */
void vm_new(struct vm *vm, size_t n_pages, enum vm_backing backing);
void vm_free(struct vm *vm);

/** vm_touch() - the guest writes to @n pages from @first on, every @step-th */
void vm_touch(struct vm *vm, size_t first, size_t n, size_t step);

/** vm_set_slot() - KVM_SET_USER_MEMORY_REGION: pages from @first on of the memory, at VM_BASE */
void vm_set_slot(struct vm *vm, uint32_t slot, size_t first, size_t n, uint64_t gpa);

/** vm_huge() - all of the memory is mapped huge */
bool vm_huge(const struct vm *vm);

#endif

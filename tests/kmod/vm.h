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

#define PAGE        4096UL
#define BLOCK       (2UL << 20)
#define BLOCK_PAGES (BLOCK / PAGE)
#define VM_BASE     0x40000000UL /* guest-physical address of its memory; the code is below */
#define VM_AS_SMM   (1U << 16)   /* in a slot's number: of the address space of SMM */

/** must(), must_map() - what may not fail: the program ends, and says what failed */
int must(int r, const char *what);
void *must_map(size_t size, int flags, int fd);

/* Pages of 4 KiB or of 2 MiB, private or shared; those of hugetlbfs are private. */
enum vm_backing { VM_SMALL, VM_HUGE, VM_SHARED, VM_HUGE_SHARED, VM_HUGETLB };

struct vm {
	int fd;
	int vcpu_fd; /* -1: none yet */
	void *run;
	size_t run_size;
	uint8_t *code; /* a slot of its own: one page */
	uint8_t *memory;
	size_t n_pages;
	enum vm_backing backing;
};

/** vm_new() - n_pages of memory, none of it touched, and a vCPU */
void vm_new(struct vm *vm, size_t n_pages, enum vm_backing backing);
void vm_free(struct vm *vm);

/** vm_open(), vm_add_vcpu() - vm_new() in two steps */
void vm_open(struct vm *vm, size_t n_pages, enum vm_backing backing);
void vm_add_vcpu(struct vm *vm);

/** vm_vcpu_new() - one more vCPU, in protected mode; its descriptor, and its struct kvm_run */
int vm_vcpu_new(const struct vm *vm, unsigned int id, void **ret_run);

/** vm_touch() - the guest writes to @n pages from @first on, every @step-th */
void vm_touch(struct vm *vm, size_t first, size_t n, size_t step);

/** vm_read() - the same, but it only reads */
void vm_read(struct vm *vm, size_t first, size_t n, size_t step);

/** vm_touch_loop() - let this vCPU count in each of @n pages from @first on, round after round */
void vm_touch_loop(int vcpu_fd, size_t first, size_t n);

/** vm_set_slot() - KVM_SET_USER_MEMORY_REGION: @n pages from @first on of the memory, at @gpa */
void vm_set_slot(struct vm *vm, uint32_t slot, size_t first, size_t n, uint64_t gpa);

/** vm_set_region() - the same of any memory */
void vm_set_region(const struct vm *vm, uint32_t slot, void *memory, size_t size, uint64_t gpa);

/** vm_map() - memory as a guest's is, @size a multiple of BLOCK, aligned to it. NULL: none left */
uint8_t *vm_map(size_t size, enum vm_backing backing);

/** vm_huge() - all of the memory is mapped huge */
bool vm_huge(const struct vm *vm);

/** vm_resident() - pages of the memory that the host maps, from pagemap */
size_t vm_resident(const struct vm *vm);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code and saved state of SMM are where processors begin with them, at 0x30000. The code runs in
 * real mode with segments of 4 GiB, and finds esi, edx and ecx as they were.
 */
#include "smm.h"

#include <err.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define SMM_BASE  0x30000UL
#define SMM_SIZE  0x10000UL
#define SMM_ENTRY 0x8000UL
#define HALT_GPA  0x1007UL /* the last instruction of vm.c's code */

static const uint8_t code[] = {
	0x67, 0xfe, 0x06, /* loop: incb (%esi) */
	0x66, 0x01, 0xd6, /* add %edx, %esi */
	0x66, 0x49,       /* dec %ecx */
	0x75, 0xf6,       /* jnz loop */
	0x0f, 0xaa,       /* rsm */
};

bool smm_new(const struct vm *vm, uint8_t *memory, size_t n_pages)
{
	uint8_t *own;

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) <= 0 ||
	    ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MULTI_ADDRESS_SPACE) < 2)
		return false;
	own = vm_map(SMM_SIZE, VM_SMALL);
	if (!own)
		err(2, "mmap");
	memcpy(own + SMM_ENTRY, code, sizeof(code));
	vm_set_region(vm, VM_AS_SMM | 1, own, SMM_SIZE, SMM_BASE);
	vm_set_region(vm, VM_AS_SMM, memory, n_pages * PAGE, VM_BASE);
	return true;
}

void smm_touch(const struct vm *vm, size_t first, size_t n)
{
	const struct kvm_regs regs = {
		.rip = HALT_GPA,
		.rflags = 2,
		.rsi = VM_BASE + first * PAGE,
		.rdx = PAGE,
		.rcx = n,
	};
	const struct kvm_run *run = vm->run;

	if (ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs) < 0 || ioctl(vm->vcpu_fd, KVM_SMI, 0) < 0)
		err(2, "KVM_SMI");
	if (ioctl(vm->vcpu_fd, KVM_RUN, 0) < 0)
		err(2, "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_HLT)
		errx(2, "the guest ended with exit reason %u", run->exit_reason);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The tiny guest: 32-bit protected mode without paging, so that it has no page tables to touch. */
#define _GNU_SOURCE
#include "vm.h"

#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_GPA 0x1000UL
#define CODE_SLOT 31

/* esi: address, edx: step, ecx: how often */
static const uint8_t code[] = {
	0xfe, 0x06, /* loop: incb (%esi) */
	0x01, 0xd6, /* add %edx, %esi */
	0x49,       /* dec %ecx */
	0x75, 0xf9, /* jnz loop */
	0xf4,       /* hlt */
};

static int must(int r, const char *what)
{
	if (r < 0)
		err(2, "%s", what);
	return r;
}

static void *must_map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		err(2, "mmap of %zu bytes", size);
	return p;
}

static void set_region(struct vm *vm, uint32_t slot, void *memory, size_t size, uint64_t gpa)
{
	const struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	must(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

void vm_set_slot(struct vm *vm, uint32_t slot, size_t first, size_t n, uint64_t gpa)
{
	set_region(vm, slot, vm->memory + first * PAGE, n * PAGE, gpa);
}

static struct kvm_segment flat(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){ .limit = 0xffffffff, .selector = selector, .type = type,
				     .present = 1, .s = 1, .db = 1, .g = 1 };
}

static void set_mode(struct vm *vm)
{
	struct kvm_sregs sregs;

	must(ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = flat(8, 11);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat(16, 3);
	sregs.cr0 |= 1;
	must(ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
}

static uint8_t *memory_new(size_t size, enum vm_backing backing)
{
	int flags = backing == VM_SHARED ? MAP_SHARED | MAP_ANONYMOUS : MAP_PRIVATE | MAP_ANONYMOUS;
	uint8_t *p = must_map(size + BLOCK, flags, -1);

	p += -(uintptr_t)p % BLOCK;
	must(madvise(p, size, backing == VM_HUGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), "madvise");
	return p;
}

void vm_new(struct vm *vm, size_t n_pages, enum vm_backing backing)
{
	int kvm_fd = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");

	*vm = (struct vm){ .n_pages = n_pages };
	vm->fd = must(ioctl(kvm_fd, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	vm->run_size = must(ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	close(kvm_fd);
	vm->memory = memory_new(n_pages * PAGE, backing);
	vm->code = must_map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memcpy(vm->code, code, sizeof(code));
	set_region(vm, CODE_SLOT, vm->code, PAGE, CODE_GPA);
	vm_set_slot(vm, 0, 0, n_pages, VM_BASE);
	vm->vcpu_fd = must(ioctl(vm->fd, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	vm->run = must_map(vm->run_size, MAP_SHARED, vm->vcpu_fd);
	set_mode(vm);
}

void vm_free(struct vm *vm)
{
	munmap(vm->run, vm->run_size);
	close(vm->vcpu_fd);
	close(vm->fd);
	munmap(vm->memory, vm->n_pages * PAGE);
	munmap(vm->code, PAGE);
}

void vm_touch(struct vm *vm, size_t first, size_t n, size_t step)
{
	const struct kvm_regs regs = {
		.rip = CODE_GPA,
		.rflags = 2,
		.rsi = VM_BASE + first * PAGE,
		.rdx = step * PAGE,
		.rcx = n,
	};
	const struct kvm_run *run = vm->run;

	if (!n)
		return;
	must(ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	must(ioctl(vm->vcpu_fd, KVM_RUN, 0), "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_HLT)
		errx(2, "the guest ended with exit reason %u", run->exit_reason);
}

bool vm_huge(const struct vm *vm)
{
	char line[256];
	unsigned long start = 0, kib, huge = 0;
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		err(2, "/proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			start = from <= (uintptr_t)vm->memory && (uintptr_t)vm->memory < to;
		else if (start && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			huge += kib;
	}
	fclose(f);
	return huge * 1024 >= vm->n_pages * PAGE;
}

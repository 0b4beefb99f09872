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

#define CODE_GPA  0x1000UL
#define CODE_SLOT 31
#define CODE_LOOP 0x100UL
#define CODE_READ 0x200UL

/* esi: address, edx: step, ecx: how often */
static const uint8_t code[] = {
	0xfe, 0x06, /* loop: incb (%esi) */
	0x01, 0xd6, /* add %edx, %esi */
	0x49,       /* dec %ecx */
	0x75, 0xf9, /* jnz loop */
	0xf4,       /* hlt */
};

/* ebx: address, edx: step, edi: how often, again and again */
static const uint8_t code_loop[] = {
	0x89, 0xde, /* again: mov %ebx, %esi */
	0x89, 0xf9, /* mov %edi, %ecx */
	0xff, 0x06, /* loop: incl (%esi) */
	0x01, 0xd6, /* add %edx, %esi */
	0x49,       /* dec %ecx */
	0x75, 0xf9, /* jnz loop */
	0xeb, 0xf3, /* jmp again */
};

/* as the first one, but it only reads */
static const uint8_t code_read[] = {
	0x80, 0x3e, 0x00, /* loop: cmpb $0, (%esi) */
	0x01, 0xd6,       /* add %edx, %esi */
	0x49,             /* dec %ecx */
	0x75, 0xf8,       /* jnz loop */
	0xf4,             /* hlt */
};

int must(int r, const char *what)
{
	if (r < 0)
		err(2, "%s", what);
	return r;
}

void *must_map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		err(2, "mmap of %zu bytes", size);
	return p;
}

void vm_set_region(const struct vm *vm, uint32_t slot, void *memory, size_t size, uint64_t gpa)
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
	vm_set_region(vm, slot, vm->memory + first * PAGE, n * PAGE, gpa);
}

static struct kvm_segment flat(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){ .limit = 0xffffffff, .selector = selector, .type = type,
				     .present = 1, .s = 1, .db = 1, .g = 1 };
}

static void set_mode(int vcpu_fd)
{
	struct kvm_sregs sregs;

	must(ioctl(vcpu_fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = flat(8, 11);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat(16, 3);
	sregs.cr0 |= 1;
	must(ioctl(vcpu_fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
}

uint8_t *vm_map(size_t size, enum vm_backing backing)
{
	bool shared = backing == VM_SHARED || backing == VM_HUGE_SHARED;
	bool small = backing == VM_SMALL || backing == VM_SHARED;
	int flags = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_FIXED;
	uint8_t *room = mmap(NULL, size + BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *p;

	if (room == MAP_FAILED)
		return NULL;
	p = room + -(uintptr_t)room % BLOCK;
	if ((p > room && munmap(room, (size_t)(p - room))) ||
	    munmap(p + size, (size_t)(room + BLOCK - p)))
		err(2, "munmap");
	if (backing == VM_HUGETLB)
		flags |= MAP_HUGETLB | 21 << MAP_HUGE_SHIFT;
	p = mmap(p, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (backing != VM_HUGETLB)
		must(madvise(p, size, small ? MADV_NOHUGEPAGE : MADV_HUGEPAGE), "madvise");
	return p;
}

void vm_open(struct vm *vm, size_t n_pages, enum vm_backing backing)
{
	int kvm_fd = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");

	*vm = (struct vm){ .n_pages = n_pages, .backing = backing, .vcpu_fd = -1 };
	vm->fd = must(ioctl(kvm_fd, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	vm->run_size = must(ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	close(kvm_fd);
	vm->memory = vm_map(n_pages * PAGE, backing);
	if (!vm->memory)
		err(2, "mmap of %zu pages", n_pages);
	vm->code = must_map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memcpy(vm->code, code, sizeof(code));
	memcpy(vm->code + CODE_LOOP, code_loop, sizeof(code_loop));
	memcpy(vm->code + CODE_READ, code_read, sizeof(code_read));
	vm_set_region(vm, CODE_SLOT, vm->code, PAGE, CODE_GPA);
	vm_set_slot(vm, 0, 0, n_pages, VM_BASE);
}

int vm_vcpu_new(const struct vm *vm, unsigned int id, void **ret_run)
{
	int fd = must(ioctl(vm->fd, KVM_CREATE_VCPU, id), "KVM_CREATE_VCPU");

	*ret_run = must_map(vm->run_size, MAP_SHARED, fd);
	set_mode(fd);
	return fd;
}

void vm_add_vcpu(struct vm *vm)
{
	vm->vcpu_fd = vm_vcpu_new(vm, 0, &vm->run);
}

void vm_new(struct vm *vm, size_t n_pages, enum vm_backing backing)
{
	vm_open(vm, n_pages, backing);
	vm_add_vcpu(vm);
}

void vm_free(struct vm *vm)
{
	if (vm->vcpu_fd >= 0) {
		munmap(vm->run, vm->run_size);
		close(vm->vcpu_fd);
	}
	close(vm->fd);
	munmap(vm->memory, vm->n_pages * PAGE);
	munmap(vm->code, PAGE);
}

static void visit(struct vm *vm, uint64_t rip, size_t first, size_t n, size_t step)
{
	const struct kvm_regs regs = {
		.rip = rip,
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

void vm_touch(struct vm *vm, size_t first, size_t n, size_t step)
{
	visit(vm, CODE_GPA, first, n, step);
}

void vm_read(struct vm *vm, size_t first, size_t n, size_t step)
{
	visit(vm, CODE_GPA + CODE_READ, first, n, step);
}

void vm_touch_loop(int vcpu_fd, size_t first, size_t n)
{
	const struct kvm_regs regs = {
		.rip = CODE_GPA + CODE_LOOP,
		.rflags = 2,
		.rbx = VM_BASE + first * PAGE,
		.rdx = PAGE,
		.rdi = n,
	};

	must(ioctl(vcpu_fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* ---- What the host says of the memory ---------------------------------------------------- */

bool vm_huge(const struct vm *vm)
{
	static const char *const names[] = { "AnonHugePages", "ShmemPmdMapped", "Private_Hugetlb" };
	char line[256], name[32];
	unsigned long kib, huge = 0;
	bool ours = false;
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		err(2, "/proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			ours = from <= (uintptr_t)vm->memory && (uintptr_t)vm->memory < to;
		if (!ours || sscanf(line, "%31[^:]: %lu kB", name, &kib) != 2)
			continue;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			huge += strcmp(name, names[i]) ? 0 : kib;
	}
	fclose(f);
	return huge * 1024 >= vm->n_pages * PAGE;
}

size_t vm_resident(const struct vm *vm)
{
	const uint64_t present = 1ULL << 63;
	uint64_t *entries = calloc(vm->n_pages, sizeof(*entries));
	size_t size = vm->n_pages * sizeof(*entries), n = 0;
	int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "/proc/self/pagemap");

	if (pread(fd, entries, size, (off_t)((uintptr_t)vm->memory / PAGE * sizeof(*entries))) !=
	    (ssize_t)size)
		err(2, "/proc/self/pagemap");
	for (size_t i = 0; i < vm->n_pages; i++)
		n += entries[i] & present ? 1 : 0;
	free(entries);
	close(fd);
	return n;
}

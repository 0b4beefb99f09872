// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "timed.h"

#include <err.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define CONTROL_GPA 0x100000U /* below VM_BASE */
#define CONTROL_SLOT 30
#define LIST_AT PAGE

/* esi: the list, edi: the results, ecx: how many. Protected mode without paging. */
asm(".pushsection .rodata\n"
    "timed_code:\n"
    "	.code32\n"
    "1:	lodsl\n"
    "	mov %eax, %ebx\n"
    "	rdtsc\n"
    "	mov %eax, %ebp\n"
    "	movb $0, (%ebx)\n"
    "	rdtsc\n"
    "	sub %ebp, %eax\n"
    "	stosl\n"
    "	dec %ecx\n"
    "	jnz 1b\n"
    "	hlt\n"
    "	.code64\n"
    "	.balign 4\n"
    "timed_code_size:\n"
    "	.long . - timed_code\n"
    ".popsection\n");
extern const uint8_t timed_code[];
extern const uint32_t timed_code_size;

static size_t results_at(const struct timed *t)
{
	return LIST_AT + t->max_pages * sizeof(uint32_t);
}

void timed_new(struct timed *t, struct vm *vm, size_t max_pages)
{
	*t = (struct timed){ .vm = vm, .max_pages = max_pages };
	t->control_size = results_at(t) + max_pages * sizeof(uint32_t);
	t->control_size += -t->control_size % PAGE;
	if (CONTROL_GPA + t->control_size > VM_BASE)
		errx(2, "a list of %zu pages is too long", max_pages);
	t->control = must_map(t->control_size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
	memcpy(t->control, timed_code, timed_code_size);
	vm_set_region(vm, CONTROL_SLOT, t->control, t->control_size, CONTROL_GPA);
}

void timed_free(struct timed *t)
{
	munmap(t->control, t->control_size);
}

void timed_clear(struct timed *t)
{
	t->n = 0;
}

void timed_add(struct timed *t, size_t page)
{
	uint32_t *list = (uint32_t *)(t->control + LIST_AT);

	if (t->n == t->max_pages)
		errx(2, "a list of more than %zu pages", t->max_pages);
	list[t->n++] = (uint32_t)(VM_BASE + page * PAGE);
}

const uint32_t *timed_run(struct timed *t)
{
	const struct kvm_regs regs = {
		.rip = CONTROL_GPA,
		.rflags = 2,
		.rsi = CONTROL_GPA + LIST_AT,
		.rdi = CONTROL_GPA + results_at(t),
		.rcx = t->n,
	};
	const struct kvm_run *run = t->vm->run;
	int r;

	must(ioctl(t->vm->vcpu_fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	do
		r = ioctl(t->vm->vcpu_fd, KVM_RUN, 0);
	while (r < 0 && errno == EINTR);
	must(r, "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_HLT)
		errx(2, "the guest ended with exit reason %u", run->exit_reason);
	return (const uint32_t *)(t->control + results_at(t));
}

uint64_t timed_ns(const struct timed *t, uint64_t ticks)
{
	int khz = must(ioctl(t->vm->vcpu_fd, KVM_GET_TSC_KHZ, 0), "KVM_GET_TSC_KHZ");

	return ticks * 1000000 / (uint64_t)khz;
}

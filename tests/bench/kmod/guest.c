// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's code, its list of pages, and the threads of its vCPUs. */
#define _GNU_SOURCE
#include "guest.h"

#include <err.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTROL_GPA 0x100000U /* below VM_BASE */
#define CONTROL_SLOT 30
#define WORDS_AT PAGE
#define LIST_AT (2 * PAGE)
#define ADDRESSES (1UL << 32)

/*
 * edx, edi: the list, addresses of 32 bits; ebx: the struct guest_word. Protected mode without
 * paging, so nothing else is touched.
 */
asm(".pushsection .rodata\n"
    "guest_code:\n"
    "	.code32\n"
    "1:	mov %edx, %esi\n"
    "2:	lodsl\n"
    "	incb (%eax)\n"
    "	cmp %edi, %esi\n"
    "	jb 2b\n"
    "	incl (%ebx)\n"
    "	cmpl $0, 4(%ebx)\n"
    "	jne 1b\n"
    "	hlt\n"
    "	.code64\n"
    "	.balign 4\n"
    "guest_code_size:\n"
    "	.long . - guest_code\n"
    ".popsection\n");
extern const uint8_t guest_code[];
extern const uint32_t guest_code_size;

static void control_new(struct guest *g)
{
	g->control_size = LIST_AT + g->vm.n_pages * sizeof(uint32_t);
	g->control_size += -g->control_size % PAGE;
	if (CONTROL_GPA + g->control_size > VM_BASE)
		errx(2, "a guest of %zu pages is too large for its list", g->vm.n_pages);
	g->control = must_map(g->control_size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memcpy(g->control, guest_code, guest_code_size);
	vm_set_region(&g->vm, CONTROL_SLOT, g->control, g->control_size, CONTROL_GPA);
}

/* The first vCPU is vm_new()'s. */
static void vcpu_new(struct guest *g, size_t i)
{
	struct guest_vcpu *v = &g->vcpus[i];

	v->fd = g->vm.vcpu_fd;
	v->run = g->vm.run;
	if (i)
		v->fd = vm_vcpu_new(&g->vm, (unsigned int)i, &v->run);
	v->word = (struct guest_word *)(g->control + WORDS_AT) + i;
	v->word_gpa = CONTROL_GPA + WORDS_AT + i * sizeof(struct guest_word);
}

void guest_new(struct guest *g, size_t bytes, enum vm_backing backing, size_t n_vcpus)
{
	if (bytes > ADDRESSES - VM_BASE)
		errx(2, "a guest of %zu bytes is too large for its 32 bits", bytes);
	*g = (struct guest){ .n_vcpus = n_vcpus };
	vm_new(&g->vm, bytes / PAGE, backing);
	control_new(g);
	for (size_t i = 0; i < n_vcpus; i++)
		vcpu_new(g, i);
	/* A first access that reads would map the zero page, which is split when it is huge. */
	must(madvise(g->vm.memory, bytes, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE");
	vm_touch(&g->vm, 0, g->vm.n_pages, 1);
}

bool guest_new_huge(struct guest *g, size_t bytes)
{
	guest_new(g, bytes, VM_HUGE, 1);
	if (vm_huge(&g->vm))
		return true;
	warnx("figures for 2 MiB mappings are left out: the host gave no huge pages");
	guest_free(g);
	return false;
}

void guest_free(struct guest *g)
{
	for (size_t i = 1; i < g->n_vcpus; i++) {
		munmap(g->vcpus[i].run, g->vm.run_size);
		close(g->vcpus[i].fd);
	}
	munmap(g->control, g->control_size);
	vm_free(&g->vm);
}

void guest_set_hot(struct guest *g, const uint8_t *hot)
{
	uint32_t *list = (uint32_t *)(g->control + LIST_AT);
	uint32_t gpa = CONTROL_GPA + LIST_AT;

	g->n_hot = 0;
	for (size_t i = 0; i < g->vm.n_pages; i++)
		if (hot[i])
			list[g->n_hot++] = VM_BASE + i * PAGE;
	if (g->n_hot < g->n_vcpus)
		errx(2, "a set of %zu pages for %zu vCPUs", g->n_hot, g->n_vcpus);
	for (size_t i = 0; i < g->n_vcpus; i++) {
		size_t n = (i + 1) * g->n_hot / g->n_vcpus - i * g->n_hot / g->n_vcpus;

		g->vcpus[i].list_gpa = gpa;
		gpa += n * sizeof(*list);
		g->vcpus[i].list_end = gpa;
	}
}

static void vcpu_begin(const struct guest_vcpu *v, uint32_t go)
{
	const struct kvm_regs regs = {
		.rip = CONTROL_GPA,
		.rflags = 2,
		.rbx = v->word_gpa,
		.rdx = v->list_gpa,
		.rdi = v->list_end,
	};

	v->word->go = go;
	must(ioctl(v->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static void vcpu_run(const struct guest_vcpu *v)
{
	const struct kvm_run *run = v->run;
	int r;

	do
		r = ioctl(v->fd, KVM_RUN, 0);
	while (r < 0 && errno == EINTR);
	must(r, "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_HLT)
		errx(2, "the guest ended with exit reason %u", run->exit_reason);
}

void guest_round(struct guest *g)
{
	vcpu_begin(&g->vcpus[0], 0);
	vcpu_run(&g->vcpus[0]);
}

static void *vcpu_thread(void *arg)
{
	vcpu_run(arg);
	return NULL;
}

void guest_start(struct guest *g)
{
	for (size_t i = 0; i < g->n_vcpus; i++) {
		vcpu_begin(&g->vcpus[i], 1);
		if (pthread_create(&g->vcpus[i].thread, NULL, vcpu_thread, &g->vcpus[i]))
			errx(2, "no thread for a vCPU");
	}
}

void guest_stop(struct guest *g)
{
	for (size_t i = 0; i < g->n_vcpus; i++)
		g->vcpus[i].word->go = 0;
	for (size_t i = 0; i < g->n_vcpus; i++)
		pthread_join(g->vcpus[i].thread, NULL);
}

uint64_t guest_rounds(const struct guest *g)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < g->n_vcpus; i++)
		sum += g->vcpus[i].word->rounds;
	return sum;
}

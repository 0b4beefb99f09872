/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's calls, as the tests make them, and memory whose content is known to the byte. */
#ifndef KVMB_TESTS_KMOD_FAR_H
#define KVMB_TESTS_KMOD_FAR_H

#include "vm.h"

/* What a page is full of: what compresses, what does not, one word. */
enum fill { FILL_TEXT, FILL_RANDOM, FILL_SAME, FILL_ZERO };

/** fill_page() - as this process, content that no other page has, but FILL_ZERO */
void fill_page(uint8_t *page, size_t number, enum fill fill);

/** fill() - all pages of a guest, which has touched none */
void fill(const struct vm *vm, enum fill fill);

/** wrong_pages() - those of [first, first + n) not as filled, and then touched by the guest */
size_t wrong_pages(const struct vm *vm, size_t first, size_t n, enum fill fill,
		   unsigned int touches);

/** far_vm() - a guest with filled memory, attached; its store without or with encryption */
int far_vm(struct vm *vm, size_t n_pages, enum fill fill, bool encrypt);
void far_done(struct vm *vm, int fd);

bool has_store(void);

struct kvm_swap_store_stats store_stats(int fd);
struct kvm_swap_store_params store_params(int fd);

/** set_store() - 0 or errno */
int set_store(int fd, const struct kvm_swap_store_params *p);

/** move_once() - one call; 0 or errno */
int move_once(int fd, unsigned long call, struct kvm_swap_move *m);

/* Pages of a guest's memory. */
struct part {
	const struct vm *vm;
	size_t first;
	size_t n;
};

/** move_part() - call after call, and the sum; 0 or errno */
int move_part(int fd, unsigned long call, struct part part, struct kvm_swap_move *sum);

/** page_out(), page_in() - how many pages went; what fails ends the program */
size_t page_out(int fd, const struct vm *vm, size_t first, size_t n);
size_t page_in(int fd, const struct vm *vm, size_t first, size_t n);

/** drain() - until nothing is left; how many came home. What fails ends the program. */
size_t drain(int fd);

/** uffd_register() - a userfaultfd that does not block, for all of a guest's memory */
int uffd_register(const struct vm *vm, uint64_t mode);

/** host_figure() - what sysfs tells of all stores of this host */
long host_figure(const char *name);

/** stores_are_empty() - for soon() */
bool stores_are_empty(void *unused);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* That a call has changed nothing and that the kernel has logged nothing. */
#ifndef KVMB_TESTS_KMOD_QUIET_H
#define KVMB_TESTS_KMOD_QUIET_H

#include "vm.h"

/** quiet_begin() - from here on the kernel's log is watched */
void quiet_begin(void);

/** quiet_end() - one test: nothing was logged since */
void quiet_end(const char *what);

/* All that a guest descriptor tells of its guest. */
struct state {
	struct kvm_swap_stats stats;
	struct kvm_swap_params params;
	struct kvm_swap_histogram histogram;
};

struct state state_read(int fd);
bool state_is(int fd, const struct state *was);

#endif

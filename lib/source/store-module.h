/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store of a guest that the kvm_swap module follows: what it says, and moving pages to it. Any
 * thread; may block for the store's lock.
 */
#ifndef KVMB_SOURCE_STORE_MODULE_H
#define KVMB_SOURCE_STORE_MODULE_H

#include <kvmballoon.h>

#include "model/cold.h"

struct kvm_swap_info;
struct kvmb_root;

/** kvmb_store_offered() - does the module have stores, and the kernel a compressor for them? */
bool kvmb_store_offered(const struct kvm_swap_info *info);

/**
 * kvmb_store_out() - what is out of all guests of this host together, whoever follows them
 * Return: 0, @ret_bytes is 0 where there is no module or it has no stores; or -errno.
 */
int kvmb_store_out(const struct kvmb_root *root, uint64_t *ret_bytes);

/**
 * kvmb_store_read() - what the stores behind @n guest descriptors say together
 * @fds: one for each VM of a process, QEMU has one
 * Return: 0, or -errno of an ioctl(2) (-EOPNOTSUPP there is none).
 */
int kvmb_store_read(const int *fds, size_t n, struct kvmb_store *ret,
		    struct kvmb_host_store *ret_host);

/**
 * kvmb_store_move() - move ranges to the store, all of them, in calls that are bounded
 * @n: KVMB_MOVE_RANGES at most
 * Return: 0, and *ret says whether that was all: what the call itself moved that failed it does not
 * know; -ESRCH the guest has ended; -EIO the module does not get on; or another -errno.
 */
int kvmb_store_move(const int *fds, size_t n_fds, const struct kvmb_range *ranges, size_t n,
		    struct kvmb_moved *ret);

#endif

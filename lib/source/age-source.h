/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One way to learn the ages of a guest's memory: the kvm_swap module, DAMON, MGLRU. One file each.
 */
#ifndef KVMB_SOURCE_AGE_SOURCE_H
#define KVMB_SOURCE_AGE_SOURCE_H

#include <kvmballoon.h>

#include "model/cold.h"

struct kvmb_root;

/* The guest that is asked about. */
struct kvmb_age_target {
	const struct kvmb_root *root;
	char uuid[KVMB_UUID_SIZE];
	char cgroup[KVMB_PATH_SIZE]; /* of its scope, below root->cgroup_fd; "" unknown */
	int32_t pid;                 /* of QEMU; 0 unknown */
};

/*
 * The guest's store outside of its memory. read() and move() are called as find() is: by one thread
 * each, at the same time as the others.
 */
struct kvmb_store_ops {
	/*
	 * @ret: what of it; valid is set
	 * @ret_host: the same of all stores of this host
	 * Return: 0; -EOPNOTSUPP there is none, or another -errno.
	 */
	int (*read)(void *handle, struct kvmb_store *ret, struct kvmb_host_store *ret_host);

	/*
	 * Age the guest no more, until it is read() again; its store stays as it is. Called as
	 * read() is.
	 */
	int (*rest)(void *handle);

	/* As struct kvmb_cold_finder's move(). */
	int (*move)(void *handle, const struct kvmb_range *ranges, size_t n,
		    struct kvmb_moved *ret);
};

/*
 * All may block for a while. open(), read(), map() and close() of one handle are called by one
 * thread at a time, find() by another at the same time.
 */
struct kvmb_age_source_ops {
	enum kvmb_aging kind;

	/* A read is dear: no more than one in so long, or in a period where that is shorter. */
	uint64_t pause_usec;

	/*
	 * @period_usec: how often memory is to be aged; more than 0
	 * @why: KVMB_TEXT_SIZE bytes; set on failure: a short clause for operators, without the
	 * name of the source ("/dev/kvm-swap is not there")
	 * Return: 0, or -errno: this source cannot be had for this guest now.
	 */
	int (*open)(const struct kvmb_age_target *t, uint64_t period_usec, void **ret, char *why);

	/*
	 * @ret: cold_bytes and promoted_bytes are all set; source and told_ns are the caller's
	 * Return: 0; -EAGAIN: nothing yet, ask again; another -errno: the handle is of no use any
	 * more (-ESRCH: the guest is gone).
	 */
	int (*read)(void *handle, struct kvmb_ages *ret);

	/* As struct kvmb_cold_finder's; NULL where the source knows no addresses. */
	int (*find)(void *handle, uint64_t idle_usec, uint64_t most_bytes, struct kvmb_cold *ret);

	/* NULL where the source has no guest-physical addresses. */
	int (*map)(void *handle, struct kvmb_map **ret);

	/* Nothing of it stays behind in the system. */
	void (*close)(void *handle);

	/* NULL where nothing can be moved out. */
	const struct kvmb_store_ops *store;
};

extern const struct kvmb_age_source_ops kvmb_age_source_module; /* age-module.c */
extern const struct kvmb_age_source_ops kvmb_age_source_damon;  /* age-damon.c */
extern const struct kvmb_age_source_ops kvmb_age_source_mglru;  /* age-mglru.c */

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between damon.c and damon-array.c. */
#ifndef KVMB_SOURCE_DAMON_INTERNAL_H
#define KVMB_SOURCE_DAMON_INTERNAL_H

#include "source/damon.h"

struct kvmb_kdamond {
	int folder_fd;
	int lock_fd; /* its file `state`, with a lock on it that makes it ours */
};

#define KVMB_KDAMOND_NONE ((struct kvmb_kdamond){ -1, -1 })

/**
 * kvmb_damon_take() - a kdamond that nobody uses, stopped and empty
 * @admin_fd: kernel/mm/damon/admin/kdamonds
 * Return: 0, or -errno with @why set
 */
int kvmb_damon_take(int admin_fd, struct kvmb_kdamond *ret, char *why);

/** kvmb_damon_give() - stop, empty and close a kdamond; the array goes with the last one */
void kvmb_damon_give(int admin_fd, struct kvmb_kdamond *k);

/** kvmb_damon_write() - patient: DAMON says -EBUSY whenever anybody else is writing */
int kvmb_damon_write(int folder_fd, const char *path, const char *text);


#endif

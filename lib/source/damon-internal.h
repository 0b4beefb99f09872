/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between damon.c and damon-array.c. */
#ifndef KVMB_SOURCE_DAMON_INTERNAL_H
#define KVMB_SOURCE_DAMON_INTERNAL_H

#include "source/damon.h"

/**
 * kvmb_damon_take() - a kdamond that nobody uses, stopped and empty
 * @admin_fd: kernel/mm/damon/admin/kdamonds, opened for this kdamond alone: it is locked, too
 * Return: its folder, locked; or -errno with @why set
 */
int kvmb_damon_take(int admin_fd, char *why);

/** kvmb_damon_give() - stop, empty and close a kdamond; the array goes with the last one */
void kvmb_damon_give(int admin_fd, int kdamond_fd);

/** kvmb_damon_write() - patient: DAMON says -EBUSY whenever anybody else is writing */
int kvmb_damon_write(int folder_fd, const char *path, const char *text);

/** kvmb_damon_read() - a file that is one number; -EBADMSG where it is not */
int kvmb_damon_read(int folder_fd, const char *path, uint64_t *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a file that others may look at meanwhile: they see the old one or the new one. */
#ifndef CTL_SAVE_H
#define CTL_SAVE_H

#include <stddef.h>

/**
 * save_file() - replace @path, or make it
 * Return: 0; -EINVAL @path is there and is no regular file; or another -errno, and @path is as it
 * was.
 */
int save_file(const char *path, const char *text, size_t n);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSI averages: the text of a memory.pressure file as numbers. */
#ifndef KVMB_BASE_PRESSURE_H
#define KVMB_BASE_PRESSURE_H

#include <kvmballoon.h>

/**
 * kvmb_parse_psi() - pure
 * Return: 0, or -EBADMSG. A file without a "full" line has zeros there.
 */
int kvmb_parse_psi(const char *text, struct kvmb_psi *ret);

/** kvmb_psi_read_at() - -ENOENT or -EOPNOTSUPP where the kernel has no PSI (psi=0), or -errno */
int kvmb_psi_read_at(int dirfd, const char *path, struct kvmb_psi *ret);

#endif

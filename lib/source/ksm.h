/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel samepage merging: how it is set, what it saves, and what ksmd costs.
 *
 * Every parser is pure: text in, values out, outputs untouched on failure.
 */
#ifndef KVMB_SOURCE_KSM_H
#define KVMB_SOURCE_KSM_H

#include <kvmballoon.h>

struct kvmb_root;

/* The kernel thread, found once. Begin with { 0 }. */
struct kvmb_ksmd {
	bool sought;          /* it is there from boot on, or never */
	int32_t pid;          /* 0: there is none */
	uint64_t start_ticks; /* of the process with that pid */
};

/**
 * kvmb_ksm_read() - one look
 * @d: kept between looks
 * @ret: filled only on success
 *
 * Return: 0, -ENOENT where the kernel has no KSM, -ESRCH where ksmd is not found, -EBADMSG if the
 * kernel's text is malformed, or another -errno.
 */
int kvmb_ksm_read(const struct kvmb_root *root, struct kvmb_ksmd *d, struct kvmb_ksm *ret);

/* Of /proc/PID/stat what is of use here. */
struct kvmb_ksmd_stat {
	uint64_t parent;
	uint64_t cpu_ticks; /* user and system */
	uint64_t start_ticks;
};

/** kvmb_parse_ksmd_stat() - -ESRCH another program's, -EBADMSG */
int kvmb_parse_ksmd_stat(const char *text, struct kvmb_ksmd_stat *ret);

/** kvmb_parse_ksm_number() - a number and a newline; one below 0 counts as 0 where @is_signed */
int kvmb_parse_ksm_number(const char *text, bool is_signed, uint64_t *ret);

#endif
